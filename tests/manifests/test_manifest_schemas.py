"""The published schemas: valid, complete for an editor, and as strict as the reader."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from pcreconcile.manifests import SCHEMA_KINDS, schema_text
from pcreconcile.model.desired import LineDesire, OnBlocked, Pace, Refunds, Relationship
from pcreconcile.model.family import Family, Trait
from pcreconcile.model.partner import Cloud
from pcreconcile.model.prices import Per

OURS = ("Customer", "Partner", "Policy", "Prices", "Rules")


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_every_kind_has_a_valid_schema_with_a_title(kind: str):
    schema = json.loads(schema_text(kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith("pcreconcile ")


@pytest.mark.parametrize("kind", ["customer", "CUSTOMER", "Customer"])
def test_kinds_in_any_letter_case(kind: str):
    assert json.loads(schema_text(kind))["$id"] == "urn:pcreconcile:schema:customer:v1"


@pytest.mark.parametrize("kind", ["", "Customers", "../partner", "CustomerDefaults"])
def test_unknown_kinds(kind: str):
    with pytest.raises(KeyError):
        schema_text(kind)


@pytest.mark.parametrize("kind", OURS)
def test_every_field_has_a_description(kind: str):
    schema = json.loads(schema_text(kind))
    bare = [name for name, field in _fields(schema) if not _described(field, schema)]
    assert bare == []


@pytest.mark.parametrize("kind", OURS)
def test_no_mapping_takes_fields_that_it_does_not_name(kind: str):
    schema = json.loads(schema_text(kind))
    loose = [node for node in _walk(schema) if node.get("type") == "object" and "additionalProperties" not in node]
    assert [node for node in loose if "required" not in node or "properties" not in node] == []


def _spec(kind: str) -> Any:
    return json.loads(schema_text(kind))["properties"]["spec"]["properties"]


def test_words_are_those_of_the_model():
    spec = _spec("Customer")
    line = json.loads(schema_text("Customer"))["$defs"]["line"]["properties"]
    assert spec["relationship"]["enum"] == list(Relationship)
    assert spec["refunds"]["enum"] == list(Refunds)
    assert spec["pace"]["enum"] == list(Pace)
    assert spec["onBlocked"]["enum"] == list(OnBlocked)
    assert line["desired"]["enum"] == list(LineDesire)
    shipped, named = line["match"]["properties"]["family"]["anyOf"]
    assert shipped["enum"] == list(Family)
    assert named["type"] == "string"
    assert line["match"]["properties"]["trait"]["enum"] == list(Trait)
    assert set(line["otherwise"]["enum"]) == {LineDesire.CANCEL_AT_TERM_END, LineDesire.CANCEL, LineDesire.KEEP}
    price = json.loads(schema_text("Prices"))["$defs"]["price"]["properties"]
    assert price["per"]["enum"] == list(Per)
    assert price["family"]["anyOf"] == line["match"]["properties"]["family"]["anyOf"]
    assert _spec("Partner")["cloud"]["enum"] == list(Cloud)


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


def _fields(schema: Any) -> Iterator[tuple[str, Any]]:
    for node in _walk(schema):
        if node.get("additionalProperties") is False:
            yield from node["properties"].items()


def _described(field: Any, schema: Any) -> bool:
    target = schema["$defs"][field["$ref"].removeprefix("#/$defs/")] if "$ref" in field else {}
    return "description" in field or "description" in target


def test_reading_the_package_loads_no_validator():
    program = "import sys, pcreconcile.manifests as m; m.schema_text('plan'); print('jsonschema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
