"""Random estates and random manifests over a real socket: what must hold for every world.

One simulator process holds a large generated fleet; every world is a handful of its customers that no world before has
touched, with wishes drawn for some of them. The others stay without a manifest.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.cli import main
from tests.e2e.conftest import CREDENTIALS, Desk, Service, actions, simulating

WORLDS = 50
SIZE = 4
AT = "2026-11-22T12:00:00Z"

lines = st.sampled_from(
    [
        [],
        [{"match": {"family": "azure-plan"}, "desired": "cancel", "reason": "migrated"}],
        [{"match": {"family": "new-commerce-license"}, "desired": "cancel-at-term-end", "reason": "needed"}],
        [{"match": {"family": "unknown"}, "desired": "ignore"}],
        [{"match": {"family": "perpetual-software"}, "desired": "keep"}],
    ]
)
leaving = st.fixed_dictionaries(
    {"relationship": st.just("removed"), "subscriptions": lines},
    optional={
        "pace": st.sampled_from(["together", "asap"]),
        "refunds": st.sampled_from(["require", "prefer", "ignore"]),
        "settle": st.sampled_from(["0d", "2d"]),
        "notBefore": st.sampled_from(["2026-11-01", "2026-12-01"]),
        "serviceUntil": st.sampled_from(["2026-11-20", "2026-11-25"]),
        "onBlocked": st.sampled_from(["wait", "fail"]),
    },
)
staying = st.fixed_dictionaries({"relationship": st.sampled_from(["active", "suspended"])})
wishes = st.lists(st.one_of(st.none(), leaving, staying), min_size=SIZE, max_size=SIZE)


class Fleet:
    """The running world, dealt out a few customers at a time."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.folder = folder
        customers = service.world()["customers"]
        self.domains = {tenant: customer["domain"] for tenant, customer in customers.items()}
        self.hands = iter([sorted(customers)[n : n + SIZE] for n in range(0, len(customers) - SIZE, SIZE)])
        self.count = 0

    def deal(self) -> tuple[Desk, list[str]]:
        self.count += 1
        desk = Desk(self.folder / f"world-{self.count}")
        desk.partner(self.service.url)
        desk.policy()
        return desk, next(self.hands)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    size = str(SIZE * (WORLDS + 10) * 2)
    with (
        simulating(folder, "--customers", size, "--seed", "23", "--clock", AT) as service,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {**CREDENTIALS, "PCRECONCILE_NOW": AT}.items():
            patch.setenv(name, value)
        yield Fleet(service, folder)


def planned(desk: Desk, name: str) -> Any:
    manifests = str(desk.folder / "manifests")
    assert main(["plan", manifests, "--out", str(desk.folder / name)]) in {0, 5}
    return json.loads((desk.folder / name).read_text())


def applied(desk: Desk, name: str) -> int:
    manifests = str(desk.folder / "manifests")
    return main(["apply", str(desk.folder / name), "--manifests", manifests])


@settings(
    max_examples=WORLDS,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(wanted=wishes)
def test_what_holds_for_every_world(fleet: Fleet, wanted: list[dict[str, Any] | None]):
    desk, hand = fleet.deal()
    managed = [(tenant, wish) for tenant, wish in zip(hand, wanted, strict=True) if wish is not None]
    if not managed:
        return
    for number, (tenant, wish) in enumerate(managed):
        spec = {key: value for key, value in wish.items() if key not in {"relationship"} and value != []}
        desk.customer(f"customer-{number}", tenant, fleet.domains[tenant], wish["relationship"], **spec)
    before = fleet.service.last()
    plan = planned(desk, "one.plan.json")
    code = applied(desk, "one.plan.json")
    requests = fleet.service.log(since=before)
    writes = [entry for entry in requests if entry["applied"] and "/oauth2/" not in entry["path"]]

    due = actions(plan)
    refused = any(each["verdict"] == "refused" for each in plan["customers"])
    assert code == (5 if refused else 0)
    assert len(writes) == len(due), "every planned write and no other"
    assert {entry["customer"] for entry in writes} <= {tenant for tenant, _ in managed}, "no unmanaged customer"
    asked = {each["tenantId"]: each for each in plan["customers"]}
    for entry in writes:
        kinds = {act["kind"] for act in asked[entry["customer"]]["actions"] if act["when"] == "now"}
        assert kinds, f"a write that is not in the plan: {entry['method']} {entry['path']}"
    denied = [entry for entry in requests if entry["method"] != "GET" and entry["status"] >= 400]
    assert not denied, "nothing was tried that something blocks"
    assert actions(planned(desk, "two.plan.json")) == [], "the plan after a finished apply has no now action"
