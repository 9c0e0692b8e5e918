"""The world as one request sees it: customers brought up to now, options, audit, all inside one transaction.

A customer is one document. It is read once per request, changed in place by handlers and by time, and written back
only when it differs; a refused request writes nothing of what its handler had begun.
"""

import json
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from . import billing, lifecycle, options
from .clock import Clock, wire_time
from .messages import Json
from .store import Store

__all__ = ["World", "found"]


class World:
    """One transaction's view of the state; create it anew for every request."""

    def __init__(self, store: Store, *, reading: bool = False) -> None:
        """`reading`: this request only reads the service, so it may be shown a customer as it was before."""
        self.store, self._reading = store, reading
        self.clock = Clock.load(store.meta("clock"))
        self.now: datetime = self.clock.now()
        self.options: Json = options.DEFAULTS | (store.meta("options") or {})
        self.partner: Json = store.meta("partner")
        self._held: dict[str, tuple[str, Json]] = {}
        self._shown: dict[str, Json] = {}
        self._audit: list[Json] = []
        self._deliveries: list[Json] = []
        self._meta: Json = {}
        self.changed = False
        """Whether the request did something that a later read can see."""

    @property
    def signing_key(self) -> bytes:
        """The key under which this world's tokens are signed."""
        return bytes.fromhex(self.store.meta("signingKey"))

    def customer(self, tenant_id: str) -> Json | None:
        """A customer's document up to now, former customers included; change it in place."""
        key = tenant_id.lower()
        if key not in self._held:
            document = self.store.customer(key)
            if document is None:
                return None
            customer: Json = json.loads(document)
            self._held[key] = (document, customer)
            self._shown[key] = self._up_to_now(_older(customer) if self._reading else customer)
        return self._shown[key]

    def _up_to_now(self, customer: Json) -> Json:
        lifecycle.bring_up_to(customer, self.now)
        return customer

    def every_customer(self) -> Iterator[Json]:
        """All customers up to now, former ones included, without keeping them for writing."""
        for tenant_id in self.store.customers():
            document = self.store.customer(tenant_id)
            if document is not None:
                yield self._up_to_now(json.loads(document))

    def delay(self, reads: int) -> None:
        """Let so many reads still see the changed customers as they were before this request."""
        for before, customer in self._held.values():
            if reads and json.dumps(customer) != before:
                was = json.loads(before)
                was.pop("stale", None)
                customer["stale"] = {"reads": reads, "was": was}

    def notify(self, delivery: Json) -> None:
        """Queue a notification if the request succeeds."""
        self._deliveries.append(delivery)

    @property
    def notifies(self) -> bool:
        """Whether the request queued a notification."""
        return bool(self._deliveries)

    def audit(self, record: Json) -> None:
        """Keep an audit record if the request succeeds."""
        self._audit.append(record)
        self.changed = True

    def set_meta(self, name: str, value: Any) -> None:
        """Change a named value of the world if the request succeeds."""
        self._meta[name] = value
        self.changed = True

    def save(self) -> None:
        """Write what the request changed."""
        for before, customer in self._held.values():
            billing.follow_customer(customer, self.now)
            document = json.dumps(customer)
            if document != before:
                self.store.save_customer(customer, document, _relationship(customer))
        for record in self._audit:
            self.store.add_audit(record["operationDate"], record)
        for name, value in self._meta.items():
            self.store.set_meta(name, value)
        for delivery in self._deliveries:
            self.store.add_delivery(delivery, pending=delivery["state"] == "pending")


def _older(customer: Json) -> Json:
    """The customer as it was, while reads lag behind the last write; otherwise as it is."""
    stale = customer.get("stale")
    if stale is None:
        return customer
    stale["reads"] -= 1
    if stale["reads"] <= 0:
        del customer["stale"]
    was: Json = stale["was"]
    return was


def _relationship(customer: Json) -> str:
    """The relationship that the list of customers goes by, which lags like every other read."""
    shown = customer["stale"]["was"] if "stale" in customer else customer
    return str(shown["relationshipToPartner"])


def found(store: Store, founding: Json, clock: Clock, created: datetime) -> None:
    """Write the first state of a world: partner, options, customers and past audit records."""
    store.set_meta("clock", clock.dump())
    store.set_meta("created", wire_time(created))
    store.set_meta("signingKey", secrets.token_hex(32))
    store.set_meta("partner", founding["partner"])
    store.set_meta("options", founding["options"])
    for customer in founding["customers"]:
        store.save_customer(customer, json.dumps(customer), customer["relationshipToPartner"])
    for record in founding["audit"]:
        store.add_audit(record["operationDate"], record)
