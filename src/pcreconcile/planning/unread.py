"""What could not be read: the customer is unknown, and nothing is planned for it (design, section 12).

A window that closes meanwhile is no reason to act half blind. It is the loudest warning of the plan: until which hour,
which seats, how much money, and what a person can do in the portal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from pcreconcile.model.estate import Customer, CustomerState, Excuse, ReadProof, Resource, Snapshot
from pcreconcile.model.extras import excused_reads, failed_reads
from pcreconcile.model.partner import Partner
from pcreconcile.model.plan import Action, CustomerPlan, Notice
from pcreconcile.planning.setting import Setting

WINDOW_CLOSING = "window-closing-unread"
CREDENTIAL_FAILED = "credential-failed"

_SOONEST = timedelta(minutes=5)  # ours: what is read again sooner meets the same trouble
_LATEST = timedelta(hours=1)  # ours: also a window that nobody can see may be closing
_TRIES = 4  # at least so often is a customer read again before a window closes


def unread_because(snapshot: Snapshot, state: CustomerState | None, setting: Setting) -> str:
    """Why nothing can be said about the customer; empty when all that its verdict rests on was seen.

    Absence needs a complete customers list; the list and the read by ID must not contradict each other.
    """
    tenant, listing = setting.desired.tenant_id, snapshot.listed
    listed, odd = listing.customers.get(tenant), listing.odd_row_of(tenant)
    if not listing.read.complete:
        return f"the customers list could not be read to its end: {_problem(listing.read)}"
    if odd is not None:
        return f"in the customers list {odd}"
    if state is None:
        return "this customer was not read"
    failed = failed_reads(state, setting.needed, listed=listed is not None)
    if failed:
        return "; ".join(f"{read.resource}: {_problem(read)}" for read in failed)
    return _contradiction(listed, state.customer) or ("" if listed is not None else listing.doubt_of_absence)


def _contradiction(listed: Customer | None, by_id: Customer | None) -> str:
    if listed is not None and by_id is None:
        return "the customers list shows it, and the read by ID says that there is no such customer"
    if listed is None and by_id is not None and by_id.relationship not in {None, "none"}:
        return f"it is not in the customers list, and the read by ID shows {by_id.relationship}"
    return ""


def _problem(read: ReadProof) -> str:
    """What went wrong; a credential that failed is explained once, at the top of the plan."""
    return f"the {read.credential} credential failed (see {CREDENTIAL_FAILED})" if read.credential else read.problem


def no_credential(state: CustomerState | None) -> tuple[ReadProof, ...]:
    """The reads that only a user may make, where the Partner document names no user."""
    return tuple(read for read in excused_reads(state) if read.excuse is Excuse.NO_CREDENTIAL)


def needs_user(reads: Iterable[ReadProof]) -> Iterator[Notice]:
    """A choice of the Partner document, no failure: said, and `apply` sends nothing one-way without it."""
    for read in reads:
        text = (
            f"{read.resource}: only a user may read them, and the Partner document names no credentials.refreshToken; "
            "apply sends nothing one-way for this customer until it does"
        )
        yield Notice("read-needs-user", text)


def shows_windows(state: CustomerState) -> bool:
    """Whether enough was read to say which windows close: the windows stand in the subscriptions."""
    return any(read.resource == Resource.SUBSCRIPTIONS and read.complete for read in state.reads)


def supposing_nothing_else(state: CustomerState) -> CustomerState:
    """The state as it would be if what could not be read held nothing; to look for windows, never to act."""
    return replace(state, transfers=state.transfers or (), resellers=state.resellers or ())


def next_closing(actions: Iterable[Action], setting: Setting) -> datetime | None:
    """When the first window closes that the wish would use."""
    return min((closes for _, closes in _closing(actions, setting)), default=None)


def _closing(actions: Iterable[Action], setting: Setting) -> Iterator[tuple[Action, datetime]]:
    for action in actions:
        if action.window_closes_at is not None and action.window_closes_at > setting.now:
            yield action, action.window_closes_at


def closing_windows(actions: Iterable[Action], customer: Customer, setting: Setting) -> tuple[Notice, ...]:
    """One warning for each window that closes while nothing is planned, the first to close first."""
    found = sorted(_closing(actions, setting), key=lambda pair: (pair[1], pair[0].target.id))
    return tuple(_warning(action, closes, customer, setting) for action, closes in found)


def _warning(action: Action, closes: datetime, customer: Customer, setting: Setting) -> Notice:
    zone = setting.partner.time_zone
    local = "" if zone == "UTC" else f" ({closes.astimezone(setting.zone):%Y-%m-%d %H:%M} {zone})"
    seats = "" if action.impact is None else f", {action.impact.seats} seats"
    refund = action.money.refund
    money = f"{refund} to come back" if refund is not None else "an unknown amount to come back"
    text = (
        f"{action.target.name}{seats}: its window closes at {closes:%Y-%m-%d %H:%M} UTC{local}, {money}, and the "
        "customer cannot be read, so that nothing is planned. Until then a person can do it: Partner Center, "
        f"Customers, {customer.company_name}, Subscriptions, {action.target.name} ({action.target.id}): {action.kind}; "
        "or plan again before"
    )
    return Notice(WINDOW_CLOSING, text, action.target)


def try_again_at(closing: datetime | None, setting: Setting) -> datetime | None:
    """When to plan again: several times before the window closes, at the latest in an hour; None without any wish."""
    if not setting.desired.asks_for_change:
        return None
    left = _LATEST if closing is None else (closing - setting.now) / _TRIES
    return setting.now + min(max(left, _SOONEST), _LATEST)


def unread_warnings(snapshot: Snapshot, customers: tuple[CustomerPlan, ...], partner: Partner) -> tuple[Notice, ...]:
    """What the plan as a whole could not see, the most urgent first: each credential that failed stands here once."""
    return (
        *_windows(customers),
        *_credentials(snapshot),
        *_of_the_list(snapshot),
        *(Notice("not-offered", _DECLARED.format(name=name)) for name in partner.not_offered),
    )


_DECLARED = (
    "the Partner document says that {name} are refused to this partner for good: they are not read for any customer, "
    "and the rules (….not-offered) decide what that means"
)


def _windows(customers: tuple[CustomerPlan, ...]) -> Iterator[Notice]:
    for customer in customers:
        for notice in customer.warnings:
            if notice.code == WINDOW_CLOSING:
                yield replace(notice, text=f"{customer.name}: {notice.text}")


def _credentials(snapshot: Snapshot) -> Iterator[Notice]:
    """One error of the run for each credential, with its remedy, however many customers need it."""
    reasons = {read.credential: read.problem for read in (snapshot.listed.read,) if read.credential}
    concerned: Counter[str] = Counter()
    for state in snapshot.states.values():
        refused = {read.credential: read.problem for read in state.reads if read.credential}
        reasons = {**refused, **reasons}
        concerned.update(refused.keys())
    for credential, problem in sorted(reasons.items()):
        text = f"the {credential} credential failed; customers that need it and are unknown: {concerned[credential]}"
        yield Notice(CREDENTIAL_FAILED, f"{text}: {problem}")


def _of_the_list(snapshot: Snapshot) -> Iterator[Notice]:
    listing = snapshot.listed
    if not listing.read.complete:
        text = f"the customers list could not be read to its end: {_problem(listing.read)}"
        yield Notice("customers-list-incomplete", text)
    for row in listing.odd:
        spoilt = "this customer is unknown" if row.tenant_id else "no customer can be called absent"
        yield Notice("customers-list-row", f"customers list: {row}; {spoilt}")
