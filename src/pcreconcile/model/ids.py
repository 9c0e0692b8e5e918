"""Identifiers. GUIDs are compared without case and kept in lower case; order IDs are opaque and case-sensitive."""

from __future__ import annotations

import re
from typing import NewType

TenantId = NewType("TenantId", str)
SubscriptionId = NewType("SubscriptionId", str)
OrderId = NewType("OrderId", str)
ActionId = NewType("ActionId", str)
PlanId = NewType("PlanId", str)
RunId = NewType("RunId", str)
RequestId = NewType("RequestId", str)

NIL_GUID = "00000000-0000-0000-0000-000000000000"

_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", re.ASCII)


def is_guid(text: str) -> bool:
    """Whether the text is 8-4-4-4-12 ASCII hex digits, in any letter case."""
    return _GUID.fullmatch(text) is not None


def tenant_id(text: str) -> TenantId:
    """A tenant ID in its one form, lower case.

    Raises ValueError when the text is not a GUID, or is the nil GUID.
    """
    if not is_guid(text) or text == NIL_GUID:
        raise ValueError("not a tenant ID")
    return TenantId(text.lower())
