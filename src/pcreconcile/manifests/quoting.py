"""How text out of a file looks in a message: escaped, cut, and for a Partner document not shown at all.

Escapes stay visible, so that a reader sees that something was there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

LIMIT = 200

# Control and C1, direction marks and isolates, zero-width characters, line and paragraph separators, surrogates, BOM.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def escaped(text: str) -> str:
    """The text with every character that could deceive a reader or a terminal written as an escape."""
    return _UNSAFE.sub(_escape, text)


def cut(text: str) -> str:
    """The escaped text, at most 200 characters of it."""
    shown = escaped(text[: LIMIT + 1])
    return shown if len(shown) <= LIMIT else shown[: LIMIT - 1] + "…"


def quoted(text: str) -> str:
    """The text in quotes, escaped and cut."""
    return f'"{cut(text)}"'


def suggestion(word: str, allowed: Iterable[str]) -> tuple[str, str]:
    """What to add to a problem, and what was expected: "did you mean X?" when one is close, else the allowed ones."""
    known = sorted(allowed)
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word[:LIMIT].casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f", did you mean {quoted(folded[close[0]])}?", ""
    return "", one_of(known)


def one_of(allowed: Iterable[str]) -> str:
    """The allowed words as an expectation."""
    known = [cut(name) for name in allowed]
    if not known:
        return "no field here"
    return known[0] if len(known) == 1 else "one of " + ", ".join(known)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Wording:
    """How findings speak about values of one document; this one shows them."""

    def value(self, text: str) -> str:
        """A wrong value."""
        return quoted(text)

    def key(self, text: str, path: tuple[str | int, ...]) -> str:  # noqa: ARG002 - the discreet one looks at it
        """An unknown field of the mapping at `path`."""
        return f"unknown field {quoted(text)}"


class DiscreetWording(Wording):
    """For Partner documents, and those that might have become one: values are never shown.

    Under `credentials` field names are not shown either: who writes `{hunter2}` for a secret has made it a field name.
    """

    def value(self, text: str) -> str:
        """The value stays where it is."""
        return "this value" if text else "an empty value"

    def key(self, text: str, path: tuple[str | int, ...]) -> str:
        """An unknown field, named only where nobody would put a secret."""
        return "unknown field" if "credentials" in path else super().key(text, path)
