"""What a request asks for below an endpoint. There is one way to make such a path, and it checks every part of it.

IDs come from the service, from plan files and from journals. One that held `/`, `?` or dots alone would name another
resource than the one that was meant. So a part is letters, digits, `.`, `_`, `~` and `-`, and never dots alone; nothing
is escaped, because what needed it is refused. The session takes a `Route` and no text, so that a new request cannot
pass by (`tests/partner_center/test_routes.py` walks all of them).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from pcreconcile.partner_center.wire import UnexpectedShape

_PART = re.compile(r"[A-Za-z0-9._~-]{1,256}", re.ASCII)
_LONGEST = 8192  # characters of a next page's address; servers take no more of a request line
_PORTS = {"https": 443, "http": 80}


class Route(str):
    """Path and query below an endpoint, made by `route` or `following` alone."""

    __slots__ = ()


def route(*parts: str, query: Mapping[str, str] | None = None) -> Route:
    """The path of these parts; values of the query are escaped. Raises UnexpectedShape for a part that is none."""
    if not parts or not all(map(is_part, parts)):
        raise UnexpectedShape("an ID holds characters that cannot stand in an address: nothing was sent")
    pairs = "&".join(f"{name}={quote(value)}" for name, value in (query or {}).items())
    return Route("/" + "/".join(parts) + (f"?{pairs}" if pairs else ""))


def is_part(text: str) -> bool:
    """Whether a text can be one part of a path."""
    return _PART.fullmatch(text) is not None and text.strip(".") != ""


def following(address: str, base: str, version: str) -> Route:
    """Where a page says that the next one is: on the same host, below the API's version, and otherwise verbatim.

    `base` is the endpoint, `version` ("/v1", or "" where the API has none) is put in front where it is missing. Raises
    UnexpectedShape.
    """
    if len(address) > _LONGEST:
        raise UnexpectedShape(f"links.next: longer than {_LONGEST} characters")
    if not (address.isascii() and address.isprintable()) or "\\" in address or "#" in address or " " in address:
        raise UnexpectedShape("links.next: holds characters that cannot be sent")
    text = _below(address, base)
    text = text if text.startswith("/") else f"/{text}"
    text = text if text.casefold().startswith(f"{version}/") else version + text
    if not all(map(_is_harmless, text.partition("?")[0].split("/")[1:])):
        raise UnexpectedShape("links.next: leads out of the API")
    return Route(text)


def _below(address: str, base: str) -> str:
    """What stands behind the endpoint; a default port may be named or not. Raises UnexpectedShape."""
    try:
        theirs, ours = urlsplit(address), urlsplit(base)
        same = (theirs.scheme, theirs.netloc) == ("", "") or _place(theirs.geturl()) == _place(base)
    except ValueError:
        same = False
    if not same or "@" in theirs.netloc:
        raise UnexpectedShape("the next page's link leads to another host")
    if not theirs.scheme:
        return address
    if not theirs.path.startswith(f"{ours.path}/"):
        raise UnexpectedShape("links.next: leads out of the API")
    return theirs.path.removeprefix(ours.path) + (f"?{theirs.query}" if "?" in address else "")


def _place(address: str) -> tuple[str, str | None, int | None]:
    url = urlsplit(address)
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def _is_harmless(part: str) -> bool:
    """Whether a part of a next page's path is one also for who unescapes it: some servers do, some more than once."""
    for _ in range(3):
        part = unquote(part)
    return part.strip(".") != "" and "/" not in part and "\\" not in part and "%" not in part
