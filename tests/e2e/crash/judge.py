"""What must be true whatever happened: told by the service's own log and by the journal, against the plan.

Each function gives what is wrong, in words; an empty list is the verdict *in order*.

* **Nothing beyond the plan**: each change in the log is one planned action's, and its request had an intent in the
  journal before.
* **Nothing twice**: no action took effect twice.
* **One request ID** for one write for as long as an earlier request of it may still take effect.
* **Order kept**: an action took effect only after those that it requires; a removal after all else of its customer, and
  after a whole look that followed the last of them.
* **All of it** (exit 0): every planned action took effect and is verified in the journal.
* **The journal**: its chain is whole, nothing that it acknowledged is missing, and it says how the last run ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pcreconcile.model.run import Event, EventKind

Entry = Mapping[str, Any]

REMOVAL = "remove-relationship"
ACCESS = frozenset({"terminate-delegated-access", "remove-delegated-admin"})
BY_HAND = frozenset({"manual", "request-relationship"})
ENDS = {0: "done", 3: "stale", 6: "partial", 7: "indeterminate"}

_STATUS = {"cancel-subscription": "deleted", "suspend-subscription": "suspended", "reactivate-subscription": "active"}
_BESIDE_THE_PLAN = re.compile(r"/oauth2/|/calculateRefund$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Act:
    """A planned action of one customer."""

    id: str
    tenant: str
    kind: str
    target: str
    requires: tuple[str, ...]

    def is_it(self, entry: Entry) -> bool:
        """Whether a change in the log is this action's."""
        path, body = str(entry["path"]).lower(), entry["body"] or {}
        target = self.target.lower()
        subscription = path == f"/v1/customers/{self.tenant}/subscriptions/{target}"
        match self.kind:
            case "cancel-subscription" | "suspend-subscription" | "reactivate-subscription":
                return subscription and body.get("status") == _STATUS[self.kind]
            case "cancel-at-term-end":
                return subscription and body.get("status") == "active" and body.get("autoRenewEnabled") is False
            case "cancel-order-line":
                order, _, line = target.rpartition("/")
                lines = [str(each["lineItemNumber"]) for each in body.get("lineItems", ())]
                return path == f"/v1/customers/{self.tenant}/orders/{order}" and lines == [line]
            case "cancel-azure-subscription":
                return path.startswith(f"/v1/customers/{self.tenant}/") and path.endswith(f"/{target}/cancel")
            case "return-reservation":
                return path.endswith(f"/reservationorders/{target.partition('/')[0]}/return")
            case "remove-relationship":
                return path == f"/v1/customers/{self.tenant}" and body.get("relationshipToPartner") == "none"
            case "terminate-delegated-access":
                return path.endswith(f"/{target}/requests") and body.get("action") == "terminate"
        raise AssertionError(f"the judge does not know {self.kind}")


def planned(plan: Any) -> list[Act]:
    """What one run of the plan is to do."""
    return [
        Act(act["id"], each["tenantId"], act["kind"], act["target"]["id"], tuple(act["requires"]))
        for each in plan["customers"]
        for act in each["actions"]
        if act["when"] == "now" and act["kind"] not in BY_HAND
    ]


def of_the_log(acts: Sequence[Act], log: Sequence[Entry], *, whole: bool) -> list[str]:
    """What the service saw happen; `whole`: all of the plan must have."""
    found: dict[str, list[int]] = {act.id: [] for act in acts}
    wrong = []
    for entry in (entry for entry in log if entry["applied"]):
        its = [act for act in acts if act.is_it(entry)]
        its.sort(key=lambda act: bool(found[act.id]))  # one request may look like two actions: then they take turns
        if not its:
            wrong.append(f"beyond the plan: {entry['seq']} {entry['method']} {entry['path']}")
        for act in its[:1]:
            found[act.id].append(entry["seq"])
    wrong += [f"twice: {act.kind} {act.target} {found[act.id]}" for act in acts if len(found[act.id]) > 1]
    if whole:
        wrong += [f"never: {act.kind} {act.target}" for act in acts if not found[act.id]]
    return wrong + _order(acts, {name: seqs[0] for name, seqs in found.items() if seqs}, log)


def _order(acts: Sequence[Act], took: Mapping[str, int], log: Sequence[Entry]) -> list[str]:
    wrong = []
    for act in acts:
        if act.id not in took:
            continue
        before = {*act.requires, *(_everything_else(act, acts) if act.kind == REMOVAL else ())}
        late = [other for other in before if took.get(other, took[act.id]) >= took[act.id]]
        wrong += [f"out of order: {act.kind} {act.target} before {other}" for other in late]
        if act.kind == REMOVAL and not late:
            wrong += _gate(act, max((took[other] for other in before), default=0), took[act.id], log)
    return wrong


