"""What the bodies of events hold, as far as anything reads it: one table, asked wherever events are read.

Every member may be missing where an older program did not write it; what is there has its type and a sane size. A
journal that somebody made up is refused here, by event and member, so that no reader of bodies needs to expect it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

from pcreconcile.model.money import Money
from pcreconcile.model.run import Event, EventKind

_Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Status = Annotated[int, msgspec.Meta(ge=0, le=999)]
_Code = Annotated[int, msgspec.Meta(ge=0, le=255)]


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    """Other members may stand beside those that are named."""


class _Nothing(_Body, frozen=True):
    """Nothing is read of it."""


class _Grant(msgspec.Struct, frozen=True, rename="camel"):
    principal: _Text
    key: _Text
    document: _Text


class _RunStarted(_Body, frozen=True):
    digest: _Text = ""
    plan_made_by: _Text = ""
    plan_document: _Text | None = None
    required: _Count | None = None
    approvals_for: tuple[_Text, ...] | None = None
    resumed: bool = False
    approvals: tuple[_Grant, ...] = ()
    allowed_signers: _Text | None = None
    user: _Text | None = None
    commit: _Text | None = None


class _Target(msgspec.Struct, frozen=True):
    type: _Text = ""
    id: _Text = ""


class _Money(msgspec.Struct, frozen=True):
    committed: Money | None = None
    refund: Money | None = None


class _Act(_Body, frozen=True):
    kind: _Text = ""
    target: _Target = _Target()
    effect: _Text = ""
    precondition: dict[str, Any] = {}
    postcondition: dict[str, Any] = {}


class _Intent(_Act, frozen=True):
    reversibility: _Text | None = None
    seats: _Count = 0
    money: _Money | None = None
    keeps: dict[str, dict[str, Any]] | None = None
    counts: Money | None = None


class _Answer(_Body, frozen=True, rename="camel"):
    status: _Status = 0
    code: _Text = ""
    message: _Text = ""
    correlation_id: _Text | None = None
    accepted: bool = False


class _Verified(_Act, frozen=True, rename="camel"):
    written: bool = False
    seen: dict[str, Any] | None = None
    audit_record: _Text | None = None
    original_correlation_id: _Text | None = None


class _Audited(_Body, frozen=True, rename="camel"):
    audit_record: _Text | None = None
    original_correlation_id: _Text | None = None


class _Said(_Body, frozen=True):
    message: _Text = ""


class _Looked(_Body, frozen=True):
    moment: _Text
    document: _Text


class _CustomerFinished(_Body, frozen=True):
    outcome: _Text = ""
    message: _Text = ""


class _RunFinished(_Body, frozen=True, rename="camel"):
    exit_code: _Code | None = None
    customers: dict[str, _Text] = {}
    interruption: _Text | None = None


class _Hold(_Body, frozen=True):
    note: _Count
    who: _Text = ""
    since: _Text = ""
    why: _Text = ""
    lifts: tuple[_Count, ...] = ()


class _Sealed(_Body, frozen=True):
    events: _Count
    head: _Text
    who: _Text = ""


BODIES: Mapping[EventKind, type[_Body]] = MappingProxyType(
    {
        EventKind.RUN_STARTED: _RunStarted,
        EventKind.CUSTOMER_STARTED: _Nothing,
        EventKind.INTENT: _Intent,
        EventKind.ANSWERED: _Answer,
        EventKind.REFUSED: _Answer,
        EventKind.NO_ANSWER: _Answer,
        EventKind.VERIFIED: _Verified,
        EventKind.UNPROVEN: _Said,
        EventKind.STALE: _Said,
        EventKind.SKIPPED: _Said,
        EventKind.LOOKED: _Looked,
        EventKind.AUDITED: _Audited,
        EventKind.CUSTOMER_FINISHED: _CustomerFinished,
        EventKind.RUN_FINISHED: _RunFinished,
        EventKind.HELD: _Hold,
        EventKind.HOLD_LIFTED: _Hold,
        EventKind.SEALED: _Sealed,
    }
)


BEGINS_WITH: tuple[str, ...] = tuple(field.encode_name for field in msgspec.structs.fields(_RunStarted))
"""The members that this program writes into the first event of every run."""


def misfit_of(event: Event) -> str:
    """What is wrong with an event's body, naming event and member; "" when it can be read."""
    try:
        msgspec.convert(event.body, BODIES[event.kind])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return f"event {event.seq} ({event.kind}) does not say what such an event says: {error}"
    return ""
