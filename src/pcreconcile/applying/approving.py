"""Whether the people whom the policy wants have agreed to exactly this plan (design, section 6, "Approvals").

Nothing here reads a file, a clock or git: approvals, signatures and authors come as a `Consent`. Approvals are counted
for every action by itself, because they may cover different customers and kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pcreconcile.applying.candidates import judge_approvals
from pcreconcile.applying.consent import COMMAND, Asked, Authors, Consent, Grant
from pcreconcile.applying.earlier_runs import earlier_runs
from pcreconcile.applying.guards import Pending
from pcreconcile.applying.hearing import Case, in_part, minute
from pcreconcile.applying.sorts import SORTS, sorts_of
from pcreconcile.model.approval import Signer
from pcreconcile.model.errors import ApprovalMissing
from pcreconcile.model.ids import TenantId
from pcreconcile.model.masking import is_masked
from pcreconcile.model.people import forms_of, names_in, shown

__all__ = ["Asked", "Authors", "Consent", "Grant", "confirmed", "granted", "required"]

_TOLD = 5  # how many customers or approvals a message names before it counts


def required(asked: Asked) -> int:
    """How many approvals what is to be sent needs; 0 when none is.

    Today's policy says so, and the plan's own demand where it is higher: who loosens the policy after a plan was made
    has to make a new plan.
    """
    return max((_needed(entry, asked) for entry in asked.to_send), default=0)


def granted(asked: Asked, consent: Consent | None, now: datetime) -> tuple[Grant, ...]:
    """The approvals that count. Raises ApprovalMissing, naming what is missing and why each other one is void.

    A run that ends what an earlier run of the same document began needs them as well, each proven again from its signed
    document; only its expiry is judged for the instant at which that run began.
    Raises ConfigurationError when signatures cannot be judged here, StoreError when the journal is damaged.
    """
    needed, runs = required(asked), earlier_runs(asked.events)
    if not needed:
        return ()
    if consent is None:
        raise ApprovalMissing(_refusal(needed, ["no approval was looked for"], (), COMMAND))
    concerned = [entry for entry in asked.to_send if _needed(entry, asked)]
    authors = consent.authors(sorted({entry.customer.tenant_id for entry in concerned}))
    case = Case(asked, concerned, authors, runs, now)
    verdicts = judge_approvals(consent, case)
    missing = [*_unknown_authors(case, consent), *_missing(case, verdicts.grants)]
    if missing:
        parts = filter(None, (in_part(grant, case) for grant in verdicts.grants))
        found = [*verdicts.problems, *parts, *asked.withdrawals.invalid]
        raise ApprovalMissing(_refusal(needed, missing, found, consent.command))
    return tuple(verdicts.grants)


def confirmed(grants: Sequence[Grant], user: str | None, at: datetime) -> None:
    """Asked again with what only the service knows: who applies, and what time it is. Raises ApprovalMissing.

    `user` are the names of who requests are sent as (`people.joined`), None when there is none, and nobody when it is
    empty or masked: then nobody can see that it is not an approver. `at` is the later of the
    service's time and ours.
    """
    if grants and user is not None and (not names_in(user) or is_masked(user)):
        raise ApprovalMissing(
            "as whom this plan would be applied cannot be determined: nothing was written; the token of the refresh "
            "token names nobody, or a name that holds a secret: `doctor` shows who applies"
        )
    for grant in grants:
        if user is not None and names_in(user) & _names(grant.signer):
            raise ApprovalMissing(
                f"{_of(grant)} is by {shown(user)}, as whom this plan would be applied: nothing was written; "
                "somebody else has to approve, or another identity to apply"
            )
        if grant.until is not None and at >= grant.until:
            raise ApprovalMissing(
                f"{_of(grant)} expired at {minute(grant.until)}, and it is {minute(at)}: nothing was written; "
                "approve the plan again"
            )


def different_people(signers: Iterable[Signer], enough: int) -> int:
    """The largest number of them that are surely different people, counted up to `enough`.

    Two are different when neither a key nor a name is common to them.
    """
    everybody = tuple(signers)
    if not everybody or enough <= 0:
        return 0
    first, *others = everybody
    with_first = 1 + different_people([each for each in others if _differ(first, each)], enough - 1)
    return with_first if with_first >= enough else max(with_first, different_people(others, enough))


def _differ(one: Signer, other: Signer) -> bool:
    return one.key != other.key and not _names(one) & _names(other)


def _names(signer: Signer) -> set[str]:
    return {form for name in signer.principals for form in forms_of(name)}


def _needed(entry: Pending, asked: Asked) -> int:
    """How many approvals one action needs. A plan that does not say because of which sorts means all of them."""
    sorts, rule, plan = sorts_of(entry.action), asked.policy.approvals, asked.plan.approvals
    by_policy = rule.required if sorts & set(rule.actions) else 0
    by_plan = plan.required if sorts & set(plan.reasons or SORTS) else 0
    return max(by_policy, by_plan)


def _unknown_authors(case: Case, consent: Consent) -> list[str]:
    """What to do about the customers whose authors nobody can tell, those of one reason together."""
    unknown = {e.customer.tenant_id: e.customer.name for e in case.concerned}
    unknown = {tenant: name for tenant, name in unknown.items() if not case.authors.get(tenant)}
    if not unknown:
        return []
    reasons = consent.why_unknown(sorted({e.customer.tenant_id for e in case.concerned}))
    names: dict[str, list[str]] = {}
    for tenant, name in unknown.items():
        names.setdefault(reasons.get(tenant, "manifests must be committed in git"), []).append(name)
    return [f"nobody can tell who wrote the manifest of {_some(sorted(n))}: {why}" for why, n in names.items()]


def _missing(case: Case, grants: Sequence[Grant]) -> list[str]:
    """What is missing, by customer: how many of how many people, for which kinds of actions."""
    kinds: dict[tuple[TenantId, str], set[str]] = {}
    for entry in case.concerned:
        said = _short(entry, case.asked, [grant for grant in grants if entry.action.id in grant.covers])
        if said:
            kinds.setdefault((entry.customer.tenant_id, f"{entry.customer.name} {said}"), set()).add(entry.action.kind)
    lines = [f"{said} for {', '.join(sorted(names))}" for (_, said), names in kinds.items()]
    return [_some(lines)] if lines else []


def _short(entry: Pending, asked: Asked, grants: Sequence[Grant]) -> str:
    """How many approvals an action has, when that is not enough; "" when it is."""
    needed = _needed(entry, asked)
    found = different_people({_key(grant): grant.signer for grant in grants}.values(), needed)
    once = " (one person's approvals count once)" if found < len(grants) else ""
    return f"has {found} of {needed}{once}" if found < needed else ""


def _key(grant: Grant) -> tuple[str, tuple[str, ...]]:
    return grant.signer.key, grant.signer.principals


def _refusal(needed: int, missing: Sequence[str], found: Sequence[str], command: str) -> str:
    parts = [f"this plan needs {_people(needed)}, nothing was written", *missing, f"to approve it: {command}"]
    if found:
        parts.append(f"of what was found, {_some(found, '; ')}")
    return "; ".join(parts)


def _people(needed: int) -> str:
    return "1 approval" if needed == 1 else f"approvals by {needed} different people"


def _of(grant: Grant) -> str:
    signed = grant.approval
    return f"the approval {signed.source or signed.approval.principal}"


def _some(names: Sequence[str], between: str = ", ") -> str:
    rest = len(names) - _TOLD
    return between.join(names[:_TOLD]) + (f" and {rest} more" if rest > 0 else "")
