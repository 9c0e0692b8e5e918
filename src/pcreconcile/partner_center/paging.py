"""Collections, read to their end and proven so (API facts, section 3).

The last page is the one without `links.next`; `totalCount` counts one page and is never looked at. A 400 with code 2000
after a continuation also means the end. Pages that repeat, links that lead elsewhere and collections without end make
the read incomplete.

Microsoft's migration tool follows the body's `continuationToken` instead. Where a last page still carries one, the
`seek` request is tried: new rows go on, none or a refusal confirm the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from pcreconcile.model.errors import AuthenticationError, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import ReadProof
from pcreconcile.partner_center.refusals import END_OF_PAGES
from pcreconcile.partner_center.session import HeaderPairs, Received
from pcreconcile.partner_center.wire import Members, UnexpectedShape

PAGE_CAP = 10_000
CONTINUATION_HEADER = "MS-ContinuationToken"
_VERSION = "/v1"

Row = TypeVar("Row")
Read = Callable[[str, HeaderPairs], Awaitable[Received]]


class PageRequest(msgspec.Struct, frozen=True):
    """One page to ask for. `probe` is True for a token that may lead nowhere."""

    path: str
    headers: HeaderPairs = ()
    probe: bool = False


class Listing(msgspec.Struct, Generic[Row], frozen=True):
    """What a collection is and how its rows are read; `seek` is the path that takes a token, if there is one.

    `rows` is the member that holds a page's rows, `following` the one that holds the next page's address where it is no
    member of `links` (Microsoft Graph, Azure Resource Manager), `version` what every path begins with.
    """

    resource: str
    path: str
    decode: Callable[[Members], Row]
    key: Callable[[Row], Hashable]
    seek: str | None = None
    rows: str = "items"
    following: str = ""
    version: str = _VERSION


class Collected(msgspec.Struct, Generic[Row], frozen=True):
    """The rows that came, and how the read ended. `error` is why the service refused it, when it did.

    `status` is that of the answer which ended an unfinished read; 0 when none came.
    """

    rows: tuple[Row, ...]
    proof: ReadProof
    error: RemoteError | None = None
    status: int = 0


async def collect(read: Read, base: str, listing: Listing[Row]) -> Collected[Row]:
    """All rows of a collection; what went wrong is in the proof. Raises AuthenticationError alone."""
    walk = _Walk(read, base, listing)
    problem, refused, status = "", None, 0
    try:
        await walk.to_the_end()
    except AuthenticationError:
        raise
    except RemoteError as error:
        problem, refused, status = str(error), error, error.status
    except NoAnswer as error:
        problem, status = str(error), error.status
    except IncompleteRead as error:
        problem = str(error)
    proof = ReadProof(listing.resource, complete=not problem, pages=walk.pages, items=len(walk.rows), problem=problem)
    return Collected(tuple(walk.rows.values()), proof, refused, status)


class _Walk(Generic[Row]):
    """One way through the pages of one collection."""

    def __init__(self, read: Read, base: str, listing: Listing[Row]) -> None:
        self._read = read
        self._base = base
        self._listing = listing
        self._asked: set[tuple[str, HeaderPairs]] = set()
        self.rows: dict[Hashable, Row] = {}
        self.pages = 0

    async def to_the_end(self) -> None:
        following: PageRequest | None = PageRequest(self._listing.version + self._listing.path)
        while following is not None:
            following = await self._turn(following)

    async def _turn(self, request: PageRequest) -> PageRequest | None:
        """Read one page and say which comes next."""
        asked = (request.path, request.headers)
        if asked in self._asked:
            raise IncompleteRead("the service continues with a page that was read before")
        if len(self._asked) >= PAGE_CAP:
            raise IncompleteRead(f"no end after {PAGE_CAP} pages")
        self._asked.add(asked)
        page = await self._page(request)
        if page is None or self._adds_nothing(page, request):
            return None
        self.pages += 1
        return self._next(page)

    async def _page(self, request: PageRequest) -> Members | None:
        """The page, or None when the service says that there are no more."""
        try:
            received = await self._read(request.path, request.headers)
        except RemoteError as error:
            if len(self._asked) > 1 and _means_the_end(error, request):
                return None
            raise
        return Members(received.value, self._listing.resource)

    def _adds_nothing(self, page: Members, request: PageRequest) -> bool:
        """Take the rows in; True when a mere probe found none that are new."""
        rows: dict[Hashable, Row] = {}
        for row in map(self._listing.decode, page.objects(self._listing.rows)):
            if rows.setdefault(self._listing.key(row), row) != row:
                raise IncompleteRead("one page holds the same row twice, with different content")
        known = rows.keys() & self.rows.keys()
        if request.probe and len(known) == len(rows):
            return True
        if rows and len(known) == len(rows):
            raise IncompleteRead("a page repeats rows that were read before")
        self.rows |= rows
        return False

    def _next(self, page: Members) -> PageRequest | None:
        if self._listing.following:
            address = page.optional_text(self._listing.following)
            return None if address is None else PageRequest(self._path(address))
        links = page.optional_member("links")
        link = None if links is None else links.optional_member("next")
        token = page.optional_text("continuationToken")
        if link is not None:
            return self._linked(link, token)
        if token is None or self._listing.seek is None:
            return None
        return PageRequest(_VERSION + self._listing.seek, ((CONTINUATION_HEADER, _sendable(token)),), probe=True)

    def _linked(self, link: Members, token: str | None) -> PageRequest:
        """The next page as its link says. Where the link names no token, the body's goes along."""
        pairs = [(header.text("key"), header.text("value")) for header in link.optional_objects("headers")]
        if token is not None and CONTINUATION_HEADER.casefold() not in {name.casefold() for name, _ in pairs}:
            pairs.append((CONTINUATION_HEADER, token))
        headers = tuple((_sendable(name), _sendable(value)) for name, value in pairs)
        return PageRequest(self._path(link.text("uri")), headers)

    def _path(self, uri: str) -> str:
        """What to ask for below the endpoint: verbatim, with the version where it is missing, and on no other host."""
        path = _sendable(uri)
        if urlsplit(path).scheme:
            if not path.startswith(self._base + "/"):
                raise IncompleteRead("the next page's link leads to another host")
            path = path.removeprefix(self._base)
        path = path if path.startswith("/") else f"/{path}"
        version = self._listing.version
        return path if path.casefold().startswith(f"{version}/") else version + path


def _means_the_end(error: RemoteError, request: PageRequest) -> bool:
    if error.status == HTTPStatus.BAD_REQUEST and error.code == END_OF_PAGES:
        return True
    return request.probe and error.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}


def _sendable(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise UnexpectedShape("links.next: holds characters that cannot be sent")
    return text
