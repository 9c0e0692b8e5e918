"""Every route of the service, in the order in which they are tried."""

from . import (
    audit,
    azure_entitlements,
    control,
    customers,
    entitlements,
    graph,
    management,
    orders,
    page,
    subscriptions,
)
from .routing import Access, Route

__all__ = ["ROUTES"]

_CUSTOMER = "/v1/customers/{customer}"
_SUBSCRIPTION = _CUSTOMER + "/subscriptions/{subscription}"
_AZURE = _SUBSCRIPTION + "/azureEntitlements"
_ORDER = _CUSTOMER + "/orders/{order}"
_ARTIFACT = _CUSTOMER + "/artifacts/{type}/groups/{group}/lineitems/{line}/resource/{resource}"
_GDAP = "/graph/v1.0/tenantRelationships/delegatedAdminRelationships"
_RESERVATIONS = "/management/providers/Microsoft.Capacity/reservationOrders/{order}"
_USER = Access.PARTNER_USER

ROUTES: tuple[Route, ...] = (
    Route.of("GET", "/v1/customers", customers.list_customers),
    Route.of("GET", "/v1/customers/relationshiprequests", customers.list_relationship_requests, _USER),
    Route.of("GET", _CUSTOMER, customers.get_customer),
    Route.of("PATCH", _CUSTOMER, customers.patch_customer, _USER),
    Route.of("GET", _CUSTOMER + "/relationships", customers.list_resellers_of_customer, _USER),
    Route.of("GET", "/v1/relationships", customers.list_resellers, _USER),
    Route.of("GET", _CUSTOMER + "/transfers", customers.list_transfers),
    Route.of("GET", _CUSTOMER + "/transfers/{transfer}", customers.get_transfer),
    Route.of("GET", _CUSTOMER + "/subscriptions", subscriptions.list_subscriptions),
    Route.of("GET", _SUBSCRIPTION, subscriptions.get_subscription),
    Route.of("PATCH", _SUBSCRIPTION, subscriptions.patch_subscription),
    Route.of("GET", _SUBSCRIPTION + "/addons", subscriptions.list_addons),
    Route.of("GET", _SUBSCRIPTION + "/provisioningstatus", subscriptions.get_provisioning_status, _USER),
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
    Route.of("GET", _GDAP, graph.list_relationships, Access.GRAPH),
    Route.of("GET", _GDAP + "/{relationship}", graph.get_relationship, Access.GRAPH),
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
    Route.of("GET", "/_simulator/world", control.get_world, Access.CONTROL),
    Route.of("GET", "/", page.show, Access.CONTROL),
)
