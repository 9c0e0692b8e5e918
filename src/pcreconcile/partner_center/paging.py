"""Collections, read to their end and proven so (API facts, section 3).

The last page is the one without `links.next`; a 400 with code 2000 after a continuation also means the end. The end has
more than one witness: a row that two pages show, a page that adds nothing, and a `totalCount` above the number of rows
say that the list moved while it was read. It is then read anew, twice at most. (Graph and Azure may send empty pages on
the way; `totalCount` may count one page alone, so that a smaller one proves nothing.) Links that lead elsewhere and
collections without end make the read incomplete at once.

Microsoft's migration tool follows the body's `continuationToken` instead. Where a last page still carries one, the
`seek` request is tried: new rows go on, none or a refusal confirm the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from pcreconcile.model.errors import AuthenticationError, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import OddRow, ReadProof
from pcreconcile.model.ids import TenantId
from pcreconcile.partner_center.refusals import END_OF_PAGES
from pcreconcile.partner_center.session import HeaderPairs, Received
from pcreconcile.partner_center.wire import Members, UnexpectedShape

PAGE_CAP = 10_000
WALKS = 3  # a list that moved is read anew twice
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

    `named` is what the wire calls it, where that differs from the resource. `whose` tells the tenant of a row that
    cannot be understood, so that it spoils this customer and no other; without it such a row ends the read. `rows` is
    the member that holds a page's rows, `following` the one that holds the next page's address where it is no member of
    `links` (Microsoft Graph, Azure Resource Manager), `version` what every path begins with.
    """

    resource: str
    path: str
    decode: Callable[[Members], Row]
    key: Callable[[Row], Hashable]
    seek: str | None = None
    named: str = ""
    whose: Callable[[Any], TenantId | None] | None = None
    rows: str = "items"
    following: str = ""
    version: str = _VERSION


class Collected(msgspec.Struct, Generic[Row], frozen=True):
    """The rows that came, and how the read ended. `error` is why the service refused it, when it did.

    `status` is that of the answer which ended an unfinished read; 0 when none came. `odd` are rows that could not be
    understood, where the listing knows whose they are.
    """

    rows: tuple[Row, ...]
    proof: ReadProof
    error: RemoteError | None = None
    status: int = 0
    odd: tuple[OddRow, ...] = ()


class _Moved(IncompleteRead):
    """The pages contradict each other: the list changed while it was read."""


async def collect(read: Read, base: str, listing: Listing[Row]) -> Collected[Row]:
    """All rows of a collection; what went wrong is in the proof. Raises ConfigurationError alone."""
    for _ in range(WALKS - 1):
        walk = _Walk(read, base, listing)
        try:
            return await _collected(walk, listing)
        except _Moved:
            continue
    walk = _Walk(read, base, listing)
    try:
        return await _collected(walk, listing)
    except _Moved as error:
        problem = f"the list moved while it was read, {WALKS} times in a row: {error}"
        return _outcome(walk, listing, problem)


async def _collected(walk: _Walk[Row], listing: Listing[Row]) -> Collected[Row]:
    """One walk to its end. Raises _Moved."""
    try:
        await walk.to_the_end()
    except _Moved:
        raise
    except RemoteError as error:
        credential = error.credential if isinstance(error, AuthenticationError) else ""
        return _outcome(walk, listing, str(error), error, error.status, credential)
    except NoAnswer as error:
        return _outcome(walk, listing, str(error), status=error.status)
    except IncompleteRead as error:
        return _outcome(walk, listing, str(error))
    return _outcome(walk, listing)


def _outcome(
    walk: _Walk[Row],
    listing: Listing[Row],
    problem: str = "",
    error: RemoteError | None = None,
    status: int = 0,
    credential: str = "",
) -> Collected[Row]:
    proof = ReadProof(listing.resource, not problem, walk.pages, len(walk.rows), problem=problem, credential=credential)
    return Collected(tuple(walk.rows.values()), proof, error, status, tuple(walk.odd))


