"""Generated estates: any number of customers in realistic proportions, the same for the same number and seed.

The generator writes an estate as a person would, and the reader of estates founds it: one way in.
"""

import random
import uuid
from collections.abc import Iterator
from typing import Any

from .messages import Json

__all__ = ["generate"]

_FIRST = ("Alder", "Bay", "Cliff", "Delta", "Ember", "Forge", "Glade", "Hill", "Isle", "Lark", "Mill", "North", "Oak")
_SECOND = ("Dental", "Foods", "Legal", "Logistics", "Media", "Optics", "Robotics", "School", "Studio", "Travel")
_LICENCES = (
    ("CFQ7TTC0LF8R", "Microsoft 365 E3"),
    ("CFQ7TTC0LCHC", "Microsoft 365 Business Premium"),
    ("CFQ7TTC0LH16", "Exchange Online (Plan 1)"),
    ("CFQ7TTC0HD32", "Visio Plan 2"),
    ("CFQ7TTC0LFNW", "Project Plan 3"),
)
_STATUSES = ("active", "suspended", "expired", "disabled", "deleted", "quarantined")
_STATUS_WEIGHTS = (900, 30, 20, 15, 30, 5)


def generate(customers: int, seed: int) -> Json:
    """An estate of so many customers."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    return {"customers": [_customer(dice, number) for number in range(customers)]}


def _guid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def _customer(dice: random.Random, number: int) -> Json:
    name = f"{dice.choice(_FIRST)} {dice.choice(_SECOND)} {number + 1}"
    slug = name.lower().replace(" ", "")
    customer: Json = {
        "tenantId": _guid(dice),
        "companyName": name,
        "domain": f"{slug}.onmicrosoft.com",
        "delegatedAccess": dice.random() < 0.4,
        "items": list(_items(dice)),
    }
    if dice.random() < 0.5:
        customer["gdap"] = [{"name": f"{name} helpdesk"}]
    if dice.random() < 0.02:
        customer["resellers"] = [{}]
    return customer


def _items(dice: random.Random) -> Iterator[Json]:
    """Mostly new-commerce licences; what else is held, and how often."""
    for _ in range(dice.choices(range(9), (2, 20, 22, 18, 14, 10, 7, 4, 3))[0]):
        yield _licence(dice)
    rare: tuple[tuple[float, Any], ...] = (
        (0.30, _azure_plan),
        (0.08, _legacy),
        (0.02, lambda _: {"kind": "azure-legacy"}),
        (0.05, lambda dice: {"kind": "software-subscription", **_bought(dice, 300)}),
        (0.04, lambda dice: {"kind": "perpetual-software", **_bought(dice, 120)}),
        (0.04, lambda dice: {"kind": "reservation", "term": "P3Y", **_bought(dice, 900)}),
        (0.05, lambda dice: {"kind": "marketplace-saas", **_bought(dice, 300)}),
        (0.01, lambda dice: {"kind": "savings-plan", **_bought(dice, 300)}),
        (0.02, lambda dice: {"kind": "trial", **_bought(dice, 20)}),
    )
    for chance, make in rare:
        if dice.random() < chance:
            yield make(dice)


def _bought(dice: random.Random, days: int) -> Json:
    return {"bought": f"-{dice.randrange(1, days)}d{dice.randrange(24)}h"}


def _licence(dice: random.Random) -> Json:
    product, name = dice.choice(_LICENCES)
    term = dice.choices(("P1Y", "P1M", "P3Y"), (6, 3, 1))[0]
    status = dice.choices(_STATUSES, _STATUS_WEIGHTS)[0]
    licence: Json = {"kind": "new-commerce-license", "product": product, "name": name, "term": term}
    licence |= {"quantity": dice.randrange(1, 200), "status": status}
    if status in ("expired", "disabled"):
        licence["ends"] = f"-{dice.randrange(1, 30) + (30 if status == 'disabled' else 0)}d"
        return licence
    licence |= _bought(dice, {"P1M": 28, "P1Y": 364, "P3Y": 1090}[term])
    if status == "active":
        licence["endOfTerm"] = dice.choices(("renew", "none", "cancel", "extend"), (80, 12, 6, 2))[0]
    if dice.random() < 0.06 and status == "active":
        add_on = {"product": "CFQ7TTC0HL73", "name": "Calling Plan", "term": term, "bought": licence["bought"]}
        licence["addOns"] = [add_on]
    return licence


def _legacy(dice: random.Random) -> Json:
    status = dice.choices(("active", "suspended", "deleted"), (8, 2, 1))[0]
    return {"kind": "legacy-license", "status": status, **_bought(dice, 360)}


def _azure_plan(dice: random.Random) -> Json:
    statuses = [dice.choices(("active", "inactive"), (4, 1))[0] for _ in range(dice.randrange(4))]
    subscriptions = [{"name": f"workload {n + 1}", "status": status} for n, status in enumerate(statuses)]
    return {"kind": "azure-plan", "azureSubscriptions": subscriptions}
