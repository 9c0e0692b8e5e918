"""The answer of a family: steps, blockers, warnings. Planning makes Actions of them; exits never see an Action."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire, Refunds
from pcreconcile.model.family import Family, Trait
from pcreconcile.model.money import Money
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import (
    ActionKind,
    ActionMoney,
    Blocker,
    Deadline,
    Effect,
    Instructions,
    Notice,
    Reversibility,
    Target,
)
from pcreconcile.model.rules import Rules


class Evidence(msgspec.Struct, frozen=True):
    """Why something counts as its family: the fields that said so."""

    because: str


class Charge(msgspec.Struct, frozen=True):
    """What one unit costs: `unit` is paid every `months` months, once for good where `months` is None.

    `source` says where the price is from.
    """

    unit: Money
    months: int | None
    source: str


class Holding(msgspec.Struct, frozen=True):
    """A subject with its family and traits, each with the evidence for it. `charge` is None where no price is known."""

    subject: Subject
    family: Family
    evidence: Evidence
    traits: dict[Trait, str] = {}
    charge: Charge | None = None

    @property
    def target(self) -> Target:
        """How actions and blockers name it."""
        return Target(type=self.subject.target_type, id=self.subject.id, name=self.subject.name)


class Claim(StrEnum):
    """What a suspended subscription is to us."""

    NONE = "none"  # nobody knows who suspended it
    OURS = "ours"  # the journal shows that we did
    NAMED = "named"  # a line names it by its ID


class Wish(msgspec.Struct, frozen=True):
    """What is wanted of one holding, with the instants that the manifest sets (aware UTC).

    `start`: nothing is written before. `service_end`: the customer works until then (None: no promise).
    `azure_cancel` says whether running Azure subscriptions may be cancelled; `azure_lines` are those named one by one.
    `claim` is what a suspended one is to us.
    """

    desire: LineDesire | None
    refunds: Refunds
    start: datetime
    service_end: datetime | None
    azure_cancel: bool = False
    azure_lines: dict[str, LineDesire] = {}
    claim: Claim = Claim.NONE


class Serve(StrEnum):
    """When a step wants to be served; planning turns it into a `when`."""

    AT_ONCE = "at-once"  # protective, or an explicit wish
    WINDOW = "window"  # closes for good: before everything that can wait
    PACE = "pace"  # takes service without saving a window
    MANUAL = "manual"  # a person's step


class Step(msgspec.Struct, frozen=True):
    """One thing to do. `after` names the targets (type, id) whose steps must have been verified before.

    `rule` is the rule of the pack that it rests on. `reversible_until` and `data_until` are the last UTC dates on which
    it can be undone and the data is known to live. An `optional` step is offered to a person and nothing waits for it.
    `kept_for` is how long both last from the day on which it is served, which planning alone knows; the two dates are
    then those of the earliest such day. `loses` is what it was not asked to change and cannot keep, in words.
    """

    kind: ActionKind
    target: Target
    precondition: Fields
    postcondition: Fields
    reversibility: Reversibility
    effect: Effect
    serve: Serve
    why: str
    seats: int = 0
    closes_at: datetime | None = None
    not_before: datetime | None = None
    after: tuple[tuple[str, str], ...] = ()
    instructions: Instructions | None = None
    money: ActionMoney = ActionMoney()
    rule: str | None = None
    reversible_until: date | None = None
    data_until: date | None = None
    optional: bool = False
    kept_for: timedelta | None = None
    loses: tuple[str, ...] = ()


class Exit(msgspec.Struct, frozen=True):
    """Steps to take, what blocks, what to warn about.

    `deadlines` are the instants after which this costs more or can no longer be done so. `probe` says that the rules do
    not know whether what remains blocks the removal. `closed` means: not understood, so nothing at all may be written
    for this customer. `fallback` is what ends it when a step's window has closed by the time at which it could be
    served.
    """

    steps: tuple[Step, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[Notice, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    probe: bool = False
    closed: bool = False
    fallback: Exit | None = None


def nothing() -> Exit:
    """It has ended, or what is wanted already is."""
    return Exit()


def blocked(code: str, holding: Holding, how: str, clears_at: date | None = None, rule: str | None = None) -> Exit:
    """Nothing to do but wait, or for a person to decide. `rule` is the rule of the pack that says so."""
    return Exit(blockers=(Blocker(code=code, target=holding.target, clears_at=clears_at, how=how, rule=rule),))


def by_rule(rule: str, holding: Holding, rules: Rules) -> Exit:
    """What the rule pack says of what is over and still shown: free, probe, or else it blocks."""
    match rules.word(rule):
        case "free":
            return nothing()
        case "probe":
            return Exit(probe=True)
    how = f"it is over and still blocks the removal until Partner Center no longer shows it (rule {rule})"
    return blocked("still-shown", holding, how, rule=rule)


def not_understood(code: str, holding: Holding, raw: str) -> Exit:
    """Fails closed: the raw value is shown, and nothing is written for this customer."""
    how = f"pcreconcile does not know {raw}; nothing is written for this customer until that is understood"
    return Exit(blockers=(Blocker(code=code, target=holding.target, clears_at=None, how=how),), closed=True)


def deadline(code: str, holding: Holding, at: datetime | None, text: str) -> tuple[Deadline, ...]:
    """The deadline of one holding; none where the service names no instant."""
    return () if at is None else (Deadline(at=at, code=code, target=holding.target, text=text),)


def warning(code: str, holding: Holding, text: str) -> Notice:
    """A notice about one holding."""
    return Notice(code=code, text=text, target=holding.target)


def day_after(last_day: datetime) -> date:
    """The first UTC date after an inclusive end (API facts, 5.5); the last date there is has none after it."""
    return min(last_day.date(), date.max - timedelta(days=1)) + timedelta(days=1)


def not_past(day: date, now: datetime) -> date:
    """A date that should have cleared already and did not is looked at again tomorrow."""
    return day if day > now.date() else now.date() + timedelta(days=1)
