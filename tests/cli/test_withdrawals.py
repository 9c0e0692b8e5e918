"""Approvals that were taken back: by whom that counts, and that nothing brings them back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pcreconcile.applying import open_store
from pcreconcile.applying.consent import Withdrawals
from pcreconcile.cli import approvals_folder, consent, signing, wiring, withdrawals, withdrawing
from pcreconcile.cli.ssh_signatures import sign
from pcreconcile.manifests import read_signed, write_signed
from pcreconcile.model.approval import (
    Approval,
    Scope,
    SignedApproval,
    SignedWithdrawal,
    Withdrawal,
    signed_bytes,
    statement,
)
from pcreconcile.model.errors import ApprovalMissing, ManifestError, Refused, UsageError
from pcreconcile.model.notes import NoteDraft, NoteKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAN = "ab" * 32


class Office:
    """The shipped manifests, people with keys of whom alice, bob and dora are listed, and an approval by alice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("alice", "bob", "dora", "eve", "noone"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
            subprocess.run(command, check=True)
        self.list("alice", "bob", "dora", noone='namespaces="pcreconcile"')
        self.approval = self.approved()

    def list(self, *names: str, **options: str) -> None:
        lines = [f"{name}@x {self.public(name)}\n" for name in names]
        lines += [f"{name}@x {option} {self.public(name)}\n" for name, option in options.items()]
        (self.folder / "manifests" / "allowed_signers").write_text("".join(lines))

    def public(self, name: str) -> str:
        return " ".join((self.folder / f"{name}.pub").read_text().split()[:2])

    @property
    def session(self) -> wiring.Session:
        return wiring.open_session(str(self.folder / "manifests"))

    def approved(self, **members: object) -> SignedApproval:
        partner = self.session.loaded.partner.tenant_id
        said = Approval("alice@x", PLAN, partner, "0" * 64, Scope((), (), 0, 0), NOW, NOW + timedelta(hours=1))
        said = replace(said, **members)
        file = approvals_folder.file_for(self.folder / "approvals", PLAN, said.principal)
        signed = SignedApproval(
            said, sign(self.folder / said.principal.removesuffix("@x"), signed_bytes(said)), str(file)
        )
        approvals_folder.keep(file, write_signed(signed), said.principal)
        return signed

    def withdrawn(self, who: str, *, key: str = "", **members: object) -> Path:
        """A withdrawal as a person could write it by hand."""
        said = self.approval.approval
        withdrawal = Withdrawal(f"{who}@x", PLAN, said.partner, statement(said), said.principal, NOW)
        withdrawal = replace(withdrawal, **members)
        file = approvals_folder.withdrawal_file_for(self.folder / "approvals", withdrawal)
        signature = sign(self.folder / (key or who), signed_bytes(withdrawal))
        file.write_text(write_signed(SignedWithdrawal(withdrawal, signature, str(file))))
        return file

    def known(self) -> Withdrawals:
        return withdrawals.of_session(self.session, None)

    def is_withdrawn(self, signed: SignedApproval | None = None) -> bool:
        return statement((signed or self.approval).approval) in self.known().approvals

    def notes(self) -> int:
        return len(wiring.read_journal(self.session).notes())


@pytest.fixture
def office(partner_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.chdir(partner_folder)
    return Office(partner_folder)


def _deleted(office: Office) -> None:
    for file in (office.folder / "approvals").rglob("withdrawn-*"):
        file.unlink()


def _folder_deleted(office: Office) -> None:
    (office.folder / "approvals").rename(office.folder / "elsewhere")


def _renewed_by_the_same_file(office: Office) -> None:
    """The approval's file is put back, newer than the withdrawal."""
    file = Path(office.approval.source)
    text = file.read_text()
    file.unlink()
    file.write_text(text)


def _withdrawer_taken_out(office: Office) -> None:
    office.list("alice", "dora")


def _edited(office: Office) -> None:
    for file in (office.folder / "approvals").rglob("withdrawn-*"):
        file.write_text(file.read_text().replace(statement(office.approval.approval), "0" * 64))


STAYS: list[Callable[[Office], None]] = [
    _deleted,
    _folder_deleted,
    _renewed_by_the_same_file,
    _withdrawer_taken_out,
    _edited,
]


@pytest.mark.parametrize("undo", STAYS)
def test_nothing_brings_back_what_was_withdrawn(office: Office, undo: Callable[[Office], None]) -> None:
    office.withdrawn("bob")
    assert office.is_withdrawn()
    undo(office)
    assert office.is_withdrawn()
    assert office.notes() == 1, "kept once"


COUNTS: dict[str, tuple[str, dict[str, object]]] = {
    "by its approver": ("alice", {}),
    "by another one": ("bob", {}),
    "by an author of the change": ("dora", {}),
    "dated before the approval": ("bob", {"withdrawn_at": NOW - timedelta(days=900)}),
    "dated after its end": ("bob", {"withdrawn_at": NOW + timedelta(days=900)}),
    "naming another plan": ("bob", {"plan_id": "cd" * 32}),
    "naming another approver": ("bob", {"approver": "carl@x"}),
    "with a reason": ("bob", {"comment": "the customer called: ja, ü"}),
}


@pytest.mark.parametrize(("who", "members"), COUNTS.values(), ids=COUNTS)
def test_it_counts(office: Office, who: str, members: dict[str, object]) -> None:
    (office.folder / "approvals" / ("cd" * 32)).mkdir()
    office.withdrawn(who, **members)
    assert office.is_withdrawn()
    assert office.known().invalid == ()
    office.withdrawn("alice")
    assert office.is_withdrawn()


def _unlisted(office: Office) -> None:
    office.withdrawn("eve")


def _under_anothers_name(office: Office) -> None:
    office.withdrawn("bob", key="eve")


def _with_anothers_listed_key(office: Office) -> None:
    office.withdrawn("bob", key="dora")


def _who_may_approve_nothing(office: Office) -> None:
    office.withdrawn("noone")


def _changed_after_it_was_signed(office: Office) -> None:
    file = office.withdrawn("bob", approval="0" * 64)
    file.write_text(file.read_text().replace("0" * 64, statement(office.approval.approval)))


def _another_partner(office: Office) -> None:
    office.withdrawn("bob", partner="9f10aa00-0000-4000-8000-0000000000bb")


def _no_document(office: Office) -> None:
    file = office.withdrawn("bob")
    file.write_text("kind: Withdrawal\n")


def _outside_of_its_keys_time(office: Office) -> None:
    office.list("alice", bob='valid-after="20261201"')
    office.withdrawn("bob")


VOID: dict[Callable[[Office], None], str] = {
    _unlisted: "is not listed",
    _under_anothers_name: "is not listed",
    _with_anothers_listed_key: "belongs to dora@x, not to bob@x",
    _who_may_approve_nothing: "may approve nothing",
    _changed_after_it_was_signed: "ignature",
    _another_partner: "of another partner",
    _no_document: "withdrawn-",
    _outside_of_its_keys_time: "ignature",
}


@pytest.mark.parametrize(("attack", "told"), VOID.items(), ids=[each.__name__.strip("_") for each in VOID])
def test_it_does_not_count_and_is_told(office: Office, attack: Callable[[Office], None], told: str) -> None:
    attack(office)
    assert not office.is_withdrawn()
    assert told in " ".join(office.known().invalid)
    assert office.notes() == 0


def test_an_approval_signed_anew_counts(office: Office) -> None:
    office.withdrawn("alice")
    again = office.approved(approved_at=NOW + timedelta(seconds=1))
    assert office.is_withdrawn()
    assert not office.is_withdrawn(again)


def test_the_same_words_in_the_same_second_are_another_document(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pcreconcile.applying.ceilings import due
    from pcreconcile.model.policy import ApprovalRule
    from tests.applying.approvals import PLAN as A_PLAN

    given = (A_PLAN, due(A_PLAN), signing.Wanted(), ApprovalRule(required=2), "alice@x", NOW)
    first = signing.draft(*given)
    second = signing.draft(*given, {statement(first)})
    third = signing.draft(*given, {statement(first), statement(second)})
    assert len({statement(each) for each in (first, second, third)}) == 3
    assert third.approved_at - first.approved_at < timedelta(seconds=1)
    assert read_signed(write_signed(SignedApproval(third, office.approval.signature)).encode(), "").approval == third


def test_the_usual_way(office: Office) -> None:
    session = office.session
    kept = withdrawing.approval_in(Path(office.approval.source), session)
    file = withdrawing.withdraw(session, kept, "bob@x", str(office.folder / "bob"), "a mistake", None)
    assert file.parent.name == PLAN
    assert (office.is_withdrawn(), office.notes()) == (True, 1)
    assert "it was withdrawn by bob@x at" in next(iter(office.known().approvals.values()))
    assert "(a mistake)" in next(iter(office.known().approvals.values()))
    with pytest.raises(UsageError, match="a withdrawal already"):
        withdrawing.approval_in(file, session)


def test_what_would_not_count_is_not_written(office: Office) -> None:
    with pytest.raises(ApprovalMissing, match="nothing was written"):
        withdrawing.withdraw(office.session, office.approval, "eve@x", str(office.folder / "eve"), "", None)
    assert list((office.folder / "approvals").rglob("withdrawn-*")) == []
    assert office.notes() == 0


def test_a_heap_of_withdrawals_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withdrawals, "MOST", 1)
    office.withdrawn("alice")
    office.withdrawn("bob")
    with pytest.raises(Refused, match="delete what is none"):
        office.known()


def test_a_note_of_something_else_is_none(office: Office) -> None:
    store = open_store(office.session.journal, office.session.loaded.partner.tenant_id)
    for body in ({}, {"document": 1}, {"document": {"spec": [], "metadata": {"name": ""}}}):
        store.note(NoteDraft(NoteKind.WITHDRAWAL, NOW, "somebody", body))
    assert office.known().approvals == {}


def test_either_list_in_force_is_enough(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that takes an approver out of the list does not take her withdrawal away."""
    before = consent.allowed_signers(office.session.loaded)
    office.withdrawn("bob")
    office.list("alice")
    monkeypatch.setattr(consent, "lists_in_force", lambda session: (consent.allowed_signers(session.loaded), before))
    assert office.is_withdrawn()


def test_an_approval_is_no_withdrawal_whatever_its_file_is_called(office: Office) -> None:
    file = Path(office.approval.source)
    file.rename(file.with_name("withdrawn-x.yaml"))
    assert office.known() == Withdrawals()
    with pytest.raises(ManifestError):
        read_signed(b"kind: Withdrawal\n", "x.yaml")
