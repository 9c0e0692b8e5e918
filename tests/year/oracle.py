"""What the rules allow at best, computed from the facts alone: the end of every purchase, and the date of the removal.

Written from the published rules and the meaning of the manifest's words, with nothing of the program's own knowledge:
it must not be wrong in the same way. Time is walked from term to term; what can be served is served by the first daily
run that may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from tests.year.facts import (
    DAY,
    DECISION,
    Customer,
    Thing,
    begins,
    is_over,
    midnight,
    run_at,
    term_after,
)

REOPENED = {"new-commerce-license": 7, "software-subscription": 7, "marketplace-saas": 3}
LEGACY = ("legacy-license", "azure-legacy")


@dataclass(frozen=True)
class Frozen:
    """Days, both included, on which nothing is done that does more than protect."""

    first: date
    last: date

    def thaw(self, at: datetime) -> datetime:
        return is_over(self.last) if begins(self.first) <= at < is_over(self.last) else at


@dataclass(frozen=True)
class Expected:
    """When each thing ends (None: it was over before, or is the customer's for good), and when the customer is gone."""

    ends: dict[str, datetime | None]
    removal: datetime


@dataclass(frozen=True)
class End:
    """How one thing ends: by a run that takes it away, by running out, or not at all (it was over, or it is owned)."""

    at: datetime | None
    acted: bool = False
    takes_service: bool = False


GONE = End(None)


@dataclass
class Plan:
    """One customer's instants. `pace` is when service is taken that saves no window."""

    customer: Customer
    frozen: Frozen | None
    pace: datetime = DECISION
    given_up: set[str] = field(default_factory=set)

    @property
    def start(self) -> datetime:
        day = self.customer.leaving.not_before
        return DECISION if day is None else max(DECISION, begins(day))

    @property
    def promised(self) -> datetime | None:
        """The end of the promised service while it is ahead."""
        day = self.customer.leaving.service_until
        end = None if day is None else is_over(day)
        return end if end is not None and end > DECISION else None

    def thaw(self, at: datetime) -> datetime:
        return at if self.frozen is None else self.frozen.thaw(at)

    def free(self, thing: Thing) -> datetime:
        """From when on a write to the thing is possible: a transfer in progress keeps its lines."""
        transfer = self.customer.transfer
        if transfer is not None and thing.name in transfer.things:
            return max([self.start, *self.lapses])
        return self.start

    @property
    def lapses(self) -> list[datetime]:
        """When a transfer in progress is surely over: the first UTC date after it lapses."""
        transfer = self.customer.transfer
        return [] if transfer is None else [midnight(transfer.lapses) + DAY]


def expected(customer: Customer, frozen: Frozen | None = None) -> Expected:
    """The best that the rules allow for this customer, given what its manifest wants."""
    plan = Plan(customer, frozen)
    while True:
        plan.pace = _pace(plan, ())
        ends = _ends(plan)
        while (later := _pace(plan, _waits(ends))) > plan.pace:
            plan.pace = later
            ends = _ends(plan)
        late = {name for name, end in ends.items() if end is None} - plan.given_up
        if not late:
            return Expected({name: end.at for name, end in ends.items() if end}, _removal(plan, ends))
        plan.given_up |= late


def _waits(ends: dict[str, End | None]) -> list[datetime]:
    return [end.at for end in ends.values() if end is not None and end.at is not None and not end.acted]


def _pace(plan: Plan, waits: Iterable[datetime]) -> datetime:
    leaving = plan.customer.leaving
    if plan.promised is not None:
        return plan.thaw(max(plan.start, plan.promised))
    if leaving.pace == "asap" or leaving.service_until is not None:
        return plan.thaw(plan.start)
    return plan.thaw(max([plan.start, *waits, *plan.lapses]))


def _ends(plan: Plan) -> dict[str, End | None]:
    """None for what could not be cancelled at its pace because its window had closed: it has to run out."""
    return {thing.name: _ENDINGS[thing.kind](thing, plan) for thing in plan.customer.things}


def _removal(plan: Plan, ends: dict[str, End | None]) -> datetime:
    found = [end for end in ends.values() if end is not None and end.at is not None]
    taken = [run_at(end.at) for end in found if end.at is not None and end.takes_service]
    settle = [max(taken) + timedelta(days=plan.customer.leaving.settle)] if taken else []
    last = max([plan.start, *settle, *plan.lapses, *(end.at for end in found if end.at is not None)])
    return run_at(plan.thaw(last))


# Modern products: a window, a term, and what happens at its end.


def _modern(thing: Thing, plan: Plan) -> End | None:
    if thing.status in {"expired", "disabled", "deleted"}:
        return GONE
    thing = _lived(thing, run_at(plan.free(thing)))
    if thing.status == "expired":
        return End(thing.ends)
    if thing.extended:
        return _extended(thing, plan)
    thing = _until_promise(thing, plan)
    return _in_window(thing, plan, End(thing.ends))


def _lived(thing: Thing, until: datetime) -> Thing:
    """The thing as it is at that run, when nobody has written anything before."""
    while thing.ends is not None and thing.ends <= until:
        thing = _next(thing)
        if thing.status == "expired":
            break
    return thing


def _next(thing: Thing) -> Thing:
    """What becomes of it at the end of its term, by itself."""
    assert thing.ends is not None
    if thing.extended:
        return _month_of_extension(thing, thing.ends)
    if thing.status == "active" and thing.renews:
        window = thing.ends + DAY * REOPENED[thing.kind]
        return replace(thing, starts=thing.ends, ends=term_after(thing.ends, thing.term), window=window, trial=False)
    slides = thing.kind == "new-commerce-license" and thing.status == "active" and not thing.told and not thing.trial
    return _month_of_extension(thing, thing.ends) if slides else replace(thing, status="expired")


def _month_of_extension(thing: Thing, starts: datetime) -> Thing:
    ends = term_after(starts, "P1M")
    return replace(thing, starts=starts, term="P1M", ends=ends, window=midnight(ends - DAY), extended=True)


def _until_promise(thing: Thing, plan: Plan) -> Thing:
    """A monthly licence goes on by itself until the month in which the promise ends.

    Not where refunds are required: the window of the next renewal would end it at once, so it need not renew.
    """
    promised = None if plan.customer.leaving.refunds == "require" else plan.promised
    goes_on = thing.kind == "new-commerce-license" and thing.term == "P1M" and thing.renews and not thing.line
    while goes_on and promised is not None and thing.ends is not None and thing.ends < promised:
        thing = _next(thing)
    return thing


def _in_window(thing: Thing, plan: Plan, otherwise: End) -> End | None:
    """Cancelled inside the window where the wish allows it in time, else `otherwise`."""
    leaving = plan.customer.leaving
    at = plan.free(thing)
    if plan.promised is not None and leaving.refunds != "require" and thing.line != "cancel":
        at = max(at, plan.promised)
    paced = leaving.refunds == "ignore" and thing.line != "cancel"
    at = run_at(max(plan.thaw(at), plan.pace) if paced else plan.thaw(at))
    if thing.line == "cancel-at-term-end" or thing.window is None or thing.name in plan.given_up:
        return otherwise
    if at > thing.window:
        early = run_at(plan.free(thing)) <= thing.window
        return None if paced and early else otherwise
    return End(at, acted=True, takes_service=True)


def _extended(thing: Thing, plan: Plan) -> End | None:
    """Cancellable at any time; a line may let its month run to the end."""
    if thing.line == "cancel-at-term-end":
        return End(thing.ends)
    return End(run_at(max(plan.thaw(plan.free(thing)), plan.pace)), acted=True, takes_service=True)


# Everything else.


def _perpetual(thing: Thing, plan: Plan) -> End | None:
    """What is not cancelled in its window is the customer's; until that has closed, the removal is refused."""
    kept = End(thing.window) if thing.window is not None and thing.window > DECISION else GONE
    return kept if thing.line == "keep" else _in_window(thing, plan, kept) or kept


def _suspended(thing: Thing, plan: Plan) -> End:
    """Legacy: suspended at the common pace, unless its term is over before; what is suspended is billed no more."""
    if thing.status != "active":
        return GONE
    at = run_at(max(plan.thaw(plan.free(thing)), plan.pace))
    if thing.ends is not None and not thing.renews and thing.ends <= at:
        return End(thing.ends)
    return End(at, acted=True, takes_service=True)


def _azure_plan(thing: Thing, plan: Plan) -> End:
    at = run_at(max(plan.thaw(plan.free(thing)), plan.pace))
    return GONE if thing.status != "active" else End(at, acted=True, takes_service=True)


def _reservation(thing: Thing, plan: Plan) -> End:
    at = run_at(max(plan.thaw(plan.start), plan.pace))
    if not thing.returnable or (thing.ends is not None and thing.ends <= at):
        return End(thing.ends)
    return End(at, acted=True)


def _runs_out(thing: Thing, _plan: Plan) -> End:
    return End(thing.ends)


_ENDINGS: dict[str, Callable[[Thing, Plan], End | None]] = {
    "new-commerce-license": _modern,
    "software-subscription": _modern,
    "marketplace-saas": _modern,
    "perpetual-software": _perpetual,
    "legacy-license": _suspended,
    "azure-legacy": _suspended,
    "azure-plan": _azure_plan,
    "reservation": _reservation,
    "savings-plan": _runs_out,
}
