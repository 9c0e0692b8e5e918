"""The JSON form: one canonical line, valid against the published schema, the same after a round trip."""

import json
from importlib.resources import files

import msgspec
from jsonschema import Draft202012Validator

from pcreconcile.model.plan import Plan
from pcreconcile.rendering import plan_json
from tests.rendering import sample_plan


def test_it_is_valid_against_the_published_schema():
    schema = json.loads((files("pcreconcile") / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
    document = json.loads(plan_json.render(sample_plan.sample()))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []


def test_it_is_one_line_with_sorted_keys_and_reads_back_as_the_same_plan():
    plan = sample_plan.sample()
    text = plan_json.render(plan)
    assert text.count("\n") == 1
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert msgspec.json.decode(text, type=Plan) == plan
