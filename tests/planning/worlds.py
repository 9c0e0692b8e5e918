"""Random worlds in the words of a case (`tests/exits/estates.py`), so that a counterexample reads like one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from pcreconcile.model.desired import LineDesire
from tests.exits.estates import NOW, SUBSCRIPTION_KINDS

World = dict[str, Any]

IDS = list("ABCDEFG")
ZONES = ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"]
STATUSES = ["active"] * 6 + ["suspended"] * 3 + ["deleted", "expired", "disabled", "pending", "none", "hibernating"]
KINDS = [*SUBSCRIPTION_KINDS, *["new-commerce-license"] * 4, *["legacy-license"] * 2]
KINDS += ["perpetual-software", "perpetual-software", "reservation", "marketplace-saas", "savings-plan"]
FAMILIES = ["legacy-license", "new-commerce-license", "azure-plan", "azure-legacy", "reservation"]
FAMILIES += ["software-subscription", "perpetual-software", "marketplace-saas", "savings-plan", "unknown"]
SCHEDULES = [None, [], ["TermEnd/Cancel"], ["TermEnd/RenewToNewTerm"], ["TermEnd/Teleport"]]
RARELY = [False] * 9 + [True]


def instants(before: int, ahead: int) -> st.SearchStrategy[datetime]:
    """Instants around the usual now, in whole hours or at the last second of an hour."""
    hours = st.integers(-before * 24, ahead * 24)
    return st.builds(lambda hour, last: NOW + timedelta(hours=hour, seconds=-last), hours, st.sampled_from([0, 0, 1]))


def days(before: int, ahead: int) -> st.SearchStrategy[date]:
    """Days around the usual now."""
    return st.integers(-before, ahead).map(lambda days: NOW.date() + timedelta(days=days))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Or nothing."""
    return st.one_of(st.none(), strategy)


@st.composite
def things(draw: st.DrawFn, name: str) -> World:
    """One purchase."""
    thing: World = {"kind": draw(st.sampled_from(KINDS)), "id": name, "seats": draw(st.integers(0, 30))}
    match thing["kind"]:
        case "perpetual-software":
            thing["bought"] = draw(maybe(instants(60, 0)))
            thing["orderStatus"] = draw(st.sampled_from(["completed"] * 6 + ["pending", "cancelled", "contested"]))
            thing["term"] = draw(st.sampled_from([None, "P1D", "P1Y"]))
        case "reservation":
            thing["expires"] = draw(maybe(instants(10, 400)))
            thing["entitled"] = draw(st.booleans())
            thing["orderStatus"] = draw(st.sampled_from(["completed"] * 8 + ["pending", "contested"]))
            thing |= draw(st.sampled_from([{}, {}, {}, {"name": "Reserved_SUSE_Linux"}]))
            if draw(st.booleans()):
                thing["azure"] = draw(st.lists(_reserved(), max_size=2, unique_by=lambda each: each["id"]))
        case kind:
            thing |= draw(_subscriptions(kind))
    return thing


@st.composite
def _subscriptions(draw: st.DrawFn, kind: str) -> World:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=NOW.tzinfo)
    thing: World = {
        "status": draw(st.sampled_from(STATUSES)),
        "ends": draw(maybe(st.one_of(instants(20, 400), instants(5, 30), st.just(last)))),
        "window": draw(maybe(instants(3, 8))),
        "autoRenew": draw(st.sampled_from([True, False, None])),
        "scheduled": draw(st.sampled_from(SCHEDULES)),
        "suspensionReasons": ["fraud"] if draw(st.sampled_from(RARELY)) else [],
    }
    if draw(st.booleans()):
        thing["parent"] = draw(st.sampled_from(IDS))
    if draw(st.sampled_from(RARELY)):
        thing["partnerId"] = "4847383"
    if kind == "software-subscription" and draw(st.booleans()):
        thing["order"] = f"O-{draw(st.integers(0, 10**9))}/1"
        thing["orderStatus"] = draw(st.sampled_from(["completed"] * 8 + ["pending", "contested"]))
    if kind == "marketplace-saas":
        thing |= draw(_marketplace())
    if kind == "azure-plan":
        thing["azure"] = draw(_azure())
    return thing


def _marketplace() -> st.SearchStrategy[World]:
    """What may open a window beside the date of the service, and terms that a promise may outlast."""
    return st.fixed_dictionaries(
        {"term": st.sampled_from(["P1M", "P1Y", None])},
        optional={
            "starts": instants(8, 0),
            "refundOptions": st.dictionaries(st.sampled_from(["Full", "Partial"]), instants(3, 8), max_size=2),
            "name": st.just("Dynamics 365 Business Central"),
            "publisher": st.sampled_from(["Contoso", "Microsoft"]),
            "productType": st.sampled_from(["SaaS", "Hologram"]),
        },
    )


def _reserved() -> st.SearchStrategy[World]:
    """A reservation as Azure shows it; without a refund it was not quoted."""
    amounts = st.sampled_from(["0.00", "900.00", "30000.00"])
    return st.fixed_dictionaries(
        {
            "id": st.sampled_from("rst"),
            "state": st.sampled_from(["succeeded", "succeeded", "cancelled", "expired", "merging"]),
            "quantity": st.integers(0, 2),
        },
        optional={"refund": amounts, "consumed": amounts, "problems": st.just(["not refundable"])},
    )


