"""Webhooks: one registration per partner tenant, its events, and notifications of changes (API facts, section 8.2).

A notification is queued with the change that it tells of and delivered by the courier, never by the request: the answer
to a write does not wait for it. Unlike the service, which may take 48 hours, the courier leaves at once.
"""

import base64
import ipaddress
import json
import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from .clock import wire_time
from .messages import Call, Json, Refusal, Reply, refusal
from .signatures import new_identity

__all__ = [
    "create_registration",
    "create_validation",
    "get_certificate",
    "get_registration",
    "get_validation",
    "list_deliveries",
    "list_events",
    "notify_subscription",
    "replace_registration",
]

EVENTS = (
    "test-created",
    "subscription-updated",
    "reseller-relationship-accepted-by-customer",
    "indirect-reseller-relationship-accepted-by-customer",
    "dap-admin-relationship-approved",
    "dap-admin-relationship-terminated",
    "dap-admin-relationship-terminated-by-microsoft",
    "granular-admin-relationship-approved",
    "granular-admin-relationship-activated",
    "granular-admin-relationship-terminated",
    "granular-admin-relationship-expired",
    "granular-admin-access-assignment-created",
    "granular-admin-access-assignment-activated",
    "azure-fraud-event-detected",
)
"""What can be registered for; the first two are the ones that this service sends."""

_MEMBERS = ("SubscriberId", "WebhookUrl", "WebhookEvents", "SignatureTokenToMsSignatureHeader")


def list_events(_call: Call) -> Reply:
    """`GET /webhooks/v1/registration/events`."""
    return Reply(200, list(EVENTS))


def get_registration(call: Call) -> Reply:
    """`GET /webhooks/v1/registration`; 404 without one."""
    return Reply(200, _shown(_registration(call)))


def create_registration(call: Call) -> Reply:
    """`POST /webhooks/v1/registration`: 409 when there is one already."""
    if call.world.store.meta("webhook") is not None:
        raise refusal(409, 409, "A registration exists already.")
    if call.world.store.meta("webhookIdentity") is None:
        call.world.set_meta("webhookIdentity", new_identity())
    return _keep(call, str(uuid.uuid4()))


def replace_registration(call: Call) -> Reply:
    """`PUT /webhooks/v1/registration`."""
    return _keep(call, _registration(call)["SubscriberId"])


def _registration(call: Call) -> Json:
    found: Json | None = call.world.store.meta("webhook")
    if found is None:
        raise refusal(404, 1000, "There is no registration.")
    return found


def _shown(registration: Json) -> Json:
    return {name: registration[name] for name in _MEMBERS if registration[name] is not False}


def _keep(call: Call, subscriber: str) -> Reply:
    values = (subscriber, _url(call), _events(call), call.member("SignatureTokenToMsSignatureHeader") is True)
    registration = dict(zip(_MEMBERS, values, strict=True))
    call.world.set_meta("webhook", registration)
    return Reply(200, _shown(registration))


def _url(call: Call) -> str:
    url = call.member("WebhookUrl")
    if not isinstance(url, str) or len(url) > 2000 or _target(url) is None:
        raise _invalid("WebhookUrl")
    return url


def _events(call: Call) -> list[str]:
    events = call.member("WebhookEvents")
    if not isinstance(events, list) or not events or not all(isinstance(each, str) for each in events):
        raise _invalid("WebhookEvents")
    known = [each.lower() for each in events]
    if not set(known) <= set(EVENTS):
        raise _invalid("WebhookEvents")
    return known


def _invalid(name: str) -> Refusal:
    return refusal(400, 3000, f"Invalid property: {name}.")


