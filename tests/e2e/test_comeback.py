"""A customer that we removed comes back, and nobody thinks of the manifest that removed it: real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import Desk

CASE = Path(__file__).parent / "cases" / "comeback-removed-again"
THEN, LATER, NEXT_DAY = "2026-12-01T12:00:00Z", "2027-03-01T12:00:00Z", "2027-03-02T12:00:00Z"


def at(instant: str) -> dict[str, str]:
    return {"PCRECONCILE_NOW": instant}


@pytest.fixture
def removed(desk: Desk) -> Desk:
    """We have removed the customer, and its manifest stays as the record."""
    shutil.copytree(CASE, desk.folder, dirs_exist_ok=True)
    desk("apply", "--auto-approve", expect=0, **at(THEN))
    return desk


@pytest.fixture
def returned(removed: Desk) -> Desk:
    """Months later it is there again, with 25 seats in their window."""
    shutil.copy(removed.folder / "world-later.yaml", removed.folder / "world.yaml")
    for name in removed.folder.glob(".pcreconcile/simulator.db*"):
        name.unlink()
    return removed


def planned(desk: Desk, instant: str, *arguments: str) -> tuple[int, Any]:
    done = desk("plan", "--format", "json", "--detailed-exitcode", *arguments, **at(instant))
    plan = json.loads(done.stdout)
    return done.returncode, next(each for each in plan["customers"] if each["name"] == "cb")


def edit(desk: Desk, **spec: Any) -> None:
    path = desk.folder / "manifests" / "customers" / "cb.yaml"
    document = yaml.safe_load(path.read_text())
    document["spec"] = {name: value for name, value in {**document["spec"], **spec}.items() if value is not None}
    path.write_text(yaml.safe_dump(document))


def test_who_came_back_is_refused_until_the_manifest_speaks_anew(returned: Desk) -> None:
    code, customer = planned(returned, LATER)
    assert (customer["verdict"], customer["actions"]) == ("refused", [])
    (blocker,) = customer["blockers"]
    assert blocker["code"] == "came-back"
    for part in ("2026-12-01", "first seen again on 2027-03-01", "relationship: active", "another `ticket`"):
        assert part in blocker["how"]
    assert code == 5, "as for a domain that is not the customer's"
    done = returned("apply", "--auto-approve", **at(LATER))
    assert done.returncode == 5, done.stdout + done.stderr
    assert "came-back" in done.stdout
    assert "result  done" not in done.stdout
    _, customer = planned(returned, LATER)
    assert customer["observed"]["seats"] == 25, "nobody has lost a seat"


def test_the_first_sight_of_it_is_kept(returned: Desk) -> None:
    planned(returned, LATER)
    _, customer = planned(returned, NEXT_DAY)
    assert "first seen again on 2027-03-01" in customer["blockers"][0]["how"]


def test_every_command_that_shows_it_agrees(returned: Desk) -> None:
    told = returned("explain", "cb", **at(LATER))
    assert told.returncode == 0, told.stderr
    assert "we removed this customer on 2026-12-01" in " ".join(told.stdout.split())
    dates = json.loads(returned("deadlines", "--format", "json", **at(LATER)).stdout)
    assert "we removed this customer on 2026-12-01" in dates["unseen"]["cb"]
    assert dates["removals"] == []
    undone = json.loads(returned("undo", "last", "--format", "json", **at(LATER)).stdout)
    assert [each["back"] for each in undone["writes"]] == ["undone"]


ANEW = {
    "another reason": ({"reason": "leaves for good"}, "ready"),
    "a ticket": ({"ticket": "CHG-2"}, "ready"),
    "active": ({"relationship": "active", "reason": None, "delegatedAccess": None}, "converged"),
    "suspended": ({"relationship": "suspended", "delegatedAccess": None}, "ready"),
}


@pytest.mark.parametrize("name", ANEW)
def test_a_manifest_that_speaks_anew_is_obeyed(returned: Desk, name: str) -> None:
    spec, verdict = ANEW[name]
    edit(returned, **spec)
    _, customer = planned(returned, LATER)
    assert (customer["verdict"], customer["blockers"]) == (verdict, [])


def test_a_second_return_is_refused_for_either_wish(returned: Desk) -> None:
    """Also when the manifest goes back to what the first removal has fulfilled."""
    edit(returned, ticket="CHG-2")
    returned("apply", "--auto-approve", expect=0, **at(LATER))
    for name in returned.folder.glob(".pcreconcile/simulator.db*"):
        name.unlink()
    for write in (lambda: edit(returned, ticket="CHG-2"), lambda: edit_back(returned)):
        write()
        _, customer = planned(returned, "2027-09-01T12:00:00Z")
        assert customer["verdict"] == "refused"
        assert "on 2027-03-01" in customer["blockers"][0]["how"]


def edit_back(desk: Desk) -> None:
    shutil.copy(CASE / "manifests" / "customers" / "cb.yaml", desk.folder / "manifests" / "customers" / "cb.yaml")


def test_a_kept_plan_of_before_the_removal_is_stale(desk: Desk) -> None:
    shutil.copytree(CASE, desk.folder, dirs_exist_ok=True)
    desk("plan", "--out", "kept.json", **at(THEN))
    desk("apply", "--auto-approve", expect=0, **at("2026-12-01T12:00:01Z"))
    for name in desk.folder.glob(".pcreconcile/simulator.db*"):
        name.unlink()
    done = desk("apply", "kept.json", **at(LATER))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "we removed this customer on 2026-12-01" in " ".join((done.stdout + done.stderr).split())
