"""Mixed worlds to be killed in: some customers of every kind that apply writes to, drawn by a seed.

One seed gives one estate with its manifests, and, since the clock stands still, one plan.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Desk

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = {"PCRECONCILE_NOW": "2026-11-22T12:00:00Z"}

Items = list[dict[str, Any]]
Wish = dict[str, Any]
Number = Callable[[str], str]
"""A stable GUID for a thing of that name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of customer: what it holds, beside what, and what is wished for it."""

    items: Callable[[Number, random.Random], Items]
    relationship: str = "removed"
    wish: Callable[[], Wish] = dict
    beside: Callable[[Number], dict[str, Any]] = lambda number: {}


def _legacy(number: Number, dice: random.Random) -> Items:
    add_ons = [{"id": number("add-on")}] if dice.random() < 0.7 else []
    first = {"kind": "legacy-license", "id": number("legacy"), "addOns": add_ons}
    more = {"kind": "legacy-license", "id": number("second"), "name": "Exchange Online (Plan 1)"}
    return [first, more] if dice.random() < 0.5 else [first]


def _fresh(number: Number, dice: random.Random) -> Items:
    """New-commerce licences inside their window, with an add-on now and then."""
    add_ons = [{"product": "CFQ7TTC0HL73", "id": number("calls"), "bought": "-2d"}] if dice.random() < 0.5 else []
    first = {"kind": "new-commerce-license", "id": number("licence"), "bought": "-2d", "addOns": add_ons}
    return [first, {"kind": "new-commerce-license", "id": number("other"), "bought": "-1d"}]


def _azure(number: Number, dice: random.Random) -> Items:
    running = [{"id": number(f"azure-{n}"), "name": f"workload-{n}"} for n in range(dice.randint(1, 2))]
    return [{"kind": "azure-plan", "id": number("plan"), "azureSubscriptions": running}]


def _reserved(number: Number, dice: random.Random) -> Items:
    return [*_azure(number, dice), {"kind": "reservation", "price": "900.00", "ends": "+400d"}]


def _software(number: Number, dice: random.Random) -> Items:
    leased = {"kind": "software-subscription", "id": number("leased"), "bought": "-3d"}
    owned = {"kind": "perpetual-software", "bought": "-3d"}
    return [leased, owned] if dice.random() < 0.6 else [owned]


def _everything(number: Number, dice: random.Random) -> Items:
    old = {"kind": "azure-legacy", "id": number("old-azure")}
    return [*_legacy(number, dice), *_fresh(number, dice), *_software(number, dice), old]


def _running(number: Number, dice: random.Random) -> Items:
    return [{"kind": "new-commerce-license", "id": number("year"), "ends": "+40d", "autoRenew": True}]


def _paused(number: Number, dice: random.Random) -> Items:
    return [{"kind": "new-commerce-license", "id": number("paused"), "ends": "+200d"}, *_legacy(number, dice)]


def _cancel_azure() -> Wish:
    return {"subscriptions": [{"match": {"family": "azure-plan"}, "desired": "cancel", "reason": "migrated"}]}


def _terminate() -> Wish:
    return {"delegatedAccess": "terminate"}


def _helpdesk(number: Number) -> dict[str, Any]:
    return {"gdap": [{"name": "helpdesk"}], "delegatedAccess": True}


KINDS: dict[str, Kind] = {
    "legacy": Kind(_legacy),
    "fresh": Kind(_fresh),
    "azure": Kind(_azure, wish=_cancel_azure),
    "reserved": Kind(_reserved, wish=_cancel_azure),
    "software": Kind(_software),
    "everything": Kind(_everything),
    "running": Kind(_running),
    "paused": Kind(_paused, relationship="suspended"),
    "delegated": Kind(_legacy, wish=_terminate, beside=_helpdesk),
    "empty": Kind(lambda number, dice: [], wish=_terminate, beside=_helpdesk),
}


@dataclass(frozen=True, slots=True)
class World:
    """What one seed gives: the estate of the simulator, and the customers of the manifests."""

    seed: int
    kinds: tuple[str, ...]
    estate: dict[str, Any]
    wishes: tuple[tuple[str, str, str, str, Wish], ...]

    def found(self, folder: Path) -> Path:
        """The estate as a file."""
        file = folder / "estate.json"
        file.write_text(json.dumps(self.estate))
        return file

    def write(self, desk: Desk, url: str) -> None:
        """The manifests, for a Partner Center at that address."""
        desk.partner(url, reservations="api")
        desk.policy()
        for name, tenant, domain, relationship, wish in self.wishes:
            desk.customer(name, tenant, domain, relationship, **wish)


def world_of(seed: int, smallest: int = 2, largest: int = 4) -> World:
    """A random few of the kinds; every kind turns up once in a while."""
    dice = random.Random(f"world {seed}")
    kinds = tuple(dice.sample(sorted(KINDS), dice.randint(smallest, largest)))
    return _world(seed, kinds, dice)


def world_with(*kinds: str) -> World:
    """Exactly these kinds."""
    return _world(0, kinds, random.Random(0))


def _world(seed: int, kinds: tuple[str, ...], dice: random.Random) -> World:
    customers, wishes = [], []
    for place, kind in enumerate(kinds):
        tenant = f"6b2e0b0c-0000-4000-8000-{seed % 10**6:06d}{place:06d}"
        customer, wish = _customer(kind, f"{kind}-{place}", tenant, dice)
        customers.append(customer)
        wishes.append(wish)
    return World(seed, kinds, {"customers": customers}, tuple(wishes))


def _customer(kind: str, name: str, tenant: str, dice: random.Random) -> tuple[dict[str, Any], Any]:
    def number(thing: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{tenant} {thing}"))

    sort = KINDS[kind]
    domain = f"{name.replace('-', '')}.onmicrosoft.com"
    customer = {"tenantId": tenant, "name": name, "items": sort.items(number, dice), **sort.beside(number)}
    return customer, (name, tenant, domain, sort.relationship, sort.wish())
