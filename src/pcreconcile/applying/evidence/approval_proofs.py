"""Proofs that people agreed: each approval signed by who it says, for this plan, in time, and covering what was done.

Judged anew from the journal's own record and not by the code that let the run begin. What only git knows (who wrote the
change) cannot be asked offline; the run itself asked it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pcreconcile.applying.ceilings import excess
from pcreconcile.applying.evidence.proofs import proof, unchecked
from pcreconcile.applying.evidence.told import Told, ToldApproval, ToldPlan
from pcreconcile.applying.guards import CLOCKS_APART, Pending
from pcreconcile.applying.ports import Signatures
from pcreconcile.applying.sorts import SORTS, reserved_sorts_of, sorts_of
from pcreconcile.model.approval import Signer, consequences, signed_bytes, statement
from pcreconcile.model.errors import BadSignature, ConfigurationError
from pcreconcile.model.evidence import Evidence, Proof, Standing
from pcreconcile.model.masking import is_masked
from pcreconcile.model.people import forms_of, names_in
from pcreconcile.model.run import Event, EventKind

SignaturesOf = Callable[[bytes], Signatures]


@dataclass(frozen=True, slots=True)
class Checked:
    """An approval whose signature was checked; `problem` says why it proves nothing, "" when it does."""

    approval: ToldApproval
    signer: Signer | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Judges:
    """How signatures are checked. `theirs` are allowed_signers that the reader brought, None: the archive's own."""

    signatures: SignaturesOf
    theirs: bytes | None = None


def check_signatures(told: Told, judges: Judges) -> tuple[Checked, ...]:
    """Every approval of the archive with its signer. Raises nothing for a bad one."""
    return tuple(_checked(told, approval, judges) for approval in told.approvals)


def approval_proofs(told: Told, evidence: Evidence, checked: Sequence[Checked], judges: Judges) -> Iterator[Proof]:
    """Signatures, and for each run that needed approvals that it had them."""
    starts = list(told.starts.values())
    if all(start.body.get("required") is None for start in starts):
        yield unchecked("approved", "the journal does not say what approvals were wanted (an older format)")
        return
    yield from _signature_proofs(told, checked, judges)
    needed = [start for start in starts if start.body.get("required") or _plan_asked(told, start)]
    yield from _user_proofs(told, needed)
    if not needed and not told.approvals:
        yield from proof("approved", (), "no approvals were wanted by the policy of the day")
        return
    withheld = [each for each in checked if each.approval.cut]
    problems = [text for start in needed for text in _unapproved(told, evidence, start, checked)]
    standing = Standing.NOT_PROVEN if withheld and not judges.theirs else Standing.FAILED
    yield from proof("approved", problems, f"{len(needed)} runs had the approvals that they needed", standing)


def _user_proofs(told: Told, needed: Sequence[Event]) -> Iterator[Proof]:
    """As whom each run that wrote was applied: without it nobody can see that who approved did not apply as well.

    `apply` writes null for an app-only token, for which it compares no names, and refuses a name that is blank.
    """
    wrote = {event.run for event in told.events() if event.kind is EventKind.INTENT}
    starts = [start for run, start in told.starts.items() if run in wrote]
    nameless = [start for start in starts if not str(start.body.get("user") or "").strip()]
    wanted = {start.run for start in needed}
    for start in nameless:
        text = f"run {start.run}: its first event does not name who applied it"
        if start.run not in wanted:
            yield unchecked("applied-by", text)
        elif start.body.get("user") is None:
            yield Proof("applied-by", Standing.NOT_PROVEN, f"{text}, so nobody can see that no approver did")
        else:
            yield Proof("applied-by", Standing.FAILED, f"{text}, and no run that needs approvals begins so")
    if starts and not nameless:
        yield from proof("applied-by", (), f"{len(starts)} runs that wrote name who applied them")


