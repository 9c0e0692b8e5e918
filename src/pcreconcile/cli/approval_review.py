"""What an approver is shown of a kept plan: nothing that only the file says, or marked as such.

A plan file is somebody's claim. So `approve` plans the customers concerned again, from the manifests at hand and the
live state, and shows what the new plan says. Where there is no access to the service, names, domains and reasons are
the manifests', and what only the service knows is marked as the file's word. The commit is not compared: the merge
commit that a pipeline planned is in nobody's clone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pcreconcile.applying.guards import Pending
from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.errors import ConfigurationError, IncompleteRead, NoAnswer, Refused, RemoteError, StalePlan
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Action, ActionKind, CustomerPlan, Plan, Verdict
from pcreconcile.model.plan_comparison import CustomerComparison, Shared, compare_customer

if TYPE_CHECKING:
    from pcreconcile.cli.output import Output
    from pcreconcile.cli.seeing import Seen
    from pcreconcile.cli.wiring import Session

_NOTHING_SIGNED = "nothing was signed"
_OFFLINE = "sign without reading the service: --offline"
_TOLD = 5  # differences that a message names before it counts


@dataclass(frozen=True, slots=True)
class Review:
    """What is due, in words that may be shown; `unproven` says why some of them are only the plan file's, else ""."""

    partner: str
    entries: tuple[Pending, ...]
    unproven: str = ""


def review(session: Session, output: Output, plan: Plan, entries: Sequence[Pending], *, offline: bool) -> Review:
    """Hold a kept plan against the manifests and, with access, against a plan made afresh.

    Raises Refused when the file says of a customer what the manifests do not, or of an action what a new plan does not;
    StalePlan when something has moved since that explains it; IncompleteRead when the service could not be read.
    """
    wanted = {customer.tenant_id: customer for customer in session.loaded.fleet.customers}
    concerned = {entry.customer.tenant_id: entry.customer for entry in entries}
    _require_own_words(wanted, concerned.values())
    partner = session.loaded.partner.name
    if offline:
        return Review(partner, tuple(_of_the_file(entries, wanted)), "the service was not read (--offline)")
    names = [wanted[tenant].name for tenant in concerned]
    try:
        seen = _plan_again(session, output, names)
    except ConfigurationError as error:
        why = f"there is no access to the service here ({error})"
        return Review(partner, tuple(_of_the_file(entries, wanted)), why)
    comparisons = {tenant: compare_customer(plan, seen.plan, tenant) for tenant in concerned}
    _require_read(seen, comparisons.values())
    for comparison in comparisons.values():
        _require_same(comparison)
    return Review(partner, tuple(_afresh(comparisons.values())))


def _plan_again(session: Session, output: Output, names: Iterable[str]) -> Seen:
    from pcreconcile.cli import seeing

    try:
        return seeing.see(session, output, seeing.Wanted(tuple(f"customer/{name}" for name in names), judged=False))
    except NoAnswer as error:
        raise IncompleteRead(f"the service does not answer, {_NOTHING_SIGNED}: {error}; {_OFFLINE}") from error
    except IncompleteRead as error:
        raise IncompleteRead(f"{error}; {_NOTHING_SIGNED}; {_OFFLINE}") from error
    except RemoteError as error:
        raise Refused(f"the service refuses to be read, {_NOTHING_SIGNED}: {error}; {_OFFLINE}") from error


def _require_own_words(wanted: Mapping[TenantId, DesiredCustomer], customers: Iterable[CustomerPlan]) -> None:
    """Name, domain, reason and all else that is wanted of a customer must be what its manifest says."""
    foreign = [line for customer in customers for line in _foreign_words(wanted.get(customer.tenant_id), customer)]
    if foreign:
        raise Refused(
            f"{_NOTHING_SIGNED}: the plan file says what the manifests here do not: {_some(foreign)}; bring this "
            "checkout to what was planned, or have a new plan made"
        )


