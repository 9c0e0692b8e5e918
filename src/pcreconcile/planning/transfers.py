"""Transfers under way: what an open one moves is locked until it is over, and so is the removal (exit rules, 1.1).

Nobody but the other partner and the customer can end one early, so an open transfer is waited for. Where nobody can say
what it moves, every line may be locked, and nothing is written.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Serve
from pcreconcile.exits.exit import day_after, not_past
from pcreconcile.model.desired import LineDesire, Relationship
from pcreconcile.model.estate import ReadProof, Transfer, TransferLine
from pcreconcile.model.extras import Extra, extra_read
from pcreconcile.model.observed import ENDED_TRANSFERS
from pcreconcile.model.plan import Blocker, Notice, Target
from pcreconcile.planning.calendar import NEVER, utc_midnight
from pcreconcile.planning.leaving import leave_from
from pcreconcile.planning.setting import Setting

_OPEN = "transfer.open"
_NOT_OFFERED = "transfer.not-offered"
_LAPSES = "transfer.lapses-after"


def in_the_way(holding: Holding, setting: Setting) -> Exit | None:
    """What an open transfer of this very holding means: no step of ours, until it is over. None where there is none.

    What its family could do from then on dates it: a transfer that comes to nothing leaves the whole way to go.
    """
    moving = moving_transfers(holding, setting)
    if not moving:
        return None
    found = _blocked(moving, setting)
    free = max((_free_from(each, setting) for each in moving), default=NEVER)
    line = setting.line(holding)
    desire = None if line is None else line.desired
    waited_for = setting.desired.relationship is Relationship.REMOVED and desire is not LineDesire.TRANSFER
    if found.probe or free == NEVER or not waited_for:
        return found
    later = leave_from(holding, setting, desire, free)
    return replace(found, blockers=(*found.blockers, *_dates(holding, later, free)), warnings=later.warnings)


def _free_from(transfer: Transfer, setting: Setting) -> datetime:
    """The beginning of the first UTC date on which it is surely over; NEVER where the service does not say."""
    return NEVER if transfer.expires is None else utc_midnight(not_past(day_after(transfer.expires), setting.now))


def _dates(holding: Holding, later: Exit, free: datetime) -> tuple[Blocker, ...]:
    """What will be in the way once the transfer is over: the family's blockers, or its latest step after that day."""
    dated = [step.not_before for step in later.steps if step.serve is not Serve.PACE]
    starts = [at for at in dated if at is not None and at.date() > free.date()]
    if not starts or later.blockers:
        return later.blockers
    how = "what a transfer keeps can be ended only after it, and not at once"
    return (Blocker("transfer-open", holding.target, max(starts).date(), how, rule=_OPEN),)


def moving_transfers(holding: Holding, setting: Setting) -> tuple[Transfer, ...]:
    """The open transfers that move the holding; none where the rules say that they lock nothing."""
    if setting.rules.word(_OPEN) == "free":
        return ()
    return tuple(each for each in _open(setting) if any(_moves(line, holding) for line in each.lines or ()))


def standing_transfers(holdings: tuple[Holding, ...], setting: Setting) -> Exit:
    """What transfers mean for the customer as a whole: open ones, unclear ones, and those that nobody may see.

    A read that failed is not asked about here: the customer is unknown then.
    """
    if setting.state is not None and setting.state.transfers is not None:
        return _of_open(_open(setting), holdings, setting)
    return _not_offered(extra_read(setting.state, Extra.TRANSFERS), setting)


def ends_by(transfer: Transfer) -> datetime:
    """When it is over by itself; never, where the service does not say."""
    return transfer.expires or NEVER


def _open(setting: Setting) -> tuple[Transfer, ...]:
    transfers = () if setting.state is None else setting.state.transfers or ()
    return tuple(each for each in transfers if each.status not in ENDED_TRANSFERS)


def _of_open(transfers: tuple[Transfer, ...], holdings: tuple[Holding, ...], setting: Setting) -> Exit:
    if not transfers or setting.rules.word(_OPEN) == "free":
        return Exit()
    unclear = tuple(_unclear(each) for each in transfers if not _is_clear(each, holdings))
    return Exit(blockers=unclear, closed=True) if unclear else _blocked(transfers, setting)


def _is_clear(transfer: Transfer, holdings: tuple[Holding, ...]) -> bool:
    """Whether it is known what it moves: it names something, and all that it names was read."""
    lines = transfer.lines or ()
    return bool(lines) and all(any(_moves(line, holding) for holding in holdings) for line in lines)


def _moves(line: TransferLine, holding: Holding) -> bool:
    named = line.subscription_id or line.order_id
    return named is not None and named.lower() in _names(holding)


def _names(holding: Holding) -> frozenset[str]:
    """Every ID under which a transfer may move it: its own, its order's, its base's, and those of what is under it."""
    subject = holding.subject
    row, base = subject.subscription, subject.base
    names = [subject.id, subject.line_id, subject.order.id if subject.order else None, row.order_id if row else None]
    names += [row.parent_subscription_id] if row else []
    names += [base.order_id, base.parent_subscription_id] if base else []
    names += [name for entry in subject.azure or () for name in (entry.id, entry.subscription_id)]
    names += [name for each in subject.entitlements for name in (each.order_id, *each.reservation_orders)]
    return frozenset(name.lower() for name in names if name)


def _blocked(transfers: tuple[Transfer, ...], setting: Setting) -> Exit:
    if setting.rules.word(_OPEN) == "probe":
        return Exit(probe=True)
    return Exit(blockers=tuple(_blocker(each, setting) for each in transfers))


def _blocker(transfer: Transfer, setting: Setting) -> Blocker:
    days = setting.rules.days(_LAPSES).days
    until = (
        f"lapses on {transfer.expires:%Y-%m-%d}"
        if transfer.expires is not None
        else f"lapses {days} days after it was created"
    )
    partner = transfer.target_partner or "another partner"
    how = (
        f"a transfer to {partner} is open (status '{transfer.status}') and {until}; until it is accepted, withdrawn or "
        "has lapsed, what it moves cannot be changed and the relationship stays"
    )
    clears_at = None if transfer.expires is None else not_past(day_after(transfer.expires), setting.now)
    return Blocker("transfer-open", _target(transfer), clears_at, how, rule=_OPEN)


def _unclear(transfer: Transfer) -> Blocker:
    said = (
        "the service does not say what it moves"
        if not transfer.lines
        else "it names something that the customer does not hold"
    )
    how = f"a transfer is open (status '{transfer.status}') and {said}; until it is over, nothing is written"
    return Blocker("transfer-unclear", _target(transfer), None, how, rule=_OPEN)


def _target(transfer: Transfer) -> Target:
    return Target("transfer", transfer.id, transfer.target_partner or transfer.id)


def _not_offered(read: ReadProof | None, setting: Setting) -> Exit:
    why = read.problem if read is not None and read.problem else "notOffered in the Partner document"
    text = f"nobody could see whether a transfer to another partner is open ({why})"
    match setting.rules.word(_NOT_OFFERED):
        case "free":
            return Exit()
        case "probe":
            return Exit(probe=True, warnings=(Notice("transfers-not-offered", text),))
    return Exit(blockers=(Blocker("transfers-not-offered", None, None, text, rule=_NOT_OFFERED),))
