"""One Exit per holding: what the line or the relationship wants of it, asked of its family."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from pcreconcile.exits import Exit, Holding, Serve, Step, exit_of
from pcreconcile.exits.exit import blocked, nothing, warning
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields, observe_schedule
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Instructions, Reversibility
from pcreconcile.planning.setting import Setting

_STAYS = frozenset({LineDesire.KEEP, LineDesire.RENEW, LineDesire.EXTEND, LineDesire.REACTIVATE})
_LEFT_ALONE = frozenset({LineDesire.KEEP, LineDesire.IGNORE})
_ENDS_BY_SUSPENDING = frozenset({Family.LEGACY_LICENSE, Family.AZURE_LEGACY, Family.AZURE_PLAN})
RENEWS: Fields = {"autoRenewEnabled": True, "scheduledActions": ["TermEnd/RenewToNewTerm"]}
EXTENDS: Fields = {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"]}


Asked = Callable[[Holding, Setting, LineDesire | None], Exit]


class Way(msgspec.Struct, frozen=True):
    """A holding with its way out (or back)."""

    holding: Holding
    exit: Exit


def ways_out(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """How each holding of a leaving customer ends."""
    return tuple(Way(holding, _leaving(holding, setting)) for holding in holdings)


def ways_paused(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """How each holding of a customer in dunning is paused; lines come first."""
    return tuple(Way(holding, _by_line(holding, setting, _pause)) for holding in holdings)


def ways_kept(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """What an active customer's lines ask for, and the way back of what we ourselves suspended."""
    return tuple(Way(holding, _by_line(holding, setting, _resume_ours)) for holding in holdings)


def unclear(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Blocker, ...]:
    """What was read and not understood, unless a line leaves it alone: while it stands, nothing is written."""
    return tuple(blocker for way in ways_out(holdings, setting) if way.exit.closed for blocker in way.exit.blockers)


def _leaving(holding: Holding, setting: Setting) -> Exit:
    line = setting.line(holding)
    desire = None if line is None else line.desired
    if desire not in _LEFT_ALONE:
        found = _leave(holding, setting, desire)
        if found.closed:
            return found
    said = _said_by_line(holding, setting, desire)
    if said is None:
        said = _other_reseller(holding)
    return _leave(holding, setting, desire) if said is None else said


