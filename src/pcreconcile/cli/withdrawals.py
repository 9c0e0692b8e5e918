"""Approvals that have been taken back: read from their files, judged once, and kept in the store for good.

A file can be deleted; the note in the store stays, so that nothing brings an approval back that was withdrawn. A
withdrawal only takes a right away: one line of any `allowed_signers` in force is enough for it, and no instant in it or
in the approval decides anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pcreconcile.applying.consent import Withdrawals
from pcreconcile.cli import approvals_folder
from pcreconcile.model.approval import SignedWithdrawal, Withdrawal, document, signed_bytes
from pcreconcile.model.errors import BadSignature, PcreconcileError, Refused
from pcreconcile.model.notes import Note, NoteDraft, NoteKind

if TYPE_CHECKING:
    from pcreconcile.applying.ports import Signatures, Store
    from pcreconcile.cli.output import Output
    from pcreconcile.cli.wiring import Session
    from pcreconcile.model.ids import PlanId

MOST = 256  # withdrawals whose signatures are verified at once; each costs a process or two


def collect(
    session: Session,
    store: Store,
    folder: Path,
    judges: Sequence[Signatures],
    besides: Sequence[SignedWithdrawal] = (),
) -> Withdrawals:
    """Every approval that has been taken back; what the store does not know yet is kept there now.

    `besides` are withdrawals that were found under another name than theirs.

    Raises Refused when there are more new ones than are verified at once, StoreError when they cannot be kept, and
    ConfigurationError when signatures cannot be judged here.
    """
    known = _kept(store.notes())
    found = approvals_folder.read_withdrawals(folder)
    new = [signed for signed in (*found.withdrawals, *besides) if signed.withdrawal.approval not in known]
    invalid = list(found.problems)
    hopeful = list(_worth_verifying(new, session, judges, invalid))
    if len(hopeful) > MOST:
        raise Refused(f"{folder}: {len(hopeful)} new withdrawals, and {MOST} are verified at once: delete what is none")
    for signed in hopeful:
        if signed.withdrawal.approval in known:
            continue
        if why := _objection(signed, judges):
            invalid.append(_told(signed, why))
            continue
        known[signed.withdrawal.approval] = signed.withdrawal
        store.note(NoteDraft(NoteKind.WITHDRAWAL, session.clock.now(), signed.withdrawal.principal, _body(signed)))
    return Withdrawals({approval: in_words(said) for approval, said in known.items()}, tuple(invalid))


def of_session(session: Session, folder: Path | None) -> Withdrawals:
    """The same for a command that holds no lock. Raises as `collect` does."""
    from pcreconcile.cli import consent, wiring

    store = wiring.read_journal(session)
    return collect(session, store, approvals_folder.folder_of(session.loaded.home, folder), consent.judges(session))


def tell(session: Session, output: Output, plan: PlanId, folder: Path | None) -> Withdrawals:
    """Say on stderr which approvals of a plan have been taken back, and which withdrawals do not count.

    Returns all that is known. Raises StoreError, Refused and ConfigurationError as `collect` does.
    """
    from pcreconcile.cli import wiring

    withdrawals = of_session(session, folder)
    for said in _kept(wiring.read_journal(session).notes()).values():
        if said.plan_id == plan:
            output.note(f"an approval of this plan by {said.approver} counts no more: {in_words(said)}")
    for problem in withdrawals.invalid:
        output.note(f"not withdrawn: {problem}")
    return withdrawals


def tell_if_known(session: Session, output: Output, plan: PlanId) -> None:
    """The same for a command that does not depend on it: what cannot be read is told, and raises nothing."""
    try:
        tell(session, output, plan, approvals_folder.chosen(os.environ))
    except PcreconcileError as error:
        output.note(f"whether approvals of this plan were withdrawn cannot be said: {error}")


def require_counting(withdrawal: SignedWithdrawal, judges: Sequence[Signatures]) -> None:
    """Raises BadSignature when it would not count."""
    if why := _objection(withdrawal, judges):
        raise BadSignature(why)


def in_words(said: Withdrawal) -> str:
    """Who took it back, when and why."""
    why = f" ({said.comment})" if said.comment else ""
    return f"it was withdrawn by {said.principal} at {said.withdrawn_at:%Y-%m-%d %H:%M} UTC{why}"


def _worth_verifying(
    signed: Iterable[SignedWithdrawal], session: Session, judges: Sequence[Signatures], invalid: list[str]
) -> Iterator[SignedWithdrawal]:
    """Those of this partner whose key some list knows; the others are entered in `invalid`, without any process."""
    for each in signed:
        if each.withdrawal.partner != session.loaded.partner.tenant_id:
            invalid.append(_told(each, "it is of another partner"))
        elif why := _unlisted(each, judges):
            invalid.append(_told(each, why))
        else:
            yield each


def _unlisted(signed: SignedWithdrawal, judges: Sequence[Signatures]) -> str:
    """Why no list knows its key as that person's; "" when one does."""
    why = "there is no list of signers"
    for judge in judges:
        try:
            judge.require_listed(signed.withdrawal.principal, signed.signature)
        except BadSignature as error:
            why = f"its signature does not count: {error}"
        else:
            return ""
    return why


def _objection(signed: SignedWithdrawal, judges: Sequence[Signatures]) -> str:
    """Why it does not count; "" when one list makes it somebody's who may approve something."""
    said, why = signed.withdrawal, "there is no list of signers"
    for judge in judges:
        try:
            signer = judge.verify(said.principal, signed_bytes(said), signed.signature, said.withdrawn_at)
        except BadSignature as error:
            why = f"its signature does not count: {error}"
        else:
            if signer.sorts is None or signer.sorts:
                return ""
            why = f"{said.principal} may approve nothing, and so withdraw nothing"
    return why


def _told(signed: SignedWithdrawal, why: str) -> str:
    return f"{signed.source} (by {signed.withdrawal.principal}) is no withdrawal: {why}"


def _body(signed: SignedWithdrawal) -> dict[str, Any]:
    return {"document": document(signed.withdrawal), "signature": signed.signature}


def _kept(notes: Iterable[Note]) -> dict[str, Withdrawal]:
    """What the store's notes say, by the approval's statement. They were judged when they were written."""
    said = (_of_note(note) for note in notes if note.kind is NoteKind.WITHDRAWAL)
    return {each.approval: each for each in said if each is not None}


def _of_note(note: Note) -> Withdrawal | None:
    try:
        spec = {**note.body["document"]["spec"], "principal": note.body["document"]["metadata"]["name"]}
        return msgspec.convert(spec, Withdrawal)
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None
