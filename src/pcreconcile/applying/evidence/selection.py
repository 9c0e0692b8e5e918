"""Which runs an archive is about: one by its (shortened) ID, or all that touched a customer, in some days.

Runs of the same plan belong together, since a run that was cut off is finished by another one of that plan: what the
first left open, only the second proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from pcreconcile.applying.naming_runs import run_named
from pcreconcile.model.errors import UsageError
from pcreconcile.model.evidence import Subject
from pcreconcile.model.ids import PlanId, RunId, TenantId, is_guid
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import Event


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for, and the runs that tell it."""

    subject: Subject
    runs: frozenset[RunId]


def of_run(events: Sequence[Event], text: str) -> Selection:
    """The run of that ID, or of its unique beginning. Raises UsageError."""
    run = run_named((event.run for event in events), text)
    return Selection(Subject(f"run {run}", run=run), _whole(events, {run}))


def of_customer(
    events: Sequence[Event], tenant: TenantId, name: str, days: tuple[date | None, date | None], zone: str
) -> Selection:
    """All runs in which something happened to a customer on one of the days (both included, in the partner's zone).

    Raises UsageError when there is none.
    """
    first, last = days
    here = ZoneInfo(zone)
    runs = {event.run for event in events if event.customer == tenant and _inside(event, first, last, here)}
    if not runs:
        raise UsageError(f"customer {name}: the journal has no run that touched it{_in_words(first, last)}")
    text = f"customer {tenant}{_in_words(first, last)}"
    return Selection(Subject(text, customer=tenant, first=first, last=last), _whole(events, runs))


def find_customer(text: str, plans: Iterable[Plan], manifests: Mapping[str, TenantId]) -> TenantId:
    """A customer by its name, in the plans that were kept or in the manifests, or by its tenant ID.

    Raises UsageError when nobody knows it, or when the name went to another tenant in the meantime.
    """
    if is_guid(text):
        return TenantId(text.lower())
    found = {customer.tenant_id for plan in plans for customer in plan.customers if customer.name == text}
    found |= {tenant for name, tenant in manifests.items() if name == text}
    if len(found) > 1:
        raise UsageError(f"customer {text}: more than one tenant has had that name: {', '.join(sorted(found))}")
    if not found:
        raise UsageError(f"customer {text}: neither the journal's plans nor the manifests know it")
    return found.pop()


def _whole(events: Sequence[Event], runs: set[RunId]) -> frozenset[RunId]:
    plans: set[PlanId] = {event.plan for event in events if event.run in runs}
    return frozenset(event.run for event in events if event.plan in plans)


def _inside(event: Event, first: date | None, last: date | None, zone: ZoneInfo) -> bool:
    day = event.at.astimezone(zone).date()
    return (first is None or first <= day) and (last is None or day <= last)


def _in_words(first: date | None, last: date | None) -> str:
    return "".join(_bounds(first, last))


def _bounds(first: date | None, last: date | None) -> Iterator[str]:
    if first is not None:
        yield f" from {first}"
    if last is not None:
        yield f" to {last}"
