"""Builds small worlds out of plain words: what a customer holds, what its manifest wants, and the plan of both.

The words are those of the case files (`tests/exits/cases`); what a case does not say has a sensible default: one live
customer with the right domain, everything read to its end, UTC, no policy, no memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import yaml

from pcreconcile.model.desired import DesiredCustomer, DesiredFleet
from pcreconcile.model.estate import (
    AzureEntitlement,
    Customer,
    CustomerList,
    CustomerState,
    DelegatedAdminRelationship,
    Entitlement,
    Excuse,
    Order,
    OrderLineItem,
    ReadProof,
    RefundOption,
    RemovalRecord,
    Reseller,
    Reservation,
    ScheduledAction,
    Snapshot,
    Subscription,
    Transfer,
    TransferLine,
)
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import OrderId, SubscriptionId, TenantId
from pcreconcile.model.memory import Memory, PastRemoval, RefusedRemoval, Renewal, Returned
from pcreconcile.model.money import Money
from pcreconcile.model.observed import observe_items
from pcreconcile.model.partner import Cloud, Partner
from pcreconcile.model.plan import CustomerPlan, Plan
from pcreconcile.model.plan_sources import holdings_digest, manifest_digest, wish_digest
from pcreconcile.model.policy import Policy
from pcreconcile.model.prices import Price, Prices
from pcreconcile.model.rules import Rule, Rules
from pcreconcile.planning import plan

Words = Mapping[str, Any]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TENANT = TenantId("6b2e0b0c-0000-4000-8000-000000000011")
PARTNER_TENANT = TenantId("9f10aa00-0000-4000-8000-0000000000aa")
DOMAIN = "harbordental.onmicrosoft.com"
LEGACY_OFFER = "0000a11c-e000-4000-8000-000000000001"

# What kind of purchase has which offer, product type and billing on the wire (API facts, 5.3).
SUBSCRIPTION_KINDS: dict[str, dict[str, Any]] = {
    "legacy-license": {"offer_id": LEGACY_OFFER},
    "new-commerce-license": {"offer_id": "CFQ7TTC0LF8R:0001:CFQ7TTC0K971", "product_type": "OnlineServicesNCE"},
    "software-subscription": {"offer_id": "DG7GMGF0DVSV:000P:DG7GMGF0F3Q9", "product_type": "Software"},
    "azure-legacy": {"offer_id": "MS-AZR-0145P", "billing_type": "usage"},
    "azure-plan": {"offer_id": "DZH318Z0BPS6:0001:DZH318Z0BML7", "product_type": "Azure", "billing_type": "usage"},
    "marketplace-saas": {"offer_id": "DZH318Z0SAAS:0001:DZH318Z0AVAI", "is_microsoft_product": False},
    "savings-plan": {"offer_id": "DZH318Z0SAVE:0001:DZH318Z0AVAI", "billing_type": "benefit"},
    "mystery": {"offer_id": "a product of tomorrow"},
    "subscription": {"offer_id": "an offer"},  # whatever the case says: `offer`, `productType`, …
}
_RENAMED = {
    "seats": "quantity",
    "offer": "offer_id",
    "parent": "parent_subscription_id",
    "term": "term_duration",
    "autoRenew": "auto_renew",
    "partnerId": "partner_id",
    "suspensionReasons": "suspension_reasons",
    "productType": "product_type",
    "billing": "billing_type",
    "cycle": "billing_cycle",
    "trial": "is_trial",
    "publisher": "publisher",
    "microsoft": "is_microsoft_product",
    "nextTerm": "scheduled_next_term",
}


@cache
def shipped_rules() -> Rules:
    """The package's own rule pack."""
    data = yaml.safe_load((files("pcreconcile.exits") / "rules.yaml").read_text(encoding="utf-8"))
    rules = {name: _rule(name, value) for name, value in data["rules"].items()}
    return Rules(data["version"], rules, digest="shipped", stale_after_months=data["staleAfterMonths"])


def _rule(name: str, value: Words) -> Rule:
    """The newest entry of a rule."""
    value = value[-1] if isinstance(value, list) else value
    days = {"from": "valid_from", "until": "valid_until"}
    return Rule(id=name, **{days.get(key, key): value[key] for key in value})


