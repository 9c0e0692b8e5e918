"""What an approver is shown of a kept plan: every member of the file changed and sealed again is refused, shown as a
new plan has it, or marked as the file's word."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pcreconcile.applying import ceilings
from pcreconcile.applying.guards import Pending
from pcreconcile.cli import approval_review, main, seeing, signing, wiring
from pcreconcile.cli.output import Output
from pcreconcile.model.approval import Approval
from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ExitCode,
    IncompleteRead,
    NoAnswer,
    PcreconcileError,
    Refused,
    StalePlan,
)
from pcreconcile.model.estate import ReadProof
from pcreconcile.model.identity import seal
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Action, ActionMoney, CustomerPlan, Impact, Instructions, Plan, Target, Verdict
from pcreconcile.rendering import approving
from pcreconcile.rendering.page import Style

QUIET = Output(None, None, {})
MARK = "THE PLAN FILE'S WORD"


@dataclass(frozen=True)
class Desk:
    """A plan of the shipped manifests, kept, and the same planned afresh hours later."""

    session: wiring.Session
    kept: Plan
    fresh: seeing.Seen

    def shown(self, plan: Plan, *, offline: bool = False) -> str:
        """What the approver sees. Raises what the review does."""
        entries = ceilings.due(plan)
        review = approval_review.review(self.session, QUIET, plan, entries, offline=offline)
        touched = tuple(signing.touched(review.entries))
        shown = approving.Shown(review.partner, touched, review.unproven)
        start = self.kept.created_at
        said = Approval(
            "a@x", plan.plan_id, plan.partner.tenant_id, "", ceilings.scope_of(entries), start, start + timedelta(1)
        )
        text = approving.render(plan, said, shown, style=Style(width=200, colour=False))
        return "\n".join(line for line in text.splitlines() if not line.strip().startswith(("plan ", "made ")))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    subprocess.run(["cp", "-r", str(Path(__file__).parents[2] / "manifests"), str(folder)], check=True)
    file, manifests = folder / "a.plan.json", str(folder / "manifests")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()), redirect_stderr(StringIO()) as errors:
        patch.setenv("PCRECONCILE_NOW", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        code = main(["plan", "--target", "customer/aspen-books", "--out", str(file), "--manifests", manifests])
        assert code == 0, errors.getvalue()
        session = wiring.open_session(manifests)
        kept = wiring.read_plan(file, session)
        return Desk(session, kept, seeing.see(session, QUIET, seeing.Wanted(("customer/aspen-books",))))


@pytest.fixture(autouse=True)
def _planned_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeing, "see", lambda *_: desk.fresh)


# What is changed, and how: each member of each structure that the file holds for a due action.

MISSING: dict[str, Any] = {
    "reason": "x",
    "ticket": "CHG-1",
    "not_before": date(2020, 1, 1),
    "service_until": date(2020, 1, 1),
    "deadline": date(2020, 1, 1),
    "earliest_removal": date(2020, 1, 1),
    "binding_blocker": None,
    "next_deadline": None,
    "family": "new-commerce-license",
    "impact": Impact(7, "Something else"),
    "window_closes_at": None,
    "instructions": Instructions("you", "do it"),
    "rule": "x.y",
    "reversible_until": date(2099, 1, 1),
    "refund": Money(Decimal(7), "EUR"),
    "lost_per_day": Money(Decimal(7), "EUR"),
    "committed": Money(Decimal(7), "EUR"),
    "data_until": date(2099, 1, 1),
    "delegated_access": None,
    "settle": timedelta(days=9),
    "try_again_at": datetime(2026, 12, 1, tzinfo=UTC),
    "projected_from": datetime(2026, 12, 1, tzinfo=UTC),
}


def other(name: str, value: Any) -> Any:
    """A value of the same type that is not this one."""
    match value:
        case None:
            return MISSING[name]
        case bool():
            return not value
        case Enum():
            return next(each for each in type(value) if each is not value)
        case str():
            return f"{value}x"
        case int():
            return value + 1
        case datetime() | date() | timedelta():
            return value + timedelta(days=1)
        case msgspec.Struct():
            fields = value.__struct_fields__
            inner = next((each for each in fields if getattr(value, each) is not None), fields[0])
            return replace(value, **{inner: other(inner, getattr(value, inner))})
        case tuple():
            return value[1:]
        case frozenset():
            return frozenset()
        case dict():
            return {**value, "x": 1}
    raise AssertionError(f"no other value for {name}: {value!r}")


def edited_action(plan: Plan, change: Callable[[Action], Action]) -> Plan:
    """The first due action changed, and the file sealed again."""
    customer = plan.customers[0]
    first, *rest = customer.actions
    return seal(replace(plan, customers=(replace(customer, actions=(change(first), *rest)),)))


def edited_customer(plan: Plan, change: Callable[[CustomerPlan], CustomerPlan]) -> Plan:
    return seal(replace(plan, customers=(change(plan.customers[0]),)))


def _member(name: str) -> Callable[[Any], Any]:
    return lambda struct: replace(struct, **{name: other(name, getattr(struct, name))})


def _inner(outer: str, name: str) -> Callable[[Action], Action]:
    return lambda action: replace(action, **{outer: _member(name)(getattr(action, outer))})


def _of_desired(name: str) -> Callable[[CustomerPlan], CustomerPlan]:
    return lambda customer: replace(customer, desired=_member(name)(customer.desired))


EDITS: dict[str, Callable[[Plan], Plan]] = {
    **{f"action.{n}": lambda p, n=n: edited_action(p, _member(n)) for n in Action.__struct_fields__},
    **{f"target.{n}": lambda p, n=n: edited_action(p, _inner("target", n)) for n in Target.__struct_fields__},
    **{f"impact.{n}": lambda p, n=n: edited_action(p, _inner("impact", n)) for n in Impact.__struct_fields__},
    **{f"money.{n}": lambda p, n=n: edited_action(p, _inner("money", n)) for n in ActionMoney.__struct_fields__},
    **{f"customer.{n}": lambda p, n=n: edited_customer(p, _member(n)) for n in CustomerPlan.__struct_fields__},
    **{f"desired.{n}": lambda p, n=n: edited_customer(p, _of_desired(n)) for n in DesiredCustomer.__struct_fields__},
    **{
        f"plan.{n}": lambda p, n=n: seal(_member(n)(p))
        for n in Plan.__struct_fields__
        if n not in {"plan_id", "digest", "format_version"}
    },
}


@pytest.mark.parametrize("offline", [False, True], ids=["online", "offline"])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_member_changed_and_sealed_again_is_refused_or_not_shown_or_marked(
    desk: Desk, edit: Callable[[Plan], Plan], offline: bool
) -> None:
    plan = edit(desk.kept)
    try:
        signing.approvable(plan)
        text = desk.shown(plan, offline=offline)
    except PcreconcileError:
        return
    if offline:
        assert MARK in text
        assert_the_manifests_word(desk, text)
    else:
        assert claims(text) <= claims(desk.shown(desk.kept))


def claims(text: str) -> set[str]:
    """All that is said of customers and actions, but for the sum of them: a file may hold less than is due."""
    due, _, _ = text.partition("What is signed")
    return {line for line in due.splitlines() if not line.strip().startswith("does ")}


def assert_the_manifests_word(desk: Desk, text: str) -> None:
    own = next(each for each in desk.session.loaded.fleet.customers if each.name == "aspen-books")
    assert "aspen-books" in text
    assert own.reason
    assert own.reason in text
    assert own.tenant_id in text


MUST_REFUSE = (
    *("action.kind", "action.reversibility", "action.effect", "action.impact", "action.postcondition"),
    *("action.precondition", "target.type", "target.id", "target.name", "impact.seats", "impact.service"),
    *("money.committed", "customer.name", "customer.tenant_id", "customer.desired"),
    *(f"desired.{name}" for name in ("name", "domain", "reason", "relationship", "tenant_id", "ticket")),
)


@pytest.mark.parametrize("name", MUST_REFUSE)
def test_what_decides_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(Refused, match="nothing was signed"):
        desk.shown(EDITS[name](desk.kept))


@pytest.mark.parametrize("name", [name for name in MUST_REFUSE if name.startswith(("desired", "customer"))])
def test_the_manifests_word_is_wanted_without_the_service_too(desk: Desk, name: str) -> None:
    with pytest.raises(Refused, match="nothing was signed: the plan file says what the manifests here do not"):
        desk.shown(EDITS[name](desk.kept), offline=True)


def test_what_an_action_waits_for_is_the_new_plans_word(desk: Desk) -> None:
    """Without the requirement something one-way would be done first; `apply` keeps both plans' requirements."""
    customer = desk.kept.customers[0]
    assert any(action.requires for action in customer.actions if action.when == "now")
    free = tuple(replace(action, requires=()) for action in customer.actions)
    plan = seal(replace(desk.kept, customers=(replace(customer, actions=free),)))
    with pytest.raises(Refused, match="requires nothing in the file"):
        desk.shown(plan)


