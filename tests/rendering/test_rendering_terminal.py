"""What a licensing desk reads. The golden texts are the specification: read them, not the code."""

import re
from pathlib import Path

import msgspec
import pytest

from pcreconcile.model.plan import Approvals, Guard, LiveCustomer, Verdict
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
    assert "Guards: 0 of 1 guard passed" in text


def test_needed_approvals_and_unread_customers_are_told():
    unread = LiveCustomer(sample_plan.tenant(31), "Kettle", "kettle.example", "subscriptions: HTTP 403")
    text = _render(sample_plan.sample(approvals=Approvals(2, ("one-way",)), unread=(unread,)), width=200)
    assert "2 needed because of one-way" in text
    assert "Kettle, kettle.example, tenant 6b2e0b0c-0000-4000-8000-000000000031: subscriptions: HTTP 403" in text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_told_in_words(verdict):
    text = _render(sample_plan.sample(customers=(sample_plan.customer("one", 11, verdict),)), width=100)
    assert str(verdict) in text.lower().split("totals")[0]