def rules_with(words: Words) -> Rules:
    """The shipped rules with some values changed."""
    shipped = shipped_rules()
    changed = {name: msgspec.structs.replace(shipped.rules[name], value=value) for name, value in words.items()}
    return msgspec.structs.replace(shipped, rules={**shipped.rules, **changed})


def instant(value: Any) -> datetime | None:
    """An instant; a bare date is its midnight in UTC."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime.combine(value, time.min, tzinfo=UTC)


def span(text: str) -> timedelta:
    """`3d` or `72h`."""
    return timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[text[-1]]: int(text[:-1])})


class Holdings(msgspec.Struct):
    """The rows that purchases leave behind in Partner Center."""

    subscriptions: list[Subscription] = []
    orders: list[Order] = []
    entitlements: list[Entitlement] = []
    azure: list[AzureEntitlement] = []
    azure_reads: list[ReadProof] = []
    reservations: list[Reservation] | None = None


def held(things: Sequence[Words]) -> Holdings:
    """All rows of all things; each is `kind`, `id` and what differs from the default."""
    found = Holdings()
    for thing in things:
        match thing["kind"]:
            case "perpetual-software":
                _hold_perpetual(found, thing)
            case "reservation":
                _hold_reservation(found, thing)
            case _:
                _hold_subscription(found, thing)
    return found


def _hold_subscription(found: Holdings, thing: Words) -> None:
    found.subscriptions.append(subscription(thing))
    if thing["kind"] == "azure-plan":
        _hold_azure(found, thing)
    if "order" in thing:
        order, _, line = str(thing["order"]).partition("/")
        found.orders.append(_order(order, int(line or 0), thing, found.subscriptions[-1].offer_id, thing["id"]))


def subscription(thing: Words) -> Subscription:
    """One row of /subscriptions."""
    fields: dict[str, Any] = {"billing_type": "license", "status": "active", "quantity": 10}
    fields |= {"auto_renew": True, "scheduled_actions": ()} | SUBSCRIPTION_KINDS[thing["kind"]]
    fields |= {_RENAMED[key]: thing[key] for key in _RENAMED if key in thing}
    fields["suspension_reasons"] = tuple(fields.get("suspension_reasons", ()))
    if "status" in thing:
        fields["status"] = thing["status"]
    if "scheduled" in thing:
        fields["scheduled_actions"] = _scheduled(thing["scheduled"])
    return Subscription(
        id=SubscriptionId(thing["id"]),
        name=thing.get("name", f"product {thing['id']}"),
        commitment_end=instant(thing.get("ends")),
        effective_start=instant(thing.get("starts")),
        created=instant(thing.get("created")),
        refund_options=tuple(
            RefundOption(kind, instant(until)) for kind, until in thing.get("refundOptions", {}).items()
        ),
        cancellation_allowed_until=instant(thing.get("window")),
        **fields,
    )


def _scheduled(words: Sequence[str] | None) -> tuple[ScheduledAction, ...] | None:
    """`TermEnd/Cancel`, or with a scheduled change behind it: `TermEnd/RenewToNewTerm: quantity 5`."""
    if words is None:
        return None
    parts = [each.partition(": ") for each in words]
    return tuple(ScheduledAction(*name.split("/"), changes=changes) for name, _, changes in parts)


def _hold_azure(found: Holdings, thing: Words) -> None:
    entries = thing.get("azure", [])
    if entries == "not read":
        return
    plan_id = SubscriptionId(thing["id"])
    found.azure_reads.append(ReadProof(f"azureEntitlements of {plan_id}", complete=True, items=len(entries)))
    found.azure += [
        AzureEntitlement(each["id"], plan_id, each.get("name", each["id"]), each.get("status", "active"))
        for each in entries
    ]


def _order(order: str, number: int, thing: Words, offer: str, subscription_id: str | None) -> Order:
    line = OrderLineItem(
        number=number,
        offer_id=offer,
        name=thing.get("name", f"product {thing['id']}"),
        quantity=thing.get("seats", 10),
        term_duration=thing.get("term"),
        subscription_id=None if subscription_id is None else SubscriptionId(subscription_id),
        unit_price=dollars(thing.get("price")),
    )
    created = instant(thing.get("bought"))
    return Order(
        OrderId(order),
        thing.get("orderStatus", "completed"),
        (line,),
        created=created,
        billing_cycle=thing.get("cycle"),
    )


def _hold_perpetual(found: Holdings, thing: Words) -> None:
    offer = thing.get("offer", "DG7GMGF0FKZV:0003:DG7GMGF0DWMS")
    found.orders.append(_order(thing["id"], 0, thing, offer, None))
    if thing.get("entitled", True):
        found.entitlements.append(Entitlement(OrderId(thing["id"]), 0, "software", thing.get("seats", 10)))


def _hold_reservation(found: Holdings, thing: Words) -> None:
    name = thing.get("name", "Reserved_VM_Instance_Standard_D2")
    named = {**thing, "name": name, "seats": 1}
    found.orders.append(_order(thing["id"], 0, named, "DZH318Z0BQ3W:007J:DZH318Z0AVAI", None))
    if thing.get("entitled", True):
        found.entitlements.append(
            Entitlement(
                order_id=OrderId(thing["id"]),
                line_item=0,
                entitlement_type="reservedinstance",
                quantity=thing.get("seats", 1),
                expires=instant(thing.get("expires")),
                reservation_orders=(f"azure-{thing['id']}",),
            )
        )
    if "azure" in thing:
        found.reservations = (found.reservations or []) + [_reservation(thing, each) for each in thing["azure"]]


def _reservation(thing: Words, words: Words) -> Reservation:
    """What Azure Resource Manager shows of a reservation, and its quote."""
    money = {name: dollars(words.get(name)) for name in ("refund", "counts", "consumed", "allowance")}
    return Reservation(
        order_id=f"azure-{thing['id']}",
        reservation_id=words.get("id", "r"),
        name=words.get("name", "Reserved_VM_Instance_Standard_D2"),
        quantity=words.get("quantity", 1),
        state=words.get("state", "succeeded"),
        expires=instant(words.get("expires", thing.get("expires"))),
        problems=tuple(words.get("problems", ())),
        **{**money, "counts": money["counts"] or money["refund"]},
    )


def dollars(amount: Any) -> Money | None:
    """`5400.00` in US dollars, unless it says another currency: `5400.00 EUR`."""
    if amount is None:
        return None
    value, _, currency = str(amount).partition(" ")
    return Money(Decimal(value), currency or "USD")


def transfers(words: Any) -> tuple[Transfer, ...] | None:
    """Transfers: a list of `id`, `status`, `moves` (subscription IDs, or "not said"), `expires`, `target`."""
    if words is None or isinstance(words, str):
        return None
    return tuple(
        Transfer(
            id=each["id"],
            status=each.get("status", "pending"),
            lines=None
            if each.get("moves", []) == "not said"
            else tuple(TransferLine(f"product {name}", SubscriptionId(name)) for name in each.get("moves", [])),
            target_partner=each.get("target", "Northwind Cloud"),
            expires=instant(each.get("expires")),
        )
        for each in words
    )


def resellers(words: Any) -> tuple[Reseller, ...] | None:
    """Indirect resellers of the customer: a list of `id`, `name`, `mpnId`, `state`, `type`."""
    if words is None or isinstance(words, str):
        return None
    return tuple(
        Reseller(
            each["id"],
            each.get("name", "Northwind Resellers"),
            each.get("mpnId"),
            each.get("state", "active"),
            each.get("type"),
        )
        for each in words
    )


def prices(words: Sequence[Words]) -> Prices:
    """The partner's price list: `amount` ("12.00 EUR"), `per`, and what it is for (`sku`, `family`, `term`, …)."""
    entries = [{**each, "amount": msgspec.to_builtins(dollars(each["amount"]))} for each in words]
    return Prices(msgspec.convert(entries, tuple[Price, ...]))