def _everything_else(removal: Act, acts: Iterable[Act]) -> list[str]:
    return [act.id for act in acts if act.tenant == removal.tenant and act.kind not in {REMOVAL, *ACCESS}]


def _gate(removal: Act, after: int, before: int, log: Sequence[Entry]) -> list[str]:
    """The whole customer was read between the last of the other actions and the removal."""
    looked = {
        str(entry["path"]).lower()
        for entry in log
        if after < entry["seq"] < before and entry["method"] == "GET" and entry["status"] == 200
    }
    own = f"/v1/customers/{removal.tenant}"
    missing = {own, *(f"{own}/{part}" for part in ("subscriptions", "orders", "entitlements"))} - looked
    return [f"no look at {path} before the removal" for path in sorted(missing)]


def of_the_journal(acts: Sequence[Act], events: Sequence[Event], log: Sequence[Entry], code: int) -> list[str]:
    """What the journal says of it; its chain was verified by reading it."""
    names = {act.id for act in acts}
    intents = {(event.request_id or "").lower() for event in events if event.kind is EventKind.INTENT}
    wrong = [f"an intent beyond the plan: {event.action}" for event in events if event.action not in {None, *names}]
    for entry in log:
        keyed = str(entry["path"]).startswith("/v1/")
        if is_a_write(entry) and keyed and str(entry["requestId"]).lower() not in intents:
            wrong.append(f"sent without an intent: {entry['seq']} {entry['method']} {entry['path']}")
    wrong += _without_gate(acts, events) + _another_id_while_unsure(events)
    last = events[-1] if events else None
    if last is None or last.kind is not EventKind.RUN_FINISHED or last.body.get("exitCode") != code:
        wrong.append(f"the last run ended with {code}, and the journal does not say so: {last}")
    if code == 0:
        verified = {event.action for event in events if event.kind is EventKind.VERIFIED}
        wrong += [f"done and not verified: {act.kind} {act.target}" for act in acts if act.id not in verified]
    return wrong


def is_a_write(entry: Entry) -> bool:
    """Whether a request asks the service for a change."""
    return entry["method"] in {"PATCH", "POST"} and not is_beside_the_plan(entry)


def is_beside_the_plan(entry: Entry) -> bool:
    """Tokens and refund quotes: asked for by POST, and no change."""
    return bool(_BESIDE_THE_PLAN.search(entry["path"]))


def _without_gate(acts: Sequence[Act], events: Sequence[Event]) -> list[str]:
    removals = {act.id for act in acts if act.kind == REMOVAL}
    looked: set[tuple[str, str | None]] = set()
    wrong = []
    for event in events:
        if event.kind is EventKind.LOOKED and event.body.get("moment") == "gate":
            looked.add((event.run, event.customer))
        if event.kind is EventKind.INTENT and event.action in removals and (event.run, event.customer) not in looked:
            wrong.append(f"a removal without its gate: {event.customer} in run {event.run}")
    return wrong


def _another_id_while_unsure(events: Sequence[Event]) -> list[str]:
    """A second MS-RequestId while a request under the first may still take effect."""
    tracks: dict[str, _Track] = {}
    wrong = []
    for event in events:
        if event.action is None:
            continue
        track = tracks.setdefault(event.action, _Track())
        if event.kind is EventKind.INTENT and track.enter(str(event.request_id)):
            wrong.append(f"another request ID while the first may take effect: {event.action} in event {event.seq}")
        elif event.kind in {EventKind.NO_ANSWER, EventKind.ANSWERED, EventKind.REFUSED}:
            track.settle(event)
    return wrong


@dataclass(slots=True)
class _Track:
    """The requests of one action: the last ID, whether one is on its way, and whether one under that ID was lost."""

    request_id: str = ""
    pending: bool = False
    lost: bool = False

    def enter(self, request_id: str) -> bool:
        """An intent; whether it should have had the ID of the one before."""
        self.lost = self.lost or self.pending
        wrong = self.lost and request_id != self.request_id
        self.lost = self.lost and request_id == self.request_id
        self.request_id, self.pending = request_id, True
        return wrong

    def settle(self, event: Event) -> None:
        """An outcome; a 429 says nothing about the requests before it."""
        self.pending = False
        throttled = event.kind is EventKind.REFUSED and event.body.get("status") == 429
        self.lost = event.kind is EventKind.NO_ANSWER or (throttled and self.lost)
