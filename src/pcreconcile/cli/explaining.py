"""From a name or a tenant ID to the explanation of one customer, managed or not."""

from __future__ import annotations

import msgspec

from pcreconcile.cli import seeing, wiring
from pcreconcile.cli.output import Output
from pcreconcile.cli.suggestion import did_you_mean
from pcreconcile.model.desired import DesiredCustomer, DesiredFleet, Relationship
from pcreconcile.model.errors import UsageError
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.explanation import Explanation
from pcreconcile.model.ids import NIL_GUID, is_guid, tenant_id


def explained(session: wiring.Session, output: Output, customer: str, wanted: seeing.Wanted) -> Explanation:
    """The explanation. Raises UsageError for a customer that no manifest and no customers list knows, and every error
    that reading can end with."""
    from pcreconcile.planning.explanation import explain

    desired = _known(session.loaded.fleet, customer)
    snapshot = seeing.look(session, output, DesiredFleet((_as_leaving(desired),)), wanted)
    loaded = session.loaded
    return explain(
        _with_live_names(desired, snapshot),
        snapshot,
        wiring.remember(session, snapshot),
        session.rules,
        loaded.policy,
        session.clock.now(),
        partner=loaded.partner,
        prices=loaded.prices,
    )


def _known(fleet: DesiredFleet, customer: str) -> DesiredCustomer:
    """By name or tenant ID; a tenant ID that no manifest has may still be a live customer's."""
    named = next((each for each in fleet.customers if customer in (each.name, each.tenant_id)), None)
    if named is not None:
        return named
    if not is_guid(customer) or customer == NIL_GUID:
        names = [each.name for each in fleet.customers]
        raise UsageError(f"{customer}: no manifest has that name{did_you_mean(customer, names)}")
    tenant = tenant_id(customer)
    managed = next((each for each in fleet.customers if each.tenant_id == tenant), None)
    return managed or DesiredCustomer(tenant, tenant, "", Relationship.UNMANAGED)


def _as_leaving(desired: DesiredCustomer) -> DesiredCustomer:
    """Read as for a removal, whatever is wanted: the ways out of a customer that stays are told too."""
    return msgspec.structs.replace(desired, relationship=Relationship.REMOVED)


def _with_live_names(desired: DesiredCustomer, snapshot: Snapshot) -> DesiredCustomer:
    """A customer without a manifest is called what it is called there."""
    if desired.domain:
        return desired
    live = snapshot.listed.customers.get(desired.tenant_id)
    if live is None and snapshot.listed.read.complete:
        raise UsageError(f"{desired.tenant_id}: no manifest and no customer of this partner has that tenant ID")
    return desired if live is None else msgspec.structs.replace(desired, domain=live.domain)
