"""What Partner Center shows: customers and what they hold, read into a Snapshot that says how complete it is.

Values keep the wire's meaning and none of its form: names folded, dates aware UTC, statuses lower case text (the set is
open, so an unknown one is kept as it came). Etags and read times are left out: they are no business facts.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from pcreconcile.model.ids import OrderId, SubscriptionId, TenantId
from pcreconcile.model.money import Money


class Instruction(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a renewal or a scheduled change is told: product, promotion, seats, term (API facts, section 10).

    `unread` names members of it that are not known here, or could not be read: such an instruction cannot be repeated.
    """

    product_id: str | None = None
    sku_id: str | None = None
    availability_id: str | None = None
    billing_cycle: str | None = None
    term_duration: str | None = None
    promotion_id: str | None = None
    quantity: int | None = None
    custom_term_end_date: datetime | None = None
    unread: tuple[str, ...] = ()


class ScheduledAction(msgspec.Struct, frozen=True, rename="camel"):
    """An end-of-term instruction (API facts, section 10), for instance TermEnd/Cancel."""

    schedule_type: str
    action_type: str
    effective_date: datetime | None = None
    changes: str = ""  # in words, what it changes beside the term (product, quantity)
    instruction: Instruction | None = None  # all that it is told; None where nothing is


class RefundOption(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of refundOptions: Full or Partial, until when (API facts, 5.5)."""

    type: str
    expires: datetime | None = None


class Subscription(msgspec.Struct, frozen=True, rename="camel"):
    """A row of /customers/{id}/subscriptions."""

    id: SubscriptionId
    offer_id: str
    name: str
    status: str
    quantity: int
    order_id: OrderId | None = None
    parent_subscription_id: SubscriptionId | None = None
    product_type: str | None = None
    billing_type: str | None = None
    billing_cycle: str | None = None
    unit_type: str | None = None
    term_duration: str | None = None
    is_trial: bool = False
    is_microsoft_product: bool | None = None
    publisher: str | None = None
    partner_id: str | None = None
    auto_renew: bool | None = None
    scheduled_actions: tuple[ScheduledAction, ...] | None = None  # None: the member never came
    scheduled_next_term: bool = False  # scheduledNextTermInstructions are set
    effective_start: datetime | None = None
    commitment_end: datetime | None = None
    cancellation_allowed_until: datetime | None = None
    suspension_reasons: tuple[str, ...] = ()
    created: datetime | None = None
    refund_options: tuple[RefundOption, ...] = ()
    promotion_id: str | None = None
    next_term: Instruction | None = None  # scheduledNextTermInstructions, where they say anything
    next_charge: str | None = None  # nextChargeInstructions, as canonical JSON: their members are not known here


class OrderLineItem(msgspec.Struct, frozen=True, rename="camel"):
    """One line of an order; a cancelled one comes back with quantity 0."""

    number: int
    offer_id: str
    name: str
    quantity: int
    term_duration: str | None = None
    subscription_id: SubscriptionId | None = None
    transaction_type: str | None = None
    unit_price: Money | None = None  # of one unit, for what one charge pays (rule money.order-price)


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """A row of /customers/{id}/orders."""

    id: OrderId
    status: str
    line_items: tuple[OrderLineItem, ...]
    alternate_id: str | None = None
    billing_cycle: str | None = None
    currency: str | None = None
    created: datetime | None = None


class Entitlement(msgspec.Struct, frozen=True, rename="camel"):
    """A row of /customers/{id}/entitlements; its line item ID is text on the wire, a number here.

    `reservation_orders` are the Azure reservation order IDs of its artifacts.
    """

    order_id: OrderId
    line_item: int
    entitlement_type: str
    quantity: int
    product_id: str = ""
    sku_id: str = ""
    alternate_id: str | None = None
    fulfillment_state: str | None = None
    expires: datetime | None = None
    reservation_orders: tuple[str, ...] = ()


class AzureEntitlement(msgspec.Struct, frozen=True, rename="camel"):
    """An Azure subscription under an Azure plan."""

    id: str
    plan_id: SubscriptionId
    name: str
    status: str
    subscription_id: str | None = None


class Reservation(msgspec.Struct, frozen=True, rename="camel"):
    """A reservation of an Azure reservation order, as Azure Resource Manager shows it, with what returning it gives.

    `refund` is what the customer's bill gets back; `counts` what of it counts against the rolling allowance, of which
    `consumed` is used so far. All four are None without a quote. `problems` are why a return is not allowed.
    """

    order_id: str
    reservation_id: str
    name: str
    quantity: int
    state: str
    expires: datetime | None = None
    refund: Money | None = None
    counts: Money | None = None
    consumed: Money | None = None
    allowance: Money | None = None
    problems: tuple[str, ...] = ()


class DelegatedAdminRelationship(msgspec.Struct, frozen=True, rename="camel"):
    """Granular delegated admin privileges (GDAP) of one customer, as Microsoft Graph shows them."""

    id: str
    name: str
    status: str
    ends: datetime | None = None


class TransferLine(msgspec.Struct, frozen=True, rename="camel"):
    """What a transfer moves: a subscription where the line names one, else an order."""

    name: str
    subscription_id: SubscriptionId | None = None
    order_id: OrderId | None = None


class Transfer(msgspec.Struct, frozen=True, rename="camel"):
    """A row of /customers/{id}/transfers. `lines` is None when the service does not say what it moves."""

    id: str
    status: str
    lines: tuple[TransferLine, ...] | None = None
    target_partner: str = ""
    expires: datetime | None = None


class Reseller(msgspec.Struct, frozen=True, rename="camel"):
    """A row of /customers/{id}/relationships: as a rule an indirect reseller who serves this customer through us.

    `relationship_type` says what *we* are of that partner, in lower case; None where the service does not say.
    """

    id: str
    name: str
    mpn_id: str | None = None
    state: str | None = None
    relationship_type: str | None = None

    @property
    def is_provider(self) -> bool:
        """Whether we are that partner's reseller, not the other way round (facts, 4.4)."""
        return self.relationship_type == "is_indirect_reseller_of"


class RemovalRecord(msgspec.Struct, frozen=True, rename="camel"):
    """The service's own audit record of a removed reseller relationship.

    `correlation_id` is that of the request which removed it, `by` who sent it; "" where the record does not say.
    """

    id: str
    at: datetime
    correlation_id: str = ""
    by: str = ""


class AuditRecord(msgspec.Struct, frozen=True, rename="camel"):
    """One record of what was done to a customer, as the service keeps it for ninety days.

    `operation` is the service's word in lower case (`remove_partner_customer_relationship`); `tenant_id` is None where
    the record names no customer; `correlation_id` and `by` are "" where it does not say.
    """

    id: str
    tenant_id: TenantId | None
    operation: str
    succeeded: bool
    at: datetime
    correlation_id: str = ""
    by: str = ""


class AuditTrail(msgspec.Struct, frozen=True, rename="camel"):
    """All audit records since an instant, and whether all of them were read."""

    records: tuple[AuditRecord, ...]
    read: ReadProof


class Customer(msgspec.Struct, frozen=True, rename="camel"):
    """A customer as the customers list shows it; the last three come from the read by ID alone."""

    tenant_id: TenantId
    company_name: str
    domain: str
    relationship: str | None = None
    custom_domains: tuple[str, ...] = ()
    allow_delegated_access: bool | None = None
    associated_partner_id: str | None = None


class Resource(StrEnum):
    """Every read that a verdict or an action rests on; its ReadProof stands under this name (design, section 12).

    A read that is not named here cannot be proven, and so cannot be planned from.
    """

    CUSTOMERS = "customers"
    CUSTOMER = "customer"
    SUBSCRIPTIONS = "subscriptions"
    ORDERS = "orders"
    ENTITLEMENTS = "entitlements"
    AZURE_ENTITLEMENTS = "azureEntitlements"  # one read per Azure plan: `azure_read_of`
    TRANSFERS = "transfers"
    RESELLERS = "resellers"
    DELEGATED_ADMIN = "delegated-admin"
    RESERVATIONS = "reservations"
    REFUND_QUOTES = "refund-quotes"  # what returning each living reservation gives, and whether it is allowed
    REMOVAL_RECORD = "removal-record"
    AUDIT_RECORDS = "auditrecords"
    REMOVAL_RECORDS = "removal-records"  # of all customers: what a journal that was lost does not know


class Excuse(StrEnum):
    """Why something was not read although nothing failed; the customer stays known, and the rules decide."""

    NOT_OFFERED = "not-offered"  # the service has no such list (404, 405, 501 that do not speak of the customer)
    NO_CREDENTIAL = "no-credential"  # only a user may ask, and the Partner document names no user


class ReadProof(msgspec.Struct, frozen=True, rename="camel"):
    """How one read ended: `complete` means to its end, the way the service ends it.

    What is neither complete nor excused has failed, whatever the reason. `credential` names the credential
    (`app-only`, `App+User`) whose refusal was the reason, so that it can be told once for all reads.
    """

    resource: str
    complete: bool
    pages: int = 0
    items: int = 0
    problem: str = ""
    excuse: Excuse | None = None
    credential: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a read that `Resource` does not name."""
        Resource(self.resource.partition(" of ")[0])

    @property
    def failed(self) -> bool:
        """Whether this read should have ended and did not."""
        return not self.complete and self.excuse is None


class OddRow(msgspec.Struct, frozen=True, rename="camel"):
    """A row that cannot be understood, by its page and its place on it (both from 1), and whose it is if it says so."""

    page: int
    row: int
    problem: str
    tenant_id: TenantId | None = None

    def __str__(self) -> str:
        whose = f" (tenant {self.tenant_id})" if self.tenant_id else ""
        return f"page {self.page}, row {self.row}{whose} cannot be understood: {self.problem}"


def azure_read_of(plan: SubscriptionId) -> str:
    """The resource under which a ReadProof stands for the Azure subscriptions of one plan."""
    return f"{Resource.AZURE_ENTITLEMENTS} of {plan}"


class CustomerState(msgspec.Struct, frozen=True, rename="camel"):
    """All that was read of one customer. `customer` is None when the read by ID says that there is none (403, 404).

    `delegated_admin`, `reservations`, `transfers` and `resellers` are None where nobody asked for them or where they
    were not read to their end; `reads` tells which, with the proof of everything that was asked for.
    """

    tenant_id: TenantId
    customer: Customer | None
    subscriptions: tuple[Subscription, ...] = ()
    orders: tuple[Order, ...] = ()
    entitlements: tuple[Entitlement, ...] = ()
    azure_entitlements: tuple[AzureEntitlement, ...] = ()
    reads: tuple[ReadProof, ...] = ()
    delegated_admin: tuple[DelegatedAdminRelationship, ...] | None = None
    reservations: tuple[Reservation, ...] | None = None
    transfers: tuple[Transfer, ...] | None = None
    resellers: tuple[Reseller, ...] | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What was asked for and could not be read to its end; empty means that no read failed."""
        return tuple(f"{read.resource}: {read.problem}" for read in self.reads if read.failed)


class CustomerList(msgspec.Struct, frozen=True, rename="camel"):
    """The partner's customers, all pages, by tenant ID. `odd` are rows that could not be understood.

    An odd row leaves the list complete: it spoils what is said of its own customer.
    """

    customers: dict[TenantId, Customer]
    read: ReadProof
    odd: tuple[OddRow, ...] = ()

    @property
    def doubt_of_absence(self) -> str:
        """Why a customer that is not in the list may be a customer all the same; "" when absence is proven."""
        if not self.read.complete:
            return f"the customers list could not be read to its end: {self.read.problem}"
        nameless = next((row for row in self.odd if row.tenant_id is None), None)
        return "" if nameless is None else f"absence proves nothing: in the customers list {nameless}"

    def odd_row_of(self, tenant_id: TenantId) -> OddRow | None:
        """The row of this customer when it could not be understood."""
        return next((row for row in self.odd if row.tenant_id == tenant_id), None)


class Snapshot(msgspec.Struct, frozen=True, rename="camel"):
    """The live world of one partner at one instant. `states` holds those customers that were asked for.

    `removal_records` are the audit records of customers that are in no complete list any more.
    """

    partner_tenant: TenantId
    taken_at: datetime
    listed: CustomerList
    states: dict[TenantId, CustomerState]
    removal_records: dict[TenantId, RemovalRecord] = {}
    format_version: int = 1
