"""Taking an approval back: the withdrawal, whether it would count, its file, and the note in the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.cli import approvals_folder, consent, signing, withdrawals
from pcreconcile.model.approval import SignedApproval, SignedWithdrawal, Withdrawal, signed_bytes, statement
from pcreconcile.model.errors import ApprovalMissing, BadSignature, UsageError

if TYPE_CHECKING:
    from pcreconcile.cli.wiring import Session


def approval_in(path: Path, session: Session) -> SignedApproval:
    """The approval that is to be withdrawn; its signature need not count.

    Raises ManifestError when the file holds none, UsageError when it is another partner's.
    """
    signed = approvals_folder.read_file(path)
    if not isinstance(signed, SignedApproval):
        raise UsageError(f"{path}: this is a withdrawal already: name the approval itself")
    if signed.approval.partner != session.loaded.partner.tenant_id:
        raise UsageError(f"{path}: this approves a plan of another partner ({signed.approval.partner})")
    return signed


def withdraw(session: Session, approval: SignedApproval, who: str, key: str, comment: str, folder: Path | None) -> Path:
    """Sign the withdrawal, write it beside the approvals and keep it in the store; returns its file.

    Raises ApprovalMissing when it would not count, so that nothing was written; UsageError when it cannot be signed or
    written; StoreError when it could be written and not be kept.
    """
    from pcreconcile.cli.ssh_signatures import sign

    said = approval.approval
    withdrawal = Withdrawal(
        principal=who,
        plan_id=said.plan_id,
        partner=said.partner,
        approval=statement(said),
        approver=said.principal,
        withdrawn_at=session.clock.now().replace(microsecond=0),
        comment=comment,
    )
    place = approvals_folder.folder_of(session.loaded.home, folder)
    file = approvals_folder.withdrawal_file_for(place, withdrawal)
    signed = SignedWithdrawal(withdrawal, sign(key, signed_bytes(withdrawal)), str(file))
    try:
        withdrawals.require_counting(signed, consent.judges(session))
    except BadSignature as error:
        listed = consent.signers_file(session.loaded)
        raise ApprovalMissing(
            f"this withdrawal would not count, so nothing was written: {error}; the approver can withdraw it, or "
            f"another one who is listed in {listed}"
        ) from error
    approvals_folder.keep(file, signing.text_of(signed), who)
    withdrawals.of_session(session, folder)
    return file
