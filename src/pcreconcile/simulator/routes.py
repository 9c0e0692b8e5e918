"""Every route of the service, in the order in which they are tried."""

from . import (
    audit,
    azure_entitlements,
    billing,
    control,
    customers,
    delegations,
    entitlements,
    graph,
    management,
    orders,
    page,
    registrations,
    relationships,
    subscriptions,
    transfers,
    webhooks,
)
from .routing import Access, Route

__all__ = ["ROUTES"]

_CUSTOMER = "/v1/customers/{customer}"
_SUBSCRIPTION = _CUSTOMER + "/subscriptions/{subscription}"
_AZURE = _SUBSCRIPTION + "/azureEntitlements"
_ORDER = _CUSTOMER + "/orders/{order}"
_ARTIFACT = _CUSTOMER + "/artifacts/{type}/groups/{group}/lineitems/{line}/resource/{resource}"
_GDAP = "/graph/v1.0/tenantRelationships/delegatedAdminRelationships"
_WEBHOOK = "/webhooks/v1/registration"
_RESERVATIONS = "/management/providers/Microsoft.Capacity/reservationOrders/{order}"
_USER = Access.PARTNER_USER

ROUTES: tuple[Route, ...] = (
    Route.of("GET", "/v1/customers", customers.list_customers),
    Route.of("GET", "/v1/customers/relationshiprequests", relationships.list_relationship_requests, _USER),
    Route.of("GET", _CUSTOMER, customers.get_customer),
    Route.of("PATCH", _CUSTOMER, relationships.patch_customer, _USER),
    Route.of("DELETE", _CUSTOMER, relationships.delete_customer),
    Route.of("GET", _CUSTOMER + "/profiles/{profile}", customers.get_profile),
    Route.of("GET", _CUSTOMER + "/relationships", relationships.list_resellers_of_customer, _USER),
    Route.of("GET", "/v1/relationships", relationships.list_resellers, _USER),
    Route.of("GET", _CUSTOMER + "/transfers", transfers.list_transfers),
    Route.of("GET", _CUSTOMER + "/transfers/{transfer}", transfers.get_transfer),
    Route.of("GET", _CUSTOMER + "/subscriptions", subscriptions.list_subscriptions),
    Route.of("GET", _SUBSCRIPTION, subscriptions.get_subscription),
    Route.of("PATCH", _SUBSCRIPTION, subscriptions.patch_subscription),
    Route.of("GET", _SUBSCRIPTION + "/addons", subscriptions.list_addons),
    Route.of("GET", _SUBSCRIPTION + "/provisioningstatus", subscriptions.get_provisioning_status, _USER),
    Route.of("POST", _SUBSCRIPTION + "/registrations", registrations.register),
    Route.of("GET", _SUBSCRIPTION + "/registrationstatus", registrations.get_registration_status),
    Route.of("GET", _AZURE, azure_entitlements.list_entitlements),
    Route.of("GET", _AZURE + "/{entitlement}", azure_entitlements.get_entitlement),
    Route.of("POST", _AZURE + "/{entitlement}/cancel", azure_entitlements.cancel),
    Route.of("POST", _AZURE + "/{entitlement}/reactivate", azure_entitlements.reactivate),
    Route.of("GET", _CUSTOMER + "/orders", orders.list_orders),
    Route.of("GET", _ORDER, orders.get_order),
    Route.of("PATCH", _ORDER, orders.patch_order),
    Route.of("GET", _ORDER + "/provisioningstatus", orders.get_order_provisioning_status),
    Route.of("GET", _CUSTOMER + "/entitlements", entitlements.list_entitlements),
    Route.of("GET", _ARTIFACT, entitlements.get_artifact),
    Route.of("GET", "/v1/auditrecords", audit.list_records),
    Route.of("GET", "/auditactivity/v1/auditrecords/{record}", audit.get_record),
    Route.of("GET", _WEBHOOK, webhooks.get_registration),
    Route.of("POST", _WEBHOOK, webhooks.create_registration),
    Route.of("PUT", _WEBHOOK, webhooks.replace_registration),
    Route.of("GET", _WEBHOOK + "/events", webhooks.list_events),
    Route.of("POST", _WEBHOOK + "/validationEvents", webhooks.create_validation, per_minute=2),
    Route.of("GET", _WEBHOOK + "/validationEvents/{correlation}", webhooks.get_validation),
    Route.of("GET", _GDAP, graph.list_relationships, Access.GRAPH),
    Route.of("GET", _GDAP + "/{relationship}", graph.get_relationship, Access.GRAPH),
    Route.of("PATCH", _GDAP + "/{relationship}", delegations.patch_relationship, Access.GRAPH),
    Route.of("DELETE", _GDAP + "/{relationship}", delegations.delete_relationship, Access.GRAPH),
    Route.of("GET", _GDAP + "/{relationship}/accessAssignments", delegations.list_assignments, Access.GRAPH),
    Route.of("GET", _GDAP + "/{relationship}/accessAssignments/{assignment}", delegations.get_assignment, Access.GRAPH),
    Route.of("GET", _GDAP + "/{relationship}/requests", graph.list_requests, Access.GRAPH),
    Route.of("POST", _GDAP + "/{relationship}/requests", graph.create_request, Access.GRAPH),
    Route.of("GET", _GDAP + "/{relationship}/requests/{request}", graph.get_request, Access.GRAPH),
    Route.of("GET", _RESERVATIONS + "/reservations", management.list_reservations, Access.MANAGEMENT),
    Route.of("POST", _RESERVATIONS + "/calculateRefund", management.calculate_refund, Access.MANAGEMENT),
    Route.of("POST", _RESERVATIONS + "/return", management.return_reservation, Access.MANAGEMENT),
    Route.of(
        "GET",
        "/management/providers/Microsoft.Capacity/operationResults/{order}",
        management.get_operation,
        Access.MANAGEMENT,
    ),
    Route.of("GET", "/_simulator/clock", control.get_clock, Access.CONTROL),
    Route.of("POST", "/_simulator/clock", control.set_clock, Access.CONTROL),
    Route.of("GET", "/_simulator/options", control.get_options, Access.CONTROL),
    Route.of("POST", "/_simulator/options", control.set_options, Access.CONTROL),
    Route.of("GET", "/_simulator/requests", control.list_requests, Access.CONTROL),
    Route.of("GET", "/_simulator/deliveries", webhooks.list_deliveries, Access.CONTROL),
    Route.of("GET", "/_simulator/webhook.cer", webhooks.get_certificate, Access.CONTROL),
    Route.of("GET", "/_simulator/world", control.get_world, Access.CONTROL),
    Route.of("GET", "/_simulator/billing", billing.get_billing, Access.CONTROL),
    Route.of("POST", "/_simulator/transfers/{transfer}", transfers.decide_transfer, Access.CONTROL),
    Route.of("POST", "/_simulator/subscriptions/{subscription}", control.change_subscription, Access.CONTROL),
    Route.of("GET", "/", page.show, Access.CONTROL),
)
