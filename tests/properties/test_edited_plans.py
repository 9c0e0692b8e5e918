"""A kept plan that somebody edits and seals anew: nothing is sent that a fresh plan would not send.

One simulator process holds a generated fleet; every example is some of its customers, an honest plan for them, some
edits (`tests/properties/edits.py`), and the edited plan applied. The service's own log is compared with the honest
plan: each change is an action of it, none took effect twice, and its order was kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.e2e.conftest import CREDENTIALS, simulating
from tests.e2e.crash import judge
from tests.properties.edits import EDITS, edited, resealed
from tests.properties.test_worlds import AT, SIZE, Fleet, applied, leaving, planned, staying

EXAMPLES = int(os.environ.get("PCRECONCILE_EDITED_PLANS", "20"))
FINISHED = {0, 1, 3, 5, 6, 9}  # how an edited plan may end: never 7, since no answer is ever lost here

numbers = st.lists(st.integers(0, 30), min_size=3, max_size=3)
edits = st.lists(st.tuples(st.sampled_from(sorted(EDITS)), numbers), min_size=1, max_size=5)
wishes = st.tuples(leaving, leaving, staying)  # and one customer of each hand without a manifest


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("edited")
    size = str(SIZE * (EXAMPLES + len(EDITS) + 10) * 2)
    with (
        simulating(folder, "--customers", size, "--seed", "29", "--clock", AT) as service,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {**CREDENTIALS, "PCRECONCILE_NOW": AT}.items():
            patch.setenv(name, value)
        yield Fleet(service, folder)


def applied_edited(fleet: Fleet, wanted: Any, changes: Any) -> tuple[Any, int, list[Any]]:
    """The honest plan, the exit code of the edited one, and what the service saw of that."""
    desk, hand = fleet.deal()
    for number, (tenant, wish) in enumerate(zip(hand, wanted, strict=False)):
        spec = {key: value for key, value in wish.items() if key not in {"relationship"} and value != []}
        desk.customer(f"customer-{number}", tenant, fleet.domains[tenant], wish["relationship"], **spec)
    honest = planned(desk, "honest.plan.json")
    changed = edited({**honest, "unmanaged": honest["unmanaged"][:3]}, changes)
    (desk.folder / "edited.plan.json").write_bytes(resealed(changed))
    before = fleet.service.last()
    code = applied(desk, "edited.plan.json")
    log = fleet.service.log(since=before)
    return honest, code, [entry for entry in log if not judge.is_beside_the_plan(entry)]


def check(honest: Any, code: int, log: list[Any]) -> None:
    acts = judge.planned(honest)
    assert code in FINISHED
    assert judge.of_the_log(acts, log, whole=False) == []
    asked = [entry for entry in log if judge.is_a_write(entry)]
    beyond = [entry for entry in asked if not any(act.is_it(entry) for act in acts)]
    assert beyond == [], "not even asked for"
    if code in {1, 5} and any(act.kind for act in acts):
        refused = any(each["verdict"] == "refused" for each in honest["customers"])
        assert refused or asked == [], "a refused run writes nothing"


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(wanted=wishes, changes=edits)
def test_nothing_is_sent_that_a_fresh_plan_would_not_send(fleet: Fleet, wanted: Any, changes: Any):
    honest, code, log = applied_edited(fleet, wanted, changes)
    event(f"exit {code}")
    check(honest, code, log)


LEAVE = {"relationship": "removed", "subscriptions": []}
STAY = {"relationship": "active"}


@pytest.mark.parametrize("name", sorted(EDITS))
def test_every_kind_of_edit(fleet: Fleet, name: str):
    check(*applied_edited(fleet, (LEAVE, LEAVE, STAY), [(name, [2, 0, 1])]))


def test_the_same_way_an_honest_plan_is_done(fleet: Fleet):
    honest, code, log = applied_edited(fleet, (LEAVE, LEAVE, STAY), [])
    assert code == 0
    assert judge.planned(honest)
    assert judge.of_the_log(judge.planned(honest), log, whole=True) == []
