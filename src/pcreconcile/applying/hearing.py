"""One approval against one plan: whether it counts, and for which actions; else why it is void.

Each check is a function that answers in words, "" meaning that it has nothing against the approval; the first answer
is the one that is told. An approval counts as a whole or not at all. What is cheap is checked first, so that signatures
are verified of those alone that would count if theirs were good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pcreconcile.applying.ceilings import excess, within
from pcreconcile.applying.consent import Asked, Consent, Grant
from pcreconcile.applying.earlier_runs import EarlierRun, began_with, is_spent
from pcreconcile.applying.guards import CLOCKS_APART, Pending
from pcreconcile.applying.lost_journal import removal_in_words
from pcreconcile.applying.ports import Signatures
from pcreconcile.applying.sorts import SORTS, reserved_sorts_of
from pcreconcile.model.approval import Approval, SignedApproval, Signer, consequences, signed_bytes, statement
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


def objection(signed: SignedApproval, consent: Consent, case: Case) -> str:
    """Why an approval does not count, as far as no signature needs to be verified for that; "" when nothing is known.

    These checks start no process, so that a heap of files that are no approvals of this plan costs nothing.
    """
    why = next(filter(None, (check(signed, case) for check in _BEFORE_THE_SIGNATURE)), "")
    return why or next(filter(None, (_unlisted(signed, judge) for judge in consent.signatures)), "")


def heard(signed: SignedApproval, consent: Consent, case: Case) -> Grant | Void:
    """What an approval to which there is no `objection` comes to, its signature verified by everybody who must.

    Raises ConfigurationError when signatures cannot be judged here at all.
    """
    approval = signed.approval
    try:
        signer = together([_verified(signed, judge) for judge in consent.signatures])
    except BadSignature as error:
        return Void(signed, f"its signature does not count: {error}")
    named = within(approval.scope, case.concerned)
    why = next(filter(None, _after_the_signature(signer, named, case)), "")
    if why:
        return Void(signed, why)
    covered = frozenset(entry.action.id for entry in named if not _reserved(signer, entry))
    resumes = began_with(signed, case.asked, case.runs) is not None
    return Grant(signed, signer, covered, None if resumes else ends(approval, case.asked))


def _unlisted(signed: SignedApproval, judge: Signatures) -> str:
    try:
        judge.require_listed(signed.approval.principal, signed.signature)
    except BadSignature as error:
        return f"its signature does not count: {error}"
    return ""


def _verified(signed: SignedApproval, judge: Signatures) -> Signer:
    approval = signed.approval
    return judge.verify(approval.principal, signed_bytes(approval), signed.signature, approval.approved_at)


def together(signers: Sequence[Signer]) -> Signer:
    """One person by several lists: all names that any of them has, and the sorts that every one of them allows."""
    if len(signers) == 1:
        return signers[0]
    names = sorted({name for signer in signers for name in signer.principals})
    sorts = [signer.sorts for signer in signers if signer.sorts is not None]
    return Signer(tuple(names), signers[0].key, frozenset.intersection(*sorts) if sorts else None)


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


def _of_another_plan(signed: SignedApproval, case: Case) -> str:
    plan = signed.approval.plan_id
    return "" if plan == case.asked.plan.plan_id else f"it approves another plan ({plan[:12]}…)"


def _of_another_partner(signed: SignedApproval, case: Case) -> str:
    partner = signed.approval.partner
    return "" if partner == case.asked.plan.partner.tenant_id else f"it approves a plan of another partner ({partner})"


def _of_other_consequences(signed: SignedApproval, case: Case) -> str:
    same = signed.approval.consequences == consequences(case.asked.plan)
    return "" if same else "the plan says something else about what it does than the one that was approved"


def _withdrawn(signed: SignedApproval, case: Case) -> str:
    return case.asked.withdrawals.approvals.get(statement(signed.approval), "")


def _from_the_future(signed: SignedApproval, case: Case) -> str:
    at = signed.approval.approved_at
    if at - case.now <= CLOCKS_APART:
        return ""
    return f"it was approved at {minute(at)}, and here it is {minute(case.now)}: a clock is wrong"


def _expired(signed: SignedApproval, case: Case) -> str:
    """Judged for the instant at which the run began that is brought to its end, else for this one."""
    approval = signed.approval
    if approval.expires_at <= approval.approved_at:
        return "it expires before it begins"
    until = ends(approval, case.asked)
    began = began_with(signed, case.asked, case.runs)
    if began is not None and approval.approved_at - began <= CLOCKS_APART:
        return "" if began < until else f"it had expired at {minute(until)}, before the run began at {minute(began)}"
    return "" if case.latest < until else f"it expired at {minute(until)}"


def _used(signed: SignedApproval, case: Case) -> str:
    spent = is_spent(signed, case.asked, case.runs)
    return "it was used by an earlier run: an approval is good for one" if spent else ""


def _before_a_loss(signed: SignedApproval, case: Case) -> str:
    """Whether it was used, only the part of the journal could say that is missing."""
    loss, at = case.asked.loss, signed.approval.approved_at
    if loss is None or at > loss.last.at:
        return ""
    names = {customer.tenant_id: customer.name for customer in case.asked.plan.customers}
    return f"it was given at {minute(at)}, and {removal_in_words(loss.last, names)}: approve the plan again"


def _of_an_earlier_removal(signed: SignedApproval, case: Case) -> str:
    """The same plan ID comes back with the customer: who agreed to the first removal has not agreed to another one."""
    at, removed = signed.approval.approved_at, case.asked.removed_before
    named = (entry.customer for entry in within(signed.approval.scope, case.concerned))
    before = next((each for each in named if at <= removed.get(each.tenant_id, at - CLOCKS_APART)), None)
    if before is None:
        return ""
    return f"{before.name} was removed at {minute(removed[before.tenant_id])}, after it was approved, and has come back"


def _exceeded(signed: SignedApproval, case: Case) -> str:
    over = excess(signed.approval.scope, case.asked.pending)
    return f"the plan goes beyond it: {over}" if over else ""


def _of_nothing(signed: SignedApproval, case: Case) -> str:
    named = within(signed.approval.scope, case.concerned)
    return "" if named else "its scope holds none of the actions that need approval"


_BEFORE_THE_SIGNATURE: tuple[Callable[[SignedApproval, Case], str], ...] = (
    _of_another_plan,
    _of_another_partner,
    _of_other_consequences,
    _withdrawn,
    _from_the_future,
    _expired,
    _used,
    _before_a_loss,
    _of_an_earlier_removal,
    _exceeded,
    _of_nothing,
)


def _after_the_signature(signer: Signer, named: Sequence[Pending], case: Case) -> Iterator[str]:
    if all(_reserved(signer, entry) for entry in named):
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