def _foreign_words(own: DesiredCustomer | None, customer: CustomerPlan) -> Iterator[str]:
    if own is None:
        yield f"tenant {customer.tenant_id} ({customer.name}) is in no manifest"
        return
    if customer.name != own.name:
        yield f"tenant {customer.tenant_id} is {own.name} in the manifests and {customer.name} in the file"
    for name in DesiredCustomer.__struct_fields__:
        mine, theirs = getattr(own, name), getattr(customer.desired, name)
        if mine != theirs:
            yield f"{own.name}: {name.replace('_', ' ')} is {_word(mine)} in the manifests and {_word(theirs)} there"
    removes = any(action.kind is ActionKind.REMOVE_RELATIONSHIP for action in customer.actions)
    if removes and own.relationship is not Relationship.REMOVED:
        yield f"{own.name} is wanted {own.relationship}, and the file removes its relationship"


def _require_read(seen: Seen, comparisons: Iterable[CustomerComparison]) -> None:
    if not seen.listed.complete:
        raise IncompleteRead(
            f"the customers list could not be read, {_NOTHING_SIGNED}: {seen.listed.problem}; {_OFFLINE}"
        )
    unread = [each.kept.name for each in comparisons if each.fresh is None or each.fresh.verdict is Verdict.UNKNOWN]
    if unread:
        raise IncompleteRead(f"{_some(unread)} could not be read, {_NOTHING_SIGNED}: try again, or {_OFFLINE}")


def _require_same(comparison: CustomerComparison) -> None:
    """What the file says of a customer's due actions must be what a new plan says."""
    name = comparison.kept.desired.name
    lines = [str(missing) for missing in comparison.missing]
    lines += [line for shared in comparison.shared for line in _differences(shared)]
    if not lines:
        return
    text = f"{_NOTHING_SIGNED}: planned again, {name} is not what the file says: {_some(lines)}"
    if comparison.moved:
        raise StalePlan(
            f"{text}; since the plan was made, {', '.join(comparison.moved)} changed: have a new plan "
            "made (or, where a run of this one was cut off, --offline)"
        )
    raise Refused(f"{text}; nothing that the file names as its sources has changed: do not trust this file")


def _differences(shared: Shared) -> Iterator[str]:
    what = f"{shared.fresh.kind} {shared.fresh.target.id}"
    for name, value in _told(shared.kept).items():
        now = _told(shared.fresh)[name]
        if value != now:
            yield f"{what}: {name} {_word(value)} in the file, {_word(now)} now"


def _told(action: Action) -> dict[str, object]:
    """What an action is said to do and to wait for, as far as it does not change by the hour."""
    impact, instructions = action.impact, action.instructions
    return {
        "name": action.target.name,
        "family": action.family,
        "requires": ", ".join(sorted(action.requires)),
        "reversibility": action.reversibility,
        "effect": action.effect,
        "seats": impact.seats if impact else 0,
        "service": impact.service if impact else "",
        "money committed": action.money.committed,
        "instructions": instructions.text if instructions else "",
    }


def _of_the_file(entries: Iterable[Pending], wanted: Mapping[TenantId, DesiredCustomer]) -> Iterator[Pending]:
    """The file's actions under the manifests' names."""
    for entry in entries:
        own = wanted[entry.customer.tenant_id]
        yield Pending(replace(entry.customer, name=own.name, desired=own), entry.action)


def _afresh(comparisons: Iterable[CustomerComparison]) -> Iterator[Pending]:
    """The actions that both plans hold, in the words of the new one."""
    for comparison in comparisons:
        for shared in comparison.shared:
            if comparison.fresh is not None:
                yield Pending(comparison.fresh, shared.fresh)


def _word(value: object) -> str:
    return f"{str(value)[:100]!r}" if value not in (None, "", ()) else "nothing"


def _some(lines: Sequence[str]) -> str:
    rest = len(lines) - _TOLD
    return "; ".join(lines[:_TOLD]) + (f" and {rest} more" if rest > 0 else "")
