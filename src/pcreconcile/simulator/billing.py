"""What the partner pays for: from when to when each subscription, Azure subscription and reservation was billed.

Nothing of this is on the wire. It is the simulator's own book, written at every change of state with the instant at
which the change took effect, so that it is right however far the clock was moved in between. A span stays open (its
end is null) while its thing is billed.

What is billed (API facts, 5.2, 5.7 and 5.8; exit rules, 1.1): a new-commerce subscription while active and while
suspended, a legacy one only while active, a trial never, an Azure plan through its Azure subscriptions alone, a
reservation until it is returned or expires. A cancellation inside the window is prorated and ends the span; where the
refund is full (marketplace SaaS) the running term is taken back altogether. Perpetual software is no span of time.
"""

from collections.abc import Iterator
from datetime import datetime

from .clock import parse_instant, wire_time
from .kinds import LEGACY, Kind
from .messages import Call, Json, Refusal, Reply

__all__ = ["AZURE_SUBSCRIPTION", "ended_at", "follow", "follow_customer", "get_billing", "opened"]

AZURE_SUBSCRIPTION = "azure-subscription"
"""The kind of an Azure subscription under a plan, in this book alone."""

_GONE = ("deleted", "expired", "disabled")
_FULLY_REFUNDED = (Kind.MARKETPLACE_SAAS,)


def opened(thing: Json, began: datetime, ended: datetime | None) -> Json:
    """The first page of the book of a thing of an estate: billed since it was bought, unless it no longer is.

    `ended` is when a thing that is gone had ended, where that is known.
    """
    gone = _is_gone(thing)
    book: Json = {"billed": [], "ended": wire_time(ended) if gone and ended else None}
    if _is_billed(thing):
        book["billed"] = [[wire_time(began), None]]
    elif gone and ended and not thing["wire"].get("isTrial"):
        book["billed"] = [[wire_time(began), wire_time(ended)]]
    return book


def follow_customer(customer: Json, at: datetime) -> None:
    """Write down what has changed with a customer's things at this instant."""
    for thing in _things(customer):
        follow(thing, at)


def follow(thing: Json, at: datetime) -> None:
    """Write down what a change that took effect at this instant means for the bill; nothing where nothing changed."""
    book = thing.setdefault("book", {"billed": [], "ended": None})
    spans: list[list[str | None]] = book["billed"]
    billed, running = _is_billed(thing), bool(spans) and spans[-1][1] is None
    if billed and not running:
        spans.append([wire_time(at), None])
        book["ended"] = None
    elif running and not billed:
        spans[-1][1] = wire_time(at)
    if _is_gone(thing) and not book["ended"]:
        book["ended"] = wire_time(at)
        if _is_fully_refunded(thing):
            book["billed"] = _without_running_term(thing, spans)


def ended_at(thing: Json) -> datetime | None:
    """When a thing ended for good; None while it has not, or where nobody knows."""
    ended = thing.get("book", {}).get("ended")
    return parse_instant(ended) if ended else None


def _heading(thing: Json) -> Json:
    """What it is, or is about to be once asynchronous work has settled: the bill follows the request."""
    wire: Json = dict(thing["wire"])
    for stage in thing.get("pending") or ():
        wire |= stage["set"]
    return wire


def _kind(thing: Json) -> str:
    return str(thing.get("kind", AZURE_SUBSCRIPTION))


def _is_billed(thing: Json) -> bool:
    wire, kind = _heading(thing), _kind(thing)
    if kind == Kind.RESERVATION:
        return not _is_gone(thing)
    if kind == Kind.AZURE_PLAN or wire.get("isTrial"):
        return False
    unbilled_when_suspended = (*LEGACY, AZURE_SUBSCRIPTION)
    return wire.get("status") in (("active",) if kind in unbilled_when_suspended else ("active", "suspended"))


def _is_gone(thing: Json) -> bool:
    wire, kind = _heading(thing), _kind(thing)
    if kind == Kind.RESERVATION:
        return bool(thing.get("expired")) or not wire.get("quantity")
    return wire.get("status") in _GONE or (kind == AZURE_SUBSCRIPTION and wire.get("status") == "inactive")


def _is_fully_refunded(thing: Json) -> bool:
    return _heading(thing).get("status") == "deleted" and _kind(thing) in _FULLY_REFUNDED and not thing.get("moved")


def _without_running_term(thing: Json, spans: list[list[str | None]]) -> list[list[str | None]]:
    """The spans without what the running term cost."""
    try:
        began = parse_instant(str(thing["wire"].get("effectiveStartDate")))
    except ValueError:
        return spans
    before = [span for span in spans if parse_instant(str(span[0])) < began]
    return [[start, wire_time(began) if end is None or parse_instant(end) > began else end] for start, end in before]


def get_billing(call: Call) -> Reply:
    """`GET /_simulator/billing[?customer=TENANT]`: the book of every customer, former ones included."""
    wanted = call.query.get("customer", "").lower()
    customers = {
        customer["id"].lower(): _shown(customer)
        for customer in call.world.every_customer()
        if wanted in ("", customer["id"].lower())
    }
    if wanted and not customers:
        raise Refusal(Reply(404, {"error": "there is no such customer"}))
    return Reply(200, {"now": wire_time(call.now), "customers": customers})


def _shown(customer: Json) -> Json:
    pages = [_page(thing) for thing in _things(customer)]
    return {"name": customer["companyName"], "removed": customer.get("removed"), "subscriptions": pages}


def _things(customer: Json) -> Iterator[Json]:
    """Everything that a span of time can be billed for."""
    for item in customer["subscriptions"]:
        yield item
        yield from item.get("azureEntitlements", ())
    yield from (each for each in customer["entitlements"] if "reservation" in each)


def _page(thing: Json) -> Json:
    book = thing.get("book", {"billed": [], "ended": None})
    reservation = thing.get("reservation")
    wire = thing["wire"]
    name = (reservation["orderId"], reservation["name"]) if reservation else (wire.get("id"), wire.get("friendlyName"))
    return {"id": name[0], "kind": _kind(thing), "name": name[1], "billed": book["billed"], "ended": book["ended"]}
