"""A checkout in which everything that concerns git happens: shipped manifests, an author, an approver, a kept plan."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from pcreconcile.cli import main
from pcreconcile.cli.authors import authors
from pcreconcile.cli.wiring import read_manifests

SHIPPED = Path(__file__).parents[2] / "manifests"
ASPEN = "6b2e0b0c-0000-4000-8000-000000000021"
NOW = "2026-12-01T09:00:00Z"
SECRETS = {
    "PC_CLIENT_SECRET": "s3cret-of-the-app",
    "PC_REFRESH_TOKEN": "s3cret-of-the-user",
    "AWS_SECRET_ACCESS_KEY": "s3cret-of-another",
    "PCRECONCILE_JOURNAL_KEY": "",
    "GITHUB_TOKEN": "s3cret-of-the-pipeline",
}


def outside_settings(monkeypatch, home):
    """No settings of git, of ssh or of ours from whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_", "PCRECONCILE_"))]:
        monkeypatch.delenv(name)
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PCRECONCILE_NOW", NOW)


class Site:
    """`checkout/fleet/manifests` in a repository; keys and approver lie beside the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "checkout"
        self.manifests = self.checkout / "fleet" / "manifests"
        self.canary = folder / "canary"
        self.plan = folder / "a.plan.json"

    @property
    def trigger(self) -> str:
        """A command that tells that it was run, and with which environment."""
        return f"env >> {self.canary}; false"

    def found(self) -> "Site":
        """Make it: the founder's manifests, then a change by the author."""
        shutil.copytree(SHIPPED, self.manifests)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.folder / "alice"], check=True
        )
        key = " ".join((self.folder / "alice.pub").read_text().split()[:2])
        (self.manifests / "allowed_signers").write_text(f"alice@example.com {key}\n")
        policy = self.manifests / "policy.yaml"
        policy.write_text(re.sub(r"approvals: \{.*\}", "approvals: {required: 1}", policy.read_text()))
        (self.checkout / ".gitignore").write_text(".pcreconcile/\n")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("founder")
        self.edit("CHG-4821", "CHG-9999")
        self.commit("author")
        return self

    @property
    def aspen(self) -> Path:
        """The customer that leaves."""
        return self.manifests / "customers" / "aspen-books.yaml"

    def edit(self, old: str, new: str) -> None:
        text = self.aspen.read_text()
        assert old in text
        self.aspen.write_text(text.replace(old, new))

    def git(self, *words: str, who: str = "somebody", folder: Path | None = None, check: bool = True, **extra: str):
        people = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("EMAIL", who if "@" in who else f"{who}@example.com"), ("NAME", who))
        }
        done = subprocess.run(
            ["git", *words],
            cwd=folder or self.checkout,
            env={**os.environ, **people, **extra},
            check=check,
            capture_output=True,
            text=True,
            timeout=600,
        )
        return done.stdout.strip()

    def commit(self, who: str, message: str = "manifests", **extra: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, who=who, **extra)
        return self.git("rev-parse", "HEAD")

    def run(self, *arguments: str) -> int:
        return main([str(each) for each in arguments])

    def make_plan(self) -> int:
        return self.run("plan", "--target", "customer/aspen-books", "--out", self.plan, self.manifests)

    def commands(self) -> dict[str, list[str]]:
        """Every command that asks git for something."""
        here = ["--manifests", str(self.manifests)]
        identity = ["--as", "alice@example.com", "--key", str(self.folder / "alice")]
        return {
            "plan": ["plan", str(self.manifests)],
            "plan --base": ["plan", "--base", "HEAD~1", str(self.manifests)],
            "deadlines": ["deadlines", *here],
            "doctor": ["doctor", *here],
            "approve": ["approve", str(self.plan), *identity, "--yes", *here],
            "approve by git's words": ["approve", str(self.plan), "--yes", *here],
            "apply": ["apply", str(self.plan), *here],
            "verify --anchor": ["verify", "last", "--anchor", "t", *here],
        }

    def authors(self, **extra):
        """Of the customer that leaves, without the part of the address that all share; None: not known."""
        people = authors(read_manifests(str(self.manifests)), (ASPEN,), **extra).get(ASPEN)
        return None if people is None else {each.removesuffix("@example.com") for each in people}

    def plan_file(self) -> dict:
        return json.loads(self.plan.read_text())

    def copy_to(self, folder: Path) -> "Site":
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Site(folder)
