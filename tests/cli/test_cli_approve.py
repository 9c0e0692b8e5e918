"""`approve`: what is shown and signed, what is refused before anything is written, and OpenSSH agrees by itself."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from pcreconcile.cli import main
from pcreconcile.manifests.approvals import read_approval
from pcreconcile.model.approval import signed_bytes

ASPEN = "6b2e0b0c-0000-4000-8000-000000000021"
AUTHOR = "author@example.com"


class Approvers:
    """The shipped manifests in a repository, a plan for one customer, and keys for some people."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self.capsys = capsys
        for name in ("alice", "bob", "author", "stranger"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name], check=True)
        self.policy("required: 2")
        self.list(alice="", bob="", author="")
        (folder / ".gitignore").write_text(".pcreconcile\n")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("add", "manifests", ".gitignore")
        self.git("commit", "--quiet", "--message", "manifests")
        code = main(["plan", "--target", "customer/aspen-books", "--out", "a.plan.json"])
        assert (code, self.capsys.readouterr().err) == (0, "")
        self.plan_id = json.loads((folder / "a.plan.json").read_text())["planId"]

    def git(self, *words):
        subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True)

    def policy(self, approvals):
        file = self.folder / "manifests" / "policy.yaml"
        file.write_text(re.sub(r"approvals: \{.*\}", f"approvals: {{{approvals}}}", file.read_text()))

    def list(self, **options):
        """`allowed_signers` with these people, each with options."""
        lines = []
        for name, option in options.items():
            key = " ".join((self.folder / f"{name}.pub").read_text().split()[:2])
            lines.append(" ".join(filter(None, (f"{name}@example.com", option, key))))
        (self.folder / "manifests" / "allowed_signers").write_text("\n".join(lines) + "\n")

    def __call__(self, *arguments, who="alice", yes=("--yes",)):
        identity = ["--as", f"{who}@example.com", "--key", who] if who else []
        code = main(["approve", "a.plan.json", *identity, *yes, *arguments])
        return code, *self.capsys.readouterr()

    def files(self):
        return sorted(self.folder.glob("approvals/**/*.yaml"))

    def written(self, who="alice@example.com"):
        file = self.folder / "approvals" / self.plan_id / f"{who}.yaml"
        return read_approval(file.read_bytes(), "it").approval


@pytest.fixture
def approve(partner_folder, monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(partner_folder))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "author")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", AUTHOR)
    monkeypatch.chdir(partner_folder)
    return Approvers(partner_folder, capsys)


def test_exactly_what_the_plan_does_is_signed(approve):
    code, out, errors = approve("--comment", "seen with the customer: ja, ü")
    assert (code, errors) == (0, "")
    said = approve.written()
    assert (said.principal, said.plan_id) == ("alice@example.com", approve.plan_id)
    assert (said.scope.customers, said.scope.one_way, said.scope.seats, said.scope.money) == ((ASPEN,), 1, 10, ())
    assert said.scope.kinds == ("remove-relationship", "suspend-subscription")
    assert said.expires_at - said.approved_at == timedelta(hours=72)
    assert said.comment == "seen with the customer: ja, ü"
    assert "3 actions, 1 of them ONE-WAY; 10 seats; commits no money" in out
    assert "at most 1 action" in out
    assert "There is now 1 for this plan; the policy wants 2 approvals by different people." in out


def test_a_ceiling_may_be_wider_than_the_plan(approve):
    wide = ("--max-one-way", "9", "--max-seats", "99", "--max-money", "100.00 EUR", "--max-money", "5 USD")
    assert approve(*wide, "--expires", "24h")[0] == 0
    said = approve.written()
    assert (said.scope.one_way, said.scope.seats, [str(each) for each in said.scope.money]) == (
        9,
        99,
        ["100.00 EUR", "5.00 USD"],
    )
    assert said.expires_at - said.approved_at == timedelta(hours=24)


def test_a_part_may_be_approved(approve):
    assert approve("--kind", "suspend-subscription", "--customer", "aspen-books")[0] == 0
    scope = approve.written().scope
    assert (scope.kinds, scope.one_way, scope.seats) == (("suspend-subscription",), 0, 10)


