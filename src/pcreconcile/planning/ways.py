"""One Exit per holding: what the line or the relationship wants of it, asked of its family."""

from __future__ import annotations

import msgspec

from pcreconcile.exits import Evidence, Exit, Holding, Subject, exit_of
from pcreconcile.exits.exit import blocked, warning
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.plan import Blocker
from pcreconcile.planning.handover import transferred
from pcreconcile.planning.leaving import leave
from pcreconcile.planning.resellers import minding_the_reseller, standing_resellers
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.transfers import in_the_way, standing_transfers

__all__ = ["Way", "leave", "transferred", "unclear", "ways_of_the_customer", "ways_out"]

_STAYS = frozenset({LineDesire.KEEP, LineDesire.RENEW, LineDesire.EXTEND, LineDesire.REACTIVATE})
_LEFT_ALONE = frozenset({LineDesire.KEEP, LineDesire.IGNORE})

# What concerns the customer as a whole stands among the ways under this name; it has no steps.
_CUSTOMER = Holding(Subject(), Family.UNKNOWN, Evidence("the customer itself"))


class Way(msgspec.Struct, frozen=True):
    """A holding with its way out (or back)."""

    holding: Holding
    exit: Exit


def ways_out(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """How each holding of a leaving customer ends."""
    return tuple(Way(holding, _leaving(holding, setting)) for holding in holdings)


def ways_of_the_customer(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """What stands in the way of a removal beside what was bought: transfers and other resellers."""
    exits = (standing_transfers(holdings, setting), standing_resellers(setting))
    return tuple(Way(_CUSTOMER, each) for each in exits if each != Exit())


def unclear(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Blocker, ...]:
    """What was read and not understood, unless a line leaves it alone: while it stands, nothing is written."""
    transfers = standing_transfers(holdings, setting)
    exits = [*(way.exit for way in ways_out(holdings, setting)), transfers]
    return tuple(blocker for each in exits if each.closed for blocker in each.blockers)


def _leaving(holding: Holding, setting: Setting) -> Exit:
    line = setting.line(holding)
    desire = None if line is None else line.desired
    if desire not in _LEFT_ALONE:
        found = leave(holding, setting, desire)
        if found.closed:
            return found
    said = _said_by_line(holding, setting, desire) or in_the_way(holding, setting)
    return minding_the_reseller(holding, leave(holding, setting, desire), setting) if said is None else said


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


def _ignored(holding: Holding) -> Exit:
    text = f"{holding.target.name} is ignored by a line; the removal may be refused because of it"
    return Exit(warnings=(warning("ignored-by-line", holding, text),))
