"""The published plan schema is the one that the types give; `make schemas` writes it anew."""

import json
from importlib.resources import files

from pcreconcile.model.schema import plan_schema


def test_the_published_plan_schema_is_the_one_of_the_types():
    published = json.loads((files("pcreconcile") / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(plan_schema()))
