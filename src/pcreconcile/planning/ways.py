"""One Exit per holding: what the line or the relationship wants of it, asked of its family."""

from __future__ import annotations

import msgspec

from pcreconcile.exits import Exit, Holding, Serve, Step, exit_of
from pcreconcile.exits.exit import blocked, nothing, warning
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Instructions, Reversibility
from pcreconcile.planning.setting import Setting

_STAYS = frozenset({LineDesire.KEEP, LineDesire.RENEW, LineDesire.EXTEND, LineDesire.REACTIVATE})
_LEFT_ALONE = frozenset({LineDesire.KEEP, LineDesire.IGNORE})


class Way(msgspec.Struct, frozen=True):
    """A holding with its way out (or back)."""

    holding: Holding
    exit: Exit


def ways_out(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """How each holding of a leaving customer ends."""
    return tuple(Way(holding, _leaving(holding, setting)) for holding in holdings)


def unclear(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Blocker, ...]:
    """What was read and not understood, unless a line leaves it alone: while it stands, nothing is written."""
    return tuple(blocker for way in ways_out(holdings, setting) if way.exit.closed for blocker in way.exit.blockers)


def _leaving(holding: Holding, setting: Setting) -> Exit:
    line = setting.line(holding)
    desire = None if line is None else line.desired
    if desire not in _LEFT_ALONE:
        found = leave(holding, setting, desire)
        if found.closed:
            return found
    said = _said_by_line(holding, setting, desire)
    if said is None:
        said = _other_reseller(holding)
    return leave(holding, setting, desire) if said is None else said


def _said_by_line(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit | None:
    """What a line decides whatever the family; None leaves it to the family."""
    if desire is LineDesire.IGNORE:
        return _ignored(holding)
    if desire is LineDesire.TRANSFER:
        return transferred(holding, setting, desire)
    if desire is LineDesire.KEEP and holding.family is Family.PERPETUAL_SOFTWARE:
        return None  # it is the customer's own, and stays when the relationship goes
    if desire in _STAYS:
        return blocked("kept-by-line", holding, f"a line says {desire}; the relationship stays as long as it does")
    if desire is LineDesire.SUSPEND and not exit_of(holding.family).ENDS_BY_SUSPENDING:
        how = "a line says suspend, which neither ends it nor its bill; say cancel or cancel-at-term-end"
        return blocked("suspend-does-not-end", holding, how)
    return None


def leave(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """How its family ends it."""
    return exit_of(holding.family).leave(holding, setting.wish(holding, desire), setting.rules, setting.now)


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


def transferred(holding: Holding, _setting: Setting, _desire: LineDesire | None) -> Exit:
    """Another partner takes it over: a person accepts the transfer."""
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
