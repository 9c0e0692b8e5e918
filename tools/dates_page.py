"""Makes docs/dates.md: what every combination of dates and choices does to one customer (`make docs`); a test compares.

The customer and the combinations are values here; what happens is asked of the planner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tests.exits.estates import NOW, customer_plan

from pcreconcile.model.plan import Action, ActionKind, CustomerPlan

PAGE = Path(__file__).parents[1] / "docs" / "dates.md"

HOLDS: list[dict[str, Any]] = [
    {
        "kind": "new-commerce-license",
        "id": "A",
        "term": "P1Y",
        "starts": "2026-11-21",
        "ends": "2027-11-20",
        "window": "2026-11-28T12:00:00Z",
    },
    {"kind": "new-commerce-license", "id": "B", "term": "P1M", "starts": "2026-11-10", "ends": "2026-12-09"},
    {"kind": "new-commerce-license", "id": "C", "term": "P1Y", "starts": "2026-04-01", "ends": "2027-03-31"},
    {"kind": "legacy-license", "id": "L"},
    {"kind": "perpetual-software", "id": "S", "bought": "2026-11-10"},
]
SERVICE_UNTIL = (None, date(2026, 12, 31))
REFUNDS = ("require", "prefer", "ignore")
PACE = ("together", "asap")
NOT_BEFORE = (None, date(2026, 11, 25), date(2027, 1, 15))
SETTLE = ("0d", "3d")
DEADLINE = (None, date(2027, 12, 31), date(2027, 1, 31))

INTRO = f"""# Dates together

Made by `make docs`; a test fails when this page is older than the planner.

`serviceUntil`, `notBefore`, `refunds`, `pace`, `settle` and `deadline` work on one another. This page shows all of
their combinations for one customer, `relationship: removed`, planned on {NOW:%Y-%m-%d}:

| | what it is | until |
|---|---|---|
| A | new-commerce licence, a year, bought yesterday | window closes 2026-11-28, term ends 2027-11-20 |
| B | new-commerce licence, a month, renews by itself | term ends 2026-12-09 |
| C | new-commerce licence, a year, outside its window, renews by itself | term ends 2027-03-31 |
| L | legacy licence | whenever it is suspended |
| S | perpetual software, bought 2026-11-10 | window closes 2026-12-10 |

