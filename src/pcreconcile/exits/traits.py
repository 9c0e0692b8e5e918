"""What a purchase is besides its family, each trait with the fields that said so (API facts, 5.3 and 10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from pcreconcile.exits.subject import Subject
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Trait
from pcreconcile.model.observed import observe_schedule

EXTENDED = "TermEnd/RenewToExtendedServiceTerm"

# Longer than any cancellation window of a month that was bought: 7 days, and one for how they are rounded.
_LONGEST_WINDOW = timedelta(days=8)


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
    """No API lists what is in an Extended Service Term: it is a month that does not renew, cancellable to its very end.

    The instruction that lets it go on says it plainly. Without one (told to end, or a tenant that shows none) the
    window must be longer than any that comes with a purchase: a first month may be cut short to end with other terms.
    """
    end, window = row.commitment_end, row.cancellation_allowed_until
    if row.auto_renew is not False or row.is_trial or row.term_duration != "P1M" or end is None or window is None:
        return ""
    goes_on = EXTENDED in (observe_schedule(row.scheduled_actions) or ())
    if window.date() < end.date() or not (goes_on or _outlasts_any_window(row, window)):
        return ""
    told = f"{EXTENDED}, " if goes_on else ""
    return f"a month without auto-renew, {told}cancellable until its end on {end:%Y-%m-%d}"


def _outlasts_any_window(row: Subscription, window: datetime) -> bool:
    return row.effective_start is not None and window - row.effective_start > _LONGEST_WINDOW