def test_openssh_accepts_the_signature_by_itself(approve):
    """As docs/approvals.md shows it."""
    assert approve()[0] == 0
    (file,) = approve.files()
    assert main(["approve", "--canonical", str(file)]) == 0
    canonical = approve.capsys.readouterr().out.encode()
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    del document["signature"]
    by_anybody = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical == by_anybody == signed_bytes(approve.written())
    cut = f"sed -n '/BEGIN SSH/,/END SSH/s/^ *//p' {file} > approval.sig"
    subprocess.run(["sh", "-c", cut], check=True)
    verify = ["ssh-keygen", "-Y", "verify", "-f", "manifests/allowed_signers", "-I", "alice@example.com"]
    verify += ["-n", "pcreconcile", "-s", "approval.sig"]
    assert subprocess.run(verify, input=canonical, capture_output=True, check=False).returncode == 0
    assert subprocess.run(verify, input=canonical + b" ", capture_output=True, check=False).returncode != 0


REFUSED = {
    # what is typed, as whom, exit code, what is said
    "an author": ([], "author", 4, "by git the approver is an author of what is wanted of aspen-books"),
    "a key that is not listed": ([], "stranger", 4, "is not listed in manifests/allowed_signers"),
    "another person's key": (["--as", "bob@example.com"], "alice", 4, "belongs to alice@example.com, not to bob"),
    "less than the plan does": (["--max-one-way", "0"], "alice", 4, "1 one-way actions are planned and it allows 0"),
    "fewer seats": (["--max-seats", "9"], "alice", 4, "10 seats are planned and it allows 9"),
    "an unknown customer": (["--customer", "aspen"], "alice", 1, "no customer aspen in what this plan does"),
    "an unknown kind": (["--kind", "suspend"], "alice", 1, "no kind of action suspend"),
    "a kind that is not due": (["--kind", "return-reservation"], "alice", 1, "nothing of that kind"),
    "longer than the policy lets it": (["--expires", "73h"], "alice", 1, "72 hours at most"),
    "no time at all": (["--expires", "0"], "alice", 1, "a minute at least"),
    "no amount": (["--max-money", "many EUR"], "alice", 1, "expected an amount"),
    "no currency": (["--max-money", "100"], "alice", 1, "expected an amount with a currency"),
    "an amount twice": (["--max-money", "1 EUR", "--max-money", "2 EUR"], "alice", 1, "second amount in this currency"),
    "no key": (["--key", "nothing"], "alice", 1, "no such key"),
    "no plan": (["--canonical", "x.yaml"], "alice", 1, "--canonical takes an approval, and no plan"),
    "another partner's folder of nothing": (["--manifests", "nowhere"], "alice", 1, "no such file or folder"),
    "nobody there": (None, "alice", 1, "nobody is there to answer"),
}


@pytest.mark.parametrize(("typed", "who", "code", "said"), REFUSED.values(), ids=REFUSED)
def test_refused_and_nothing_written(approve, typed, who, code, said):
    ended = approve(*(typed or ()), who=who, yes=() if typed is None else ("--yes",))
    assert (ended[0], said in ended[2]) == (code, True), ended[2]
    assert approve.files() == []


@pytest.mark.parametrize(
    ("option", "kinds", "code"),
    [
        ('namespaces="pcreconcile*"', [], 0),
        ('namespaces="git"', [], 4),
        ('namespaces="pcreconcile,pcreconcile:takes-service"', [], 4),
        ('namespaces="pcreconcile,pcreconcile:takes-service"', ["--kind", "suspend-subscription"], 0),
        ('valid-before="20200101"', [], 4),
    ],
)
def test_who_may_approve_what(approve, option, kinds, code):
    approve.list(alice=option)
    assert approve(*kinds)[0] == code
    assert len(approve.files()) == (code == 0)


def test_no_list_of_signers(approve):
    (approve.folder / "manifests" / "allowed_signers").unlink()
    assert approve()[0] == 4
    assert approve.files() == []