A cell says what is done and on which day: *cancel* (in a window: access ends that day), *let end* (the instruction is
set that day, access ends with the term in brackets), *suspend*, or *stays* (it is the customer's own). Combinations
with the same result share a row; `any` means that the choice makes no difference there.
"""

NOTES = """
## How to read it

* **Windows first.** Without a promise ahead, `require` and `prefer` use an open window at once, whatever the pace. With
  `serviceUntil` ahead, `require` still does, and breaks the promise for what has the window; `prefer` waits for the
  promised day and loses a window that closes before: then the whole term is owed, which is the price of the promise.
* **`ignore`** takes service at the pace alone. With `asap` an open window is used all the same, because nothing speaks
  against it. With `together` the window closes while another term runs (warning `window-missed`): A is then owed for
  its year, and the removal comes that much later.
* **Pace** moves only what saves no window: L. `together` keeps it until nothing else blocks, `asap` takes it at once;
  with `serviceUntil` it is the promised day in either pace.
* **A month that renews by itself** (B) is let renew while service is promised, and told to end in the term of the
  promised day. `require` lets it end with the present term: a renewal would open a window that must be used at once.
* **`notBefore`** holds everything back, also what protects. A window that closes before is lost; a month that ends
  before renews, and is cancelled in the window of its last renewal.
* **`settle`** counts from the last action that takes service to the removal; where a term runs longer than that, it
  costs nothing.
* **`deadline`** changes nothing that is done. When the removal comes later, the plan warns (column *late for*).
"""


class Choice(NamedTuple):
    """One combination, without `settle` and `deadline`, which touch the removal alone."""

    service_until: date | None
    refunds: str
    pace: str
    not_before: date | None


CHOICES = tuple(Choice(*each) for each in product(SERVICE_UNTIL, REFUNDS, PACE, NOT_BEFORE))
_NAMES = {"service_until": "serviceUntil", "refunds": "refunds", "pace": "pace", "not_before": "notBefore"}
_VALUES: Mapping[str, Sequence[Any]] = {
    "service_until": SERVICE_UNTIL,
    "refunds": REFUNDS,
    "pace": PACE,
    "not_before": NOT_BEFORE,
}


def planned(choice: Choice, settle: str = "0d", deadline: date | None = None) -> CustomerPlan:
    """The plan of the customer under one combination."""
    said = {"serviceUntil": choice.service_until, "notBefore": choice.not_before, "deadline": deadline}
    wants = {name: day for name, day in said.items() if day is not None}
    wants |= {"refunds": choice.refunds, "pace": choice.pace, "settle": settle}
    return customer_plan({"holds": HOLDS, "wants": wants})


def page() -> str:
    """The whole page."""
    return "\n".join([INTRO, *_table(), NOTES])


def _table() -> Iterable[str]:
    heads = [*_NAMES.values(), *(each["id"] for each in HOLDS), "removal", "with settle 3d", "late for", "warnings"]
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for cells, choices in sorted(_merged(_outcomes()), key=lambda row: CHOICES.index(row[1][0])):
        yield f"| {' | '.join([*(_shown(name, choices) for name in Choice._fields), *cells])} |"


def _outcomes() -> dict[tuple[str, ...], list[Choice]]:
    found: dict[tuple[str, ...], list[Choice]] = {}
    for choice in CHOICES:
        found.setdefault(_cells(choice), []).append(choice)
    return found


def _merged(outcomes: Mapping[tuple[str, ...], list[Choice]]) -> Iterable[tuple[tuple[str, ...], list[Choice]]]:
    """Each outcome's choices as blocks in which every choice of one column goes with every one of the others."""
    for cells, choices in outcomes.items():
        left = list(choices)
        while left:
            block = _block(left)
            left = [each for each in left if each not in block]
            yield cells, block


def _block(choices: list[Choice]) -> list[Choice]:
    block = [choices[0]]
    for name in Choice._fields:
        values = {getattr(each, name) for each in choices}
        wider = [each._replace(**{name: value}) for each in block for value in _VALUES[name] if value in values]
        block = wider if set(wider) <= set(choices) else block
    return block


def _shown(name: str, choices: list[Choice]) -> str:
    seen = [value for value in _VALUES[name] if value in {getattr(each, name) for each in choices}]
    if len(seen) == len(_VALUES[name]):
        return "any"
    return ", ".join("–" if value is None else str(value) for value in seen)


def _cells(choice: Choice) -> tuple[str, ...]:
    found, settled = planned(choice), planned(choice, settle=SETTLE[1])
    late = [str(day) for day in DEADLINE if day and "deadline" in _codes(planned(choice, deadline=day))]
    codes = sorted(_codes(found) - {"delegated-access-kept"})
    done = (_done(each["id"], found) for each in HOLDS)
    return (*done, str(found.earliest_removal), str(settled.earliest_removal), ", ".join(late), ", ".join(codes))


def _codes(found: CustomerPlan) -> set[str]:
    return {notice.code for notice in found.warnings}


def _done(name: str, found: CustomerPlan) -> str:
    actions = [each for each in found.actions if each.target.id.split("/")[0] == name]
    return ", ".join(_words(each, found) for each in actions) or "stays"


def _words(action: Action, found: CustomerPlan) -> str:
    if action.kind is not ActionKind.CANCEL_AT_TERM_END:
        return f"{action.kind.partition('-')[0]} {action.when}"
    free = next(each.clears_at for each in found.blockers if each.target == action.target and each.clears_at)
    return f"let end {action.when} ({free - timedelta(days=1)})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
