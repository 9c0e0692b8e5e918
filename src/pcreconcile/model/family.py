"""Product families, in Microsoft's words (design, section 2)."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """What kind of product something is; it decides how it ends."""

    LEGACY_LICENSE = "legacy-license"
    NEW_COMMERCE_LICENSE = "new-commerce-license"
    AZURE_LEGACY = "azure-legacy"
    AZURE_PLAN = "azure-plan"
    RESERVATION = "reservation"
    SAVINGS_PLAN = "savings-plan"
    SOFTWARE_SUBSCRIPTION = "software-subscription"
    PERPETUAL_SOFTWARE = "perpetual-software"
    MARKETPLACE_SAAS = "marketplace-saas"
    UNKNOWN = "unknown"
