"""What of a run can be reversed, until when and how, and what cannot."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pcreconcile.model.ids import PlanId, RunId, TenantId
from pcreconcile.model.plan import ActionKind, Document, PlanPartner, Target

FORMAT_VERSION = 1


class Back(StrEnum):
    """How far a write can be taken back."""

    REVERSIBLE = "reversible"
    LOSSY = "lossy"  # what `lost` names does not come back
    NEEDS_COUNTERPARTY = "needs-counterparty"  # only with the customer's administrator
    IRREVERSIBLE = "irreversible"
    UNDONE = "undone"  # a read, or a later write of ours, shows that it is so no more


POSSIBLE = frozenset({Back.REVERSIBLE, Back.LOSSY, Back.NEEDS_COUNTERPARTY})


class Reversal(Document, frozen=True):
    """One write of the run.

    `by` is the action that reverses it, `until` the last UTC date on which it can (None: no date is known),
    `manifest` what to write so that `plan` plans it, "" where a person does it by hand. `now` says what the live state
    shows, "" where it was not read.
    """

    customer: str
    tenant_id: TenantId
    kind: ActionKind
    target: Target
    written_at: datetime
    back: Back
    text: str
    by: ActionKind | None = None
    until: date | None = None
    lost: tuple[str, ...] = ()
    manifest: str = ""
    now: str = ""
    rule: str | None = None


class Undo(Document, frozen=True):
    """The whole answer. `unread` names the customers whose live state is not known, with the reason.

    `unproven` are requests of the run of which no read has shown that they took effect: nothing can be said of them.
    """

    format_version: int
    created_at: datetime
    partner: PlanPartner
    run: RunId
    plan_id: PlanId
    writes: tuple[Reversal, ...]
    unproven: tuple[str, ...]
    unread: dict[str, str]

    @property
    def possible(self) -> tuple[Reversal, ...]:
        """What can be reversed, in whatever way."""
        return tuple(each for each in self.writes if each.back in POSSIBLE)