def delegated_admin(words: Any) -> tuple[DelegatedAdminRelationship, ...] | None:
    """GDAP relationships: a list of `id`, `status`, `ends`; None for what was not asked for or not read."""
    if words is None or isinstance(words, str):
        return None
    return tuple(
        DelegatedAdminRelationship(each["id"], f"helpdesk {each['id']}", each.get("status", "active")) for each in words
    )


def removal_record(words: Words) -> RemovalRecord:
    """An audit record."""
    return RemovalRecord(words["id"], instant(words["at"]) or NOW, by=words.get("by", ""))


def extra_reads(case: Words) -> tuple[ReadProof, ...]:
    """Proofs of the extras: read to their end unless the case says otherwise."""
    asked = {
        Extra.DELEGATED_ADMIN: case.get("gdap"),
        Extra.REMOVAL_RECORD: case.get("record"),
        Extra.TRANSFERS: case.get("transfers", []),
        Extra.RESELLERS: case.get("resellers", []),
    }
    return tuple(
        ReadProof(
            name, complete=said not in _UNSEEN, problem=_UNSEEN.get(str(said), ""), excuse=_EXCUSES.get(str(said))
        )
        if isinstance(said, str)
        else ReadProof(name, complete=True)
        for name, said in asked.items()
    )


_UNSEEN = {
    "not read": "no right",
    "not offered": "the service has no such list",
    "no credential": "credentials.refreshToken is needed",
}
_EXCUSES = {"not offered": Excuse.NOT_OFFERED, "no credential": Excuse.NO_CREDENTIAL}


