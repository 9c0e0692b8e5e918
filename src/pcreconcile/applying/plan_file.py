"""Plan files come from outside: from an artifact store, a pull request, an editor. Nothing in one is believed unread.

A file is accepted when it is exactly the document that this program would write for the plan that it holds: decoded
strictly, encoded again, compared member by member. That refuses unknown members, other spellings of a value and
whatever else a reader might overlook, with one rule. Then the digest and the plan ID must fit.

It is read customer by customer: of one the text, the parsed JSON and the value stand in memory together, of the fleet
the values alone. So a fleet has no bound; one customer has (`LARGEST_PART`), and so have depth and digits.
"""

from __future__ import annotations

import io
import typing
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Any, BinaryIO

import msgspec

from pcreconcile.applying.json_stream import JsonStream, NotStrictJson
from pcreconcile.applying.texts import clean
from pcreconcile.model import identity
from pcreconcile.model.errors import PlanFileError
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import FORMAT_VERSION, NOW, CustomerPlan, Plan

AGAIN = "make a new plan"

_VERSION = "formatVersion"
_TOLD = 5  # actions that a message names
_FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Plan)}


def read_plan_file(data: BinaryIO | bytes, name: str = "") -> Plan:
    """The plan in a file, whole and unchanged since it was made.

    `data` are its bytes, or a stream that can be read twice; `name` is what its reader calls the file. Raises
    PlanFileError, with the name and a text for the person who handed it over.
    """
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    with naming(name):
        try:
            with _at("the plan file"):
                plan = _plan(JsonStream(stream))
        except PlanFileError:
            _check_format_alone(stream)
            raise
        check_plan(plan, plan.partner.tenant_id)
    return plan


@contextmanager
def naming(name: str) -> Iterator[None]:
    """What is wrong with a plan file is told with the file's name; one that has been named is named once."""
    try:
        yield
    except PlanFileError as error:
        start = f"{name}: "
        if not name or str(error).startswith(start):
            raise
        raise PlanFileError(f"{start}{error}") from error.__cause__


def check_plan(plan: Plan, partner_tenant: TenantId) -> None:
    """Raises PlanFileError unless the plan is whole, of this format and of this partner."""
    _check_version(plan.format_version)
    try:
        sealed = identity.seal(plan)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise PlanFileError(f"the plan holds a value that no plan can hold; {AGAIN}") from None
    if plan.digest != sealed.digest and plan.plan_id == sealed.plan_id:
        raise PlanFileError(f"the plan was changed after it was made: its digest does not fit; {AGAIN}")
    if plan.plan_id != sealed.plan_id:
        raise PlanFileError(f"the plan was changed after it was made: its planId does not fit; {AGAIN}")
    check_partner(plan, partner_tenant)
    _check_references(plan)


def check_partner(plan: Plan, partner_tenant: TenantId) -> None:
    """Raises PlanFileError for a plan of another partner."""
    if plan.partner.tenant_id != partner_tenant:
        raise PlanFileError(
            f"this is a plan for partner tenant {plan.partner.tenant_id}, the manifests are those of {partner_tenant}"
        )


def require_applicable(plan: Plan) -> None:
    """Raises PlanFileError for a projection: it was made for a world that nobody has seen."""
    if plan.projected_from is not None:
        raise PlanFileError(
            f"this plan is a projection: it was made for {plan.created_at:%Y-%m-%d} from what was read on "
            f"{plan.projected_from:%Y-%m-%d}, so it can be shown and never applied; {AGAIN} without --at"
        )


def _check_references(plan: Plan) -> None:
    """The journal knows customers by tenant and actions by ID, so neither may appear twice.

    What an action requires is another action of its customer, and nothing in a circle: no such plan is ever made, none
    could be ended, and until then it would be shown as sound.
    """
    _once("customer", (customer.tenant_id for customer in plan.customers))
    _once("action", (a.id for customer in plan.customers for a in customer.actions if a.when == NOW))
    for customer in plan.customers:
        for item in customer.observed.items:
            if not (isinstance(item.get("type"), str) and isinstance(item.get("id"), str)):
                raise PlanFileError(f"an observed item of {customer.name} has no type or ID; {AGAIN}")
        _check_requirements(customer)


def _check_requirements(customer: CustomerPlan) -> None:
    left: dict[ActionId, set[ActionId]] = {}
    for action in customer.actions:
        left.setdefault(action.id, set()).update(action.requires)
    for name, required in left.items():
        for unknown in sorted(required - left.keys()):
            raise PlanFileError(
                f"action {name} of {clean(customer.name)} requires {unknown}, which is no action of its plan; {AGAIN}"
            )
    try:
        TopologicalSorter({name: sorted(required) for name, required in left.items()}).prepare()
    except CycleError as error:
        circle = " requires ".join(reversed(error.args[1][-_TOLD:]))
        raise PlanFileError(
            f"actions of {clean(customer.name)} require each other in a circle: {circle}; {AGAIN}"
        ) from None


