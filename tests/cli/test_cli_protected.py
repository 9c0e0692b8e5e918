"""`protected` protects tenants under every name that they are given, as long as the entry stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from pcreconcile.applying import open_store
from pcreconcile.model.notes import NoteKind
from tests.cli.guarded import PARTNER, TENANT, Guarded, guarded

__all__ = ["guarded"]

MIG = f"{TENANT}55"
EXCEPTION = {"protected": MIG, "until": "2099-12-31", "owner": "licensing desk", "reason": "CHG-7"}

ENTRIES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    # how the policy says it, what makes it name the customer, what takes that away
    "name": ("mig", {}, {"called": "mig-2026"}),
    "glob": ("mi?", {}, {"called": "other"}),
    "labels": ({"labels": {"tier": "key"}}, {"labels": {"tier": "key"}}, {"labels": {"tier": "gone"}}),
}


def notes(desk: Guarded) -> list[dict[str, Any]]:
    store = open_store(desk.folder / ".pcreconcile" / "journal.db", PARTNER)
    return [note.body for note in store.notes() if note.kind is NoteKind.PROTECTED]


@pytest.mark.parametrize("form", ENTRIES)
def test_an_earlier_plan_knew_whom_the_entry_stood_for(guarded: Guarded, form: str) -> None:
    entry, named, renamed = ENTRIES[form]
    guarded.policy(protected=[entry])
    guarded.customer("mig", **named)
    code, _, errors = guarded("plan")
    assert code == 5, errors
    guarded.customer("mig", **renamed)
    code, shown, _ = guarded("plan")
    assert (code, f"has stood for its tenant {MIG}" in shown) == (5, True)


def _uncommitted(desk: Guarded) -> tuple[str, ...]:
    desk.customer("mig", called="mig-2026")
    return ()


def _one_commit(desk: Guarded) -> tuple[str, ...]:
    desk.customer("mig", called="mig-2026")
    desk.commit()
    return ()


def _a_branch_with_its_base(desk: Guarded) -> tuple[str, ...]:
    desk.customer("mig", called="mig-2026", relationship="active")
    desk.commit()
    desk.customer("mig", called="mig-2026")
    desk.commit()
    desk.commit()
    return ("--base", "HEAD~3")


def _one_merge(desk: Guarded) -> tuple[str, ...]:
    desk.git("checkout", "--quiet", "-b", "change")
    _a_branch_with_its_base(desk)
    desk.git("checkout", "--quiet", "main")
    desk.git("merge", "--quiet", "--no-ff", "--message", "merge", "change")
    return ()


@pytest.mark.parametrize("change", [_uncommitted, _one_commit, _a_branch_with_its_base, _one_merge])
def test_on_a_fresh_machine_git_knows_it(guarded: Guarded, change: Callable[[Guarded], tuple[str, ...]]) -> None:
    guarded.policy(protected=["mig"])
    guarded.repository()
    code, shown, _ = guarded("plan", *change(guarded))
    assert (code, f"'mig' has stood for its tenant {MIG}" in shown) == (5, True)


def test_what_git_showed_is_kept_for_later_plans(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"])
    guarded.repository()
    guarded.customer("mig", called="mig-2026")
    assert guarded("plan")[0] == 5
    shutil.rmtree(guarded.folder / ".git")
    assert guarded("plan")[0] == 5


def test_an_entry_that_no_longer_stands_protects_nobody(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"])
    guarded.customer("mig")
    assert guarded("plan")[0] == 5
    guarded.policy(protected=["somebody-else"])
    assert guarded("plan")[0] == 0


def test_a_customer_that_got_the_name_later_is_another_one(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"])
    assert guarded("plan")[0] == 0
    guarded.customer("mig", called="mig-2026", relationship="active")
    guarded.customer("alder-law")
    code, shown, _ = guarded("plan")
    assert code == 0
    assert f"it goes on protecting whom it has stood for: mig-2026 (tenant ID {MIG})" in shown


def test_a_plan_keeps_only_what_is_new(guarded: Guarded) -> None:
    guarded.policy(protected=["mig", {"tenantId": f"{TENANT}56"}])
    for _ in range(2):
        assert guarded("plan")[0] == 0
    assert notes(guarded) == [{"entry": "name:mig", "tenants": [MIG]}]
    guarded.policy(protected=["m*", "mig"])
    assert guarded("plan")[0] == 0
    assert notes(guarded)[1:] == [{"entry": "name:m*", "tenants": [MIG]}]


@pytest.mark.parametrize("protected", [[], ["nobody"], [{"tenantId": MIG}]])
def test_a_first_plan_with_nothing_to_keep_keeps_nothing(guarded: Guarded, protected: list[Any]) -> None:
    guarded.policy(protected=protected)
    assert guarded("plan")[0] == 0
    assert not (guarded.folder / ".pcreconcile" / "journal.db").exists()


def test_a_place_that_cannot_be_written_is_told_and_stops_nobody(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"])
    (guarded.folder / ".pcreconcile").mkdir()
    (guarded.folder / ".pcreconcile" / "journal.db-notes").mkdir()
    code, _, errors = guarded("plan")
    assert (code, errors) == (0, "")


def test_a_customer_leaves_a_glob_by_an_exception(guarded: Guarded) -> None:
    guarded.policy(protected=["mi*"])
    guarded.customer("mig")
    assert guarded("plan")[0] == 5
    guarded.policy(protected=["mi*"], exceptions=[EXCEPTION])
    code, shown, _ = guarded("plan", "--out", "kept.plan.json")
    assert code == 0
    assert "mig is protected by 'mi*'; an exception of the policy lifts that until 2099-12-31" in shown
    assert "(licensing desk: CHG-7)" in shown
    assert guarded("apply", "kept.plan.json")[0] == 0


def test_the_exception_lifts_under_every_name_and_for_that_tenant_alone(guarded: Guarded) -> None:
    guarded.policy(protected=["mig", "alder-*"], exceptions=[{**EXCEPTION, "protected": MIG.upper()}])
    assert guarded("plan")[0] == 0
    guarded.customer("mig", called="mig-2026")
    assert guarded("plan")[0] == 0
    guarded.customer("alder-law")
    code, shown, _ = guarded("plan")
    assert (code, "alder-law is protected" in shown, "mig-2026 is protected by the" in shown) == (5, True, False)


def test_an_exception_that_has_ended_lifts_nothing(guarded: Guarded) -> None:
    guarded.policy(protected=["mig"], exceptions=[{**EXCEPTION, "until": "2026-01-31"}])
    guarded.customer("mig")
    code, shown, _ = guarded("plan")
    assert (code, "the exception for it ended on 2026-01-31" in shown) == (5, True)


def test_apply_refuses_whom_an_entry_stood_for(guarded: Guarded) -> None:
    """The plan was made while nothing protected; the name went before the protection came back."""
    guarded.policy(protected=["mig"])
    assert guarded("plan")[0] == 0
    guarded.policy()
    guarded.customer("mig", called="mig-2026")
    assert guarded("plan", "--out", "kept.plan.json")[0] == 0
    guarded.policy(protected=["mig"])
    code, _, errors = guarded("apply", "kept.plan.json")
    assert code == 5
    assert f"'mig' has stood for its tenant {MIG}" in errors