def customer_state(things: Sequence[Words], customer: Customer | None, problems: Words) -> CustomerState:
    """All that was read of the customer, each collection with its proof."""
    found = held(things)
    names = ("customer", "subscriptions", "orders", "entitlements")
    reads = [ReadProof(name, complete=name not in problems, problem=problems.get(name, "")) for name in names]
    return CustomerState(
        tenant_id=TENANT,
        customer=customer,
        subscriptions=tuple(found.subscriptions),
        orders=tuple(found.orders),
        entitlements=tuple(found.entitlements),
        azure_entitlements=tuple(found.azure),
        reads=(*reads, *found.azure_reads),
        reservations=None if found.reservations is None else tuple(found.reservations),
    )


def desired(wants: Words) -> DesiredCustomer:
    """The manifest: its spec's fields in camelCase, with the fields that every manifest has filled in."""
    fields: dict[str, Any] = {"name": "harbor-dental", "tenantId": TENANT, "domain": DOMAIN, "reason": "leaves"}
    fields |= {"relationship": "removed"} | dict(wants)
    if "settle" in fields:
        fields["settle"] = span(fields["settle"])
    if "delegatedAccess" in fields:
        wanted = fields["delegatedAccess"]
        dated = {"terminate": True, **wanted} if isinstance(wanted, dict) else {}
        fields["delegatedAccess"] = dated or {"terminate": wanted == "terminate"}
    return msgspec.convert(fields, DesiredCustomer)


def memory(words: Words, case: Words | None = None) -> Memory:
    """What the journal remembers of this one customer; `same` is said of the wish and the holdings of the case."""
    taken, seen = instant(words.get("serviceTaken")), instant(words.get("seenAgain"))
    case = case or {}
    return Memory(
        removals=tuple(at for at in map(instant, words.get("removals", ())) if at is not None),
        removed={TENANT: words["removedBy"]} if "removedBy" in words else {},
        service_taken={} if taken is None else {TENANT: taken},
        suspended={TENANT: tuple(words["suspended"])} if "suspended" in words else {},
        renewals={TENANT: msgspec.convert(words["renewals"], dict[str, Renewal])} if "renewals" in words else {},
        returned={TENANT: tuple(map(_returned, words["returned"]))} if "returned" in words else {},
        fulfilled={TENANT: tuple(_fulfilled(each, case) for each in words.get("fulfilled", ()))},
        refused={TENANT: _refused(words["refused"], case)} if "refused" in words else {},
        seen_again={} if seen is None else {TENANT: seen},
    )


def _fulfilled(words: Words, case: Words) -> PastRemoval:
    wanted = desired(case.get("wants", {}))
    wishes = {"same": wish_digest(wanted.reason, wanted.ticket), "other": wish_digest("another", None), "unknown": ""}
    return PastRemoval(words.get("run", "run-7"), instant(words["at"]) or NOW, wishes[words.get("wish", "same")])


