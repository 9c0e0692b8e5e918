"""`--base`: a change of what judges is judged by what it found too, and the plan begins with it."""

from __future__ import annotations

from typing import Any

import pytest

from pcreconcile.cli import wiring
from tests.cli.guarded import NUMBERS, TENANT, Guarded, guarded

__all__ = ["guarded"]

MIG = f"{TENANT}55"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA"
KEYS = [f"{ED25519}{letter * 42}" for letter in ("A", "B", "C")]

LOOSENED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # the policy at the base, that of the change, the guard that says no under the base alone
    "budgets": ({"budgets": {"perRun": {"removals": 0}}}, {}, "budget:perRun.removals"),
    "minCustomersLeft": ({"minCustomersLeft": 3}, {"minCustomersLeft": 0}, "min-customers-left"),
    "protected": ({"protected": ["mig"]}, {}, "protected:mig"),
    "protected exception": (
        {"protected": ["mig"]},
        {
            "protected": ["mig"],
            "exceptions": [{"protected": MIG, "until": "2099-12-31", "owner": "me", "reason": "mine"}],
        },
        "protected:mig",
    ),
    "ticket": ({"require": {"ticket": "^CHG-"}}, {"require": {"ticket": "^X"}}, "ticket:mig"),
    "budget exception": (
        {"budgets": {"perRun": {"removals": 0}}},
        {
            "budgets": {"perRun": {"removals": 0}},
            "exceptions": [
                {"budget": "perRun.removals", "limit": 5, "until": "2099-12-31", "owner": "me", "reason": "mine"}
            ],
        },
        "budget:perRun.removals",
    ),
}


def removal(desk: Guarded) -> None:
    desk.customer("mig", ticket="X-1")


@pytest.mark.parametrize("row", LOOSENED)
def test_a_change_that_loosens_and_uses_it_is_refused(guarded: Guarded, row: str) -> None:
    then, now, code = LOOSENED[row]
    guarded.policy(**then)
    guarded.repository()
    guarded.policy(**now)
    removal(guarded)
    assert guarded("plan")[0] == 0  # its own policy lets it
    ended, shown, _ = guarded("plan", "--base", "main", "--out", "kept.plan.json")
    assert ended == 5
    assert f"{code}" in shown
    assert "under the policy at the base main: " in shown
    assert "under the policy of this change: " not in shown


@pytest.mark.parametrize("row", LOOSENED)
def test_apply_is_judged_by_the_commit_before_the_merge(guarded: Guarded, row: str) -> None:
    then, now, _ = LOOSENED[row]
    guarded.policy(**then)
    guarded.repository()
    guarded.policy(**now)
    removal(guarded)
    guarded.commit()
    code, _, errors = guarded("apply", "--auto-approve", "--base", "HEAD~1")
    assert code == 5, errors
    assert "relationship" not in errors


KEPT = [row for row in LOOSENED if row != "ticket"]  # which the manifests must satisfy when they are read


@pytest.mark.parametrize("row", KEPT)
def test_a_kept_plan_is_judged_by_it_too(guarded: Guarded, row: str) -> None:
    """A plan that somebody made without the base."""
    then, now, _ = LOOSENED[row]
    guarded.policy(**then)
    guarded.repository()
    guarded.policy(**now)
    removal(guarded)
    guarded.commit()
    assert guarded("plan", "--out", "kept.plan.json")[0] == 0
    code, _, errors = guarded("apply", "kept.plan.json", "--base", "HEAD~1")
    assert (code, "under the policy at the base HEAD~1: " in errors) == (5, True)
    assert "since HEAD~1: Policy " in errors


@pytest.mark.parametrize("row", LOOSENED)
def test_a_policy_changed_by_itself_goes_through_and_is_in_force_afterwards(guarded: Guarded, row: str) -> None:
    then, now, _ = LOOSENED[row]
    guarded.policy(**then)
    guarded.repository()
    guarded.policy(**now)
    assert guarded("plan", "--base", "main")[0] == 0
    guarded.commit()
    removal(guarded)
    guarded.commit()
    code, shown, _ = guarded("plan", "--base", "HEAD~1", "--out", "kept.plan.json")
    assert (code, "since-base" in shown) == (0, False)
    assert guarded("apply", "kept.plan.json", "--base", "HEAD~1")[0] == 0


def test_what_the_change_itself_forbids_is_named(guarded: Guarded) -> None:
    guarded.policy()
    guarded.repository()
    guarded.policy(protected=["mig"])
    removal(guarded)
    code, shown, _ = guarded("plan", "--base", "main")
    assert (code, "under the policy of this change: mig is protected" in shown) == (5, True)


