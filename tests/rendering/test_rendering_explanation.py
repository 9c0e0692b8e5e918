"""The page that a salesperson reads. The golden texts are the specification: read them, not the code."""

import re
from pathlib import Path

import msgspec
import pytest

from pcreconcile.model.plan import Target, Verdict
from pcreconcile.rendering import explanation
from pcreconcile.rendering.page import Style
from tests.rendering import sample_explanation, sample_plan

_GOLDEN = Path(__file__).parent / "golden"


def render(found, **style):
    return explanation.render(found, style=Style(**style))


@pytest.mark.parametrize("width", [80, 120])
def test_the_whole_page(width):
    golden = (_GOLDEN / f"explanation-{width}.txt").read_text(encoding="utf-8")
    assert render(sample_explanation.sample(), width=width) == golden


def test_colour_adds_nothing_but_colour():
    plain, coloured = (render(sample_explanation.sample(), width=100, colour=colour) for colour in (False, True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain != coloured


def test_a_customer_without_a_manifest_is_said_to_be_one():
    text = render(sample_explanation.sample(hypothetical=True), width=120)
    assert "No manifest manages this customer. Read-only" in text.splitlines()[1]
    assert "  wish        none\n" in text


def test_a_customer_that_stays_is_told_when_it_could_leave():
    text = render(sample_explanation.sample(leaving=sample_plan.waiting()), width=120)
    assert (
        "  if it left  2027-01-15 at the earliest (low confidence), bound by term-running: Microsoft 365 E3\n" in text
    )


def test_an_empty_customer_has_a_short_page():
    converged = sample_plan.customer("juniper-foods", 30, Verdict.CONVERGED)
    text = render(sample_explanation.sample(customer=converged, holdings=(), ways=(), rules=()), width=100)
    assert len(text.splitlines()) == 8
    assert "CONVERGED: nothing to do" in text


def test_names_from_outside_stay_names():
    hostile = "::error::\x1b[2J\u202e##vso[task.complete]\nnext"
    held = msgspec.structs.replace(
        sample_explanation.office(),
        target=Target("subscription", "S", hostile),
        evidence=hostile,
        status=hostile,
        term=hostile,
        price=hostile,
        end_of_term=(hostile,),
    )
    observed = msgspec.structs.replace(sample_plan.ready().observed, company_name=hostile, relationship=hostile)
    customer = msgspec.structs.replace(sample_plan.ready(), observed=observed)
    text = render(sample_explanation.sample(customer=customer, holdings=(held,)), width=60)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "##vso" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]


def test_json_holds_everything():
    found = sample_explanation.sample()
    text = explanation.render_json(found)
    assert text.count("\n") == 1
    assert msgspec.json.decode(text, type=type(found)) == found
