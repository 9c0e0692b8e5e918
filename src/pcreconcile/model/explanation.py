"""What `explain` tells of one customer: its plan, what it holds and why we think so, and the three ways out of each.

Ways out are what the families answer for other wishes than the manifest's; nothing of this is ever applied.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pcreconcile.model.family import Family, Trait
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionMoney, CustomerPlan, Document, MoneySummary, PlanPartner, Target

FORMAT_VERSION = 1


class Way(StrEnum):
    """The exits that exist for anything that stands in the way of a removal."""

    CANCEL = "cancel"
    WAIT = "wait"
    TRANSFER = "transfer"


class Possible(StrEnum):
    """Whether a way can be gone; `by-hand` where a person must do it."""

    YES = "yes"
    BY_HAND = "by-hand"
    NO = "no"
    UNKNOWN = "unknown"


class WayOut(Document, frozen=True):
    """One way out of one holding.

    `until`: the last instant at which it can be gone. `free_on`: the first UTC date on which the holding is no longer
    in the way, if this way is gone. `saves`: what would no longer be owed. `rule`: the rule of the pack that decides.
    """

    way: Way
    possible: Possible
    text: str
    until: datetime | None = None
    free_on: date | None = None
    money: ActionMoney = ActionMoney()
    saves: Money | None = None
    rule: str | None = None


class Held(Document, frozen=True):
    """One thing that the customer holds, with the evidence for its family and traits.

    `ways` is empty for what is not in the way of a removal. `auto_renew` and `end_of_term` are None where the service
    does not say; `price` is in words, "" where no price is known. `quantity` is None for what is billed by usage.
    """

    target: Target
    family: Family
    evidence: str
    traits: dict[Trait, str]
    status: str
    quantity: int | None
    term: str | None = None
    term_end: datetime | None = None
    window_closes_at: datetime | None = None
    auto_renew: bool | None = None
    end_of_term: tuple[str, ...] | None = None
    price: str = ""
    ways: tuple[WayOut, ...] = ()


class WayInSum(Document, frozen=True):
    """One way for the customer as a whole: for how many of the things in the way it can be gone, and what it comes to.

    `until` is the first window to close; `free_on` the date on which the last is no longer in the way, None when that
    is not known of each. `text` is what holds of all of them.
    """

    way: Way
    answers: dict[Possible, int]
    text: str = ""
    until: datetime | None = None
    free_on: date | None = None
    money: MoneySummary = MoneySummary()
    saves: tuple[Money, ...] = ()


class RuleFact(Document, frozen=True):
    """A rule that the explanation rests on. `because` is the partner's reason where it overrides the shipped value."""

    id: str
    value: str
    unit: str
    source: str
    confidence: str
    checked: date
    note: str = ""
    because: str = ""


class Explanation(Document, frozen=True):
    """The whole page. `hypothetical`: no manifest manages the customer, and the plan is that of its removal.

    `leaving` is the plan of its removal for a customer that is wanted otherwise.
    """

    format_version: int
    created_at: datetime
    snapshot_at: datetime
    partner: PlanPartner
    rules_version: str
    hypothetical: bool
    customer: CustomerPlan
    leaving: CustomerPlan | None
    holdings: tuple[Held, ...]
    ways: tuple[WayInSum, ...]
    rules: tuple[RuleFact, ...]
