"""Kept plans that somebody has edited and sealed anew, and kept plans as they are used every day: real processes."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Desk, Service, simulating
from tests.e2e.crash import judge
from tests.e2e.crash.worlds import AT, world_with
from tests.properties.edits import Document, act, possible, resealed

LEAVES, STAYS = "legacy-0", "fresh-1"


@pytest.fixture
def service(desk: Desk) -> Iterator[Service]:
    """Two customers: one is to leave, of the other the manifest says `active`."""
    world = world_with("legacy", "fresh")
    with simulating(
        desk.folder, "--estate", str(world.found(desk.folder)), "--clock", AT["PCRECONCILE_NOW"]
    ) as service:
        world.write(desk, service.url)
        (name, tenant, domain, _, _) = world.wishes[1]
        desk.customer(name, tenant, domain, "active")
        desk("plan", "--out", "kept.plan.json", **AT)
        yield service


def kept(desk: Desk) -> Any:
    return json.loads((desk.folder / "kept.plan.json").read_text())


def apply_edited(desk: Desk, service: Service, edit: Callable[[Document], None]) -> tuple[int, list[str], str]:
    """Exit code, what was written to whom, and what was said."""
    document = kept(desk)
    edit(document)
    (desk.folder / "edited.plan.json").write_bytes(resealed(document))
    before = service.last()
    done = desk("apply", "edited.plan.json", **AT)
    writes = [entry["customer"] for entry in service.log(before) if judge.is_a_write(entry)]
    return done.returncode, writes, done.stdout + done.stderr


def of(document: Document, name: str) -> Document:
    return next(each for each in document["customers"] if each["name"] == name)


def cancellation(stays: Document, thing: str) -> Document:
    """Of something that the customer holds; a plan does not say so, since it keeps no items of the converged."""
    target = ("subscription", str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{stays['tenantId']} {thing}")))
    return act(stays, "cancel-subscription", target, {"status": "active"}, {"status": "deleted"})


def remove_who_stays(document: Document) -> None:
    """The acts of a removal, under a customer whose manifest says `active`."""
    stays = of(document, STAYS)
    cancels = [cancellation(stays, thing) for thing in ("licence", "other")]
    removal = next(possible(stays))
    stays["actions"] = [*cancels, removal | {"requires": sorted(each["id"] for each in cancels)}]
    stays |= {"verdict": "ready"}


def one_cancellation(document: Document) -> None:
    stays = of(document, STAYS)
    stays["actions"] = [cancellation(stays, "licence")]


def move_the_removal(document: Document) -> None:
    leaves, stays = of(document, LEAVES), of(document, STAYS)
    stays["actions"], leaves["actions"] = leaves["actions"], []


def want_the_removal_too(document: Document) -> None:
    remove_who_stays(document)
    stays = of(document, STAYS)
    stays["desired"] |= {"relationship": "removed", "reason": "moves on", "ticket": "CHG-1"}


def say_that_the_policy_was_another(document: Document) -> None:
    remove_who_stays(document)
    document["sources"]["policy"] = "0" * 64


def say_that_it_is_old(document: Document) -> None:
    remove_who_stays(document)
    document["createdAt"] = "2020-01-01T00:00:00Z"


def only_the_removal(document: Document) -> None:
    leaves = of(document, LEAVES)
    leaves["actions"] = [each | {"requires": []} for each in leaves["actions"] if each["kind"] == "remove-relationship"]


def another_end(document: Document) -> None:
    for action in of(document, LEAVES)["actions"]:
        action["postcondition"] = {"status": "deleted"}


# By edit: the exit code, and how many writes go to whom leaves; who stays is never written to.
EDITED: dict[Callable[[Document], None], tuple[int, int]] = {
    remove_who_stays: (5, 0),
    one_cancellation: (5, 0),
    move_the_removal: (5, 0),
    want_the_removal_too: (5, 0),
    say_that_the_policy_was_another: (3, -1),  # all of whom leaves
    say_that_it_is_old: (5, 0),
    only_the_removal: (6, 0),
    another_end: (5, 0),
}


@pytest.mark.parametrize("edit", EDITED, ids=lambda edit: edit.__name__)
def test_an_edited_plan(desk: Desk, service: Service, edit: Callable[[Document], None]):
    due = len(judge.planned(kept(desk)))
    code, writes, said = apply_edited(desk, service, edit)
    expected, count = EDITED[edit]
    assert (code, len(writes)) == (expected, due if count < 0 else count), said
    tenants = {each["name"]: each["tenantId"] for each in kept(desk)["customers"]}
    assert tenants[STAYS] not in writes


def test_a_refusal_names_customer_and_action_and_the_honest_plan_still_does_it(desk: Desk, service: Service):
    _, _, said = apply_edited(desk, service, remove_who_stays)
    assert f"{STAYS}: remove-relationship" in said
    assert "nothing was written" in said
    desk("apply", "kept.plan.json", expect=0, **AT)


# What is done every day.


def test_a_plan_of_a_pull_request_is_applied_after_the_merge(desk: Desk, service: Service):
    """The merge commit is another one; nothing else is."""

    def git(*arguments: str) -> None:
        names = ("-c", "user.name=desk", "-c", "user.email=desk@example.com")
        subprocess.run(["git", *names, *arguments], cwd=desk.folder, check=True, capture_output=True)

    (desk.folder / ".gitignore").write_text(".pcreconcile/\n*.json\n")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "let them go")
    desk("plan", "--out", "kept.plan.json", **AT)
    git("commit", "--quiet", "--allow-empty", "-m", "merge")
    desk("apply", "kept.plan.json", expect=0, **AT)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"minCustomersLeft": 1}, 0),  # tightened, and the plan keeps it
        ({"minCustomersLeft": 2}, 5),
        ({"budgets": {"perRun": {"removals": 0}, "perDay": {"removals": 5000}}}, 5),
        ({"azure": {"cancel": "allowed"}}, 0),  # loosened
    ],
)
def test_a_policy_that_was_changed_meanwhile(desk: Desk, service: Service, spec: dict[str, Any], code: int):
    desk.policy(**spec)
    desk("apply", "kept.plan.json", expect=code, **AT)


def test_hours_later_the_same_plan_is_done(desk: Desk, service: Service):
    service.move("2026-11-22T18:00:00Z")
    desk("apply", "kept.plan.json", expect=0, PCRECONCILE_NOW="2026-11-22T18:00:00Z")


@pytest.mark.parametrize("narrow", [["--target", f"customer/{LEAVES}"], ["--only", "takes-service"]])
def test_a_narrowed_plan_is_done(desk: Desk, service: Service, narrow: list[str]):
    desk("plan", "--out", "narrow.plan.json", *narrow, **AT)
    due = judge.planned(json.loads((desk.folder / "narrow.plan.json").read_text()))
    before = service.last()
    desk("apply", "narrow.plan.json", expect=0, **AT)
    assert judge.of_the_log(due, service.log(before), whole=True) == []


def test_an_app_only_plan_is_applied_with_a_user_s_token(desk: Desk, service: Service):
    """The pull request's job has no refresh token; the job that applies has one."""
    document = (desk.folder / "manifests" / "partner.yaml").read_text()
    without = "\n".join(
        line for line in document.splitlines() if "refreshToken" not in line and "PC_REFRESH" not in line
    )
    (desk.folder / "manifests" / "partner.yaml").write_text(without)
    desk("plan", "--out", "kept.plan.json", **AT)
    (desk.folder / "manifests" / "partner.yaml").write_text(document)
    due = judge.planned(kept(desk))
    before = service.last()
    desk("apply", "kept.plan.json", expect=0, **AT)
    assert judge.of_the_log(due, service.log(before), whole=True) == []


def test_one_stale_customer_stops_no_other(desk: Desk, service: Service):
    document = kept(desk)
    tenant = of(document, LEAVES)["tenantId"]
    stays = of(document, STAYS)
    desk.customer(STAYS, stays["tenantId"], stays["desired"]["domain"])
    desk("plan", "--out", "kept.plan.json", **AT)
    desk.customer(STAYS, stays["tenantId"], stays["desired"]["domain"], "active")
    before = service.last()
    desk("apply", "kept.plan.json", expect=3, **AT)
    assert {entry["customer"] for entry in service.log(before) if judge.is_a_write(entry)} == {tenant}


def test_what_the_edits_add_could_be_written(desk: Desk, service: Service):
    """Wanted by the manifest, the same cancellations are planned, and done."""
    stays = of(kept(desk), STAYS)
    desk.customer(STAYS, stays["tenantId"], stays["desired"]["domain"])
    planned = {(each["kind"], each["target"]["id"]) for each in of(desk.plan(**AT), STAYS)["actions"]}
    for thing in ("licence", "other"):
        action = cancellation(stays, thing)
        assert (action["kind"], action["target"]["id"]) in planned
