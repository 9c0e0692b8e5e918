"""What beyond commerce is read of a customer, and only where the wish needs it: each costs requests and rights.

What the wish needs is read by the same law as everything else (design, section 12): what was not read to its end makes
the customer unknown. What is read beside it, for the proofs after a removal, is warned about and makes nobody unknown.
"""

from __future__ import annotations

from enum import StrEnum

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.estate import CustomerState, ReadProof, Resource
from pcreconcile.model.memory import Memory
from pcreconcile.model.partner import Partner


class Extra(StrEnum):
    """One thing to read beside the customer and what it bought; its ReadProof stands under the same name."""

    DELEGATED_ADMIN = Resource.DELEGATED_ADMIN  # GDAP relationships, in Microsoft Graph
    RESERVATIONS = Resource.RESERVATIONS  # reservations with their refund quotes, in Azure Resource Manager
    TRANSFERS = Resource.TRANSFERS  # transfers to other partners
    RESELLERS = Resource.RESELLERS  # indirect resellers of the customer; only a user may ask for them
    REMOVAL_RECORD = Resource.REMOVAL_RECORD  # the audit record, for a customer that is absent


# What a Partner document may name in `notOffered`, and what is then not asked for: the lists that the rules can do
# without (`….not-offered`).
DECLARABLE = {"relationships": Extra.RESELLERS, "transfers": Extra.TRANSFERS}

_OF_A_RELATIONSHIP = frozenset({Extra.RESERVATIONS, Extra.TRANSFERS, Extra.RESELLERS})


def extras_of(desired: DesiredCustomer, partner: Partner, memory: Memory) -> frozenset[Extra]:
    """What a snapshot reads for this wish, without what is refused to the partner for good.

    A removal that the journal proves needs no audit record.
    """
    removed = desired.relationship is Relationship.REMOVED
    found = {
        Extra.DELEGATED_ADMIN: desired.ends_delegated_access,
        Extra.RESERVATIONS: partner.reservations == "api" and (removed or bool(desired.subscriptions)),
        Extra.TRANSFERS: removed or desired.relationship is Relationship.SUSPENDED or bool(desired.subscriptions),
        Extra.RESELLERS: removed,
        Extra.REMOVAL_RECORD: removed and desired.tenant_id not in memory.removed,
    }
    return frozenset(extra for extra, needed in found.items() if needed) - declared(partner)


def declared(partner: Partner) -> frozenset[Extra]:
    """What the Partner document says is refused to this partner for good."""
    return frozenset(DECLARABLE[name] for name in partner.not_offered)


def failed_reads(state: CustomerState, needed: frozenset[Extra], *, listed: bool) -> tuple[ReadProof, ...]:
    """What a verdict rests on and was not read: commerce always, of the extras those that are needed.

    A needed extra without any proof was not read either, but for the audit record: no action rests on it, so that apply
    need not ask for it, and whether an absent customer is converged is for `unproven_absence` to say. `listed`: whether
    the customers list shows the customer, since some extras exist with a relationship alone, and the audit record is
    asked for without one.
    """
    asked = {read.resource: read for read in state.reads}
    due = _due(state, needed, listed)
    failed = [read for read in state.reads if read.failed and (read.resource not in _EXTRAS or read.resource in due)]
    unasked = [ReadProof(extra, complete=False, problem=_UNASKED) for extra in sorted(due - asked.keys() - _NO_ACTION)]
    return (*failed, *unasked)


def unproven_absence(state: CustomerState, needed: frozenset[Extra]) -> str:
    """Why an absent customer cannot be called removed: nobody asked for the record that would show it; "" otherwise."""
    asked = extra_read(state, Extra.REMOVAL_RECORD) is not None or Extra.REMOVAL_RECORD not in needed
    return "" if asked else f"{Extra.REMOVAL_RECORD}: {_UNASKED}"


_EXTRAS = frozenset(Extra)
_NO_ACTION = frozenset({Extra.REMOVAL_RECORD})
_UNASKED = "it was not read; plan again without --refresh=false"


def _due(state: CustomerState, needed: frozenset[Extra], listed: bool) -> frozenset[Extra]:
    ours = state.customer is not None and state.customer.relationship != "none"
    due = needed if ours else needed - _OF_A_RELATIONSHIP
    return due - {Extra.REMOVAL_RECORD} if listed else due


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
    reads = () if state is None else state.reads
    return next((read for read in reads if read.resource == extra), None)


def excused_reads(state: CustomerState | None) -> tuple[ReadProof, ...]:
    """The reads that were not made, or not answered, for a reason that is no failure."""
    return () if state is None else tuple(read for read in state.reads if read.excuse is not None)
