"""Which families a transfer to another partner can move: the third way out besides cancelling and waiting.

A transfer names product types (AzureSubscription, AzureReservation, AzureSavingsPlan, OnlineServicesNCE); what is none
of them cannot be moved (exit rules, 1.3). A family that nobody speaks of here is unknown, which is said as such.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pcreconcile.model.family import Family


class Transferable(msgspec.Struct, frozen=True):
    """Whether a transfer can move it, and why."""

    possible: bool
    because: str


_TYPES = "learn.microsoft.com: create-a-transfer names no product type for it"

TRANSFERABLE: Mapping[Family, Transferable] = {
    Family.NEW_COMMERCE_LICENSE: Transferable(True, "product type OnlineServicesNCE; the whole subscription alone"),
    Family.AZURE_PLAN: Transferable(True, "product type AzureSubscription: what runs under the plan"),
    Family.RESERVATION: Transferable(True, "product type AzureReservation"),
    Family.SAVINGS_PLAN: Transferable(True, "product type AzureSavingsPlan"),
    Family.LEGACY_LICENSE: Transferable(False, _TYPES),
    Family.AZURE_LEGACY: Transferable(False, "a legacy Azure subscription is refused (900131)"),
    Family.SOFTWARE_SUBSCRIPTION: Transferable(False, _TYPES),
    Family.PERPETUAL_SOFTWARE: Transferable(False, _TYPES),
    Family.MARKETPLACE_SAAS: Transferable(False, "what other publishers sell is refused (900146)"),
}
