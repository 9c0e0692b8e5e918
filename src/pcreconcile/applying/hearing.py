"""One approval against one plan: whether it counts, and for which actions; else why it is void.

Each check is a function that answers in words, "" meaning that it has nothing against the approval; the first answer
is the one that is told. An approval counts as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pcreconcile.applying.ceilings import excess, within
from pcreconcile.applying.consent import Asked, Consent, Grant
from pcreconcile.applying.earlier_runs import EarlierRun, is_spent
from pcreconcile.applying.guards import CLOCKS_APART, Pending
from pcreconcile.applying.sorts import SORTS, reserved_sorts_of
from pcreconcile.model.approval import Approval, SignedApproval, Signer, consequences, signed_bytes
from pcreconcile.model.errors import BadSignature
from pcreconcile.model.ids import TenantId


@dataclass(frozen=True, slots=True)
class Void:
    """An approval that does not count, and why."""

    approval: SignedApproval
    why: str

    def __str__(self) -> str:
        return f"{_shown(self.approval)} is void: {self.why}"


@dataclass(frozen=True, slots=True)
class Case:
    """What all approvals of a plan are judged by. `concerned` are the pending actions that need approval."""

    asked: Asked
    concerned: Sequence[Pending]
    authors: Mapping[TenantId, frozenset[str]]
    runs: Sequence[EarlierRun]
    now: datetime

    @property
    def latest(self) -> datetime:
        """The latest instant that is known to have come: a clock that was moved back makes nothing valid again."""
        events = self.asked.events
        known = [self.now, self.asked.plan.created_at, *(event.at for event in events[-1:])]
        return max(known)


def heard(signed: SignedApproval, consent: Consent, case: Case) -> Grant | Void:
    """What one approval comes to. Raises ConfigurationError when signatures cannot be judged here at all."""
    approval = signed.approval
    why = next(filter(None, (check(approval, case) for check in _BEFORE_THE_SIGNATURE)), "")
    if why:
        return Void(signed, why)
    try:
        signer = consent.signatures.verify(
            approval.principal, signed_bytes(approval), signed.signature, approval.approved_at
        )
    except BadSignature as error:
        return Void(signed, f"its signature does not count: {error}")
    covered = [e for e in within(approval.scope, case.concerned) if not _reserved(signer, e)]
    why = next(filter(None, _after_the_signature(signed, signer, case)), "")
    if why:
        return Void(signed, why)
    return Grant(signed, signer, frozenset(entry.action.id for entry in covered), ends(approval, case.asked))


def ends(approval: Approval, asked: Asked) -> datetime:
    """From when on it no longer counts: what it says itself, and never later than the policy lets one live."""
    try:
        return min(approval.expires_at, approval.approved_at + asked.policy.approvals.expire_after)
    except OverflowError:
        return approval.expires_at


def in_part(grant: Grant, case: Case) -> str:
    """Why an approval that counts does not count for all that its scope names; "" when it does."""
    named = within(grant.approval.approval.scope, case.concerned)
    if all(entry.action.id in grant.covers for entry in named):
        return ""
    return f"{_shown(grant.approval)} counts in part: {_may_not(grant.signer, named)}"


def minute(at: datetime) -> str:
    """An instant as messages show it."""
    return at.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def _of_another_plan(approval: Approval, case: Case) -> str:
    same = approval.plan_id == case.asked.plan.plan_id
    return "" if same else f"it approves another plan ({approval.plan_id[:12]}…)"


def _of_another_partner(approval: Approval, case: Case) -> str:
    same = approval.partner == case.asked.plan.partner.tenant_id
    return "" if same else f"it approves a plan of another partner ({approval.partner})"


def _of_other_consequences(approval: Approval, case: Case) -> str:
    same = approval.consequences == consequences(case.asked.plan)
    return "" if same else "the plan says something else about what it does than the one that was approved"


def _from_the_future(approval: Approval, case: Case) -> str:
    if approval.approved_at - case.now <= CLOCKS_APART:
        return ""
    return f"it was approved at {minute(approval.approved_at)}, and here it is {minute(case.now)}: a clock is wrong"


def _expired(approval: Approval, case: Case) -> str:
    if approval.expires_at <= approval.approved_at:
        return "it expires before it begins"
    until = ends(approval, case.asked)
    return "" if case.latest < until else f"it expired at {minute(until)}"


_BEFORE_THE_SIGNATURE: tuple[Callable[[Approval, Case], str], ...] = (
    _of_another_plan,
    _of_another_partner,
    _of_other_consequences,
    _from_the_future,
    _expired,
)


def _after_the_signature(signed: SignedApproval, signer: Signer, case: Case) -> Iterator[str]:
    scope = signed.approval.scope
    if is_spent(signed, case.asked, case.runs):
        yield "it was used by an earlier run: an approval is good for one"
    if over := excess(scope, case.asked.pending):
        yield f"the plan goes beyond it: {over}"
    named = within(scope, case.concerned)
    if not named:
        yield "its scope holds none of the actions that need approval"
    elif all(_reserved(signer, entry) for entry in named):
        yield _may_not(signer, named)
    yield _by_an_author(signer, named, case)


def _by_an_author(signer: Signer, named: Sequence[Pending], case: Case) -> str:
    names = {name.casefold() for name in signer.principals}
    customers = {entry.customer.tenant_id: entry.customer.name for entry in named}
    own = sorted(customers[tenant] for tenant in customers if names & _folded(case.authors.get(tenant, frozenset())))
    return f"{_owner(signer)} wrote the manifest of {_list(own)}: somebody else has to approve it" if own else ""


def _folded(names: frozenset[str]) -> set[str]:
    return {name.strip().casefold() for name in names}


def _reserved(signer: Signer, entry: Pending) -> bool:
    """Whether an action is of a sort that this signer may not approve."""
    return signer.sorts is not None and not reserved_sorts_of(entry.action) <= signer.sorts


def _may_not(signer: Signer, entries: Sequence[Pending]) -> str:
    found = frozenset[str]().union(*(reserved_sorts_of(entry.action) for entry in entries)) - (
        signer.sorts or frozenset()
    )
    return f"{_owner(signer)} may not approve {_list([sort for sort in SORTS if sort in found])} actions"


def _shown(signed: SignedApproval) -> str:
    return f"{signed.source or 'an approval'} (by {signed.approval.principal})"


def _owner(signer: Signer) -> str:
    return signer.principals[0] if len(signer.principals) == 1 else f"the owner of {_list(list(signer.principals))}"


def _list(names: Sequence[str], most: int = 3) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
