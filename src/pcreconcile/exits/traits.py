"""What a purchase is besides its family, each trait with the fields that said so (API facts, 5.3 and 10)."""

from __future__ import annotations

from pcreconcile.exits.subject import Subject
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Trait
from pcreconcile.model.observed import observe_schedule

EXTENDED = "TermEnd/RenewToExtendedServiceTerm"


def traits_of(subject: Subject) -> dict[Trait, str]:
    """Traits with their evidence; none for what has no subscription row."""
    row = subject.subscription
    if row is None:
        return {}
    found = {
        Trait.TRIAL: "isTrial" if row.is_trial else "",
        Trait.ADD_ON: f"parentSubscriptionId {row.parent_subscription_id}" if row.parent_subscription_id else "",
        Trait.EXTENDED_SERVICE_TERM: _extended(row),
    }
    return {trait: because for trait, because in found.items() if because}


def _extended(row: Subscription) -> str:
    """No API lists what is in an Extended Service Term: it is a month that goes on, cancellable to its very end."""
    goes_on = row.auto_renew is False and EXTENDED in (observe_schedule(row.scheduled_actions) or ())
    end, window = row.commitment_end, row.cancellation_allowed_until
    if not goes_on or row.term_duration != "P1M" or end is None or window is None or window.date() < end.date():
        return ""
    return f"a month, {EXTENDED}, cancellable until its end on {end:%Y-%m-%d}"