def _target(url: str) -> str | None:
    """The host of an address that could be called; None for one that could not."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.port != 0 and url.isascii() and url.isprintable()
        return parts.hostname if usable and " " not in url else None
    except ValueError:
        return None


def _is_loopback(url: str) -> bool:
    host = _target(url) or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def create_validation(call: Call) -> Reply:
    """`POST /webhooks/v1/registration/validationEvents`: sends `test-created`."""
    registration = _registration(call)
    if "test-created" not in registration["WebhookEvents"]:
        raise refusal(400, 3000, "The registration does not have the event test-created.")
    correlation = str(uuid.uuid4())
    uri = f"{call.base_url}/webhooks/v1/registration/validationEvents/{correlation}"
    _queue(call, registration, "test-created", uri, ("test", ""), correlation)
    return Reply(200, {"correlationId": correlation})


def get_validation(call: Call) -> Reply:
    """`GET /webhooks/v1/registration/validationEvents/{id}`: what became of that delivery."""
    wanted = call.params["correlation"].lower()
    for _, delivery in call.world.store.deliveries():
        if delivery["correlationId"] == wanted:
            return Reply(200, _validation(call, delivery))
    raise refusal(404, 1000, "The validation event was not found.")


def _validation(call: Call, delivery: Json) -> Json:
    return {
        "correlationId": delivery["correlationId"],
        "partnerId": call.world.partner["tenantId"],
        "status": "inProgress" if delivery["state"] == "pending" else "completed",
        "callbackUrl": delivery["url"],
        "results": [_result(attempt) for attempt in delivery["attempts"]],
    }


def _result(attempt: Json) -> Json:
    status = attempt["status"]
    known = status in {each.value for each in HTTPStatus}
    code = HTTPStatus(status).phrase.replace(" ", "") if known else str(status or "")
    message, failed = attempt["error"] or "", status is None
    return {"responseCode": code, "responseMessage": message, "systemError": failed, "dateTimeUtc": attempt["at"]}


def get_certificate(call: Call) -> Reply:
    """`GET /_simulator/webhook.cer`: what the signatures are verified with; 404 before the first registration."""
    identity = call.world.store.meta("webhookIdentity")
    if identity is None:
        return Reply(404)
    return Reply(200, base64.b64decode(identity["certificate"]), {"Content-Type": "application/pkix-cert"})


def notify_subscription(call: Call, customer: Json, subscription: Json, audit_record: Json) -> None:
    """Tell whoever has registered for it that a subscription was changed."""
    registration = call.world.store.meta("webhook")
    if registration is not None and "subscription-updated" in registration["WebhookEvents"]:
        uri = f"{call.base_url}/webhooks/v1/customers/{customer['id']}/subscriptions/{subscription['id']}"
        audit_uri = f"{call.base_url}/auditactivity/v1/auditrecords/{audit_record['id']}"
        _queue(call, registration, "subscription-updated", uri, ("subscription", audit_uri), None)


def _queue(
    call: Call, registration: Json, event: str, uri: str, subject: tuple[str, str], correlation: str | None
) -> None:
    name, audit_uri = subject
    body: Json = {"EventName": event, "ResourceUri": uri, "ResourceName": name, "AuditUri": audit_uri or None}
    body["ResourceChangeUtcDate"] = wire_time(call.now)
    local = _is_loopback(registration["WebhookUrl"])
    delivery: Json = {
        "event": event,
        "at": wire_time(call.now),
        "correlationId": correlation,
        "url": registration["WebhookUrl"],
        "ownHeader": registration["SignatureTokenToMsSignatureHeader"],
        "body": json.dumps(body),
        "state": "pending" if local else "undelivered",
        "attempts": [],
    }
    call.world.notify(delivery if local else delivery | {"reason": _ABROAD})


_ABROAD = "Only loopback addresses are called."


def _deliveries(call: Call) -> list[Any]:
    return [{"seq": seq, **delivery} for seq, delivery in call.world.store.deliveries()]


def list_deliveries(call: Call) -> Reply:
    """`GET /_simulator/deliveries`: every notification, its attempts and where it stands."""
    return Reply(200, _deliveries(call))