def test_as_git_says(approve):
    (approve.folder / ".gitconfig").write_text(
        "[user]\nemail = bob@example.com\nsigningkey = bob.pub\n[gpg]\nformat = ssh\n"
    )
    assert approve(who=None)[0] == 0
    assert approve.written("bob@example.com").principal == "bob@example.com"


def test_the_usual_key(approve):
    (approve.folder / ".gitconfig").write_text("[user]\nemail = bob@example.com\nsigningkey = ABCD1234\n")
    code, _, errors = approve(who=None)
    assert (code, "there is no key to sign with" in errors) == (1, True)
    (approve.folder / ".ssh").mkdir()
    (approve.folder / "bob").rename(approve.folder / ".ssh" / "id_ed25519")
    assert approve(who=None)[0] == 0


def test_nobody_says_who(approve):
    code, _, errors = approve(who=None)
    assert (code, "nobody says who approves" in errors) == (1, True)


class _Keyboard:
    def __init__(self, typed):
        self.typed = typed

    def isatty(self):
        return True

    def readline(self):
        return self.typed


@pytest.mark.parametrize(("typed", "files"), [("yes\n", 1), ("y\n", 0), ("", 0)])
def test_a_person_is_asked(approve, monkeypatch, typed, files):
    monkeypatch.setattr("sys.stdin", _Keyboard(typed))
    code, out, errors = approve(yes=())
    assert (code, len(approve.files())) == (0 if files else 1, files)
    assert "Approve this?" in errors
    assert "aspen-books" in out, "shown before it is asked"


def test_ones_own_approval_is_written_anew_and_nobody_elses(approve):
    assert approve()[0] == 0
    assert approve("--comment", "again")[0] == 0
    assert approve.written().comment == "again"
    (file,) = approve.files()
    file.write_text(file.read_text().replace("alice@", "carol@"))
    code, _, errors = approve()
    assert (code, "no approval of alice@example.com" in errors) == (1, True)


@pytest.mark.parametrize("place", ["approvals", "approvals/{plan}", "approvals/{plan}/alice@example.com.yaml"])
def test_nothing_is_written_where_it_cannot_or_must_not_be(approve, place):
    path = approve.folder / place.format(plan=approve.plan_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    elsewhere = approve.folder / "elsewhere"
    if place == "approvals":
        path.write_text("")
    else:
        elsewhere.mkdir()
        path.symlink_to(elsewhere)
    assert approve()[0] == 1
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


def test_another_folder(approve, monkeypatch):
    assert approve("--approvals", "kept")[0] == 0
    monkeypatch.setenv("PCRECONCILE_APPROVALS", "kept-too")
    assert approve(who="bob")[0] == 0
    assert (approve.folder / "kept" / approve.plan_id / "alice@example.com.yaml").is_file()
    assert (approve.folder / "kept-too" / approve.plan_id / "bob@example.com.yaml").is_file()


def test_a_plan_that_would_not_be_applied_is_not_approved(approve):
    day = (datetime.now(UTC) + timedelta(days=60)).date()
    assert main(["plan", "--target", "customer/aspen-books", "--at", str(day), "--out", "a.plan.json"]) == 0
    code, _, errors = approve()
    assert (code, "projection" in errors) == (1, True)
    text = (approve.folder / "a.plan.json").read_text()
    (approve.folder / "a.plan.json").write_text(text.replace("aspen", "maple"))
    assert approve()[0] == 1
    assert main(["plan", "--target", "customer/juniper-foods", "--out", "a.plan.json"]) == 0
    code, _, errors = approve()
    assert (code, "this plan does nothing now" in errors) == (1, True)
    assert approve.files() == []


def test_no_file(approve):
    assert main(["approve", "--yes"]) == 1
    assert "PLANFILE is missing" in approve.capsys.readouterr().err
    assert main(["approve", "--canonical", "manifests/policy.yaml"]) == 1
    assert main(["approve", "--canonical", "nothing.yaml"]) == 1
