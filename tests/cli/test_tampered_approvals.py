"""An approval file with one byte changed: refused, or it still says and signs exactly what it did."""

from __future__ import annotations

import random
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from pcreconcile.cli.ssh_signatures import SshSignatures
from pcreconcile.manifests import read_approval, write_signed
from pcreconcile.model.approval import NAMESPACE, Approval, Scope, SignedApproval, signed_bytes
from pcreconcile.model.errors import BadSignature, ManifestError
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.plan import ActionKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHO = "anna@contoso.example"
APPROVAL = Approval(
    principal=WHO,
    plan_id=PlanId("422f1594eab93eb34e26b346d8067df271c06b3f83937ed68262ddf55741fe20"),
    partner=TenantId("9f10aa00-0000-4000-8000-0000000000aa"),
    consequences="8b8238b800836eae1ee9ce3129f414ef19f66e42c1c4967c30d90a97ba24fd90",
    scope=Scope((TenantId("6b2e0b0c-0000-4000-8000-000000000021"),), (ActionKind.CANCEL_SUBSCRIPTION,), 12, 118),
    approved_at=NOW,
    expires_at=NOW + timedelta(hours=72),
    comment="seen by Köln",
)
VERIFIED = 60  # how many of the changed files that can still be read are put before ssh-keygen


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, SshSignatures]:
    """A file as `approve` writes it, and who judges it."""
    key = tmp_path_factory.mktemp("key") / "anna"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", key]
    signature = subprocess.run(command, input=signed_bytes(APPROVAL), check=True, capture_output=True).stdout.decode()
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    return write_signed(SignedApproval(APPROVAL, signature)).encode(), SshSignatures(f"{WHO} {public}\n".encode())


def counts(data: bytes, judge: SshSignatures) -> bool:
    """Whether the file holds an approval that its signature covers."""
    try:
        signed = read_approval(data, "anna.yaml")
        judge.verify(signed.approval.principal, signed_bytes(signed.approval), signed.signature, NOW)
    except (ManifestError, BadSignature):
        return False
    return True


def test_as_written_it_counts(made: tuple[bytes, SshSignatures]) -> None:
    assert counts(*made)


def test_a_changed_byte_is_refused_or_changes_nothing(made: tuple[bytes, SshSignatures]) -> None:
    data, judge = made
    chance, readable = random.Random(7), []
    for place in range(len(data)):
        hurt = bytearray(data)
        hurt[place] ^= 1 << chance.randrange(8)
        try:
            signed = read_approval(bytes(hurt), "anna.yaml")
        except ManifestError:
            continue
        if signed.approval != APPROVAL or signed.signature != read_approval(data, "anna.yaml").signature:
            readable.append(bytes(hurt))
    assert readable, "some changes must still make a document, or this would only test the reader"
    for hurt in chance.sample(readable, min(VERIFIED, len(readable))):
        assert not counts(hurt, judge)
