"""Subscriptions: list, get, add-ons, PATCH (API facts, section 5).

PATCH takes the full resource: what its body leaves out of the renewal settings is silently reset (C2), which is the
trap that the service is known for.
"""

from . import asynchrony, audit
from .customers import commerce_customer
from .identifiers import etag
from .messages import Call, Json, Reply, collection, link, member, refusal
from .software import cancel_software_of
from .transfers import check_free
from .transitions import BY_THE_PARTNER, change_status, check_changeable, check_state
from .webhooks import notify_subscription
from .wishes import Wish, read_wish, renewal_settings, without_schedules

__all__ = [
    "find_subscription",
    "get_provisioning_status",
    "get_subscription",
    "list_addons",
    "list_subscriptions",
    "patch_subscription",
]


def find_subscription(call: Call, customer: Json) -> Json:
    """The subscription of a path, whatever the case of its GUID. Raises 404/20003."""
    wanted = call.params["subscription"].lower()
    items: list[Json] = customer["subscriptions"]
    for item in items:
        if str(item["wire"]["id"]).lower() == wanted:
            return item
    raise refusal(404, 20003, f"The subscription {call.params['subscription']} was not found.")


def render(customer: Json, item: Json) -> Json:
    """A subscription as the service shows it: relative links; an etag on legacy ones only."""
    wire, base = item["wire"], f"/customers/{customer['id']}"
    links: Json = {"self": link(f"{base}/subscriptions/{wire['id']}")}
    if wire.get("parentSubscriptionId"):
        links["parentSubscription"] = link(f"{base}/subscriptions/{wire['parentSubscriptionId']}")
    attributes: Json = {"objectType": "Subscription"}
    if item["version"] is not None:
        attributes["etag"] = etag(str(wire["id"]).lower(), item["version"])
    shown: Json = {"links": links, "attributes": attributes}
    shown.update(wire)
    return shown


def _observed(customer: Json, item: Json) -> Json:
    asynchrony.observe(item)
    return render(customer, item)


def list_subscriptions(call: Call) -> Reply:
    """`GET /subscriptions[?order_id=][?mpn_id=]`: all of them, also those that are gone; never paged."""
    customer = commerce_customer(call)
    items = [_observed(customer, item) for item in customer["subscriptions"]]
    for parameter, name in (("order_id", "orderId"), ("mpn_id", "partnerId")):
        if parameter in call.query:
            items = [item for item in items if item.get(name) == call.query[parameter]]
    return collection(items)


def get_subscription(call: Call) -> Reply:
    """`GET /subscriptions/{id}`."""
    customer = commerce_customer(call)
    return Reply(200, _observed(customer, find_subscription(call, customer)))


def list_addons(call: Call) -> Reply:
    """`GET /subscriptions/{id}/addons`."""
    customer = commerce_customer(call)
    base = find_subscription(call, customer)
    return collection([_observed(customer, item) for item in addons_of(customer, base)])


def addons_of(customer: Json, base: Json) -> list[Json]:
    """The add-ons of a subscription."""
    wanted = str(base["wire"]["id"]).lower()
    return [i for i in customer["subscriptions"] if str(i["wire"].get("parentSubscriptionId")).lower() == wanted]


def get_provisioning_status(call: Call) -> Reply:
    """`GET /subscriptions/{id}/provisioningstatus` (App+User only)."""
    wire = find_subscription(call, commerce_customer(call))["wire"]
    body: Json = {"skuId": wire.get("offerId"), "status": "success", "quantity": wire.get("quantity")}
    body |= {"endDate": wire.get("commitmentEndDate"), "attributes": {"objectType": "SubscriptionProvisioningStatus"}}
    return Reply(200, body)


def patch_subscription(call: Call) -> Reply:
    """`PATCH /subscriptions/{id}`: 200 with the resource, or 202 and a Location when `acceptedUpdates` is on."""
    customer = commerce_customer(call)
    item = find_subscription(call, customer)
    wish = read_wish(call.body, item)
    _check_etag(call, item)
    check_state(item, wish)
    old = render(customer, item)
    changes = _changes(call, customer, item, wish)
    if changes:
        check_changeable(item)
        check_free(customer, str(item["wire"]["id"]), call.now)
        record = audit.record(call, customer, "update_subscription", "subscription", old, old | changes[0][1])
        for changed, _ in changes:
            notify_subscription(call, customer, changed["wire"], record)
    return _carried_out(call, customer, item, changes)


def _check_etag(call: Call, item: Json) -> None:
    """If-Match and the body's etag are honoured when sent and never required (C1); stale is 400/2055, not 412."""
    current = etag(str(item["wire"]["id"]).lower(), item["version"]) if item["version"] is not None else ""
    in_body = member(call.member("attributes"), "etag")
    for given in (call.headers.get("if-match", "").strip().removeprefix("W/").strip('"'), in_body):
        if given and given not in ("*", current):
            raise refusal(400, 2055, "Etag is no longer valid.")


Changes = list[tuple[Json, Json]]
"""Subscriptions and their new wire members; the one that was asked for comes first."""


def _changes(call: Call, customer: Json, item: Json, wish: Wish) -> Changes:
    wire = item["wire"]
    if wish.status != wire.get("status"):
        new = change_status(call, customer, item, wish)
        if new["status"] == "suspended" and call.world.options["saysWhySuspended"]:
            new["suspensionReasons"] = [BY_THE_PARTNER]
        new |= {} if new["status"] in ("suspended", "deleted") or wire.get("status") == "suspended" else wish.edits
        return [(item, new), *_cascade(customer, item, new)]
    options = call.world.options
    new = wish.edits | renewal_settings(wish, item, reset=options["resetOmitted"])
    if options["schedulesNeedAutoRenew"] and not new.get("autoRenewEnabled", wire.get("autoRenewEnabled")):
        new |= without_schedules(new)
    changed = {name: value for name, value in new.items() if wire.get(name) != value}
    return [(item, changed)] if changed else []


def _cascade(customer: Json, base: Json, new: Json) -> Changes:
    """Suspending a subscription suspends its add-ons; reactivating it does not bring them back."""
    if new["status"] != "suspended":
        return []
    active = [item for item in addons_of(customer, base) if item["wire"].get("status") == "active"]
    return [(item, {name: value for name, value in new.items() if name in item["wire"]}) for item in active]


def _carried_out(call: Call, customer: Json, item: Json, changes: Changes) -> Reply:
    for changed, members in changes:
        if changed["version"] is not None:
            changed["version"] += 1
        if members.get("status") == "deleted":
            cancel_software_of(customer, changed["wire"])
        if call.world.options["acceptedUpdates"]:
            asynchrony.begin(changed, call.world.options["asyncReads"], members)
        else:
            changed["wire"].update(members)
    if call.world.options["acceptedUpdates"]:
        location = f"/customers/{customer['id']}/subscriptions/{item['wire']['id']}"
        return Reply(202, None, {"Location": location})
    return Reply(200, render(customer, item))
