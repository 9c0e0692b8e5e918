"""The plan as JSON: one line, the same bytes for `--out`, `--format json` and `show --format json`.

The members stand in their canonical order, escaped for machines (`model.machine_json`). It is made in pieces, so that
a fleet of any size is written without its text ever standing in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcreconcile.model.errors import PlanFileError
from pcreconcile.model.identity import canonical_json, canonical_parts
from pcreconcile.model.machine_json import escaped_json
from pcreconcile.model.plan import LARGEST_PART, Plan
from pcreconcile.rendering.text import outside


def pieces(plan: Plan) -> Iterator[str]:
    """JSON and a line end in pieces, valid together against `schemas/plan.schema.json`."""
    for part in canonical_parts(plan):
        yield escaped_json(part.decode())
    yield "\n"


def file_pieces(plan: Plan) -> Iterator[bytes]:
    """The same as bytes of a plan file.

    Raises PlanFileError for a customer that no reader of plan files would take (`model.plan.LARGEST_PART`).
    """
    for text in pieces(plan):
        if len(text) > LARGEST_PART:
            raise PlanFileError(_too_large(plan))
        yield text.encode()


def _too_large(plan: Plan) -> str:
    """Looked for only now: who is told apart from everybody else must be found by being measured again."""
    largest = max(plan.customers, key=lambda each: len(canonical_json(each)), default=None)
    name = "the fleet" if largest is None else outside(largest.name)
    return (
        f"{name} alone takes more than {LARGEST_PART // 2**20} MiB in the plan, which no reader of plan files takes; "
        "plan the others without it (--target)"
    )


def render(plan: Plan) -> str:
    """The same as one text."""
    return "".join(pieces(plan))
