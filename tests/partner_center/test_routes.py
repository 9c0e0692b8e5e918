"""Every path that a request can have, with IDs that would lead it elsewhere; and next pages that lead elsewhere.

The table is compared with the calls in the code, so that a new route without a row fails.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

import pcreconcile.partner_center
from pcreconcile.model.errors import IncompleteRead, PcreconcileError
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center.decoding import decode_azure_entitlement, decode_entitlement, decode_subscription
from pcreconcile.partner_center.graph import Graph, decode_relationship
from pcreconcile.partner_center.management import Management
from pcreconcile.partner_center.routes import Route, following, route
from pcreconcile.partner_center.wire import Members, UnexpectedShape
from tests.partner_center.bench import BASE, TENANT, Bench, Order, by_path, customer, page, reply

HOSTILE = {
    "dots": "..",
    "one dot": ".",
    "three dots": "...",
    "a way up": "../../customers",
    "a part more": "a/b",
    "a query": "a?b=c",
    "a fragment": "a#b",
    "escaped dots": "%2e%2e",
    "an escaped slash": "a%2Fb",
    "a backslash": "a\\b",
    "a line end": "a\r\nX: y",
    "a blank": "a b",
    "a zero": "a\x00b",
    "a letter of another alphabet": "ａ",
    "nothing": "",
    "endless": "a" * 257,
}
GOOD = {
    "a GUID": "6b2e0b0c-0000-4000-8000-000000000011",
    "an order": "KaJ8XvkKc_GoNZOUyjVaRJalTBN5MWdV1",
    "dots within": "a..b",
    "a version": "v1.0",
    "a tilde": "~a",
    "digits": "1",
}

Asked = Callable[[Bench, str], Coroutine[Any, Any, Any]]
SUBSCRIPTION = {"id": "1", "offerId": "DZH318Z0BPS6:0001", "quantity": 1, "status": "active"}


def write(kind: ActionKind, target: str = "{id}", parent: str | None = None, **fields: Any) -> Asked:
    def asked(bench: Bench, text: str) -> Coroutine[Any, Any, Any]:
        place = target.replace("{id}", text)
        above = None if parent is None else parent.replace("{id}", text)
        return bench.partner_center.write(Order(kind, "x", place, fields, parent_id=above))

    return asked


def item(kind: str, target: str = "{id}", parent: str | None = None) -> Asked:
    def asked(bench: Bench, text: str) -> Coroutine[Any, Any, Any]:
        above = None if parent is None else parent.replace("{id}", text)
        return bench.partner_center.read_item(TENANT, kind, target.replace("{id}", text), above)

    return asked


def management(bench: Bench) -> Management:
    return bench.partner_center._beyond._management


def graph(bench: Bench) -> Graph:
    return bench.partner_center._beyond._graph


async def reservations(bench: Bench, order: str) -> None:
    found = await management(bench).reservations(TENANT, order)
    if not found.proof.complete:
        raise IncompleteRead(found.proof.problem)


async def collection(bench: Bench, tenant: str) -> None:
    found = await bench.partner_center._reader.azure_entitlements(tenant, tenant)  # type: ignore[arg-type]
    if not found.proof.complete:
        raise IncompleteRead(found.proof.problem)


# By the shape of a path in the code (`{}` for what is not written there), who asks for it with an ID of that kind.
ROUTES: dict[str, tuple[Asked, ...]] = {
    "route(v1,customers,{},*)": (lambda bench, text: bench.partner_center._reader.customer_by_id(text),),  # type: ignore[arg-type]
    "route(v1,customers)": (),
    "route(v1,customers,relationshiprequests)": (),
    "route(*,*)": (collection, reservations),
    "route(v1.0,*,{},*)": (item("delegated-admin"), lambda bench, text: graph(bench).terminate(text, "r")),  # type: ignore[arg-type]
    "route(*,{},return)": (lambda bench, text: management(bench).give_back(TENANT, f"{text}/r", 1, "r"),),  # type: ignore[arg-type]
    "route(*,{},calculateRefund)": (
        lambda bench, text: management(bench).give_back(TENANT, f"{text}/r", 1, "r"),  # type: ignore[arg-type]
    ),
    "customer_path({})": (lambda bench, text: bench.partner_center._reader.customer_by_id(text),),  # type: ignore[arg-type]
    "customer_path({},subscriptions,{})": (item("subscription"), write(ActionKind.CANCEL_SUBSCRIPTION)),
    "customer_path({},orders,{})": (item("order-line", "{id}/0"), write(ActionKind.CANCEL_ORDER_LINE, "{id}/0")),
    "customer_path({},*,{},{})": (
        write(ActionKind.CANCEL_AZURE_SUBSCRIPTION, parent="plan"),
        write(ActionKind.CANCEL_AZURE_SUBSCRIPTION, "one", parent="{id}"),
    ),
    "Listing(customers)": (),
    "Listing(subscriptions)": (),
    "Listing(orders)": (),
    "Listing(entitlements)": (),
    "Listing(transfers)": (),
    "Listing(relationships)": (),
    "Listing(auditrecords)": (),
    "Listing(subscriptions,{},azureEntitlements)": (item("azure-subscription", "one", "{id}"),),
    "Listing(_RELATIONSHIPS)": (),
    "Listing(path)": (reservations,),
}
CALLS = [asked for row in ROUTES.values() for asked in row]


def shapes() -> Iterator[str]:
    for file in Path(pcreconcile.partner_center.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in {"route", "customer_path"}:
                    yield f"{node.func.id}({','.join(part_of(file, each) for each in node.args)})"
                elif node.func.id == "Listing":
                    yield f"Listing({path_of(node)})"


def part_of(file: Path, node: ast.expr) -> str:
    if isinstance(node, ast.Starred):
        return "*"
    if isinstance(node, ast.Name) and node.id == "_VERSION" and file.stem == "graph":
        return "v1.0"
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


def path_of(call: ast.Call) -> str:
    named = [word.value for word in call.keywords if word.arg == "path"]
    (path,) = named or [call.args[1]]
    if isinstance(path, ast.Tuple):
        return ",".join(part_of(Path(), each) for each in path.elts)
    assert isinstance(path, ast.Name), "a path is a tuple of parts"
    return path.id


def test_every_route_of_the_code_has_a_row() -> None:
    assert set(shapes()) == set(ROUTES)


def test_a_route_is_made_in_one_place() -> None:
    """Nobody else calls a text a route, and nobody builds an address out of an ID."""
    makers = {
        file.stem
        for file in Path(pcreconcile.partner_center.__file__).parent.glob("*.py")
        if "Route(" in file.read_text(encoding="utf-8")
    }
    assert makers == {"routes"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("asked", CALLS)
def test_an_id_that_would_lead_elsewhere_is_never_asked_for(asked: Asked, text: str) -> None:
    bench = Bench(by_path(customer=customer()))
    with pytest.raises(PcreconcileError):
        asyncio.run(asked(bench, text))
    assert [path for path in bench.paths if path != f"/v1/customers/{TENANT}"] == []


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_usual_id_is_asked_for_as_it_is(text: str) -> None:
    bench = Bench(lambda _request: reply({**SUBSCRIPTION, "id": text}))
    asyncio.run(bench.partner_center.read_item(TENANT, "subscription", text, None))
    assert bench.paths == [f"/v1/customers/{TENANT}/subscriptions/{text}"]


DECODED: dict[str, Callable[[Any], object]] = {
    "subscription": lambda text: decode_subscription(Members({**SUBSCRIPTION, "id": text}, "row")),
    "azure entitlement": lambda text: decode_azure_entitlement(Members({"id": text, "status": "active"}, "row"), "p"),  # type: ignore[arg-type]
    "relationship": lambda text: decode_relationship(
        Members({"id": text, "status": "active", "customer": {"tenantId": TENANT}}, "row"),
        TENANT,  # type: ignore[arg-type]
    ),
    "reservation order": lambda text: decode_entitlement(
        Members(
            {
                "referenceOrder": {"id": "o", "lineItemId": "0"},
                "entitlementType": "reservedinstance",
                "quantity": 1,
                "entitledArtifacts": [{"artifactType": "reservedinstance", "resourceId": text}],
            },
            "row",
        )
    ),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("decode", DECODED.values(), ids=DECODED)
def test_a_row_with_such_an_id_is_not_understood(decode: Callable[[Any], object], text: str) -> None:
    with pytest.raises(UnexpectedShape):
        decode(text)


@pytest.mark.parametrize("decode", DECODED.values(), ids=DECODED)
def test_a_row_with_a_usual_id_is_understood(decode: Callable[[Any], object]) -> None:
    for text in GOOD.values():
        decode(text)


def test_a_subscription_with_such_an_id_is_an_unread_list_of_one_customer() -> None:
    hostile = page({**SUBSCRIPTION, "id": ".."})
    bench = Bench(by_path(customer=customer(), subscriptions=hostile))
    state = asyncio.run(bench.partner_center.read_customer(TENANT))
    assert state.problems == (
        "subscriptions: page 1, row 1 cannot be understood: subscriptions.items[0].id: expected an ID",
    )


ELSEWHERE = {
    "another host": "https://evil.example/v1/customers",
    "another scheme": f"https{BASE[4:]}/v1/customers",
    "another port": "http://127.0.0.1:2/v1/customers",
    "a host that begins alike": f"{BASE}0/v1/customers",
    "user information": "http://me@127.0.0.1:1/v1/customers",
    "no scheme": "//evil.example/v1/customers",
    "another scheme altogether": "file:///etc/passwd",
    "a port that is none": "http://127.0.0.1:x/v1/customers",
    "a way up": "/v1/../v2/customers",
    "a way up, escaped": "/v1/%2e%2e/v2/customers",
    "a way up, escaped twice": "/v1/%252e%252e/v2/customers",
    "a way up without a version": "../graph/x",
    "dots": "/v1/customers/./x",
    "an empty part": "/v1//evil.example/x",
    "a backslash": "/v1\\..\\customers",
    "an escaped slash": "/v1/a%2F..%2Fb",
    "a fragment": "/v1/customers#x",
    "a blank": "/v1/customers ?x=1",
    "a line end": "/v1/customers\r\nHost: x",
    "letters that cannot be sent": "/v1/customers?x=ü",
    "endless": "/v1/customers?x=" + "a" * 9000,
}
ONWARD = {
    "/customers?size=500&x=%2e%2e/..": "/v1/customers?size=500&x=%2e%2e/..",
    "/v1/customers?x=1": "/v1/customers?x=1",
    "/V1/customers?x=1": "/V1/customers?x=1",
    "customers?x=1": "/v1/customers?x=1",
    f"{BASE}/v1/customers?x=1": "/v1/customers?x=1",
    "HTTP://127.0.0.1:1/v1/customers?x=1": "/v1/customers?x=1",
    "/v1/customers/a/orders?": "/v1/customers/a/orders?",
}


@pytest.mark.parametrize("address", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_next_page_elsewhere_is_not_asked_for(address: str) -> None:
    with pytest.raises(UnexpectedShape):
        following(address, BASE, "/v1")


@pytest.mark.parametrize(("address", "path"), ONWARD.items())
def test_a_usual_next_page_is_asked_for_to_the_letter(address: str, path: str) -> None:
    assert following(address, BASE, "/v1") == path


@pytest.mark.parametrize(
    ("address", "base", "version", "path"),
    [
        ("https://graph.example:443/v1.0/x?$skiptoken=a", "https://graph.example", "/v1.0", "/v1.0/x?$skiptoken=a"),
        ("https://arm.example/providers/x?a=b", "https://arm.example:443", "", "/providers/x?a=b"),
        ("http://127.0.0.1:1/graph/v1.0/x?y", f"{BASE}/graph", "/v1.0", "/v1.0/x?y"),
    ],
)
def test_a_default_port_and_an_endpoint_with_a_path(address: str, base: str, version: str, path: str) -> None:
    assert following(address, base, version) == path


def test_a_next_page_beside_an_endpoint_with_a_path_is_elsewhere() -> None:
    with pytest.raises(UnexpectedShape):
        following(f"{BASE}/management/x", f"{BASE}/graph", "/v1.0")


def test_values_of_a_query_are_escaped() -> None:
    assert route("a", query={"$filter": "b eq 'c&d'"}) == "/a?$filter=b%20eq%20%27c%26d%27"
    assert type(route("a")) is Route
