"""Plan files come from outside: from an artifact store, a pull request, an editor. Nothing in one is believed unread.

A file is accepted when it is exactly the document that this program would write for the plan that it holds: decoded
strictly, encoded again, compared member by member. That refuses unknown members, other spellings of a value and
whatever else a reader might overlook, with one rule. Then the digest and the plan ID must fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import msgspec

from pcreconcile.model import identity
from pcreconcile.model.errors import PlanFileError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import FORMAT_VERSION, NOW, Plan

LARGEST = 64 * 1024 * 1024  # bytes
DEEPEST = 64  # levels of lists and objects
LARGEST_INTEGER = 2**63 - 1

AGAIN = "make a new plan"


def read_plan_file(data: bytes) -> Plan:
    """The plan in a file. Raises PlanFileError, with a text for the person who handed it over."""
    raw = _parse(data)
    _check_format(raw)
    try:
        plan = msgspec.convert(raw, Plan)
        written = msgspec.to_builtins(plan)
        different = _first_difference(raw, written, "plan")
    except (msgspec.ValidationError, OverflowError, ValueError, RecursionError) as error:
        raise PlanFileError(f"this is not a plan that pcreconcile wrote: {error}; {AGAIN}") from None
    if different:
        raise PlanFileError(f"this is not a plan that pcreconcile wrote: {different}; {AGAIN}")
    check_plan(plan, plan.partner.tenant_id)
    return plan


def check_plan(plan: Plan, partner_tenant: TenantId) -> None:
    """Raises PlanFileError unless the plan is whole, of this format and of this partner."""
    if plan.format_version > FORMAT_VERSION:
        raise _newer(plan.format_version)
    if plan.format_version != FORMAT_VERSION:
        raise PlanFileError(f"plan format {plan.format_version} is not known; {AGAIN}")
    try:
        sealed = identity.seal(plan)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise PlanFileError(f"the plan holds a value that no plan can hold; {AGAIN}") from None
    if plan.digest != sealed.digest and plan.plan_id == sealed.plan_id:
        raise PlanFileError(f"the plan was changed after it was made: its digest does not fit; {AGAIN}")
    if plan.plan_id != sealed.plan_id:
        raise PlanFileError(f"the plan was changed after it was made: its planId does not fit; {AGAIN}")
    if plan.partner.tenant_id != partner_tenant:
        raise PlanFileError(
            f"this is a plan for partner tenant {plan.partner.tenant_id}, the manifests are those of {partner_tenant}"
        )
    _check_references(plan)


def require_applicable(plan: Plan) -> None:
    """Raises PlanFileError for a projection: it was made for a world that nobody has seen."""
    if plan.projected_from is not None:
        raise PlanFileError(
            f"this plan is a projection: it was made for {plan.created_at:%Y-%m-%d} from what was read on "
            f"{plan.projected_from:%Y-%m-%d}, so it can be shown and never applied; {AGAIN} without --at"
        )


def _check_references(plan: Plan) -> None:
    """The journal knows customers by tenant and actions by ID, so neither may appear twice."""
    _once("customer", (customer.tenant_id for customer in plan.customers))
    _once("action", (a.id for customer in plan.customers for a in customer.actions if a.when == NOW))
    for customer in plan.customers:
        for item in customer.observed.items:
            if not (isinstance(item.get("type"), str) and isinstance(item.get("id"), str)):
                raise PlanFileError(f"an observed item of {customer.name} has no type or ID; {AGAIN}")


def _once(what: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise PlanFileError(f"{what} {one} appears twice in the plan; {AGAIN}")
        seen.add(one)


def _check_format(raw: Any) -> None:
    if not isinstance(raw, dict) or "formatVersion" not in raw:
        raise PlanFileError("this is not a plan: it has no formatVersion")
    version = raw["formatVersion"]
    if type(version) is int and version > FORMAT_VERSION:
        raise _newer(version)


def _newer(version: int) -> PlanFileError:
    return PlanFileError(
        f"the plan was made by a newer pcreconcile (format {version}, this one knows {FORMAT_VERSION}): "
        "use that version, or make a new plan with this one"
    )


def _parse(data: bytes) -> Any:
    if len(data) > LARGEST:
        raise PlanFileError(f"the plan file is larger than {LARGEST // 1024 // 1024} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanFileError(f"the plan file is not UTF-8 text (byte {error.start})") from None
    try:
        raw = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_no_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise PlanFileError(f"the plan file is not JSON, or was cut off: {error.msg} ({place})") from None
    except RecursionError:
        raise _too_deep() from None
    _check_depth(raw)
    return raw


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PlanFileError(f"the plan file has the member {twice!r} twice in one object")
    return found


def _no_constant(text: str) -> NoReturn:
    raise PlanFileError(f"the plan file holds {text}, which is no JSON number")


def _no_float(text: str) -> NoReturn:
    raise PlanFileError(f"the plan file holds the number {text[:40]}: plans hold integers and decimal text alone")


def _integer(text: str) -> int:
    if len(text) > len(str(LARGEST_INTEGER)) + 1 or abs(int(text)) > LARGEST_INTEGER:
        raise PlanFileError("the plan file holds a number that is too large")
    return int(text)


def _too_deep() -> PlanFileError:
    return PlanFileError(f"the plan file is nested deeper than {DEEPEST} levels")


def _check_depth(raw: Any) -> None:
    level = [raw]
    for _ in range(DEEPEST):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return
    raise _too_deep()


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


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
