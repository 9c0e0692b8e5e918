"""Azure subscriptions under an Azure plan: list, get, cancel, reactivate (API facts, section 5.8)."""

from . import asynchrony, audit
from .customers import commerce_customer
from .messages import Call, Json, Reply, collection, refusal
from .subscriptions import find_subscription

__all__ = ["cancel", "get_entitlement", "list_entitlements", "reactivate"]

_REASON_LENGTH = 200


def _entitlements(call: Call) -> list[Json]:
    found: list[Json] = find_subscription(call, commerce_customer(call)).get("azureEntitlements", [])
    return found


def _find(call: Call) -> Json:
    wanted = call.params["entitlement"].lower()
    for entitlement in _entitlements(call):
        if str(entitlement["wire"]["id"]).lower() == wanted:
            return entitlement
    raise refusal(400, 800111, "The Azure entitlement is unknown.")


def list_entitlements(call: Call) -> Reply:
    """`GET …/azureEntitlements`; a subscription that is no Azure plan has none."""
    return collection([asynchrony.observe(each) for each in _entitlements(call)])


def get_entitlement(call: Call) -> Reply:
    """`GET …/azureEntitlements/{id}`."""
    return Reply(200, asynchrony.observe(_find(call)))


def cancel(call: Call) -> Reply:
    """`POST …/cancel`: accepted, and still `active` for a few reads (section 14.5)."""
    entitlement = _find(call)
    reason = call.member("cancellationReason")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > _REASON_LENGTH:
        raise refusal(400, 900307, "The cancellation reason is invalid.")
    return _settle(call, entitlement, "active", "inactive")


def reactivate(call: Call) -> Reply:
    """`POST …/reactivate`: accepted, and `active` again after a few reads."""
    return _settle(call, _find(call), "inactive", "active")


def _settle(call: Call, entitlement: Json, before: str, after: str) -> Reply:
    """Asking again for what is under way or done is accepted and changes nothing."""
    pending = entitlement.get("pending") or []
    heading = pending[-1]["set"]["status"] if pending else entitlement["wire"]["status"]
    if heading not in (before, after):
        raise refusal(400, 800040, f"The status cannot be changed to {after} from {heading}.")
    if heading == before:
        old = dict(entitlement["wire"])
        asynchrony.begin(entitlement, call.world.options["asyncReads"], {"status": after})
        new = old | {"status": after}
        audit.record(call, commerce_customer(call), "update_azure_entitlement", "azure_entitlement", old, new)
    return Reply(202, entitlement["wire"])