class _Walk(Generic[Row]):
    """One way through the pages of one collection."""

    def __init__(self, read: Read, base: str, listing: Listing[Row]) -> None:
        self._read = read
        self._base = base
        self._listing = listing
        self._name = listing.named or listing.resource
        self._asked: set[tuple[str, HeaderPairs]] = set()
        self._count = 0  # rows as they came, those that one page shows twice included
        self._total = 0
        self.rows: dict[Hashable, Row] = {}
        self.odd: list[OddRow] = []
        self.pages = 0

    async def to_the_end(self) -> None:
        following: PageRequest | None = PageRequest(self._listing.version + self._listing.path)
        while following is not None:
            following = await self._turn(following)
        if self._total > self._count:
            raise _Moved(f"the service counts {self._total} and showed {self._count} rows")

    async def _turn(self, request: PageRequest) -> PageRequest | None:
        """Read one page and say which comes next."""
        asked = (request.path, request.headers)
        if asked in self._asked:
            raise _Moved("the service continues with a page that was read before")
        if len(self._asked) >= PAGE_CAP:
            raise IncompleteRead(f"no end after {PAGE_CAP} pages")
        self._asked.add(asked)
        page = await self._page(request)
        if page is None:
            return None
        if not self._take(page, request):
            return None
        self.pages += 1
        following = self._next(page)
        if following is not None and not self._listing.following and not page.array(self._listing.rows):
            raise _Moved(f"page {self.pages} adds nothing, and the list goes on")
        return following

    async def _page(self, request: PageRequest) -> Members | None:
        """The page, or None when the service says that there are no more."""
        try:
            received = await self._read(request.path, request.headers)
        except RemoteError as error:
            if len(self._asked) > 1 and _means_the_end(error, request):
                return None
            raise
        return Members(received.value, self._name)

    def _take(self, page: Members, request: PageRequest) -> bool:
        """Take the rows in; False when a mere probe found none that are new. Raises _Moved."""
        values = page.array(self._listing.rows)
        rows, odd = self._understood(values)
        known = rows.keys() & self.rows.keys()
        if request.probe and len(known) == len(rows) and not odd:
            return False
        if known:
            changed = any(rows[key] != self.rows[key] for key in known)
            raise _Moved(f"page {self.pages + 1} repeats rows of earlier pages{', changed' if changed else ''}")
        self.rows |= rows
        self.odd += odd
        self._count += len(values)
        self._total = max(self._total, _total_of(page))
        return True

    def _understood(self, values: list[Any]) -> tuple[dict[Hashable, Row], list[OddRow]]:
        rows: dict[Hashable, Row] = {}
        odd: list[OddRow] = []
        for index, value in enumerate(values):
            try:
                row = self._listing.decode(Members(value, f"{self._name}.{self._listing.rows}[{index}]"))
            except UnexpectedShape as error:
                odd.append(self._odd(value, index, error))
                continue
            if rows.setdefault(self._listing.key(row), row) != row:
                raise _Moved("one page holds the same row twice, with different content")
        return rows, odd

    def _odd(self, value: Any, index: int, error: UnexpectedShape) -> OddRow:
        """The row for its owner to be spoilt with. Raises IncompleteRead where all rows have the same owner."""
        whose = self._listing.whose
        odd = OddRow(self.pages + 1, index + 1, str(error), None if whose is None else whose(value))
        if whose is None:
            raise IncompleteRead(str(odd)) from error
        return odd

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


def _total_of(page: Members) -> int:
    """What the service says it counts; nothing where it says so in no number."""
    total = page.get("totalCount")
    return total if isinstance(total, int) and not isinstance(total, bool) else 0


def _means_the_end(error: RemoteError, request: PageRequest) -> bool:
    if error.status == HTTPStatus.BAD_REQUEST and error.code == END_OF_PAGES:
        return True
    return request.probe and error.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}


def _sendable(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise UnexpectedShape("links.next: holds characters that cannot be sent")
    return text
