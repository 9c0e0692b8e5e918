"""What a plan says about the rules that it was made with: those nobody has looked at for long, and replaced ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from pcreconcile.exits import FAMILIES, holdings_of
from pcreconcile.exits.spans import months_after
from pcreconcile.model.estate import CustomerState
from pcreconcile.model.plan import Notice
from pcreconcile.model.rules import Rule, Rules

_NAMES = frozenset(str(module.FAMILY) for module in FAMILIES)


def rule_warnings(rules: Rules, planned: Iterable[CustomerState], now: datetime) -> tuple[Notice, ...]:
    """Notices of the fleet. `planned` is what was read of the customers in the plan: rules of families that none of
    them holds are left out.

    A rule is old once more than `Rules.stale_after_months` calendar months have gone since it was checked. One that the
    partner replaced is theirs to keep: it is named as replaced alone.
    """
    return (*_old(rules, planned, now.date()), *_overridden(rules))


def _old(rules: Rules, planned: Iterable[CustomerState], today: date) -> tuple[Notice, ...]:
    replaced = {each.id for each in rules.overridden}
    stale = [rule for rule in rules.rules.values() if _is_old(rule, rules, today) and rule.id not in replaced]
    if not stale:  # the holdings are only looked at where it matters
        return ()
    held = _held(planned)
    named = [rule for rule in stale if _family(rule) in held or _family(rule) not in _NAMES]
    if not named:
        return ()
    told = ", ".join(f"{rule.id} ({rule.checked})" for rule in sorted(named, key=lambda rule: rule.id))
    text = f"checked more than {rules.stale_after_months} months ago: {told}; look whether their sources still say so"
    return (Notice("rule-old", text),)


def _is_old(rule: Rule, rules: Rules, today: date) -> bool:
    return months_after(rule.checked, rules.stale_after_months) < today


def _family(rule: Rule) -> str:
    return rule.id.partition(".")[0]


def _held(planned: Iterable[CustomerState]) -> frozenset[str]:
    return frozenset(str(holding.family) for state in planned for holding in holdings_of(state))


def _overridden(rules: Rules) -> tuple[Notice, ...]:
    if not rules.overridden:
        return ()
    told = "; ".join(
        f"{each.id} is {each.value} instead of {each.shipped} ({each.reason})" for each in rules.overridden
    )
    return (Notice("rules-overridden", f"rules that the partner replaced: {told}"),)
