"""The Policy document into a Policy (design, section 10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pcreconcile.manifests.nodes import ListNode, Mapping, Node, Scalar, find, plain, text_at
from pcreconcile.manifests.values import day, duration, given, money
from pcreconcile.model.errors import Finding
from pcreconcile.model.ids import tenant_id
from pcreconcile.model.policy import (
    ApprovalRule,
    DayBudget,
    Exemption,
    Freeze,
    Policy,
    Protected,
    ResellerExemption,
    RunBudget,
)


def policy_findings(root: Mapping) -> Iterator[Finding]:
    """What the schema cannot say: expressions that compile, freezes that end, budgets that fit."""
    yield from _ticket_findings(root)
    yield from _budget_findings(root)
    freezes = find(root, ["spec", "freezes"])
    for freeze in freezes.items if isinstance(freezes, ListNode) else ():
        yield from _freeze_findings(freeze)


def ticket_rule(root: Mapping) -> re.Pattern[str] | None:
    """The expression that tickets must satisfy, or None when there is none that compiles."""
    expression = text_at(root, "spec", "require", "ticket")
    try:
        return re.compile(expression.text) if expression else None
    except (re.error, OverflowError, RecursionError):
        return None


def _ticket_findings(root: Mapping) -> Iterator[Finding]:
    expression = text_at(root, "spec", "require", "ticket")
    if expression and ticket_rule(root) is None:
        yield expression.finding("this is no regular expression", "a regular expression such as ^CHG-[0-9]+$")


def _budget_findings(root: Mapping) -> Iterator[Finding]:
    """A written budget per run above that of the day; one that is not written gives way instead."""
    run = find(root, ["spec", "budgets", "perRun", "removals"])
    limit = _count(find(root, ["spec", "budgets", "perDay", "removals"]), DayBudget().removals)
    if _count(run, 0) > limit:
        yield run.finding("the budget per run exceeds that of the day", f"at most {limit}")


def _count(node: Node, otherwise: int) -> int:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, int) else otherwise


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
        **given(min_customers_left=spec.get("minCustomersLeft")),
    )


def _day_budget(budgets: dict[str, Any]) -> DayBudget:
    return DayBudget(**given(removals=budgets.get("perDay", {}).get("removals")))


def _run_budget(budgets: dict[str, Any], day_budget: DayBudget) -> RunBudget:
    run = budgets.get("perRun", {})
    return RunBudget(
        removals=run.get("removals", min(RunBudget().removals, day_budget.removals)),
        **given(
            one_way_actions=run.get("oneWayActions"),
            seats=run.get("seats"),
            protective=run.get("protective"),
            money=money(run.get("money")),
        ),
    )


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
        )
    )


def _freeze(item: dict[str, str]) -> Freeze:
    return Freeze(first=day(item["from"]), last=day(item["until"]), reason=item["reason"])


def _exemption(item: dict[str, Any]) -> Exemption:
    return Exemption(**{**item, "until": day(item["until"])})


def _reseller(item: dict[str, Any]) -> ResellerExemption:
    return ResellerExemption(**{**item, "until": day(item["until"])})
