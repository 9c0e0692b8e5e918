"""The published schema of the plan document, made from the types that write it, so that the two cannot part."""

from __future__ import annotations

from typing import Any

import msgspec

from pcreconcile.model.plan import Plan


def plan_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `--format json`, `show --format json` and the file of `--out`."""
    schema: dict[str, Any] = msgspec.json.schema(Plan)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pcreconcile plan",
        **schema,
    }
