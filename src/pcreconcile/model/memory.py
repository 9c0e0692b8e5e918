"""What no read can show and the journal remembers. Empty is legal: what needs it is then refused or warned about."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pcreconcile.model.ids import TenantId


class Memory(msgspec.Struct, frozen=True, rename="camel"):
    """Derived from the journal.

    `removals`: when each removal of the last 24 hours was sent. `removed`: the run that removed a customer, as proof.
    `service_taken`: when we last took service from a customer, which is where `settle` counts from.
    `suspended`: subscriptions that we suspended and did not reactivate since, by tenant ID.
    """

    removals: tuple[datetime, ...] = ()
    removed: dict[TenantId, str] = {}
    service_taken: dict[TenantId, datetime] = {}
    suspended: dict[TenantId, tuple[str, ...]] = {}
