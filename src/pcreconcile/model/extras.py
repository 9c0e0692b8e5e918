"""What beyond commerce is read of a customer, and only where the wish needs it: each costs requests and rights.

An extra that cannot be read leaves the customer known: its steps are then a person's, or warned about.
"""

from __future__ import annotations

from enum import StrEnum

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.estate import CustomerState, ReadProof
from pcreconcile.model.memory import Memory
from pcreconcile.model.partner import Partner


class Extra(StrEnum):
    """One thing to read beside the customer; its ReadProof stands under the same name."""

    DELEGATED_ADMIN = "delegated-admin"  # GDAP relationships, in Microsoft Graph
    RESERVATIONS = "reservations"  # reservations with their refund quotes, in Azure Resource Manager
    TRANSFERS = "transfers"  # transfers to other partners
    RESELLERS = "resellers"  # indirect resellers of the customer; only a user may ask for them
    REMOVAL_RECORD = "removal-record"  # the audit record, for a customer that is absent


def extras_of(desired: DesiredCustomer, partner: Partner, memory: Memory) -> frozenset[Extra]:
    """What a snapshot reads for this wish. A removal that the journal proves needs no audit record."""
    removed = desired.relationship is Relationship.REMOVED
    found = {
        Extra.DELEGATED_ADMIN: desired.delegated_access.terminate,
        Extra.RESERVATIONS: partner.reservations == "api" and (removed or bool(desired.subscriptions)),
        Extra.TRANSFERS: removed or desired.relationship is Relationship.SUSPENDED or bool(desired.subscriptions),
        Extra.RESELLERS: removed,
        Extra.REMOVAL_RECORD: removed and desired.tenant_id not in memory.removed,
    }
    return frozenset(extra for extra, needed in found.items() if needed)


def extras_seen(state: CustomerState) -> tuple[Extra, ...]:
    """What of the things that appear among the items was read to its end, sorted."""
    seen = {
        Extra.DELEGATED_ADMIN: state.delegated_admin,
        Extra.RESERVATIONS: state.reservations,
        Extra.TRANSFERS: state.transfers,
        Extra.RESELLERS: state.resellers,
    }
    return tuple(sorted(extra for extra, found in seen.items() if found is not None))


def extra_read(state: CustomerState | None, extra: Extra) -> ReadProof | None:
    """How an extra was read; None when nobody asked for it."""
    reads = () if state is None else state.extra_reads
    return next((read for read in reads if read.resource == extra), None)
