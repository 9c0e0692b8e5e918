"""With a base an approval counts only where the list of the change and that at the base both know its signer."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.cli.guarded import Guarded, guarded

__all__ = ["guarded"]

REQUIRED = {"approvals": {"required": 1}}


class Signers:
    """People with keys beside a guarded folder, and the list of who may approve."""

    def __init__(self, desk: Guarded) -> None:
        self.desk = desk

    def list(self, *names: str) -> None:
        lines = [f"{name}@example.com {' '.join(self._key(name).split()[:2])}\n" for name in names]
        (self.desk.folder / "manifests" / "allowed_signers").write_text("".join(lines), encoding="utf-8")

    def _key(self, name: str) -> str:
        file = self.desk.folder / "keys" / name
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
            subprocess.run(made, check=True, timeout=600)
        return file.with_suffix(".pub").read_text(encoding="utf-8")

    def approve(self, name: str, plan: str = "kept.plan.json") -> None:
        who = ("--as", f"{name}@example.com", "--key", str(self.desk.folder / "keys" / name), "--yes")
        code, _, errors = self.desk("approve", plan, *who)
        assert code == 0, errors


def _nothing(desk: Guarded, signers: Signers) -> None:
    desk.policy(**REQUIRED)


def _adds_herself(desk: Guarded, signers: Signers) -> None:
    signers.list("anna", "eve")


def _wants_none(desk: Guarded, signers: Signers) -> None:
    desk.policy()


def _wants_none_of_one_way(desk: Guarded, signers: Signers) -> None:
    desk.policy(approvals={"required": 1, "for": ["commits-money"]})


def _takes_another_list(desk: Guarded, signers: Signers) -> None:
    signers.list("anna", "eve")
    file = desk.folder / "manifests" / "allowed_signers"
    file.rename(desk.folder / "manifests" / "signers")
    signers.list("anna")
    desk.policy(approvals={"required": 1, "allowedSigners": "signers"})


CHANGES = [
    # what the change does to what judges it, who has approved, how apply ends
    (_nothing, [], 4),
    (_nothing, ["anna"], 0),
    (_adds_herself, ["eve"], 4),
    (_adds_herself, ["anna"], 0),
    (_wants_none, [], 4),
    (_wants_none, ["anna"], 0),
    (_wants_none_of_one_way, [], 4),
    (_takes_another_list, ["eve"], 4),
    (_takes_another_list, ["anna"], 0),
]


@pytest.mark.parametrize(("change", "approvers", "ends"), CHANGES)
def test_an_approval_counts_under_both_lists(
    guarded: Guarded, change: Callable[[Guarded, Signers], None], approvers: list[str], ends: int
) -> None:
    signers = Signers(guarded)
    guarded.policy(**REQUIRED)
    signers.list("anna")
    guarded.repository()
    change(guarded, signers)
    guarded.customer("mig")
    guarded.commit()
    assert guarded("plan", "--base", "HEAD~1", "--out", "kept.plan.json")[0] == 0
    for name in approvers:
        signers.approve(name)
    code, _, errors = guarded("apply", "kept.plan.json", "--base", "HEAD~1")
    assert code == ends, errors


@pytest.mark.parametrize("base", [(), ("--base", "HEAD~1")])
def test_a_new_approver_approves_what_was_asked_for_months_ago(guarded: Guarded, base: tuple[str, ...]) -> None:
    """The exit was written while Anna approved; Bob has come since, by a change of its own. Without a base the list of
    HEAD is in force, and where the base is the commit before, Bob was in it."""
    signers = Signers(guarded)
    guarded.policy(**REQUIRED)
    signers.list("anna")
    guarded.customer("mig")
    guarded.repository()
    signers.list("bob")
    guarded.commit()
    guarded.customer("mig", reason="contract ended in autumn")
    guarded.commit()
    assert guarded("plan", *base, "--out", "kept.plan.json")[0] == 0
    signers.approve("bob")
    assert guarded("apply", "kept.plan.json", *base)[0] == 0


def test_the_first_approvals_of_a_partner_need_no_older_list(guarded: Guarded) -> None:
    """Nothing was to be approved before, so there is no list at the base that an approval could count under."""
    signers = Signers(guarded)
    guarded.policy()
    guarded.repository()
    guarded.policy(**REQUIRED)
    signers.list("anna")
    guarded.customer("mig")
    guarded.commit()
    assert guarded("plan", "--base", "HEAD~1", "--out", "kept.plan.json")[0] == 0
    assert guarded("apply", "kept.plan.json", "--base", "HEAD~1")[0] == 4
    signers.approve("anna")
    assert guarded("apply", "kept.plan.json", "--base", "HEAD~1")[0] == 0
