"""Collections, read to their end and proven so (API facts, section 3).

The last page is the one without `links.next`; a 400 with code 2000 after a continuation also means the end. The end has
more than one witness: a row that two pages show, a page that adds nothing, and a `totalCount` above the number of rows
say that the list moved while it was read. It is then read anew, twice at most. (Graph and Azure may send empty pages on
the way; `totalCount` may count one page alone, so that a smaller one proves nothing.) Links that lead elsewhere and
collections without end make the read incomplete at once. Of a link's headers `MS-ContinuationToken` alone is sent.

Microsoft's migration tool follows the body's `continuationToken` instead. Where a last page still carries one, the
`seek` request is tried: new rows go on, none or a refusal confirm the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import msgspec

from pcreconcile.model.errors import AuthenticationError, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import OddRow, ReadProof
from pcreconcile.model.ids import TenantId
from pcreconcile.partner_center.refusals import END_OF_PAGES
from pcreconcile.partner_center.routes import Route, following, route
from pcreconcile.partner_center.session import HeaderPairs, Received
from pcreconcile.partner_center.wire import Members, UnexpectedShape

PAGE_CAP = 10_000
ROW_CAP = 500_000
EMPTY_PAGES = 50  # one after the other; where empty pages are allowed at all, a filter skips a few
WALKS = 3  # a list that moved is read anew twice
CONTINUATION_HEADER = "MS-ContinuationToken"
_LONGEST_TOKEN = 8192  # servers take no longer header
_VERSION = "v1"

Row = TypeVar("Row")
Read = Callable[[Route, HeaderPairs], Awaitable[Received]]


class PageRequest(msgspec.Struct, frozen=True):
    """One page to ask for. `probe` is True for a token that may lead nowhere."""

    path: Route
    headers: HeaderPairs = ()
    probe: bool = False


class Listing(msgspec.Struct, Generic[Row], frozen=True):
    """What a collection is and how its rows are read: `path` in its parts, below `version`, and `query`.

    `seek` is the query that takes a token, if there is one. `named` is what the wire calls it, where that differs from
    the resource. `whose` tells the tenant of a row that cannot be understood, so that it spoils this customer and no
    other; without it such a row ends the read. `rows` is the member that holds a page's rows, `following` the one that
    holds the next page's address where it is no member of `links` (Microsoft Graph, Azure Resource Manager), `version`
    what every path begins with, "" for nothing.
    """

    resource: str
    path: tuple[str, ...]
    decode: Callable[[Members], Row]
    key: Callable[[Row], Hashable]
    named: str = ""
    query: dict[str, str] = {}
    seek: dict[str, str] | None = None
    whose: Callable[[Any], TenantId | None] | None = None
    rows: str = "items"
    following: str = ""
    version: str = _VERSION

    def of_customer(self, tenant_id: TenantId) -> Listing[Row]:
        """The same collection of one customer."""
        return msgspec.structs.replace(self, path=("customers", tenant_id, *self.path))

    def first(self, query: dict[str, str]) -> Route:
        """The path with this query. Raises UnexpectedShape for an ID that cannot stand in it."""
        return route(*filter(None, (self.version,)), *self.path, query=query)


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
        self._empty = 0
        self.rows: dict[Hashable, Row] = {}
        self.odd: list[OddRow] = []
        self.pages = 0

    async def to_the_end(self) -> None:
        following: PageRequest | None = PageRequest(self._listing.first(self._listing.query))
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
        if page is None or not self._take(page, request):
            return None
        self.pages += 1
        self._require_an_end()
        following = self._next(page)
        if following is not None and not self._listing.following and not page.array(self._listing.rows):
            raise _Moved(f"page {self.pages} adds nothing, and the list goes on")
        return following

    def _require_an_end(self) -> None:
        if self._count > ROW_CAP:
            raise IncompleteRead(f"no end after {ROW_CAP} rows")
        if self._empty > EMPTY_PAGES:
            raise IncompleteRead(f"more than {EMPTY_PAGES} empty pages one after the other")

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
        self._empty = 0 if values else self._empty + 1
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
        return PageRequest(self._listing.first(self._listing.seek), _continuation([token]), probe=True)

    def _linked(self, link: Members, token: str | None) -> PageRequest:
        """The next page as its link says. Where the link names no token, the body's goes along."""
        tokens = [
            header.text("value")
            for header in link.optional_objects("headers")
            if header.text("key").casefold() == CONTINUATION_HEADER.casefold()
        ]
        return PageRequest(self._path(link.text("uri")), _continuation(tokens or ([] if token is None else [token])))

    def _path(self, uri: str) -> Route:
        version = self._listing.version
        return following(uri, self._base, f"/{version}" if version else "")


def _total_of(page: Members) -> int:
    """What the service says it counts; nothing where it says so in no number."""
    total = page.get("totalCount")
    return total if isinstance(total, int) and not isinstance(total, bool) else 0


def _means_the_end(error: RemoteError, request: PageRequest) -> bool:
    if error.status == HTTPStatus.BAD_REQUEST and error.code == END_OF_PAGES:
        return True
    return request.probe and error.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}


def _continuation(tokens: list[str]) -> HeaderPairs:
    """The one header that a page may ask for. Raises UnexpectedShape for a token that cannot be sent."""
    if len(set(tokens)) > 1:
        raise UnexpectedShape("links.next: names several continuation tokens")
    for token in tokens:
        if len(token) > _LONGEST_TOKEN:
            raise UnexpectedShape(f"links.next: a continuation token of more than {_LONGEST_TOKEN} characters")
        if not (token.isascii() and token.isprintable()):
            raise UnexpectedShape("links.next: holds characters that cannot be sent")
    return tuple((CONTINUATION_HEADER, token) for token in tokens[:1])