def _signature_proofs(told: Told, checked: Sequence[Checked], judges: Judges) -> Iterator[Proof]:
    for each in checked:
        standing = Standing.NOT_PROVEN if each.approval.cut and not judges.theirs else Standing.FAILED
        problems = [f"approval {each.approval.file}: {each.problem}"] if each.problem else []
        yield from proof(
            "signature", problems, f"{each.approval.approval.principal} signed {each.approval.file}", standing
        )
    if told.approvals and judges.theirs is None:
        text = "signatures were checked by the archive's own allowed_signers: give yours with --allowed-signers"
        yield unchecked("signers", text)


def _checked(told: Told, told_approval: ToldApproval, judges: Judges) -> Checked:
    approval = told_approval.approval
    if told_approval.cut:
        return Checked(told_approval, None, "its comment was left out, so its signature cannot be checked; use --full")
    if signed_bytes(approval) != told_approval.signed:
        return Checked(told_approval, None, "it is not in the form in which approvals are signed")
    signers = [judges.theirs] if judges.theirs is not None else list(told.signers)
    problem = "there are no allowed_signers to check it by"
    for content in signers:
        try:
            judge = judges.signatures(content)
            signer = judge.verify(
                approval.principal, told_approval.signed, told_approval.signature, approval.approved_at
            )
        except (BadSignature, ConfigurationError) as error:
            problem = str(error)
        else:
            return Checked(told_approval, signer)
    return Checked(told_approval, None, problem)


def _unapproved(told: Told, evidence: Evidence, start: Event, checked: Sequence[Checked]) -> Iterator[str]:
    """What is missing to one run."""
    name = f"run {start.run}"
    kept = told.plan_of(start.run)
    events = [e for e in told.events() if e.run == start.run and e.kind is EventKind.INTENT]
    if not events:
        return
    if kept is None:
        yield f"{name}: the journal kept no plan, so nobody can say what was approved"
        return
    granted = _granted(told, start)
    relied = [each for each in checked if each.approval.kept in granted or _withheld(each, start)]
    for each in relied:
        first = granted.get(each.approval.kept, start)
        yield from (
            f"{name}: the approval of {each.approval.approval.principal} {why}"
            for why in _void(evidence, each, first, kept)
        )
    acts = _acts(kept, events)
    yield from (f"{name}: {why}" for why in _loosened(start, kept, acts))
    yield from _uncovered(name, start, kept, acts, relied)


def _withheld(each: Checked, start: Event) -> bool:
    return each.approval.cut and each.approval.approval.plan_id == start.plan


def _granted(told: Told, start: Event) -> dict[str, Event]:
    """The approvals that a run or an earlier one of its plan began by, with the first run that did."""
    found: dict[str, Event] = {}
    for run in told.starts.values():
        if run.plan == start.plan and run.seq <= start.seq:
            for grant in run.body.get("approvals", ()):
                found.setdefault(str(grant["document"]), run)
    return found


def _void(evidence: Evidence, each: Checked, first: Event, kept: ToldPlan) -> Iterator[str]:
    approval = each.approval.approval
    if each.problem:
        yield f"proves nothing: {each.problem}"
    if approval.plan_id != first.plan:
        yield "is for another plan"
    if approval.partner != evidence.partner.tenant_id:
        yield "is for another partner"
    whole = evidence.subject.customer is None
    if whole and approval.consequences != consequences(kept.plan):
        yield "is for a plan that says something else about what it does"
    if approval.expires_at <= first.at:
        yield f"had expired at {approval.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    if approval.approved_at > first.at + CLOCKS_APART:
        yield "was given after the run had begun"
    if each.signer is not None:
        yield from _wrong_person(each.signer, first, each.approval)


