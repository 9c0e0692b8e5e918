"""The Policy document into a Policy (design, section 10)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pcreconcile.manifests.nodes import ListNode, Mapping, Node, Scalar, find, plain, text_at
from pcreconcile.manifests.values import day, duration, given, money
from pcreconcile.model.errors import Finding
from pcreconcile.model.ids import tenant_id
from pcreconcile.model.money import Money
from pcreconcile.model.policy import (
    ApprovalRule,
    DayBudget,
    Exemption,
    Freeze,
    LiftedProtection,
    Policy,
    Protected,
    ResellerExemption,
    Rollout,
    RunBudget,
)
from pcreconcile.model.tickets import BadExpression, check_expression

_NEVER = "never"
_COUNTS = {
    "removals": "removals",
    "oneWayActions": "one_way_actions",
    "seats": "seats",
    "protective": "protective",
}
_BUILT_IN = {"removals": DayBudget().removals}  # the budgets of the day that hold without being written


def policy_findings(root: Mapping) -> Iterator[Finding]:
    """What the schema cannot say: expressions that compile, freezes that end, budgets that fit."""
    yield from _ticket_findings(root)
    yield from _budget_findings(root)
    freezes = find(root, ["spec", "freezes"])
    for freeze in freezes.items if isinstance(freezes, ListNode) else ():
        yield from _freeze_findings(freeze)


def ticket_rule(root: Mapping) -> str | None:
    """The expression that tickets must satisfy, or None when there is none that compiles."""
    expression = text_at(root, "spec", "require", "ticket")
    return expression.text if expression and not any(_ticket_findings(root)) else None


def _ticket_findings(root: Mapping) -> Iterator[Finding]:
    expression = text_at(root, "spec", "require", "ticket")
    if expression:
        try:
            check_expression(expression.text)
        except BadExpression as error:
            problem = f"this is no regular expression that can be matched in bounded time ({error})"
            yield expression.finding(problem, "RE2 syntax, without lookaround and backreference, such as ^CHG-[0-9]+$")


def _budget_findings(root: Mapping) -> Iterator[Finding]:
    """A written budget per run above that of the day; one that is not written gives way instead."""
    for name in _COUNTS:
        run = find(root, ["spec", "budgets", "perRun", name])
        limit = _count(find(root, ["spec", "budgets", "perDay", name]), _BUILT_IN.get(name))
        if limit is not None and (_count(run, 0) or 0) > limit:
            yield run.finding("the budget per run exceeds that of the day", f"at most {limit}")
    yield from _money_findings(root)


def _count(node: Node, otherwise: int | None) -> int | None:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, int) else otherwise


def _money_findings(root: Mapping) -> Iterator[Finding]:
    """All budgets of money are in one currency, since nothing is ever converted."""
    run, of_day = (find(root, ["spec", "budgets", scope, "money"]) for scope in ("perRun", "perDay"))
    exceptions = find(root, ["spec", "exceptions"])
    granted = [find(each, ["limit"]) for each in (exceptions.items if isinstance(exceptions, ListNode) else ())]
    amounts = [(node, known) for node in (of_day, run, *granted) if (known := _money(node)) is not None]
    for node, known in amounts:
        if known.currency != amounts[0][1].currency:
            expected = f"{amounts[0][1].currency}, as in the first of them"
            yield find(node, ["currency"]).finding("budgets of money are in two currencies", expected)
    per_run, per_day = _money(run), _money(of_day)
    if per_run and per_day and per_run.currency == per_day.currency and per_run.amount > per_day.amount:
        yield run.finding("the budget per run exceeds that of the day", f"at most {per_day}")


def _money(node: Node) -> Money | None:
    """None for what the schema finds wrong, or nothing at all."""
    amount, currency = text_at(node, "amount"), text_at(node, "currency")
    try:
        return Money(Decimal(amount.text), currency.text) if amount and currency else None
    except ArithmeticError:
        return None


def _freeze_findings(freeze: Node) -> Iterator[Finding]:
    first, last = text_at(freeze, "from"), text_at(freeze, "until")
    if first and last and last.text < first.text:
        yield last.finding("this freeze ends before it starts", "a day not before its `from`")


def policy(root: Mapping) -> Policy:
    """The Policy of a document without findings."""
    spec: dict[str, Any] = plain(find(root, ["spec"]))
    exceptions: list[dict[str, Any]] = spec.get("exceptions", [])
    day_budget = _day_budget(spec.get("budgets", {}))
    return Policy(
        per_run=_run_budget(spec.get("budgets", {}), day_budget),
        per_day=day_budget,
        protected=tuple(_protected(item) for item in spec.get("protected", ())),
        approvals=_approvals(spec.get("approvals", {})),
        freezes=tuple(_freeze(item) for item in spec.get("freezes", ())),
        ticket=spec.get("require", {}).get("ticket"),
        azure_cancel_allowed=spec.get("azure", {}).get("cancel") == "allowed",
        exceptions=tuple(_exemption(item) for item in exceptions if "budget" in item),
        resellers=tuple(_reseller(item) for item in exceptions if "reseller" in item),
        rollout=_rollout(spec.get("rollout", {})),
        lifted=tuple(_lifted(item) for item in exceptions if "protected" in item),
        **given(min_customers_left=spec.get("minCustomersLeft")),
    )


def _day_budget(budgets: dict[str, Any]) -> DayBudget:
    return DayBudget(**_written(budgets.get("perDay", {})))


def _run_budget(budgets: dict[str, Any], day_budget: DayBudget) -> RunBudget:
    """What is not written is the built-in default, or what the day allows if that is less."""
    written, built_in = _written(budgets.get("perRun", {})), RunBudget()
    for name in _COUNTS.values():
        limit, otherwise = getattr(day_budget, name), getattr(built_in, name)
        written.setdefault(name, otherwise if limit is None else min(otherwise, limit))
    return RunBudget(**written)


def _written(budget: dict[str, Any]) -> dict[str, Any]:
    counts = {member: budget.get(name) for name, member in _COUNTS.items()}
    return given(**counts, money=money(budget.get("money")))


def _protected(item: Any) -> Protected:
    if isinstance(item, str):
        return Protected(name=item)
    if "tenantId" in item:
        return Protected(tenant_id=tenant_id(item["tenantId"]))
    return Protected(labels=item["labels"])


def _approvals(value: dict[str, Any]) -> ApprovalRule:
    actions = value.get("for")
    return ApprovalRule(
        **given(
            required=value.get("required"),
            actions=None if actions is None else tuple(actions),
            expire_after=duration(value.get("expireAfter")),
            allowed_signers=value.get("allowedSigners"),
        )
    )


def _rollout(value: dict[str, Any]) -> Rollout:
    rate = value.get("stopOnFailureRate", Rollout().stop_on_failure_rate)
    return Rollout(
        **given(canary_above=value.get("canaryAbove")), stop_on_failure_rate=None if rate == _NEVER else rate
    )


def _freeze(item: dict[str, str]) -> Freeze:
    return Freeze(first=day(item["from"]), last=day(item["until"]), reason=item["reason"])


def _exemption(item: dict[str, Any]) -> Exemption:
    limit = item["limit"]
    return Exemption(
        **{**item, "until": day(item["until"]), "limit": money(limit) if isinstance(limit, dict) else limit}
    )


def _reseller(item: dict[str, Any]) -> ResellerExemption:
    return ResellerExemption(**{**item, "until": day(item["until"])})


def _lifted(item: dict[str, Any]) -> LiftedProtection:
    return LiftedProtection(**{**item, "until": day(item["until"]), "protected": tenant_id(item["protected"])})