def _once(what: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise PlanFileError(f"{what} {one} appears twice in the plan; {AGAIN}")
        seen.add(one)


def _plan(stream: JsonStream) -> Plan:
    if stream.opens() != "{":
        raise PlanFileError("not a plan: " + ("it is empty" if not stream.opens() else "it is no JSON object"))
    found: dict[str, Any] = {}
    for name in stream.members():
        field = _FIELDS.get(name)
        if field is None:
            raise PlanFileError(f"this is not a plan that pcreconcile wrote: unknown member {name!r} in plan; {AGAIN}")
        found[field.name] = _member(stream, name, field.type)
    stream.end()
    if "format_version" not in found:
        raise PlanFileError(f"this is not a plan: it has no {_VERSION}")
    for field in _FIELDS.values():
        if field.name not in found:
            raise _not_ours(f"{field.encode_name!r} is missing in plan")
    return Plan(**found)


def _member(stream: JsonStream, name: str, kind: Any) -> Any:
    if typing.get_origin(kind) is not tuple or stream.opens() != "[":
        member = _part(stream, f"plan.{name}", kind)
        if name == _VERSION:
            _check_version(member)
        return member
    element = typing.get_args(kind)[0]
    return tuple(_part(stream, f"plan.{name}[{place}]", element) for place in stream.elements())


def _part(stream: JsonStream, path: str, kind: Any) -> Any:
    """One member, or one element of a list, that is exactly as this program writes it."""
    with _at(path):
        raw = stream.value()
    try:
        part = msgspec.convert(raw, kind)
        if canonical_json(raw) == canonical_json(part):
            return part
        different = _first_difference(raw, msgspec.to_builtins(part), path)
    except (msgspec.ValidationError, OverflowError, ValueError, RecursionError) as error:
        raise _not_ours(f"{error} in {path}{_called(raw)}") from None
    raise _not_ours(f"{different or f'{path} is not in the form that a plan has'}{_called(raw)}")


@contextmanager
def _at(path: str) -> Iterator[None]:
    """Broken JSON is told with its place; what has been told so is no NotStrictJson any more."""
    try:
        yield
    except NotStrictJson as error:
        raise PlanFileError(f"{path}: {error}; {AGAIN}") from None


def _called(raw: Any) -> str:
    name = raw.get("name") if isinstance(raw, dict) else None
    return f" ({clean(name[:200])})" if isinstance(name, str) else ""


def _not_ours(problem: str) -> PlanFileError:
    return PlanFileError(f"this is not a plan that pcreconcile wrote: {problem}; {AGAIN}")


def _check_format_alone(stream: BinaryIO) -> None:
    """Why a file cannot be read is mostly its format, which may stand behind what this program does not know."""
    stream.seek(0)
    try:
        version = _version_in(JsonStream(stream))
    except PlanFileError:
        return
    if type(version) is int:
        _check_version(version)


def _version_in(text: JsonStream) -> Any:
    for name in text.members():
        value = text.value()
        if name == _VERSION:
            return value
    return None


def _check_version(version: int) -> None:
    if version > FORMAT_VERSION:
        raise PlanFileError(
            f"the plan was made by a newer pcreconcile (format {version}, this one knows {FORMAT_VERSION}): "
            "use that version, or make a new plan with this one"
        )
    if version == 1:
        raise PlanFileError(
            "this is a plan of format 1, which an older pcreconcile made: make a new plan and have it approved anew "
            "(approvals of format 1 end with it)"
        )
    if version != FORMAT_VERSION:
        raise PlanFileError(f"plan format {version} is not known; {AGAIN}")


def _first_difference(raw: Any, written: Any, path: str) -> str:
    """Where two JSON documents part, in words; empty when they are equal."""
    if isinstance(raw, dict) and isinstance(written, dict):
        return _members_part(raw, written, path)
    if isinstance(raw, list) and isinstance(written, list | tuple):
        return _lengths_part(raw, written, path)
    return "" if type(raw) is type(written) and raw == written else f"{path} is not in the form that a plan has"


def _members_part(raw: dict[str, Any], written: dict[str, Any], path: str) -> str:
    for name in sorted(raw.keys() ^ written.keys()):
        return f"unknown member {name!r} in {path}" if name in raw else f"{name!r} is missing in {path}"
    parts = (_first_difference(raw[name], written[name], f"{path}.{name}") for name in sorted(raw))
    return next(filter(None, parts), "")


def _lengths_part(raw: list[Any], written: Sequence[Any], path: str) -> str:
    if len(raw) != len(written):
        return f"{path} has another length"
    pairs = enumerate(zip(raw, written, strict=True))
    return next(filter(None, (_first_difference(a, b, f"{path}[{i}]") for i, (a, b) in pairs)), "")