def _wrong_person(signer: Signer, first: Event, approval: ToldApproval) -> Iterator[str]:
    user = str(first.body.get("user") or "")
    if is_masked(user):
        yield "may be that of the one who applied it: a mask stands in the journal in place of the name"
    if names_in(user) & {form for name in signer.principals for form in forms_of(name)}:
        yield "is that of the one who applied it"
    grants = first.body.get("approvals", ())
    mine = [grant for grant in grants if grant["document"] == approval.kept]
    if any(grant["key"] != signer.key for grant in mine):
        yield "was made with another key than the journal says"
    if any(grant["principal"] != approval.approval.principal for grant in mine):
        yield "is by somebody else than the journal says"
    if any(grant.get("statement", said) != said for grant in mine for said in [statement(approval.approval)]):
        yield "is another statement than the journal says"


def _wanted_sorts(start: Event) -> frozenset[str]:
    """The sorts for which the policy of the day wanted approvals; all of them where an older journal does not say."""
    said = start.body.get("approvalsFor")
    return frozenset(said if said else SORTS)


def _acts(kept: ToldPlan, events: Sequence[Event]) -> list[Pending]:
    done = {(event.customer, event.action) for event in events}
    return [Pending(c, a) for c in kept.plan.customers for a in c.actions if (c.tenant_id, a.id) in done]


def _asked_by_plan(kept: ToldPlan, act: Pending) -> int:
    """How many approvals the kept plan says that an act needs; a plan that does not say for which sorts: for all."""
    asked = kept.plan.approvals
    return asked.required if sorts_of(act.action) & set(asked.reasons or SORTS) else 0


def _asked_by_run(start: Event, act: Pending) -> int:
    return int(start.body.get("required") or 0) if sorts_of(act.action) & _wanted_sorts(start) else 0


def _plan_asked(told: Told, start: Event) -> bool:
    """Whether the kept plan wanted approvals for anything that the run wrote."""
    kept = told.plan_of(start.run)
    events = [e for e in told.events() if e.run == start.run and e.kind is EventKind.INTENT]
    return kept is not None and any(_asked_by_plan(kept, act) for act in _acts(kept, events))


def _loosened(start: Event, kept: ToldPlan, acts: Sequence[Pending]) -> Iterator[str]:
    """A policy may be loosened between plan and apply, and a run wants what its plan asked for all the same."""
    said = int(start.body.get("required") or 0)
    asked = max((_asked_by_plan(kept, act) for act in acts), default=0)
    if said < asked:
        yield f"its plan asked for {asked} approvals of what was written, and its first event says {said}"


def _uncovered(
    name: str, start: Event, kept: ToldPlan, acts: Sequence[Pending], relied: Sequence[Checked]
) -> Iterator[str]:
    needs = {act.action.id: max(_asked_by_run(start, act), _asked_by_plan(kept, act)) for act in acts}
    acts = [act for act in acts if needs[act.action.id]]
    good = [each for each in relied if not each.problem and each.signer is not None]
    for each in good:
        scope, covered = each.approval.approval.scope, [act for act in acts if _covers(each, act)]
        if why := excess(scope, covered):
            yield f"{name}: more was done than {each.approval.approval.principal} approved: {why}"
    for act in acts:
        people, required = (
            _people([each.signer for each in good if each.signer and _covers(each, act)]),
            needs[act.action.id],
        )
        if people < required:
            yield f"{name}: {act.action.kind} {act.action.target.id} was approved by {people} of {required}"


def _covers(each: Checked, act: Pending) -> bool:
    scope = each.approval.approval.scope
    allowed = each.signer.sorts if each.signer is not None else frozenset()
    named = act.customer.tenant_id in scope.customers and act.action.kind in scope.kinds
    return named and (allowed is None or reserved_sorts_of(act.action) <= allowed)


def _people(signers: Sequence[Signer]) -> int:
    """How many different people: one key under two names, and two keys of one name, are one."""
    groups: list[set[str]] = []
    for signer in signers:
        names = {signer.key, *(name.casefold() for name in signer.principals)}
        joined = [group for group in groups if group & names]
        groups = [group for group in groups if not group & names]
        groups.append(names.union(*joined))
    return len(groups)
