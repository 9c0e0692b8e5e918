"""Making an approval: what it covers, whether it could ever count, the signature, the file.

An approval that apply would find void is not written at all: who signs hears of it, and not the pipeline days later.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pcreconcile.applying import ceilings
from pcreconcile.applying.guards import Pending, check_guards
from pcreconcile.applying.hearing import together
from pcreconcile.applying.plan_file import require_applicable
from pcreconcile.applying.sorts import reserved_sorts_of
from pcreconcile.cli import consent
from pcreconcile.model.approval import (
    Approval,
    Scope,
    SignedApproval,
    SignedWithdrawal,
    Signer,
    consequences,
    signed_bytes,
    statement,
)
from pcreconcile.model.errors import ApprovalMissing, BadSignature, ManifestError, UsageError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind, Plan
from pcreconcile.model.policy import ApprovalRule

if TYPE_CHECKING:
    from pcreconcile.cli.wiring import Session
    from pcreconcile.rendering.approving import Touched


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for; None and nothing mean: exactly what the plan does."""

    customers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    one_way: int | None = None
    seats: int | None = None
    money: tuple[Money, ...] = ()
    expires: timedelta | None = None
    comment: str = ""


def approvable(plan: Plan) -> tuple[Pending, ...]:
    """What the plan would do. Raises PlanFileError, Refused or UsageError for one that apply would never carry out."""
    require_applicable(plan)
    check_guards(plan)
    entries = ceilings.due(plan)
    if not entries:
        raise UsageError("there is nothing to approve: this plan does nothing now")
    return entries


def draft(
    plan: Plan,
    entries: Sequence[Pending],
    wanted: Wanted,
    rule: ApprovalRule,
    who: str,
    at: datetime,
    withdrawn: Container[str] = (),
) -> Approval:
    """The approval to be signed, none of those that were `withdrawn` (by statement).

    Raises UsageError, and ApprovalMissing when the plan does more than it would allow.
    """
    covered = tuple(_named(entries, wanted))
    if not covered:
        raise UsageError("there is nothing to approve: the plan does nothing of that kind to these customers")
    scope = _scope(covered, wanted)
    if told := ceilings.excess(scope, entries):
        raise _void(told)
    start = at.replace(microsecond=0)
    said = Approval(
        principal=who,
        plan_id=plan.plan_id,
        partner=plan.partner.tenant_id,
        consequences=consequences(plan),
        scope=scope,
        approved_at=start,
        expires_at=start + _lasting(wanted.expires, rule),
        comment=wanted.comment,
    )
    while statement(said) in withdrawn:  # the same words again in the same second: another document all the same
        said = msgspec.structs.replace(said, approved_at=said.approved_at + timedelta(microseconds=1))
    return said


def signed(approval: Approval, key: str, file: Path) -> SignedApproval:
    """With the signature of that key."""
    from pcreconcile.cli.ssh_signatures import sign

    return SignedApproval(approval, sign(key, signed_bytes(approval)), str(file))


def text_of(approval: SignedApproval | SignedWithdrawal) -> str:
    """The file's text. Raises UsageError for what cannot be said in one."""
    from pcreconcile.manifests.approvals import write_signed

    try:
        return write_signed(approval)
    except ManifestError as error:
        raise UsageError("; ".join(finding.problem for finding in error.findings)) from error


def require_counting(session: Session, approval: SignedApproval, entries: Iterable[Pending]) -> None:
    """Raises ApprovalMissing when apply would not count it: another key's, not allowed to, by the author."""
    loaded, said = session.loaded, approval.approval
    shown = consent.signers_file(loaded)
    try:
        signers = [
            judge.verify(said.principal, signed_bytes(said), approval.signature, said.approved_at)
            for judge in consent.judges(session)
        ]
    except BadSignature as error:
        raise _void(f"{error}: the key of {said.principal} must be listed in {shown}") from error
    signer = together(signers)
    covered = ceilings.within(said.scope, entries)
    _require_allowed(signer, covered, frozenset(loaded.policy.approvals.actions))
    _require_no_author(session, {said.principal, *signer.principals}, covered)


def touched(entries: Iterable[Pending]) -> Iterator[Touched]:
    """The due actions by customer, for showing."""
    from pcreconcile.rendering.approving import Touched

    by_customer: dict[TenantId, list[Pending]] = {}
    for entry in entries:
        by_customer.setdefault(entry.customer.tenant_id, []).append(entry)
    for group in by_customer.values():
        yield Touched(group[0].customer, tuple(entry.action for entry in group), ceilings.scope_of(group))


def _named(entries: Sequence[Pending], wanted: Wanted) -> Iterator[Pending]:
    names = {entry.customer.name for entry in entries}
    _require_known("customer", wanted.customers, names)
    _require_known("kind of action", wanted.kinds, {kind.value for kind in ActionKind})
    for entry in entries:
        if entry.customer.name in (wanted.customers or names) and entry.action.kind in (wanted.kinds or ActionKind):
            yield entry


def _require_known(what: str, given: Iterable[str], known: Collection[str]) -> None:
    from pcreconcile.cli.suggestion import did_you_mean

    for name in given:
        if name not in known:
            raise UsageError(f"no {what} {name} in what this plan does{did_you_mean(name, sorted(known))}")


def _scope(covered: Sequence[Pending], wanted: Wanted) -> Scope:
    scope = ceilings.scope_of(covered)
    return msgspec.structs.replace(
        scope,
        one_way=scope.one_way if wanted.one_way is None else wanted.one_way,
        seats=scope.seats if wanted.seats is None else wanted.seats,
        money=wanted.money or scope.money,
    )


def _lasting(wanted: timedelta | None, rule: ApprovalRule) -> timedelta:
    longest = rule.expire_after
    if wanted is not None and wanted > longest:
        raise UsageError(f"--expires: the policy lets an approval last {longest / timedelta(hours=1):g} hours at most")
    if wanted is not None and wanted < timedelta(minutes=1):
        raise UsageError("--expires: an approval must last a minute at least")
    return longest if wanted is None else wanted


def _require_allowed(signer: Signer, covered: Iterable[Pending], sorts: frozenset[str]) -> None:
    if signer.sorts is None:
        return
    for entry in covered:
        if beyond := (reserved_sorts_of(entry.action) & sorts) - signer.sorts:
            raise _void(
                f"this key may not approve actions that are {' or '.join(sorted(beyond))}, and {entry.action.kind} for"
                f" {entry.customer.name} is: approve a part with --kind or --customer, or leave it to somebody else"
            )


def _require_no_author(session: Session, principals: Iterable[str], covered: Iterable[Pending]) -> None:
    from pcreconcile.cli.authors import authors_of

    mine = {principal.casefold() for principal in principals}
    customers = {entry.customer.tenant_id: entry.customer.name for entry in covered}
    written = authors_of(session.loaded, customers, signers=consent.lists_in_force(session))
    own = [customers[tenant] for tenant, people in written.people.items() if people & mine]
    if own:
        raise _void(
            f"by git the approver is an author of what is wanted of {', '.join(sorted(own))};"
            " somebody else must approve it"
        )


def _void(why: str) -> ApprovalMissing:
    return ApprovalMissing(f"this approval would be void, so nothing was written: {why}")
