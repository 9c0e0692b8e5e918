"""What the licensing desk sees of the fleet's dates."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pcreconcile.model.plan import Blocker, Deadline, Verdict
from pcreconcile.planning.agenda import agenda
from pcreconcile.rendering import deadlines
from pcreconcile.rendering.page import Style
from tests.rendering import sample_plan

_GOLDEN = Path(__file__).parent / "golden"


def found(within=timedelta(days=14), **members):
    unread = sample_plan.customer(
        "kettle", 31, Verdict.UNKNOWN, blockers=(Blocker("read-incomplete", None, None, "subscriptions: HTTP 503"),)
    )
    plan = sample_plan.sample(customers=(*sample_plan.sample().customers, unread), **members)
    plan = msgspec.structs.replace(plan, partner=msgspec.structs.replace(plan.partner, time_zone="Asia/Kolkata"))
    return agenda(plan, within)


def render(one, **style):
    return deadlines.render(one, style=Style(**style))


@pytest.mark.parametrize("width", [80, 120])
def test_the_whole_list(width):
    golden = (_GOLDEN / f"deadlines-{width}.txt").read_text(encoding="utf-8")
    assert render(found(), width=width) == golden


def test_what_closes_within_the_span_stands_apart():
    assert "Closing within 40 days\n" in render(found(timedelta(days=40)))
    assert "Later" not in render(found(timedelta(days=40)))
    assert "Closing" not in render(found(timedelta(hours=1)))


def test_a_projection_says_so_first():
    text = render(found(projected_from=datetime(2026, 11, 1, tzinfo=UTC)))
    assert text.startswith("PROJECTION to 2026-11-22\n")


def test_nothing_ahead_is_said():
    assert "No deadline ahead\n" in render(agenda(sample_plan.sample(customers=())))


def test_json_is_one_line_with_every_member():
    text = deadlines.render_json(found())
    document = msgspec.json.decode(text)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert document["within"] == "P14D"
    assert [each["inside"] for each in document["deadlines"]] == [True, False]
    assert document["unseen"] == {"kettle": "subscriptions: HTTP 503"}


def test_the_last_day_is_told_in_hours():
    soon = Deadline(sample_plan.NOW + timedelta(hours=5), "window-closes", None, "it closes")
    customer = msgspec.structs.replace(sample_plan.ready(), deadlines=(soon,))
    assert "less than a day left" in render(agenda(sample_plan.sample(customers=(customer,))))
