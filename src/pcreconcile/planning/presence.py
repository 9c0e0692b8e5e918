"""Is it the right customer, and is it there? The domain is the second key beside the tenant ID."""

from __future__ import annotations

from pcreconcile.model.desired import Relationship
from pcreconcile.model.estate import Customer, Snapshot
from pcreconcile.model.plan import Blocker, Notice
from pcreconcile.planning.keeping import plan_request
from pcreconcile.planning.setting import Outcome, Setting


def customer_blocker(code: str, how: str) -> Blocker:
    """A blocker of the customer as a whole, for a person to clear."""
    return Blocker(code=code, target=None, clears_at=None, how=how)


def _domains(customer: Customer) -> set[str]:
    return {name.lower() for name in (customer.domain, *customer.custom_domains) if name}


def wrong_customer(customer: Customer, setting: Setting) -> Blocker | None:
    """The second key: the domain must be this customer's."""
    if setting.desired.domain.lower() in _domains(customer):
        return None
    how = (
        f"the manifest says {setting.desired.domain}, and this tenant is {customer.company_name} ({customer.domain}); "
        "correct the tenant ID or the domain"
    )
    return customer_blocker("domain-mismatch", how)


def plan_absence(snapshot: Snapshot, setting: Setting) -> Outcome:
    """Not in the complete customers list: gone, never ours, or a typo in the tenant ID."""
    known = [*snapshot.listed.customers.values(), *(s.customer for s in snapshot.states.values() if s.customer)]
    namesake = next((other for other in known if setting.desired.domain.lower() in _domains(other)), None)
    if namesake is not None and namesake.tenant_id != setting.desired.tenant_id:
        how = (
            f"{setting.desired.domain} belongs to the live customer {namesake.company_name} with tenant ID "
            f"{namesake.tenant_id}; correct the tenant ID"
        )
        return Outcome(refused=True, blockers=(customer_blocker("domain-of-another-tenant", how),))
    match setting.desired.relationship:
        case Relationship.REMOVED:
            return Outcome(reached=True, warnings=(_proof(snapshot, setting),))
        case Relationship.ACTIVE:
            return plan_request(setting)
        case _:
            how = "there is no reseller relationship, so there is nothing to suspend"
            return Outcome(blockers=(customer_blocker("no-relationship", how),))


def _proof(snapshot: Snapshot, setting: Setting) -> Notice:
    """Our journal, or else the service's own audit record, shows that the relationship was there and was removed."""
    run = setting.memory.removed.get(setting.desired.tenant_id)
    if run is not None:
        return Notice("removal-proven", f"removed by run {run}, as the journal shows")
    record = snapshot.removal_records.get(setting.desired.tenant_id)
    if record is not None:
        who = f" by {record.by}" if record.by else ""
        text = f"removed on {record.at:%Y-%m-%d}{who}, as audit record {record.id} of Partner Center shows"
        return Notice("removal-proven", text)
    text = "it is not in the customers list, and nothing proves that it was ever ours: check the tenant ID"
    return Notice("removal-unproven", text)