def test_an_untouched_plan_is_shown_as_it_is(desk: Desk) -> None:
    text = desk.shown(desk.kept)
    assert "planned again just now, with the same result" in text
    assert MARK not in text
    assert MARK in desk.shown(desk.kept, offline=True)


def test_the_merge_commit_of_a_pipeline_is_in_nobodys_clone(desk: Desk) -> None:
    sources = replace(desk.kept.sources, commit="0" * 40)
    assert desk.shown(seal(replace(desk.kept, sources=sources))) == desk.shown(desk.kept)


# The world has gone on.


def _fresh(desk: Desk, monkeypatch: pytest.MonkeyPatch, change: Callable[[CustomerPlan], CustomerPlan]) -> None:
    plan = replace(desk.fresh.plan, customers=tuple(map(change, desk.fresh.plan.customers)))
    monkeypatch.setattr(seeing, "see", lambda *_: seeing.Seen(plan, desk.fresh.listed))


def test_an_action_that_is_done_by_now(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(customer: CustomerPlan) -> CustomerPlan:
        observed = replace(customer.observed, seats=customer.observed.seats + 1)
        return replace(customer, observed=observed, actions=customer.actions[1:])

    _fresh(desk, monkeypatch, changed)
    with pytest.raises(StalePlan, match="not in the new plan; since the plan was made, the live state"):
        desk.shown(desk.kept)


def test_an_action_that_is_due_later_by_now(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    later = lambda c: replace(c, actions=tuple(replace(a, when="2099-01-01") for a in c.actions))  # noqa: E731
    _fresh(desk, monkeypatch, later)
    with pytest.raises(Refused, match="due 2099-01-01"):
        desk.shown(desk.kept)


def test_more_is_due_by_now(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = replace(desk.kept.customers[0].actions[0], target=Target("subscription", "another", "Another"))
    before = desk.shown(desk.kept)
    _fresh(desk, monkeypatch, lambda c: replace(c, actions=(*c.actions, extra)))
    assert desk.shown(desk.kept) == before


def test_a_customer_that_could_not_be_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _fresh(desk, monkeypatch, lambda c: replace(c, verdict=Verdict.UNKNOWN, actions=()))
    with pytest.raises(IncompleteRead, match="aspen-books could not be read, nothing was signed"):
        desk.shown(desk.kept)


def test_a_list_that_could_not_be_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = ReadProof("customers", False, problem="cut off")
    monkeypatch.setattr(seeing, "see", lambda *_: seeing.Seen(desk.fresh.plan, listed))
    with pytest.raises(IncompleteRead, match="cut off"):
        desk.shown(desk.kept)


ENDINGS: dict[str, tuple[PcreconcileError, int]] = {
    "it does not answer": (NoAnswer("no answer"), ExitCode.READ_INCOMPLETE),
    "it refuses the login": (AuthenticationError("no", status=401), ExitCode.REFUSED),
    "it refuses the read": (IncompleteRead("cut off"), ExitCode.READ_INCOMPLETE),
}


def _raising(error: Exception) -> Callable[..., Any]:
    def see(*_: Any) -> Any:
        raise error

    return see


@pytest.mark.parametrize(("error", "code"), ENDINGS.values(), ids=ENDINGS)
def test_a_service_that_cannot_be_read_is_no_silent_yes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: PcreconcileError, code: int
) -> None:
    monkeypatch.setattr(seeing, "see", _raising(error))
    with pytest.raises(PcreconcileError) as caught:
        desk.shown(desk.kept)
    assert caught.value.exit_code == code
    assert "--offline" in str(caught.value)


def test_without_credentials_the_files_word_is_marked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeing, "see", _raising(ConfigurationError("variable PC_CLIENT_ID is not set")))
    text = desk.shown(desk.kept)
    assert MARK in text
    assert "PC_CLIENT_ID is not set" in " ".join(text.split())


def test_a_removal_under_a_customer_that_is_to_stay(desk: Desk) -> None:
    """Its manifest is right, and the acts are another customer's."""
    fleet = desk.session.loaded.fleet.customers
    stays = next(each for each in fleet if each.relationship is Relationship.ACTIVE)
    moved = replace(desk.kept.customers[0], name=stays.name, tenant_id=stays.tenant_id, desired=stays)
    entries = [Pending(moved, action) for action in moved.actions]
    plan = seal(replace(desk.kept, customers=(moved,)))
    for offline in (True, False):
        with pytest.raises(Refused, match=f"{stays.name} is wanted active, and the file removes its relationship"):
            approval_review.review(desk.session, QUIET, plan, entries, offline=offline)
