"""Evidence in real processes: of the shipped demo, and of a run that people approved with their SSH keys."""

import json
import random
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcreconcile.applying import read_events
from pcreconcile.simulator import CLIENT_SECRET, REFRESH_TOKEN
from tests.e2e.conftest import ESTATES, Desk, simulating
from tests.e2e.test_approvals import PLAN, Office

SEED = 20261122


def run_of(desk: Desk) -> str:
    return next(iter(read_events(desk.folder / ".pcreconcile" / "journal.db"))).run


def unpacked(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as whole:
        whole.extractall(folder)
    return folder


def all_ok(said: str) -> bool:
    lines, _, verdict = said.partition("\n\n")
    return verdict.startswith("proven") and all(line.startswith("ok ") for line in lines.splitlines())


@pytest.mark.parametrize("names", [[], ["--full"]], ids=["redacted", "full"])
def test_the_shipped_demo_proves_itself(shipped: Desk, names: list[str]) -> None:
    shipped("plan", "--out", "demo.plan.json", expect=0)
    shipped("apply", "demo.plan.json", expect=0)
    run = run_of(shipped)
    shipped("evidence", run[:8], "--out", "demo.zip", *names, expect=0)
    assert all_ok(shipped("verify", "demo.zip", expect=0).stdout)
    assert all_ok(shipped("verify", run, expect=0).stdout)
    folder = unpacked(shipped.folder / "demo.zip", shipped.folder / "unpacked")
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "digests.txt"], cwd=folder, check=True)
    whole = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not [secret for secret in (CLIENT_SECRET, REFRESH_TOKEN) if secret.encode() in whole]
    assert (b"Cedar Logistics" in whole) == bool(names)


def test_no_sampled_byte_of_the_demo_can_be_changed(shipped: Desk) -> None:
    shipped("apply", "--auto-approve", expect=0)
    shipped("evidence", run_of(shipped), "--offline", "--out", "demo.zip", expect=0)
    whole = (shipped.folder / "demo.zip").read_bytes()
    chance = random.Random(SEED)
    for at in chance.sample(range(len(whole)), 6):
        changed = whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :]
        (shipped.folder / "changed.zip").write_bytes(changed)
        assert "FAIL" in shipped("verify", "changed.zip", expect=1).stdout, at


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Two people approved what was then applied, and its archive is there, in full and redacted."""
    folder = tmp_path_factory.mktemp("approved")
    with simulating(folder, "--estate", str(ESTATES / "half-read.yaml")) as service:
        office = Office(folder)
        office.found(service.url)
        office.desk("plan", "--out", PLAN, expect=0)
        office.approve("alice")
        office.approve("bob")
        office.desk("apply", PLAN, "--auto-approve", expect=0)
        office.desk("evidence", run_of(office.desk), "--full", "--out", "full.zip", expect=0)
        office.desk("evidence", run_of(office.desk), "--out", "redacted.zip", expect=0)
        yield office


@pytest.mark.parametrize("archive", ["full.zip", "redacted.zip"])
def test_approvals_are_proven_by_their_signatures(approved: Office, archive: str) -> None:
    said = approved.desk("verify", archive, "--allowed-signers", "manifests/allowed_signers", expect=0).stdout
    assert all_ok(said), said
    assert said.count("signature: ") == 2
    assert "runs had the approvals" in said


def test_ssh_keygen_accepts_them_by_itself(approved: Office, tmp_path: Path) -> None:
    folder = unpacked(approved.folder / "full.zip", tmp_path)
    signed = sorted(folder.glob("approvals/*/*.json"))
    assert len(signed) == 2
    for file in signed:
        who = json.loads(file.read_bytes())["metadata"]["name"]
        words = [
            "ssh-keygen",
            "-Y",
            "verify",
            "-f",
            "allowed_signers",
            "-I",
            who,
            "-n",
            "pcreconcile",
            "-s",
            f"{file}.sig",
        ]
        subprocess.run(words, cwd=folder, input=file.read_bytes(), check=True, capture_output=True)


def test_a_list_without_one_of_them_proves_less(approved: Office, tmp_path: Path) -> None:
    lines = (approved.folder / "manifests" / "allowed_signers").read_text().splitlines()
    (tmp_path / "signers").write_text("\n".join(line for line in lines if "bob" not in line) + "\n")
    said = approved.desk("verify", "full.zip", "--allowed-signers", str(tmp_path / "signers"), expect=1).stdout
    assert "FAIL        signature: " in said
    assert "was approved by 1 of 2" in said


def test_a_customers_evidence_leaves_the_other_out(approved: Office) -> None:
    approved.desk("evidence", "--customer", "umber-tools", "--offline", "--out", "umber.zip", expect=0)
    said = approved.desk("verify", "umber.zip", expect=0).stdout
    assert "FAIL" not in said
    with zipfile.ZipFile(approved.folder / "umber.zip") as whole:
        shown = json.loads(whole.read("evidence.json"))
    assert [customer["name"] for customer in shown["customers"]] == ["customer-1"]
