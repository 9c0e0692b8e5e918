"""What a licensing desk reads. The golden texts are the specification: read them, not the code."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from pcreconcile.model.plan import (
    ActionKind,
    ActionMoney,
    Approvals,
    Deadline,
    Effect,
    Guard,
    LiveCustomer,
    Notice,
    Reversibility,
    Target,
    Verdict,
)
from pcreconcile.rendering import terminal
from pcreconcile.rendering.page import Style
from tests.rendering import sample_plan

_GOLDEN = Path(__file__).parent / "golden"
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def _render(plan, **style):
    return terminal.render(plan, style=Style(**style), next_step="pcreconcile apply plan.json")


@pytest.mark.parametrize("width", [80, 140])
def test_the_whole_plan(width):
    assert _render(sample_plan.sample(), width=width) == (_GOLDEN / f"plan-{width}.txt").read_text(encoding="utf-8")


def test_colour_adds_nothing_but_colour():
    plain, coloured = (_render(sample_plan.sample(), width=100, colour=colour) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert _ESCAPE.sub("", coloured) == plain


@pytest.mark.parametrize("width", [1, 40, 60, 80, 200])
def test_no_line_but_a_link_or_an_identifier_is_wider_than_the_paper(width):
    wide = [line for line in _render(sample_plan.sample(), width=width).splitlines() if len(line) > max(width, 40)]
    assert all("https://" in line for line in wide)


def test_a_hostile_name_stays_a_name():
    hostile = "::error::\x1b[2J\u202e##vso[task.complete]\nnext"
    observed = msgspec.structs.replace(sample_plan.ready().observed, company_name=hostile)
    customer = msgspec.structs.replace(sample_plan.ready(), observed=observed)
    live = LiveCustomer(sample_plan.tenant(35), hostile, hostile)
    text = _render(sample_plan.sample(customers=(customer,), unmanaged=(live,)), width=50)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "##vso" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]


def test_a_failed_guard_says_that_nothing_is_written_and_the_remedy():
    guard = Guard("budget:perRun.removals", False, "12 removals; split the change", 10, 12)
    text = _render(sample_plan.sample(guards=(guard,)), width=100)
    assert "REFUSED by a guard: apply will write nothing at all" in text
    assert "budget:perRun.removals (12 of 10): 12 removals; split the change" in text
    assert "Guards: 0 of 1 passed" in text


def test_needed_approvals_and_unread_customers_are_told():
    unread = LiveCustomer(sample_plan.tenant(31), "Kettle", "kettle.example", "subscriptions: HTTP 403")
    text = _render(sample_plan.sample(approvals=Approvals(2, ("one-way",)), unread=(unread,)), width=200)
    assert "2 needed because of one-way" in text
    assert "Kettle, kettle.example, tenant 6b2e0b0c-0000-4000-8000-000000000031: subscriptions: HTTP 403" in text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_told_in_words(verdict):
    text = _render(sample_plan.sample(customers=(sample_plan.customer("one", 11, verdict),)), width=100)
    assert str(verdict) in text.lower().split("totals")[0]


def _live(number):
    return LiveCustomer(sample_plan.tenant(number), f"Company {number}", f"company{number}.example", "HTTP 403")


@pytest.mark.parametrize("members", ["unmanaged", "unread"])
@pytest.mark.parametrize(("count", "shown", "told"), [(20, 20, None), (21, 20, 1), (35, 20, 15)])
def test_a_long_list_is_cut_and_says_so(members, count, shown, told):
    text = _render(sample_plan.sample(customers=(), **{members: tuple(map(_live, range(count)))}), width=140)
    assert text.count(", company") == shown
    cut = re.findall("… and ([0-9]+) more \\(--format json lists them all\\)", text)
    assert cut == ([str(told)] if told else [])
    assert f"{count} " in text  # the heading counts all of them


def test_of_many_converged_customers_those_with_a_warning_are_always_shown():
    proof, warning = Notice("removal-proven", "removed by run 7"), Notice("removal-unproven", "check the tenant ID")
    notices = {3: (proof,), 24: (proof,), 30: (warning,)}
    customers = tuple(
        sample_plan.customer(f"customer-{number}", 11, Verdict.CONVERGED, warnings=notices.get(number, ()))
        for number in range(1, 36)
    )
    text = _render(sample_plan.sample(customers=customers), width=140)
    shown = [int(number) for number in re.findall("customer-([0-9]+) —", text)]
    assert shown == [*range(1, 21), 30]
    assert "… and 14 more (--format json lists them all)" in text
    assert "warning: check the tenant ID" in text


def _removal(number, wish, **members):
    target = Target("customer", sample_plan.tenant(number), "")
    told = f"{wish}; to undo it the customer's admin must accept a new invitation from this partner"
    removal = sample_plan.action(ActionKind.REMOVE_RELATIONSHIP, target, family=None, reason=told, **members)
    return sample_plan.customer(f"customer-{number}", number, Verdict.READY, actions=(removal,))


@pytest.mark.parametrize(("count", "notes"), [(2, 0), (3, 1), (5, 1)])
def test_a_long_reason_that_many_share_is_told_once(count, notes):
    text = _render(sample_plan.sample(customers=tuple(_removal(11 + n, "leaves") for n in range(count))), width=140)
    assert text.count("to undo it") == (1 if notes else count)
    assert text.count("cannot be undone; takes service; note 1\n") == (count if notes else 0)
    assert ("\nNotes\n  1. to undo it the customer's admin" in text) is bool(notes)
    assert text.count("leaves") == count  # the wish's own reason stands in the head and nowhere else


def test_a_reason_with_a_window_stays_beside_its_action():
    closing = tuple(_removal(11 + n, "leaves", window_closes_at=sample_plan.NOW) for n in range(5))
    text = _render(sample_plan.sample(customers=closing), width=140)
    assert text.count("to undo it") == 5
    assert "Notes" not in text
    open_ended = tuple(_removal(21 + n, "leaves") for n in range(3))
    text = _render(sample_plan.sample(customers=(*closing, *open_ended)), width=140)
    assert (text.count("to undo it"), text.count("; note 1\n")) == (6, 3)


def test_a_window_that_the_reason_names_is_not_told_twice():
    reason = "cancelled inside its window, which closes 2026-11-22 15:30 UTC"
    step = sample_plan.action(
        ActionKind.CANCEL_SUBSCRIPTION,
        Target("subscription", "S", "E3"),
        window_closes_at=sample_plan.NOW,
        reason=reason,
    )
    plan = sample_plan.sample(customers=(sample_plan.customer("one", 11, Verdict.READY, actions=(step,)),))
    assert _render(plan, width=140).split("live as of")[1].count("2026-11-22 15:30 UTC") == 2  # and its own time


def test_a_narrowed_plan_says_so_in_its_head_and_nowhere_else():
    notices = (Notice("only", "protective actions, 2 left out"), Notice("customers-list-incomplete", "cut off"))
    text = _render(sample_plan.sample(warnings=notices), width=140)
    assert "  only        protective actions, 2 left out\n" in text.split("birch-clinic")[0]
    assert text.count("2 left out") == 1
    assert "  warning     cut off\n" in text


_MONEY = ActionMoney(sample_plan.euros("0.00"), sample_plan.euros("0.00"), sample_plan.euros("9.50"))


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"money": _MONEY}, "no refund; otherwise 9.50 EUR owed until its term ends"),
        (
            {"money": _MONEY, "effect": Effect.PROTECTIVE, "kind": ActionKind.CANCEL_AT_TERM_END},
            "no refund; 9.50 EUR owed",
        ),
        (
            {"money": _MONEY, "effect": Effect.COMMITS_MONEY, "kind": ActionKind.SET_RENEWAL},
            "no refund; commits 9.50 EUR",
        ),
        ({"money": ActionMoney(None, None, sample_plan.euros("0.00"))}, "otherwise nothing owed afterwards"),
        ({"money": ActionMoney(None, sample_plan.euros("1.25"))}, "1.25 EUR lost a day"),
    ],
)
def test_what_a_step_is_worth(members, told):
    step = sample_plan.action(
        **{"kind": ActionKind.CANCEL_SUBSCRIPTION, "target": Target("subscription", "S", "E3")} | members
    )
    plan = sample_plan.sample(customers=(sample_plan.customer("one", 11, Verdict.READY, actions=(step,)),))
    assert told in _render(plan, width=200)


@pytest.mark.parametrize(
    ("reversibility", "day", "told"),
    [
        (Reversibility.REVERSIBLE, None, "reversible;"),
        (Reversibility.REVERSIBLE, date(2027, 2, 14), "reversible until 2027-02-14;"),
        (Reversibility.LOSSY, date(2027, 2, 14), "reversible until 2027-02-14, but settings are lost;"),
        (Reversibility.ONE_WAY, None, "ONE-WAY: cannot be undone;"),
    ],
)
def test_until_when_a_step_can_be_undone(reversibility, day, told):
    target = Target("subscription", "S", "E3")
    step = sample_plan.action(
        ActionKind.SUSPEND_SUBSCRIPTION, target, reversibility=reversibility, reversible_until=day
    )
    plan = sample_plan.sample(customers=(sample_plan.customer("one", 11, Verdict.READY, actions=(step,)),))
    assert told in _render(plan, width=200)


def test_many_deadlines_are_cut_and_the_command_that_lists_them_is_named():
    closing = tuple(Deadline(sample_plan.NOW, "term-ends", None, f"term {number} ends") for number in range(7))
    plan = sample_plan.sample(customers=(sample_plan.customer("one", 11, Verdict.WAITING, deadlines=closing),))
    text = _render(plan, width=140)
    assert [number for number in range(7) if f"term {number} ends" in text] == [0, 1, 2, 3, 4]
    assert "… and 2 more (pcreconcile deadlines)" in text


def test_a_projection_is_told_above_everything():
    at = datetime(2026, 11, 1, tzinfo=UTC)
    notices = (Notice("projection", "as if nothing were done"),)
    text = _render(sample_plan.sample(projected_from=at, warnings=notices), width=140)
    assert text.startswith("PROJECTION to 2026-11-22: nothing of this can be applied\n")
    assert "  projection  as if nothing were done\n" in text.split("birch-clinic")[0]
    assert text.count("as if nothing were done") == 1
