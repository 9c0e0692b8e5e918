"""The kinds of things a customer can hold, and what an item of each kind looks like unless an estate says otherwise.

Distinguishing fields: API facts, section 5.3. Product IDs are real in their shape only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DEFAULTS", "LEGACY", "WINDOW_DAYS", "Kind", "KindDefaults", "window_days"]


class Kind(StrEnum):
    """A product family; the value is what an estate writes as `kind`."""

    LEGACY_LICENSE = "legacy-license"
    NEW_COMMERCE_LICENSE = "new-commerce-license"
    AZURE_LEGACY = "azure-legacy"
    AZURE_PLAN = "azure-plan"
    SOFTWARE_SUBSCRIPTION = "software-subscription"
    PERPETUAL_SOFTWARE = "perpetual-software"
    RESERVATION = "reservation"
    MARKETPLACE_SAAS = "marketplace-saas"
    SAVINGS_PLAN = "savings-plan"


LEGACY = (Kind.LEGACY_LICENSE, Kind.AZURE_LEGACY)
"""These carry etags, have no `productType` and end exclusively."""

WINDOW_DAYS: Mapping[Kind, int] = {
    Kind.NEW_COMMERCE_LICENSE: 7,
    Kind.SOFTWARE_SUBSCRIPTION: 7,
    Kind.MARKETPLACE_SAAS: 3,
    Kind.PERPETUAL_SOFTWARE: 30,
}
"""Days in which a purchase can be cancelled (section 5.7, current policy)."""

_BUSINESS_CENTRAL_DAYS = 7


def window_days(kind: Kind, publisher: str, name: str) -> int | None:
    """Days in which this product can be cancelled; None where there is no window. Business Central has its own
    (section 10)."""
    business_central = "business central" in name.lower() and publisher.lower().startswith("microsoft")
    if kind == Kind.MARKETPLACE_SAAS and business_central:
        return _BUSINESS_CENTRAL_DAYS
    return WINDOW_DAYS.get(kind)


@dataclass(frozen=True, slots=True)
class KindDefaults:
    """What an item of a kind is unless it says otherwise."""

    offer: str
    name: str
    product_type: str
    term: str = "P1Y"
    cycle: str = "annual"
    billing_type: str = "license"
    unit_type: str = "Licenses"
    quantity: int = 1
    publisher: str = "Microsoft"
    bought_days_ago: int = 60
    auto_renew: bool = True


DEFAULTS: Mapping[Kind, KindDefaults] = {
    Kind.LEGACY_LICENSE: KindDefaults(
        "195416c1-3447-423a-b37b-ee59a99a19c4", "Exchange Online (Plan 1)", "", cycle="monthly", quantity=5
    ),
    Kind.NEW_COMMERCE_LICENSE: KindDefaults(
        "CFQ7TTC0LF8R:0001:CFQ7TTC0JNQP", "Microsoft 365 E3", "OnlineServicesNCE", quantity=10
    ),
    Kind.AZURE_LEGACY: KindDefaults(
        "MS-AZR-0145P", "Microsoft Azure", "", "", "monthly", "usage", "Usage-based", auto_renew=False
    ),
    Kind.AZURE_PLAN: KindDefaults(
        "DZH318Z0BPS6:0001:DZH318Z0BMTX", "Azure plan", "Azure", "P1M", "monthly", "usage", "Usage-based"
    ),
    Kind.SOFTWARE_SUBSCRIPTION: KindDefaults(
        "DG7GMGF0DVSV:000P:DG7GMGF0F3Q9", "Windows Server RDS CAL - 1 User CAL - 1 year", "Software", cycle="one_time"
    ),
    Kind.PERPETUAL_SOFTWARE: KindDefaults(
        "DG7GMGF0DWTK:0002:DG7GMGF0DVQ4", "Windows Server 2025 Standard - 16 Core", "Software", "", "one_time"
    ),
    Kind.RESERVATION: KindDefaults(
        "DZH318Z0BQ3W:007J:DZH318Z0BR5X", "Reserved_VM_Instance_Standard_D2s_v3_EU_West", "Azure", cycle="one_time"
    ),
    Kind.MARKETPLACE_SAAS: KindDefaults(
        "DZH318Z0C0QF:0001:DZH318Z0C4XT", "Contoso Backup for Teams", "SaaS", publisher="Contoso Software"
    ),
    # Renewal of a savings plan is off unless somebody turns it on (azure: renew-savings-plan).
    Kind.SAVINGS_PLAN: KindDefaults(
        offer="DZH318Z08NZ5:0002:DZH318Z08NZ7",
        name="Compute savings plan",
        product_type="Azure",
        cycle="one_time",
        billing_type="benefit",
        unit_type="Benefit",
        auto_renew=False,
    ),
}