def _said_by_line(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit | None:
    """What a line decides whatever the family; None leaves it to the family."""
    if desire is LineDesire.IGNORE:
        return _ignored(holding)
    if desire is LineDesire.TRANSFER:
        return _transfer(holding, setting, desire)
    if desire is LineDesire.KEEP and holding.family is Family.PERPETUAL_SOFTWARE:
        return None  # it is the customer's own, and stays when the relationship goes
    if desire in _STAYS:
        return blocked("kept-by-line", holding, f"a line says {desire}; the relationship stays as long as it does")
    if desire is LineDesire.SUSPEND and holding.family not in _ENDS_BY_SUSPENDING:
        how = "a line says suspend, which neither ends it nor its bill; say cancel or cancel-at-term-end"
        return blocked("suspend-does-not-end", holding, how)
    return None


def _leave(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).leave(holding, setting.wish(holding, desire), setting.rules, setting.now)


def _pause(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).pause(holding, setting.wish(holding, desire), setting.rules, setting.now)


def _resume(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).resume(holding, setting.wish(holding, desire), setting.rules, setting.now)


def _resume_ours(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """What we suspended, and the add-ons that were suspended through it."""
    ours = setting.memory.suspended.get(setting.desired.tenant_id, ())
    base = holding.subject.base
    is_ours = holding.subject.id in ours or (base is not None and base.id in ours)
    return _resume(holding, setting, desire) if is_ours else nothing()


def _by_line(holding: Holding, setting: Setting, default: Asked) -> Exit:
    line = setting.line(holding)
    if line is None:
        return default(holding, setting, None)
    return _BY_DESIRE[line.desired](holding, setting, line.desired)


def _as_it_is(_holding: Holding, _setting: Setting, _desire: LineDesire | None) -> Exit:
    return nothing()


def _ended_alone(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """One holding ends and the relationship stays: a term that runs out by instruction is what was asked for."""
    found = _leave(holding, setting, desire)
    if desire is LineDesire.CANCEL and not any(step.closes_at or step.serve is Serve.PACE for step in found.steps):
        return found
    undated = tuple(blocker for blocker in found.blockers if blocker.clears_at is None)
    return msgspec.structs.replace(found, blockers=undated)


def _ignored(holding: Holding) -> Exit:
    text = f"{holding.target.name} is ignored by a line; the removal may be refused because of it"
    return Exit(warnings=(warning("ignored-by-line", holding, text),))


def _other_reseller(holding: Holding) -> Exit | None:
    """A partnerId on a subscription is an indirect reseller's: the removal would end that business too."""
    row = holding.subject.subscription
    if row is None or not row.partner_id or row.status == "deleted":
        return None
    how = f"it belongs to the reseller with partner ID {row.partner_id}, whose business the removal would end"
    return blocked("other-reseller", holding, how)


def _renewal(holding: Holding, _setting: Setting, desire: LineDesire | None) -> Exit:
    wanted = RENEWS if desire is LineDesire.RENEW else EXTENDS
    row = holding.subject.subscription
    if row is None or holding.family is not Family.NEW_COMMERCE_LICENSE or row.status != "active":
        how = "only active new-commerce licences have an end-of-term instruction of this kind"
        return blocked("not-possible", holding, how)
    seen = observe_schedule(row.scheduled_actions)
    renews_plainly = wanted == RENEWS and row.auto_renew and not seen
    if renews_plainly or {"autoRenewEnabled": row.auto_renew, "scheduledActions": seen} == wanted:
        return nothing()
    step = Step(
        kind=ActionKind.SET_RENEWAL,
        target=holding.target,
        precondition={"status": "active"},
        postcondition=wanted,
        reversibility=Reversibility.REVERSIBLE,
        effect=Effect.COMMITS_MONEY,
        serve=Serve.AT_ONCE,
        why="a line says how its term goes on; that commits money",
        seats=holding.subject.quantity,
    )
    return Exit(steps=(step,), deadline=row.commitment_end)


def _transfer(holding: Holding, _setting: Setting, _desire: LineDesire | None) -> Exit:
    row = holding.subject.subscription
    if row is not None and row.status == "deleted":
        return nothing()
    step = Step(
        kind=ActionKind.MANUAL,
        target=holding.target,
        precondition={},
        postcondition={},
        reversibility=Reversibility.NEEDS_COUNTERPARTY,
        effect=Effect.NEUTRAL,
        serve=Serve.MANUAL,
        why="a line says that another partner takes it over",
        seats=holding.subject.quantity,
        instructions=Instructions(
            who="the licensing desk, with the partner who takes over",
            text="Accept the transfer that the other partner has created in Partner Center; it lapses after 30 days.",
            link="https://partner.microsoft.com/dashboard/commerce2/customers",
        ),
    )
    return Exit(steps=(step,))


# What a line asks of a holding whose customer stays.
_BY_DESIRE: Mapping[LineDesire, Asked] = {
    LineDesire.KEEP: _as_it_is,
    LineDesire.IGNORE: _as_it_is,
    LineDesire.SUSPEND: _pause,
    LineDesire.REACTIVATE: _resume,
    LineDesire.RENEW: _renewal,
    LineDesire.EXTEND: _renewal,
    LineDesire.TRANSFER: _transfer,
    LineDesire.CANCEL: _ended_alone,
    LineDesire.CANCEL_AT_TERM_END: _ended_alone,
    LineDesire.RETURN: _ended_alone,
}