def _returned() -> st.SearchStrategy[World]:
    """An earlier return of ours; it counts for twelve months, and so it does as long as any clock here is moved."""
    amounts = st.sampled_from(["900.00", "30000.00", "30000.00 EUR"])
    return st.fixed_dictionaries({"at": instants(200, 0)}, optional={"counts": amounts})


GDAP = ["active"] * 4 + ["created", "approvalpending", "approved", "activating", "terminationrequested", "terminating"]
GDAP += ["expiring", "expired", "terminated", "hibernating"]


def _gdap() -> st.SearchStrategy[Any]:
    entry = st.fixed_dictionaries({"id": st.sampled_from("GHI"), "status": st.sampled_from(GDAP)})
    return st.one_of(
        st.lists(entry, max_size=3, unique_by=lambda each: each["id"]), st.sampled_from([None, "not read"])
    )


def _azure() -> st.SearchStrategy[Any]:
    entry = st.fixed_dictionaries(
        {
            "id": st.integers(0, 10**6).map(lambda number: f"azure-{number}"),
            "status": st.sampled_from(["active"] * 4 + ["inactive", "deleted", "hibernating"]),
        }
    )
    return st.one_of(st.lists(entry, max_size=3), st.just("not read"))


def lines(desires: list[LineDesire]) -> st.SearchStrategy[list[World]]:
    """Lines of a manifest."""
    match = st.one_of(
        st.sampled_from(FAMILIES).map(lambda family: {"family": family}),
        st.sampled_from(IDS).map(lambda name: {"id": name}),
        st.sampled_from(["*", "CFQ7TTC0*", "DZH318Z0*"]).map(lambda sku: {"sku": sku}),
    )
    return st.lists(st.fixed_dictionaries({"match": match, "desired": st.sampled_from(desires)}), max_size=3)


@st.composite
def wishes(draw: st.DrawFn, relationship: str | None = None, desires: list[LineDesire] | None = None) -> World:
    """A manifest's spec."""
    found: World = {
        "relationship": relationship or draw(st.sampled_from(["removed", "removed", "suspended", "active"])),
        "refunds": draw(st.sampled_from(["prefer", "require", "ignore"])),
        "pace": draw(st.sampled_from(["together", "asap"])),
        "onBlocked": draw(st.sampled_from(["wait", "wait", "wait", "fail"])),
        "settle": draw(st.sampled_from(["0d", "0d", "2d", "30h"])),
        "subscriptions": draw(lines(desires or list(LineDesire))),
    }
    for name in ("notBefore", "serviceUntil", "deadline"):
        day = draw(maybe(days(5, 20)))
        if day is not None:
            found[name] = day
    ends = draw(st.one_of(st.sampled_from(["keep", "keep", "terminate"]), days(5, 20).map(lambda day: {"at": day})))
    found["delegatedAccess"] = ends
    return found


@st.composite
def holdings(draw: st.DrawFn) -> list[World]:
    """What a customer holds; add-ons may name any base, themselves and each other included."""
    names = draw(st.lists(st.sampled_from(IDS), max_size=5, unique=True))
    return [draw(things(name)) for name in names]


@st.composite
def freezes(draw: st.DrawFn) -> list[World]:
    """Freezes of the policy."""
    found = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        first = draw(days(10, 20))
        found.append({"first": first, "last": first + timedelta(days=draw(st.integers(0, 12))), "reason": "audit"})
    return found


@st.composite
def worlds(draw: st.DrawFn, relationship: str | None = None, desires: list[LineDesire] | None = None) -> World:
    """A live customer whose domain is right and of whom everything was read."""
    found: World = {
        "now": draw(instants(3, 3)),
        "zone": draw(st.sampled_from(ZONES)),
        "holds": draw(holdings()),
        "wants": draw(wishes(relationship, desires)),
        "policy": {"freezes": draw(freezes()), "azureCancelAllowed": draw(st.booleans())},
        "memory": {
            "suspended": draw(st.lists(st.sampled_from(IDS), max_size=3, unique=True)),
            "returned": draw(st.lists(_returned(), max_size=2)),
        },
        "gdap": draw(_gdap()),
        "customer": {"dap": draw(st.sampled_from([True, False, None]))},
    }
    taken = draw(maybe(instants(5, 0)))
    if taken is not None:
        found["memory"]["serviceTaken"] = min(taken, found["now"])
    return found


CUSTOMERS: list[World] = [
    {"customer": {"listed": False}},
    {"customer": {"listed": False, "byId": "reseller"}},
    {"customer": {"byId": "not found"}},
    {"customer": {"domain": "else.example"}},
    {"customer": {"relationship": "advisor"}},
    {"customer": {"read": False}},
    {"list": "cut off"},
    {"reads": {"orders": "cut off"}},
]


def any_worlds() -> st.SearchStrategy[World]:
    """Also customers that are gone, wrong, contradictory or not read to their end."""
    odd = st.builds(lambda world, customer: {**world, **customer}, worlds(), st.sampled_from(CUSTOMERS))
    return st.one_of(worlds(), worlds(), worlds(), odd)
