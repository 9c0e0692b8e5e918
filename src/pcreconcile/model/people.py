"""Whether two names are one person's: the forms in which Microsoft's tokens name a user.

A guest is named in one tenant as `alice_example.com#EXT#@contoso.onmicrosoft.com`, an account of another provider as
`live.com#alice@example.com`, and both are alice@example.com, as who approved is named. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

SEPARATOR = ", "
"""Between the names of one user, where a token names it by several."""
_GUEST = "#ext#"


def joined(names: Iterable[str]) -> str:
    """All names of one user as one text, each person's form once, the first as it is."""
    kept: dict[frozenset[str], str] = {}
    for name in names:
        kept.setdefault(forms_of(name), name)
    return SEPARATOR.join(kept.values())


def names_in(user: str) -> frozenset[str]:
    """Every form of every name in a text that `joined` made."""
    return frozenset(form for name in user.split(SEPARATOR.strip()) for form in forms_of(name))


def forms_of(name: str) -> frozenset[str]:
    """The forms of one name to compare with others; empty for a name in which nothing can be seen."""
    plain = _plain(name)
    local, is_guest, _ = plain.partition(_GUEST)
    home = "@".join(local.rsplit("_", 1)) if is_guest else ""
    elsewhere = plain.partition("#")[2] if "#" in plain and not is_guest else ""
    return frozenset(form for form in (plain, home, elsewhere) if form)


def _plain(name: str) -> str:
    """Without what cannot be seen, in one case and one width, without blanks and full stops at its end."""
    shown = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each)[0] != "C")
    return unicodedata.normalize("NFKC", shown.casefold()).strip().rstrip(".")


def shown(user: str) -> str:
    """The text for a message of one line: what cannot be seen in it stands as its code."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in user)
