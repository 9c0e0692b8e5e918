"""`evidence` and `verify` at the command line: what is asked for, what is written, what is refused, and anchors."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from pcreconcile.applying import open_store
from pcreconcile.cli import main, wiring

SHIPPED = Path(__file__).parents[2] / "manifests"
CEDAR = "6b2e0b0c-0000-4000-8000-000000000023"


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A folder in which the shipped example has been applied."""
    folder = tmp_path_factory.mktemp("applied")
    shutil.copytree(SHIPPED, folder / "manifests")
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(["apply", "--auto-approve", "--json"]) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def folder(once, tmp_path):
    """A copy of it."""
    shutil.copytree(once, tmp_path / "desk")
    return tmp_path / "desk"


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Runs a command there; gives its exit code, stdout and stderr."""
    monkeypatch.chdir(folder)
    capsys.readouterr()

    def call(*arguments):
        code = main([str(word) for word in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def the_run(folder):
    """The ID of its only run."""
    return next(iter(open_store(folder / ".pcreconcile" / "journal.db").events())).run


def told(archive, name="evidence.json"):
    with zipfile.ZipFile(archive) as whole:
        return json.loads(whole.read(name))


def test_a_run_to_an_archive_and_proven(run, the_run, folder):
    code, said, errors = run("evidence", the_run[:8])
    archive = folder / f"evidence-{the_run}.zip"
    assert (code, errors) == (0, "")
    assert archive.name in said
    code, said, _ = run("verify", archive)
    *lines, blank, verdict = said.splitlines()
    assert (code, blank) == (0, "")
    assert all(line.startswith("ok ") for line in lines), said
    assert verdict.startswith("proven")
    assert told(archive)["audit"]["asked"] is True


def test_the_same_journal_gives_the_same_bytes(run, the_run, folder):
    for name in ("one.zip", "two.zip"):
        assert run("evidence", the_run, "--offline", "--out", name)[0] == 0
    assert (folder / "one.zip").read_bytes() == (folder / "two.zip").read_bytes()


def test_a_customer_over_all_its_runs(run, folder):
    assert run("evidence", "--customer", "cedar-logistics", "--full", "--offline")[0] == 0
    archive = folder / "evidence-cedar-logistics.zip"
    evidence = told(archive)
    assert [customer["name"] for customer in evidence["customers"]] == ["cedar-logistics"]
    assert evidence["subject"]["customer"] == CEDAR
    assert run("verify", archive)[0] == 0


def test_a_customer_whose_manifest_is_gone_is_known_by_the_kept_plan(run, folder):
    (folder / "manifests" / "customers" / "cedar-logistics.yaml").unlink()
    assert run("evidence", "--customer", "cedar-logistics", "--offline")[0] == 0


def test_offline_asks_nobody(run, the_run, monkeypatch, folder):
    def nowhere(_session):
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(wiring, "world", nowhere)
    code, _, errors = run("evidence", the_run, "--offline", "--out", "it.zip")
    assert (code, errors) == (0, "note: audit records: the service was not asked\n")
    assert run("verify", the_run)[0] == 0
    assert run("verify", "it.zip")[0] == 0


def test_a_service_that_cannot_be_asked_is_a_note_in_the_archive(run, the_run, folder):
    partner = folder / "manifests" / "partner.yaml"
    ends = ", ".join(f"{name}: 'http://127.0.0.1:9/x'" for name in ("partnerCenter", "login", "graph", "management"))
    secrets = "clientId: {env: PC_ID}, clientSecret: {env: PC_SECRET}"
    text = partner.read_text().replace(
        "cloud: simulator\n", f"cloud: custom\n  endpoints: {{{ends}}}\n  credentials: {{{secrets}}}\n"
    )
    partner.write_text(text)
    code, _, errors = run("evidence", the_run, "--out", "it.zip")
    assert code == 0
    assert "note: audit records: the service could not be asked" in errors
    assert "could not be asked" in told("it.zip")["audit"]["note"]


def test_records_older_than_the_service_keeps_them(run, the_run, monkeypatch):
    monkeypatch.setenv("PCRECONCILE_NOW", "2028-01-01T00:00:00Z")
    code, _, errors = run("evidence", the_run, "--out", "it.zip")
    assert code == 0
    assert "older than the 90 days" in errors


def test_in_records(run, the_run):
    code, out, _ = run("evidence", the_run, "--json", "--offline", "--out", "it.zip")
    version, result = (json.loads(line) for line in out.splitlines())
    assert (code, version["type"], result["type"]) == (0, "version", "result")
    assert (result["file"], result["redacted"]) == ("it.zip", True)


def test_proofs_as_json(run, the_run):
    code, out, _ = run("verify", the_run, "--format", "json")
    proofs = json.loads(out)
    assert (code, proofs["exitCode"]) == (0, 0)
    assert {proof["standing"] for proof in proofs["proofs"]} == {"ok"}


def test_a_changed_archive_fails_in_both_formats(run, the_run, folder):
    run("evidence", the_run, "--offline", "--out", "it.zip")
    whole = bytearray((folder / "it.zip").read_bytes())
    whole[len(whole) // 2] ^= 1
    (folder / "it.zip").write_bytes(bytes(whole))
    code, said, _ = run("verify", "it.zip")
    assert code == 1
    assert said.startswith("FAIL        archive: ")
    code, out, _ = run("verify", "it.zip", "--format", "json")
    assert (code, json.loads(out)["exitCode"]) == (1, 1)


def test_a_damaged_journal_proves_nothing(run, the_run, folder):
    journal = folder / ".pcreconcile" / "journal.db"
    whole = journal.read_bytes()
    assert whole.count(b'"status":"deleted"') > 1
    journal.write_bytes(whole.replace(b'"seen":{"status":"deleted"}', b'"seen":{"status":"Deleted"}'))
    for words in (["verify", the_run], ["evidence", the_run]):
        code, _, errors = run(*words)
        assert code == 1
        assert "damaged" in errors


@pytest.mark.parametrize(
    ("words", "told_"),
    [
        (["evidence"], "give a RUN"),
        (["evidence", "abcd", "--customer", "x"], "one of them"),
        (["evidence", "ffffffff"], "knows no run of that ID"),
        (["evidence", "--customer", "nobody"], "nobody: neither"),
        (["evidence", "--customer", "quince-retail"], "no run that touched it"),
        (["evidence", "--customer", "cedar-logistics", "--to", "2020-01-01"], "to 2020-01-01"),
        (["evidence", "--customer", "x", "--from", "2026-02-02", "--to", "2026-02-01"], "is before"),
        (["evidence", "abcd", "--from", "2026-02-02"], "go with --customer"),
        (["evidence", "--customer", "x", "--from", "yesterday"], "expected a day"),
        (["evidence", "--customer", "cedar-logistics", "--out", "no/such/folder.zip"], "cannot be written"),
        (["verify", "ffffffff"], "knows no run of that ID"),
        (["verify", "missing.zip"], "No such file"),
        (["verify", "manifests"], "knows no run of that ID"),
        (["verify", "cafe", "--allowed-signers", "missing"], "No such file"),
        (["verify", "cafe", "--anchor", "journal/x"], "no such tag"),
        (["verify", "cafe", "--anchor", "--upload-pack=x"], "no such tag"),
    ],
)
def test_what_cannot_be_asked(run, words, told_, folder):
    subprocess.run(["git", "init", "-q", folder], check=True)
    code, out, errors = run(*words)
    assert code == 1
    assert out == ""
    assert told_ in errors


def git(folder, *words):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@contoso.example", "-c", "gpg.format=ssh"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def anchored(run, folder):
    """The folder as a git repository, Ada's key in its allowed_signers, and the journal's head."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    public = (folder / "key.pub").read_text()
    (folder / "manifests" / "allowed_signers").write_text(f"ada@contoso.example {public}")
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "begin")
    return run("history", "--head")[1]


