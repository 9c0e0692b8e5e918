"""What one customer is planned from, in one value, and what comes out before it is given a verdict."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from pcreconcile.exits import Holding, Wish
from pcreconcile.exits.exit import Claim
from pcreconcile.model.desired import DesiredCustomer, LineDesire, SubscriptionLine
from pcreconcile.model.estate import CustomerState
from pcreconcile.model.extras import Extra, extras_of
from pcreconcile.model.ids import ActionId
from pcreconcile.model.memory import Memory
from pcreconcile.model.partner import Partner
from pcreconcile.model.plan import Action, Blocker, Deadline, Notice
from pcreconcile.model.policy import Policy
from pcreconcile.model.prices import Prices
from pcreconcile.model.rules import Rules
from pcreconcile.planning.calendar import end_of, start_of, thaw, thaws_at
from pcreconcile.planning.lines import azure_lines, line_of, standing_lines


class Setting(msgspec.Struct, frozen=True):
    """The fixed surroundings of one customer's planning; `state` is what was read of it, None before it was."""

    desired: DesiredCustomer
    memory: Memory
    rules: Rules
    policy: Policy
    partner: Partner
    zone: ZoneInfo
    now: datetime
    prices: Prices = Prices()
    state: CustomerState | None = None

    @property
    def needed(self) -> frozenset[Extra]:
        """What beyond commerce the verdict rests on."""
        return extras_of(self.desired, self.partner, self.memory)

    @property
    def start(self) -> datetime:
        """Nothing is written before; now, or the beginning of notBefore."""
        day = self.desired.not_before
        return self.now if day is None else max(self.now, start_of(day, self.zone))

    @property
    def service_end(self) -> datetime | None:
        """Until when the customer was promised to work."""
        day = self.desired.service_until
        return None if day is None else end_of(day, self.zone)

    @property
    def service_promised(self) -> datetime | None:
        """The promise, as long as it is still ahead."""
        end = self.service_end
        return end if end is not None and end > self.now else None

    def thawed(self, at: datetime) -> datetime:
        """The first instant from `at` on at which more than protective actions may run."""
        return thaw(at, self.policy.freezes, self.zone)

    def thaws_at(self, at: datetime) -> bool:
        """Whether a freeze of the policy is over at this very instant."""
        return thaws_at(at, self.policy.freezes, self.zone)

    @property
    def lines(self) -> tuple[SubscriptionLine, ...]:
        """The manifest's lines as they stand now."""
        return standing_lines(self.desired.subscriptions, self.now, self.zone)

    def line(self, holding: Holding) -> SubscriptionLine | None:
        """The manifest's line about a holding."""
        return line_of(holding, self.lines, self.zone)

    def is_ours(self, holding: Holding) -> bool:
        """What we suspended, and the add-ons that were suspended through it."""
        ours = self.memory.suspended.get(self.desired.tenant_id, ())
        base = holding.subject.base
        return holding.subject.id in ours or (base is not None and base.id in ours)

    def _claim(self, holding: Holding) -> Claim:
        line = self.line(holding)
        if line is not None and line.match.id is not None:
            return Claim.NAMED
        return Claim.OURS if self.is_ours(holding) else Claim.NONE

    def wish(self, holding: Holding, desire: LineDesire | None) -> Wish:
        """What is wanted of one holding."""
        return Wish(
            desire=desire,
            refunds=self.desired.refunds,
            start=self.start,
            service_end=self.service_promised,
            azure_cancel=self.policy.azure_cancel_allowed,
            azure_lines=azure_lines(holding, self.lines, self.zone),
            claim=self._claim(holding),
        )


class Outcome(msgspec.Struct, frozen=True):
    """What one customer takes. `reached` says that nothing is left to wish for; `refused` that a check said no.

    `later_blockers` are in the way of the wish and not of the removal. `closed` is what was read and not understood:
    while it stands, nothing is written for the customer. `offers` are actions that a person may take and nothing waits
    for.
    """

    actions: tuple[Action, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[Notice, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    reached: bool = False
    refused: bool = False
    unread: bool = False
    removal: datetime | None = None  # when the removal can be sent; None: nobody knows, or it is not wanted
    probe: bool = False
    later_blockers: tuple[Blocker, ...] = ()
    closed: tuple[Blocker, ...] = ()
    offers: frozenset[ActionId] = frozenset()
    closing: datetime | None = None  # the first window that closes while the customer cannot be read
    again: datetime | None = None  # when there is something to gain by planning again, where that is known