def _refused(words: Words, case: Words) -> RefusedRemoval:
    """`since` is what has changed since: nothing, the manifest or the holdings."""
    wanted, held_now = desired(case.get("wants", {})), observe_items(snapshot(case).states[TENANT])
    since = words.get("since", "nothing")
    return RefusedRemoval(
        "run-8",
        instant(words["at"]) or NOW,
        words.get("said", "HTTP 400/3000: Customer relationship cannot be removed."),
        manifest_digest(wanted) if since != "the manifest" else "another",
        (holdings_digest(held_now),) if since != "the holdings" else ("another",),
    )


def _returned(words: Words) -> Returned:
    return Returned(instant(words["at"]) or NOW, dollars(words.get("counts")))


def policy(words: Words) -> Policy:
    """A policy by the names of `model.policy`."""
    return msgspec.convert(dict(words), Policy)


def partner(zone: str = "UTC", not_offered: tuple[str, ...] = ()) -> Partner:
    """The partner whose customer it is."""
    return Partner("contoso-csp", PARTNER_TENANT, Cloud.SIMULATOR, time_zone=zone, not_offered=not_offered)


def refused_for_good(case: Words) -> tuple[str, ...]:
    """Lists that the case names and leaves empty: the partner's document says that they are not offered."""
    names = {"relationships": "resellers", "transfers": "transfers"}
    return tuple(name for name, word in names.items() if case.get(word, ()) is None)


def listed_customer(words: Words) -> Customer:
    """The customer as Partner Center shows it, in the list and by ID."""
    return Customer(
        tenant_id=TenantId(words.get("tenantId", TENANT)),
        company_name=words.get("name", "Harbor Dental"),
        domain=words.get("domain", DOMAIN),
        relationship=words.get("relationship", "reseller"),
        custom_domains=tuple(words.get("customDomains", ())),
        allow_delegated_access=words.get("dap"),
    )


def snapshot(case: Words) -> Snapshot:
    """The live world of a case: `customer`, `others`, `list`, `reads` and `holds`."""
    words = case.get("customer", {})
    customer = listed_customer(words)
    by_id = msgspec.structs.replace(customer, relationship=words.get("byId", customer.relationship))
    alive = [customer] if words.get("listed", True) else []
    live = [*alive, *(listed_customer(other) for other in case.get("others", ()))]
    complete = case.get("list", "complete") == "complete"
    shown = None if words.get("byId") == "not found" or (not alive and "byId" not in words) else by_id
    state = customer_state(case.get("holds", ()), shown, case.get("reads", {}))
    state = msgspec.structs.replace(
        state,
        delegated_admin=delegated_admin(case.get("gdap")),
        transfers=transfers(case.get("transfers", [])),
        resellers=resellers(case.get("resellers", [])),
        reads=(*state.reads, *extra_reads(case)),
    )
    return Snapshot(
        partner_tenant=PARTNER_TENANT,
        taken_at=case_now(case),
        listed=CustomerList(
            customers={each.tenant_id: each for each in live},
            read=ReadProof("customers", complete=complete, problem="" if complete else "cut off at page 2"),
        ),
        states={} if words.get("read", True) is False else {TENANT: state},
        removal_records={TENANT: removal_record(case["record"])} if isinstance(case.get("record"), dict) else {},
    )


def case_now(case: Words) -> datetime:
    """The instant at which the case is planned."""
    return instant(case.get("now")) or NOW


def plan_of(case: Words, rules: Rules | None = None) -> Plan:
    """The whole plan of a case."""
    return plan(
        DesiredFleet((desired(case.get("wants", {})),)),
        snapshot(case),
        memory(case.get("memory", {}), case),
        rules or rules_with(case.get("rules", {})),
        policy(case.get("policy", {})),
        case_now(case),
        partner=partner(case.get("zone", "UTC"), refused_for_good(case)),
        tool_version="test",
        prices=prices(case.get("prices", ())),
    )


def customer_plan(case: Words, rules: Rules | None = None) -> CustomerPlan:
    """What the plan says about the case's customer."""
    return plan_of(case, rules).customers[0]


def day(value: date | None) -> str:
    """A date of a plan in the words of a case."""
    return "undated" if value is None else value.isoformat()
