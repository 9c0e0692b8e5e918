"""Collections end only where the service ends them; everything else is an unfinished read."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from pcreconcile.model.estate import CustomerList
from pcreconcile.partner_center import paging
from tests.partner_center.bench import BASE, OTHER, TENANT, Bench, Script, customer, in_turn, next_link, page, reply

THIRD = "6b2e0b0c-0000-4000-8000-000000000013"
NEXT = next_link("/customers?size=500&seekOperation=Next", MS_ContinuationToken="one==")
END = {"code": 2000, "message": "no more"}


def listed(script: Script) -> tuple[CustomerList, Bench]:
    bench = Bench(script)
    return asyncio.run(bench.partner_center.list_customers()), bench


def first(**members: Any) -> httpx.Response:
    return reply(page(customer(), **members))


def last() -> httpx.Response:
    return reply(page(customer(OTHER)))


COMPLETE = {
    "one page, links absent": [first()],
    "one page, next is null": [first(links={"next": None})],
    "two pages": [first(links=NEXT), last()],
    "link that already says /v1": [first(links=next_link("/v1/customers?x=1")), last()],
    "link without its slash": [first(links=next_link("customers?x=1")), last()],
    "link to our own host": [first(links=next_link(f"{BASE}/v1/customers?x=1")), last()],
    "PascalCase link": [
        reply({"Items": [customer()], "Links": {"Next": {"Uri": "/customers?x=1", "Headers": None}}}),
        last(),
    ],
    "400/2000 after a continuation": [first(links=NEXT), reply(END, 400)],
    "an empty page at the end": [first(links=NEXT), reply(page())],
    "a totalCount below the rows": [first(links=NEXT, totalCount=0), last()],
    "a totalCount that is no number": [first(totalCount="many")],
    "last page with a token that leads to 400/2000": [first(continuationToken="t"), reply(END, 400)],
    "last page with a token that leads to another refusal": [first(continuationToken="t"), reply({"code": 1}, 400)],
    "last page with a token that leads to nothing": [first(continuationToken="t"), reply(page())],
    "last page with a token that leads back": [first(continuationToken="t"), first(continuationToken="t")],
    "tokens alone": [first(continuationToken="t"), last()],
}

INCOMPLETE = {
    "400/2000 at once": ([reply(END, 400)], "2000"),
    "400 with another code": ([first(links=NEXT), reply({"code": 800002}, 400)], "800002"),
    "a link to another host": ([first(links=next_link("https://evil.example/v1/customers"))], "another host"),
    "a link to a host that begins alike": ([first(links=next_link(f"{BASE}0/v1/customers"))], "another host"),
    "a link without an address": ([first(links={"next": {"method": "GET"}})], "uri is missing"),
    "a link with a line end": ([first(links=next_link("/customers?a\r\nX: y"))], "cannot be sent"),
    "a link that is none": ([first(links={"next": "/customers"})], "expected an object"),
    "an HTML page": ([first(links=NEXT), *[reply("<html>") for _ in range(9)]], "not JSON"),
    "an empty body": ([reply("") for _ in range(9)], "empty body"),
    "403 on the second page": ([first(links=NEXT), reply({"code": 2032, "description": "no"}, 403)], "2032"),
    "connections lost for good": ([httpx.ReadError("x") for _ in range(9)], "connection was lost"),
    "a redirect": ([reply(None, 302, {"Location": "https://evil.example/"})], "302"),
}


# The witnesses of a list that moved while it was read, each the pages of one walk.
MOVED = {
    "the same request again": ([first(links=NEXT), reply(page(customer(OTHER), links=NEXT))], "read before"),
    "the same rows again": ([first(links=NEXT), first(links=next_link("/customers?other"))], "page 2 repeats rows"),
    "a row that moved to the next page": (
        [first(links=NEXT), reply(page(customer(), customer(OTHER)))],
        "page 2 repeats rows",
    ),
    "a row that changed on its way to the next page": (
        [first(links=NEXT), reply(page(customer(associatedPartnerId="1"), customer(OTHER)))],
        "page 2 repeats rows of earlier pages, changed",
    ),
    "a row that one page shows twice, changed": (
        [reply(page(customer(), customer(associatedPartnerId="1")))],
        "the same row twice",
    ),
    "a token that leads half back": (
        [first(continuationToken="t"), reply(page(customer(), customer(OTHER)))],
        "page 2 repeats rows",
    ),
    "a page that adds nothing": ([first(links=NEXT), reply(page(links=next_link("/customers?y")))], "adds nothing"),
    "a totalCount above the rows": ([first(totalCount=2)], "counts 2 and showed 1"),
    "a totalCount above the rows of all pages": ([first(links=NEXT, totalCount=3), last()], "counts 3 and showed 2"),
}


@pytest.mark.parametrize(("answers", "problem"), MOVED.values(), ids=MOVED)
def test_a_list_that_keeps_moving_is_read_three_times_and_is_incomplete(answers: list[Any], problem: str) -> None:
    found, bench = listed(in_turn(*answers * paging.WALKS))
    assert not found.read.complete
    assert "the list moved while it was read, 3 times in a row" in found.read.problem
    assert problem in found.read.problem
    assert len(bench.sent) == len(answers) * 3


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("answers", "problem"), MOVED.values(), ids=MOVED)
def test_a_list_that_moved_is_complete_when_it_has_come_to_rest(answers: list[Any], problem: str, times: int) -> None:
    found, _ = listed(in_turn(*answers * times, first(links=NEXT), last()))
    assert found.read.problem == ""
    assert (set(found.customers), found.read.pages) == ({TENANT, OTHER}, 2)


ODD: dict[str, tuple[Any, str | None]] = {
    "no companyName": (customer(OTHER, companyProfile={"domain": "x.example"}), OTHER),
    "no domain": (customer(OTHER, companyProfile={"companyName": "X"}), OTHER),
    "a null profile": (customer(OTHER, companyProfile=None), OTHER),
    "a profile that is a text": (customer(OTHER, companyProfile="x"), OTHER),
    "no tenant ID": (customer("", companyProfile=None), None),
    "a tenant ID that is none": (customer("harbor"), None),
    "the nil tenant ID": (customer("00000000-0000-0000-0000-000000000000"), None),
    "an empty object": ({}, None),
    "no object": ("row", None),
    "null": (None, None),
}


@pytest.mark.parametrize(("row", "tenant"), ODD.values(), ids=ODD)
def test_a_row_that_cannot_be_understood_spoils_its_own_customer_and_is_named(row: Any, tenant: str | None) -> None:
    found, _ = listed(in_turn(first(links=NEXT), reply(page(row, customer(THIRD)))))
    assert (found.read.complete, set(found.customers)) == (True, {TENANT, THIRD})
    (odd,) = found.odd
    assert (odd.page, odd.row, odd.tenant_id) == (2, 1, tenant)
    assert str(odd).startswith("page 2, row 1")
    assert bool(found.doubt_of_absence) is (tenant is None), "only a row that may be anybody's makes absence unprovable"


@pytest.mark.parametrize("answers", COMPLETE.values(), ids=COMPLETE)
def test_a_collection_that_ends(answers: list[httpx.Response]) -> None:
    found, _ = listed(in_turn(*answers))
    assert found.read.problem == ""
    assert set(found.customers) == {TENANT} | ({OTHER} if OTHER in answers[-1].text else set())


@pytest.mark.parametrize(("answers", "problem"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_collection_that_does_not_end(answers: list[Any], problem: str) -> None:
    found, _ = listed(in_turn(*answers))
    assert not found.read.complete
    assert problem in found.read.problem


def test_a_link_is_followed_to_the_letter_with_its_headers_and_ours_win() -> None:
    link = next_link(
        "/customers?size=500&seekOperation=Next&f=%7B%22a%22%3A1%7D", MS_ContinuationToken="a+b==", Authorization="x"
    )
    _, bench = listed(in_turn(first(links=link), last()))
    assert bench.paths == ["/v1/customers?size=500", "/v1/customers?size=500&seekOperation=Next&f=%7B%22a%22%3A1%7D"]
    assert bench.sent[1].headers["ms-continuationtoken"] == "a+b=="
    assert bench.sent[1].headers["authorization"] == "Bearer token-app-only-0"


HEADERS = {
    "Host": "evil.example",
    "Cookie": "a=b",
    "X-HTTP-Method-Override": "DELETE",
    "Content-Length": "9999",
    "Transfer-Encoding": "chunked",
    "Authorization": "Bearer other",
    "Connection": "close",
    "Proxy-Authorization": "x",
    "Range": "bytes=0-1",
    "MS-RequestId": "theirs",
    "X Y": "a name that is none",
    "X-A": "line\r\nend",
}


@pytest.mark.parametrize(("name", "value"), HEADERS.items())
def test_of_a_continuations_headers_the_token_alone_is_sent(name: str, value: str) -> None:
    pairs = [{"key": name, "value": value}, {"key": "ms-continuationTOKEN", "value": "t=="}]
    link = {"next": {"uri": "/customers?x=1", "method": "DELETE", "headers": pairs}}
    found, bench = listed(in_turn(first(links=link), last()))
    assert found.read.complete
    one, two = bench.sent
    assert (two.method, two.headers["ms-continuationtoken"]) == ("GET", "t==")
    assert set(two.headers) == {*one.headers, "ms-continuationtoken"}
    same = set(one.headers) - {"ms-requestid", "ms-correlationid", "client-request-id"}
    assert {each: two.headers[each] for each in same} == {each: one.headers[each] for each in same}
    assert "theirs" not in two.headers.values()


TOKENS = {"a line end": "a\r\nHost: x", "a zero": "a\x00", "no ASCII": "ü", "a megabyte": "a" * 1_000_000}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("place", ["header", "body", "body alone"])
def test_a_token_that_cannot_be_sent_makes_the_read_incomplete(token: str, place: str) -> None:
    link = next_link("/customers?x=1", **({"MS_ContinuationToken": token} if place == "header" else {}))
    members: dict[str, Any] = {} if place == "body alone" else {"links": link}
    if place != "header":
        members["continuationToken"] = token
    found, bench = listed(in_turn(first(**members)))
    assert (found.read.complete, len(bench.sent)) == (False, 1)


def test_two_tokens_that_differ_make_the_read_incomplete() -> None:
    pairs = [{"key": "MS-ContinuationToken", "value": value} for value in ("a", "b")]
    found, _ = listed(in_turn(first(links={"next": {"uri": "/customers", "headers": pairs}})))
    assert "several continuation tokens" in found.read.problem


GRAPH_PAGE = f"{BASE}/graph/v1.0/tenantRelationships?page="


def graph_pages(row: Any = None) -> Script:
    """Pages that always have a next one; Graph may send empty ones."""
    numbers = iter(range(1, 100_000))

    def script(_request: httpx.Request) -> httpx.Response:
        number = next(numbers)
        rows = [] if row is None else [row(number)]
        return reply({"value": rows, "@odata.nextLink": f"{GRAPH_PAGE}{number}"})

    return script


def test_empty_pages_without_end_are_given_up() -> None:
    bench = Bench(graph_pages())
    found = asyncio.run(bench.partner_center._beyond._graph.relationships(TENANT))  # type: ignore[arg-type]
    assert "empty pages" in found.proof.problem
    assert len(bench.sent) == paging.EMPTY_PAGES + 1


def test_rows_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "ROW_CAP", 20)
    bench = Bench(
        graph_pages(lambda number: {"id": f"r{number}", "status": "active", "customer": {"tenantId": TENANT}})
    )
    found = asyncio.run(bench.partner_center._beyond._graph.relationships(TENANT))  # type: ignore[arg-type]
    assert found.proof.problem == "no end after 20 rows"


def test_some_empty_pages_on_the_way_are_fine() -> None:
    pages = [reply({"value": [], "@odata.nextLink": f"{GRAPH_PAGE}{number}"}) for number in range(5)]
    bench = Bench(in_turn(*pages, reply({"value": []})))
    found = asyncio.run(bench.partner_center._beyond._graph.relationships(TENANT))  # type: ignore[arg-type]
    assert (found.proof.complete, found.proof.pages) == (True, 6)


def test_the_bodys_token_goes_along_where_the_link_names_none() -> None:
    _, bench = listed(in_turn(first(links=next_link("/customers?seekOperation=Next"), continuationToken="t=="), last()))
    assert bench.sent[1].headers["ms-continuationtoken"] == "t=="


def test_a_collection_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_CAP", 5)
    numbers = iter(range(1, 100))

    def script(_request: httpx.Request) -> httpx.Response:
        number = next(numbers)
        row = customer(f"6b2e0b0c-0000-4000-8000-{number:012}")
        return reply(page(row, links=next_link(f"/customers?page={number}")))

    found, bench = listed(script)
    assert "no end after 5 pages" in found.read.problem
    assert len(bench.sent) == 5
    assert len(found.customers) == 5