def test_what_both_forbid_is_told_once(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"])
    guarded.repository()
    guarded.policy(protected=["mig", "alder-law"])
    removal(guarded)
    code, shown, _ = guarded("plan", "--base", "main")
    assert (code, shown.count("mig is protected")) == (5, 1)
    assert "under both policies: mig is protected" in shown


def test_a_policy_that_is_new_is_judged_by_the_defaults(guarded: Guarded) -> None:
    guarded.repository()
    guarded.policy(minCustomersLeft=0)
    for name in NUMBERS:
        guarded.customer(name)
    code, shown, _ = guarded("plan", "--base", "main")
    assert code == 5
    assert "since main: the Policy document is new; before it the built-in defaults held" in shown
    assert "under the policy at the base main: customers left after this run: 0, at least 1" in shown


def test_a_policy_that_is_gone_still_judges(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"])
    guarded.repository()
    (guarded.folder / "manifests" / "policy.yaml").unlink()
    removal(guarded)
    code, shown, _ = guarded("plan", "--base", "main")
    assert code == 5
    assert "the Policy document is gone" in shown
    assert "under the policy at the base main: mig is protected" in shown


def test_a_partner_folder_that_moved_is_judged_by_the_policy_that_it_had(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"])
    guarded.repository()
    guarded.policy()
    removal(guarded)
    (guarded.folder / "manifests").rename(guarded.folder / "partners")
    code, shown, _ = guarded("plan", "partners", "--base", "main")
    assert (code, "under the policy at the base main: mig is protected" in shown) == (5, True)


UNREADABLE = {
    # what stood at the base, what the refusal quotes
    "member": "spec: {minCustomersLeft: many}\n",
    "yaml": "spec: [\n",
    "alias": "spec: &x {minCustomersLeft: 1}\n",
    "expression": "spec: {require: {ticket: '^(?=CHG)'}}\n",
}


@pytest.mark.parametrize("row", UNREADABLE)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve")])
def test_a_policy_at_the_base_that_cannot_be_read_refuses(guarded: Guarded, row: str, command: tuple[str, ...]) -> None:
    head = "apiVersion: pcreconcile/v1\nkind: Policy\nmetadata: {name: fleet}\n"
    (guarded.folder / "manifests" / "policy.yaml").write_text(head + UNREADABLE[row], encoding="utf-8")
    guarded.repository()
    guarded.policy()
    code, _, errors = guarded(*command, "--base", "main")
    assert code == 5
    assert errors.startswith(
        "error: the policy at main cannot be read, so what it forbade is unknown: manifests/policy."
    )
    assert "repair the policy in a change of its own and plan that one without --base" in errors
    assert guarded("plan")[0] == 0


def test_nothing_is_said_where_nothing_of_it_changed(guarded: Guarded) -> None:
    guarded.policy(protected=["alder-*"])
    (guarded.folder / "manifests" / "allowed_signers").write_text(f"anna@example.com {KEYS[0]}\n", encoding="utf-8")
    guarded.repository()
    removal(guarded)
    code, shown, errors = guarded("plan", "--base", "main")
    assert (code, "since" in shown.replace("changed since main", "")) == (0, False)
    assert "judge" not in errors


def test_the_plan_begins_with_what_changed(guarded: Guarded) -> None:
    guarded.policy(protected=["mig", "alder-*"], budgets={"perRun": {"seats": 7}})
    signers = guarded.folder / "manifests" / "allowed_signers"
    signers.write_text(f"anna@example.com {KEYS[0]}\nbob@example.com {KEYS[1]}\n", encoding="utf-8")
    guarded.repository()
    guarded.policy(protected=["mig", "birch-*"], budgets={"perRun": {"seats": 9}}, minCustomersLeft=2)
    guarded.partner(timeZone="Europe/Berlin")
    signers.write_text(f"anna@example.com {KEYS[0]}\neve@example.com {KEYS[2]}\n", encoding="utf-8")
    _, shown, _ = guarded("plan", "--base", "main")
    told = [
        'since main: Policy protected: "alder-*" is gone',
        'since main: Policy protected: "birch-*" is new',
        "since main: Policy budgets.perRun.seats: 7 → 9",
        "since main: Policy minCustomersLeft: not written → 2",
        "since main: allowed_signers: bob@example.com ssh-ed25519 SHA256:",
        "since main: allowed_signers: eve@example.com ssh-ed25519 SHA256:",
        "since main: Partner timeZone has changed (its values are not shown)",
    ]
    for text in told:
        assert text in shown
    assert shown.index("since main") < shown.index("Guards")
    assert not [value for value in ("Berlin", *KEYS) if value in shown]


def test_a_base_that_git_does_not_know(guarded: Guarded) -> None:
    guarded.repository()
    code, _, errors = guarded("apply", "--auto-approve", "--base", "nowhere")
    assert (code, "--base nowhere: no such commit here" in errors) == (1, True)


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ([], ["relationships"], ()),  # a change cannot wave away a read that stands in its way
        (["relationships"], ["relationships"], ("relationships",)),
        (["relationships"], [], ()),
    ],
)
def test_a_list_is_called_refused_for_good_only_where_the_base_calls_it_so_too(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, before: list[str], after: list[str], counts: tuple[str, ...]
) -> None:
    monkeypatch.chdir(guarded.folder)
    guarded.partner(**({"notOffered": before} if before else {}))
    guarded.repository()
    guarded.partner(**({"notOffered": after} if after else {}))
    session = wiring.open_session("manifests")
    assert wiring.judged_at(session, "main").loaded.partner.not_offered == counts
    assert wiring.judged_at(session, None).loaded.partner.not_offered == tuple(after)
