"""The end of a reseller relationship, and what is left to say about relationships (API facts, sections 4.3 and 4.4)."""

from typing import Any

from . import audit
from .clock import wire_time
from .customers import commerce_customer
from .messages import Call, Json, Reply, collection, refusal
from .removal import first_blocker

__all__ = [
    "delete_customer",
    "list_relationship_requests",
    "list_resellers",
    "list_resellers_of_customer",
    "patch_customer",
]


def patch_customer(call: Call) -> Reply:
    """`PATCH /customers/{id}`: one route for two things, told apart by the member that is there (section 14.4)."""
    customer = call.world.customer(call.params["customer"])
    if customer is None or customer["relationshipToPartner"] == "none":
        raise refusal(400, 3000, "The relationship between the partner and customer does not exist.")
    wanted = call.member("relationshipToPartner")
    if isinstance(wanted, str) and wanted.lower() == "none":
        return _remove(call, customer)
    if call.member("allowDelegatedAccess") is False:
        return _end_delegated_access(call, customer)
    raise refusal(400, 3000, "Invalid property.")


def _remove(call: Call, customer: Json) -> Reply:
    _end(call, customer, "remove_partner_customer_relationship", "partner_customer_relationship")
    return Reply(200, _patched(relationshipToPartner="none"))


def _end(call: Call, customer: Json, operation: str, resource: str) -> None:
    """End the relationship and the delegated access that came with it, unless something blocks."""
    blocker = first_blocker(customer, call.now)
    if blocker is not None:
        raise refusal(400, 3000, blocker)
    old = {"relationshipToPartner": customer["relationshipToPartner"]}
    ended = {"relationshipToPartner": "none", "allowDelegatedAccess": False}
    customer |= ended | {"removed": wire_time(call.now)}
    audit.record(call, customer, operation, resource, old, {"relationshipToPartner": "none"})


def delete_customer(call: Call) -> Reply:
    """`DELETE /customers/{id}`: in the integration sandbox alone; what blocks a removal blocks this too."""
    if not call.world.options["sandbox"]:
        raise refusal(400, 900127, "The operation is not supported in this environment.")
    _end(call, commerce_customer(call), "delete_customer", "customer")
    return Reply(204)


def _end_delegated_access(call: Call, customer: Json) -> Reply:
    if customer["allowDelegatedAccess"]:
        customer["allowDelegatedAccess"] = False
        old, new = {"allowDelegatedAccess": True}, {"allowDelegatedAccess": False}
        audit.record(call, customer, "dap_admin_relationship_terminated", "partner_customer_dap", old, new)
    return Reply(200, _patched(relationshipToPartner=customer["relationshipToPartner"], allowDelegatedAccess=False))


def _patched(**changed: Any) -> Json:
    """The answer names what was changed, everything else is null, the ID too (section 4.3)."""
    names = [*("id", "commerceId", "companyProfile", "billingProfile", "relationshipToPartner"), "allowDelegatedAccess"]
    names += ["userCredentials", "customDomains", "associatedPartnerId"]
    return {**dict.fromkeys(names), **changed, "attributes": {"objectType": "Customer"}}


def list_resellers_of_customer(call: Call) -> Reply:
    """`GET /customers/{id}/relationships`: indirect resellers of that customer, not our relationship."""
    return collection(commerce_customer(call)["resellers"])


def list_resellers(call: Call) -> Reply:
    """`GET /relationships`: every indirect reseller of this partner; a direct partner has none."""
    found = {row["id"]: row for customer in call.world.every_customer() for row in customer["resellers"]}
    return collection(list(found.values()))


def list_relationship_requests(call: Call) -> Reply:
    """`GET /customers/relationshiprequests`: the invitation that a customer's admin must accept."""
    partner = call.world.partner["tenantId"]
    query = f"invType=ResellerRelationship&partnerId={partner}&msppId=0&DAP=false"
    url = f"https://admin.microsoft.com/Adminportal/Home?{query}#/BillingAccounts/partner-invitation"
    return Reply(200, {"url": url, "attributes": {"objectType": "RelationshipRequest"}})
