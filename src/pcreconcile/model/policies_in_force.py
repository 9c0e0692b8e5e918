"""Which policies judge a run: that of the change and, with `--base`, that at the base as well (design, section 12).

A change that loosens the policy and uses what it loosened would otherwise be its own judge. Guards are judged under
each policy by itself, so that a refusal can name the one that said no; what a customer's schedule rests on (freezes,
approvals, other resellers) is the stricter of both in one `Policy`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from pcreconcile.model.plan import Guard, Notice
from pcreconcile.model.policy import ApprovalRule, Policy, ResellerExemption

_CHANGE = "the policy of this change"


class PolicyAtBase(msgspec.Struct, frozen=True):
    """The Policy as it stood at the base, the built-in defaults where there was none.

    `name` is the base as the command line called it; `notices` say what has changed since in everything that is judged
    twice, and nothing where nothing has.
    """

    name: str
    policy: Policy
    notices: tuple[Notice, ...] = ()


class Judge(msgspec.Struct, frozen=True):
    """One policy that judges; `label` is how a refusal calls it, "" where there is no other."""

    label: str
    policy: Policy

    def says(self, message: str) -> str:
        """A refusal with the policy that it is made under."""
        return f"under {self.label}: {message}" if self.label else message


class PoliciesInForce(msgspec.Struct, frozen=True):
    """The policy of the change, and that at the base where one was named."""

    change: Policy
    base: PolicyAtBase | None = None

    @property
    def judges(self) -> tuple[Judge, ...]:
        """Every policy under which all guards must pass; one where both are the same."""
        if self.base is None or self.base.policy == self.change:
            return (Judge("", self.change),)
        return (Judge(_CHANGE, self.change), Judge(f"the policy at the base {self.base.name}", self.base.policy))

    @property
    def strictest(self) -> Policy:
        """The change's policy with the stricter of both wherever one customer's planning asks it.

        Budgets, `protected`, `ticket` and exceptions stay those of the change: they are guards, judged by `judges`.
        """
        if len(self.judges) == 1 or self.base is None:
            return self.change
        change, base = self.change, self.base.policy
        return replace(
            change,
            freezes=tuple(dict.fromkeys((*change.freezes, *base.freezes))),
            approvals=_stricter_approvals(change.approvals, base.approvals),
            azure_cancel_allowed=change.azure_cancel_allowed and base.azure_cancel_allowed,
            resellers=tuple(_allowed_by_both(change.resellers, base.resellers)),
            min_customers_left=max(change.min_customers_left, base.min_customers_left),
        )

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What has changed since the base in what is judged twice."""
        return self.base.notices if self.base else ()


def merge_guards(judged: list[tuple[Judge, tuple[Guard, ...]]]) -> tuple[Guard, ...]:
    """One guard for each code, which has passed where it has passed under every policy.

    The refusals of several policies stand in one message, each with its own.
    """
    codes = dict.fromkeys(guard.code for _, guards in judged for guard in guards)
    return tuple(_merged(code, judged) for code in codes)


def _merged(code: str, judged: list[tuple[Judge, tuple[Guard, ...]]]) -> Guard:
    of_code = [(judge, guard) for judge, guards in judged for guard in guards if guard.code == code]
    refusals = [(judge, guard) for judge, guard in of_code if not guard.passed]
    if not refusals:
        return of_code[0][1]
    messages = {guard.message for _, guard in refusals}
    if len(judged) == len(refusals) > len(messages):
        return replace(refusals[0][1], message=f"under both policies: {messages.pop()}")
    return replace(refusals[0][1], message="; ".join(judge.says(guard.message) for judge, guard in refusals))


def _stricter_approvals(change: ApprovalRule, base: ApprovalRule) -> ApprovalRule:
    """As many as the one wants that wants more, for all that either wants them for, for the shorter of the times."""
    wanted = [rule for rule in (change, base) if rule.required]
    return ApprovalRule(
        required=max(change.required, base.required),
        actions=tuple(dict.fromkeys(sort for rule in wanted for sort in rule.actions)) or change.actions,
        expire_after=min(change.expire_after, base.expire_after),
        allowed_signers=change.allowed_signers,
    )


def _allowed_by_both(
    change: tuple[ResellerExemption, ...], base: tuple[ResellerExemption, ...]
) -> Iterator[ResellerExemption]:
    """What both except: the narrower of the customers, until the earlier of the days."""
    for one in change:
        for other in base:
            same = one.reseller.lower() == other.reseller.lower()
            if same and (None in {one.customer, other.customer} or one.customer == other.customer):
                customer, until = one.customer or other.customer, min(one.until, other.until)
                yield replace(one, customer=customer, until=until)