def tag(folder, name, message, *how):
    git(folder, "-c", f"user.signingkey={folder / 'key'}", "tag", *how, name, "-m", message)


def test_a_signed_tag_vouches_for_the_chain(run, folder, anchored, the_run):
    tag(folder, "journal/2026-11-22", anchored, "-s")
    run("evidence", the_run, "--offline", "--out", "it.zip")
    for subject in (the_run, "it.zip"):
        code, said, errors = run("verify", subject, "--anchor", "journal/2026-11-22")
        assert (code, errors) == (0, "")
        assert "ok          anchor: anchored: yes, at event" in said


def test_an_auditor_elsewhere_brings_repository_and_signers(run, folder, anchored, the_run, monkeypatch, tmp_path):
    tag(folder, "journal/1", anchored, "-s")
    run("evidence", the_run, "--offline", "--out", tmp_path / "it.zip")
    monkeypatch.chdir(tmp_path)
    signers = ["--allowed-signers", folder / "manifests" / "allowed_signers"]
    assert run("verify", "it.zip", "--anchor", "journal/1", "--repository", folder, *signers)[0] == 0
    code, _, errors = run("verify", "it.zip", "--anchor", "journal/1", *signers)
    assert (code, "--repository" in errors) == (1, True)


@pytest.mark.parametrize(
    ("how", "change", "told_"),
    [
        ([], str, "not a signed tag"),
        (["-a"], str, "its signature does not count"),
        (["-s"], lambda head: head.replace(" v1 ", " v2 "), "not of the form"),
        (["-s"], lambda _: "a tag like any other", "expected one line"),
        (["-s"], lambda head: head + head, "found 2"),
    ],
)
def test_tags_that_vouch_for_nothing(run, folder, anchored, the_run, how, change, told_):
    if how:
        tag(folder, "journal/1", change(anchored), *how)
    else:
        git(folder, "tag", "journal/1")
    code, out, errors = run("verify", the_run, "--anchor", "journal/1")
    assert (code, out) == (1, "")
    assert told_ in errors


def test_a_tag_of_an_unknown_key(run, folder, anchored, the_run):
    tag(folder, "journal/1", anchored, "-s")
    (folder / "manifests" / "allowed_signers").write_text("ada@contoso.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n")
    code, _, errors = run("verify", the_run, "--anchor", "journal/1")
    assert (code, "its signature does not count" in errors) == (1, True)


def test_a_tag_of_another_head(run, folder, anchored, the_run):
    *words, last = anchored.split()
    tag(folder, "journal/1", " ".join([*words, last[::-1]]), "-s")
    code, said, _ = run("verify", the_run, "--anchor", "journal/1")
    assert (code, "FAIL        anchor: " in said) == (1, True)
