"""Makes docs/order.md out of what the families say of themselves (`make docs`); a test compares the two."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from pcreconcile.model.family import Family
from pcreconcile.planning.order import AROUND, WITHIN, Row, between_families, families_in_order

PAGE = Path(__file__).parents[1] / "docs" / "order.md"

INTRO = """# What comes before what

Made by `make docs` from `PRECEDES` and `PLACE` of the modules of `pcreconcile.exits` and from
`pcreconcile.planning.order`; a test fails when this page is older than they are.

A plan is a graph: an action is served only when what it requires has been verified by reading. These are its edges.
"""
FREEDOM = """## Inside the freedom that this leaves

What a closing window would lose comes first, the earliest window before the others, whatever its family: an open refund
window of an hour is served before one of a week. Where no window closes, the families come in this order, and things of
one family by their names:
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            INTRO,
            *_diagram(),
            "\n## Between families\n",
            *_table(between_families()),
            "\n## Between things that belong together\n",
            *_table(WITHIN),
            "\n## Around all of them\n",
            *_table(AROUND),
            f"\n{FREEDOM}",
            *(f"{number}. `{family}`" for number, family in enumerate(_families(), 1)),
            "",
        ]
    )


def _families() -> tuple[Family, ...]:
    """Those that have steps: what is not understood has none."""
    return tuple(family for family in families_in_order() if family is not Family.UNKNOWN)


def _diagram() -> Iterable[str]:
    """Solid: required. Dotted: only the order of the queue."""
    families = _families()
    yield "```mermaid\nflowchart TD"
    yield from (f"    {family}" for family in families)
    yield from (f"    {one} -.-> {other}" for one, other in pairwise(families))
    yield from (f'    {row.before} == "{row.why}" ==> {row.after}' for row in between_families())
    yield f"    {families[-1]} --> removal[remove the relationship]"
    yield "    removal --> access[end delegated access]"
    yield "```\n\nThick: required, whatever is held. Dotted: the order of the queue where nothing else decides."


def _table(rows: Iterable[Row]) -> Iterable[str]:
    yield "| before | after | why | source |\n|---|---|---|---|"
    yield from (f"| {row.before} | {row.after} | {row.why} | {row.source} |" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
