"""The plan as JSON: one canonical line, the same bytes for `--out`, `--format json` and `show --format json`."""

from __future__ import annotations

from pcreconcile.model.identity import canonical_json
from pcreconcile.model.plan import Plan


def render(plan: Plan) -> str:
    """Canonical JSON and a line end; valid against `schemas/plan.schema.json`."""
    return canonical_json(plan).decode() + "\n"
