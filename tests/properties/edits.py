"""What a hand may change in a kept plan before it seals it anew: every kind of edit, as a function on the document.

An edit gets the plan's JSON and a list of numbers to choose by, so that a counterexample can be read and told again.
Where there is nothing to choose from it changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from pcreconcile.model.identity import action_id, seal
from pcreconcile.model.plan import Plan

Document = dict[str, Any]
Numbers = Sequence[int]
Edit = Callable[[Document, Numbers], None]

EDITS: dict[str, Edit] = {}


def edit(function: Edit) -> Edit:
    EDITS[function.__name__] = function
    return function


def resealed(document: Document) -> bytes:
    """The document with a plan ID and a digest that fit, as anybody can compute them."""
    return msgspec.json.encode(seal(msgspec.convert(document, Plan)))


def edited(document: Document, edits: Sequence[tuple[str, Numbers]]) -> Document:
    document = copy.deepcopy(document)
    for name, numbers in edits:
        EDITS[name](document, numbers)
    return document


def _pick(things: Sequence[Any], number: int) -> Any:
    return things[number % len(things)] if things else None


def _customer(document: Document, number: int) -> Any:
    return _pick(document["customers"], number)


def _actions(document: Document) -> list[tuple[Document, Document]]:
    return [(customer, action) for customer in document["customers"] for action in customer["actions"]]


def act(customer: Document, kind: str, target: tuple[str, str], before: Any, after: Any) -> Document:
    """A due action that says as little of itself as it can."""
    name = action_id(customer["tenantId"], kind, *target)
    return {
        "id": name,
        "kind": kind,
        "target": {"type": target[0], "id": target[1], "name": target[1]},
        "family": None,
        "when": "now",
        "requires": [],
        "reversibility": "reversible",
        "effect": "neutral",
        "impact": None,
        "precondition": before,
        "postcondition": after,
        "windowClosesAt": None,
        "money": {"refund": None, "lostPerDay": None, "committed": None},
        "reason": "because",
        "instructions": None,
        "rule": None,
        "reversibleUntil": None,
    }


def possible(customer: Document) -> Iterator[Document]:
    """Every action that can be written for what the customer holds."""
    tenant = customer["tenantId"]
    yield act(
        customer,
        "remove-relationship",
        ("customer", tenant),
        {"relationship": "reseller"},
        {"relationship": "none"},
    )
    for item in customer["observed"]["items"]:
        target = (item["type"], item["id"])
        if item["type"] == "subscription":
            status = {"status": item["status"]}
            for kind, after in (("cancel-subscription", "deleted"), ("suspend-subscription", "suspended")):
                yield act(customer, kind, target, status, {"status": after})
            yield act(customer, "cancel-at-term-end", target, {}, {"autoRenewEnabled": False})
        elif item["type"] == "azure-subscription":
            yield act(customer, "cancel-azure-subscription", target, {"running": True}, {"running": False})
        elif item["type"] == "order-line":
            yield act(customer, "cancel-order-line", target, {"cancelled": False}, {"cancelled": True})
        elif item["type"] == "delegated-admin":
            yield act(customer, "terminate-delegated-access", target, {"ended": False}, {"ended": True})


def _put(customer: Document, action: Document) -> None:
    customer["actions"] = [each for each in customer["actions"] if each["id"] != action["id"]] + [action]


@edit
def add_an_action(document: Document, numbers: Numbers) -> None:
    if customer := _customer(document, numbers[0]):
        _put(customer, _pick(list(possible(customer)), numbers[1]))


@edit
def remove_everybody(document: Document, numbers: Numbers) -> None:
    for customer in document["customers"]:
        _put(customer, next(possible(customer)))


@edit
def take_an_action_out(document: Document, numbers: Numbers) -> None:
    if chosen := _pick(_actions(document), numbers[0]):
        chosen[0]["actions"].remove(chosen[1])


@edit
def keep_only_the_removals(document: Document, numbers: Numbers) -> None:
    for customer in document["customers"]:
        customer["actions"] = [each | {"requires": []} for each in customer["actions"] if "remov" in each["kind"]]


@edit
def move_an_action(document: Document, numbers: Numbers) -> None:
    chosen, other = _pick(_actions(document), numbers[0]), _customer(document, numbers[1])
    if chosen and chosen[0] is not other:
        chosen[0]["actions"].remove(chosen[1])
        _put(other, chosen[1])


@edit
def swap_the_actions(document: Document, numbers: Numbers) -> None:
    one, other = _customer(document, numbers[0]), _customer(document, numbers[1])
    if one and one is not other:
        one["actions"], other["actions"] = other["actions"], one["actions"]


@edit
def make_everything_due(document: Document, numbers: Numbers) -> None:
    for _, action in _actions(document):
        action["when"] = "now"


@edit
def change_when(document: Document, numbers: Numbers) -> None:
    if chosen := _pick(_actions(document), numbers[0]):
        chosen[1]["when"] = _pick(["now", "2026-11-01", "2027-05-05", "manual"], numbers[1])


@edit
def ask_for_no_precondition(document: Document, numbers: Numbers) -> None:
    if chosen := _pick(_actions(document), numbers[0]):
        chosen[1]["precondition"] = {}


@edit
def want_another_end(document: Document, numbers: Numbers) -> None:
    if chosen := _pick(_actions(document), numbers[0]):
        chosen[1]["postcondition"] = _pick([{"status": "deleted"}, {"autoRenewEnabled": True}, {}], numbers[1])


@edit
def change_the_kind(document: Document, numbers: Numbers) -> None:
    if chosen := _pick(_actions(document), numbers[0]):
        chosen[1]["kind"] = _pick(["cancel-subscription", "remove-relationship", "suspend-subscription"], numbers[1])


@edit
def require_nothing(document: Document, numbers: Numbers) -> None:
    for _, action in _actions(document):
        action["requires"] = []


@edit
def require_something_else(document: Document, numbers: Numbers) -> None:
    one, other = _pick(_actions(document), numbers[0]), _pick(_actions(document), numbers[1])
    if one and other and one[1] is not other[1]:
        one[1]["requires"] = [other[1]["id"]]


@edit
def turn_the_order_round(document: Document, numbers: Numbers) -> None:
    for customer in document["customers"]:
        customer["actions"].reverse()


@edit
def open_every_window(document: Document, numbers: Numbers) -> None:
    for _, action in _actions(document):
        action["windowClosesAt"] = None


@edit
def belittle(document: Document, numbers: Numbers) -> None:
    for _, action in _actions(document):
        action |= {"reversibility": "reversible", "effect": "protective", "impact": None}
    document["approvals"] = {"required": 0, "reasons": []}
    document["guards"] = []


@edit
def forget_what_was_seen(document: Document, numbers: Numbers) -> None:
    if customer := _customer(document, numbers[0]):
        customer["observed"]["items"] = []


@edit
def forget_the_extras(document: Document, numbers: Numbers) -> None:
    for customer in document["customers"]:
        extras = ("transfer", "reseller", "reservation", "delegated-admin")
        observed = customer["observed"]
        observed["extras"] = []
        observed["items"] = [each for each in observed["items"] if each["type"] not in extras]


@edit
def see_something_else(document: Document, numbers: Numbers) -> None:
    items = [item for customer in document["customers"] for item in customer["observed"]["items"]]
    if item := _pick(items, numbers[0]):
        item["status"] = _pick(["active", "suspended", "deleted", None], numbers[1])


@edit
def want_everybody_gone(document: Document, numbers: Numbers) -> None:
    for customer in document["customers"]:
        customer["desired"] |= {"relationship": "removed", "reason": "moves on", "ticket": "CHG-1"}


@edit
def call_everything_well(document: Document, numbers: Numbers) -> None:
    for customer in document["customers"]:
        customer |= {"verdict": "converged", "blockers": [], "bindingBlocker": None, "confidence": "high"}


@edit
def use_other_names(document: Document, numbers: Numbers) -> None:
    for place, customer in enumerate(document["customers"]):
        customer["name"] = f"nobody-{place}"


@edit
def name_other_sources(document: Document, numbers: Numbers) -> None:
    name = _pick(["manifests", "policy", "rules", "prices", "partnerDocument"], numbers[0])
    document["sources"][name] = "0" * 64


@edit
def use_another_version(document: Document, numbers: Numbers) -> None:
    document["toolVersion"] = "0.0.1"


@edit
def be_older(document: Document, numbers: Numbers) -> None:
    document["createdAt"] = _pick(["2020-01-01T00:00:00Z", "2026-11-20T00:00:00Z", "2030-01-01T00:00:00Z"], numbers[0])


@edit
def add_a_customer(document: Document, numbers: Numbers) -> None:
    """Somebody whom no manifest manages, as a copy of somebody whom one does."""
    stranger, model = _pick(document["unmanaged"], numbers[0]), _customer(document, numbers[1])
    if not stranger or not model or any(c["tenantId"] == stranger["tenantId"] for c in document["customers"]):
        return
    customer = copy.deepcopy(model) | {"tenantId": stranger["tenantId"], "name": "stranger"}
    customer["desired"] |= {"tenantId": stranger["tenantId"], "name": "stranger", "domain": stranger["domain"]}
    customer["observed"] |= {"domain": stranger["domain"], "items": []}
    customer["actions"] = [next(possible(customer))]
    document["customers"].append(customer)


@edit
def retarget(document: Document, numbers: Numbers) -> None:
    """An action of one customer, pointed at a thing of another."""
    chosen, other = _pick(_actions(document), numbers[0]), _customer(document, numbers[1])
    item = _pick(other["observed"]["items"], numbers[2]) if other else None
    if chosen and item:
        chosen[1]["target"] = {"type": item["type"], "id": item["id"], "name": ""}
        chosen[1]["id"] = action_id(chosen[0]["tenantId"], chosen[1]["kind"], item["type"], item["id"])
