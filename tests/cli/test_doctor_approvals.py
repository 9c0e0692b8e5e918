"""`doctor` on approvals: enough different people, and none of them is who applies."""

import re
import subprocess

import pytest

from pcreconcile.cli import main

USER = "admin@partner.onmicrosoft.com"  # whom the simulator's refresh token speaks for
LINE = re.compile(r"(ok  |warn|fail)  (signatures|approvers|approvals folder|who applies): (.*)")


class Clinic:
    """The shipped manifests, and what doctor says of their approvals."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self.capsys = capsys
        for name in ("one", "two"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name], check=True)

    def policy(self, required):
        file = self.folder / "manifests" / "policy.yaml"
        file.write_text(file.read_text().replace("required: 0", f"required: {required}"))

    def signers(self, *lines):
        """Names with options, and whose key."""
        keys = {name: " ".join((self.folder / f"{name}.pub").read_text().split()[:2]) for name in ("one", "two")}
        text = "".join(f"{names} {keys[key]}\n" for names, key in lines)
        (self.folder / "manifests" / "allowed_signers").write_text(text)

    def __call__(self):
        """Exit code, and what is told by level and name."""
        code = main(["doctor"])
        lines = [LINE.fullmatch(line) for line in self.capsys.readouterr().out.splitlines()]
        return code, {(line[1].strip(), line[2]): line[3] for line in lines if line}


@pytest.fixture
def clinic(partner_folder, monkeypatch, capsys):
    monkeypatch.chdir(partner_folder)
    return Clinic(partner_folder, capsys)


def test_nothing_is_said_where_no_approvals_are_wanted(clinic):
    clinic.signers((USER, "one"))
    assert clinic() == (0, {})


def test_all_is_well(clinic):
    clinic.policy(2)
    clinic.signers(("alice@example.com", "one"), ("bob@example.com", "two"))
    code, told = clinic()
    assert (code, list(told)) == (
        0,
        [("ok", "signatures"), ("ok", "approvers"), ("ok", "approvals folder"), ("ok", "who applies")],
    )
    assert f"{USER}, who is no approver" in told["ok", "who applies"]


ILL = {
    # who is listed, what fails, what is said
    "nobody": ([], "approvers", "0 of 2 different people"),
    "one alone": ([("alice@example.com", "one")], "approvers", "1 of 2"),
    "one with two keys": ([("alice@example.com", "one"), ("Alice@example.com", "two")], "approvers", "1 of 2"),
    "one key for two": ([("alice@example.com", "one"), ("bob@example.com", "one")], "approvers", "1 of 2"),
    "a pattern": ([("alice@example.com", "one"), ("*@example.com", "two")], "approvers", "1 of 2"),
    "for git alone": (
        [("alice@example.com", "one"), ('bob@example.com namespaces="git"', "two")],
        "approvers",
        "1 of 2",
    ),
    "for one sort alone": (
        [("alice@example.com", "one"), ('bob@example.com namespaces="pcreconcile,pcreconcile:takes-service"', "two")],
        "approvers",
        "1 of 2 different people are listed who may approve one-way actions",
    ),
    "who applies": ([("alice@example.com", "one"), (USER, "two")], "who applies", "is also listed as an approver"),
    "who applies, in capitals": ([("alice@example.com", "one"), (USER.upper(), "two")], "who applies", "also listed"),
    "a second name of who applies": (
        [("alice@example.com", "one"), (f"bob@example.com,{USER}", "two")],
        "who applies",
        "also listed",
    ),
}


@pytest.mark.parametrize(("listed", "name", "said"), ILL.values(), ids=ILL)
def test_who_is_listed(clinic, listed, name, said):
    clinic.policy(2)
    clinic.signers(*listed)
    code, told = clinic()
    assert code == 1
    assert [each for level, each in told if level == "fail"] == [name]
    assert said in told["fail", name]


def test_no_list(clinic):
    clinic.policy(1)
    code, told = clinic()
    assert (code, "0 of 1" in told["fail", "approvers"]) == (1, True)


@pytest.mark.parametrize("kind", ["folder", "too large"])
def test_a_list_that_cannot_be_read(clinic, kind):
    clinic.policy(1)
    path = clinic.folder / "manifests" / "allowed_signers"
    if kind == "folder":
        path.mkdir()
    else:
        path.write_text("#" * (2**20 + 1))
    code, told = clinic()
    assert (code, ("fail", "approvers") in told, ("warn", "who applies") in told) == (1, True, True)


def test_approvals_among_the_manifests(clinic, monkeypatch):
    clinic.policy(2)
    clinic.signers(("alice@example.com", "one"), ("bob@example.com", "two"))
    monkeypatch.setenv("PCRECONCILE_APPROVALS", "manifests/approvals")
    code, told = clinic()
    assert (code, "part of the manifests" in told["fail", "approvals folder"]) == (1, True)


def test_no_ssh_keygen(clinic, monkeypatch):
    clinic.policy(2)
    clinic.signers(("alice@example.com", "one"), ("bob@example.com", "two"))
    monkeypatch.setenv("PATH", str(clinic.folder))
    code, told = clinic()
    assert (code, "ssh-keygen is not installed" in told["fail", "signatures"]) == (1, True)
