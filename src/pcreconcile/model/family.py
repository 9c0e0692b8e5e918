"""Product families and traits, in Microsoft's words (design, section 2).

The families named here are those that ship. The set is open: a module of `exits` may bring a family of its own, and
`Family("name-of-it")` is then one value wherever it is written.
"""

from __future__ import annotations

import re
from enum import StrEnum

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


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

    @classmethod
    def _missing_(cls, value: object) -> Family | None:
        """A family that a module of its own brings: one member per name, for as long as the process lives."""
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            return None
        member = str.__new__(cls, value)
        member._name_ = value.upper().replace("-", "_")
        member._value_ = value
        cls._value2member_map_[value] = member
        return member


class Trait(StrEnum):
    """What a purchase is besides its family."""

    TRIAL = "trial"
    ADD_ON = "add-on"
    EXTENDED_SERVICE_TERM = "extended-service-term"
