"""What must precede what, and why: what the modules of `exits` say of themselves, as one table.

The graph of a plan is made of it: a row here is a requirement there. Inside the freedom that it leaves, closing windows
come first, then the families by their place (design, section 5, "Order").
"""

from __future__ import annotations

from functools import cache

import msgspec

from pcreconcile.exits import FAMILIES
from pcreconcile.model.family import Family

LAST = 10_000  # the place of what concerns the customer and no product


class Row(msgspec.Struct, frozen=True):
    """`before` is verified before `after` is served: why, and who says so."""

    before: str
    after: str
    why: str
    source: str


# Between things that belong together, whatever family they are of; `Step.after` and `planning.addons` make them true.
WITHIN = (
    Row(
        before="add-on, cancelled",
        after="its base, cancelled",
        why="cancelling the base first would take the add-on along and leave its money unclear",
        source="rule add-on.cancel",
    ),
    Row(
        before="base, reactivated",
        after="its add-ons, reactivated",
        why="an add-on can only be enabled under an active base (27009)",
        source="rule add-on.reactivate",
    ),
    Row(
        before="suspended subscription, reactivated",
        after="its end of term, instructed",
        why="a suspended subscription cannot be edited (800091)",
        source="rule new-commerce-license.reactivate-before-term-end",
    ),
    Row(
        before="Azure subscriptions, cancelled",
        after="the Azure plan above them, suspended",
        why="a plan cannot be suspended over running Azure subscriptions (900115)",
        source="rule azure-plan.running-subscriptions",
    ),
)

# Of a customer as a whole.
AROUND = (
    Row(
        before="open transfer, over",
        after="what it moves, ended",
        why="an open transfer locks its lines (900101, 900104)",
        source="rule transfer.open",
    ),
    Row(
        before="everything that was bought",
        after="the removal of the relationship",
        why="the removal is refused while something is live, and nothing can be ended after it",
        source="exit rules, section 2",
    ),
    Row(
        before="the removal of the relationship",
        after="the end of delegated access",
        why="until then the access may be needed to clear what blocks the removal",
        source="exit rules, section 2",
    ),
)


@cache
def families_before(family: Family) -> frozenset[Family]:
    """The families whose steps are verified before this family's are served."""
    return frozenset(
        module.FAMILY for module in FAMILIES if any(precedence.family is family for precedence in module.PRECEDES)
    )


def families_in_order() -> tuple[Family, ...]:
    """The families by their place in the queue, where nothing else decides."""
    return tuple(module.FAMILY for module in sorted(FAMILIES, key=lambda module: module.PLACE))


def between_families() -> tuple[Row, ...]:
    """What the families say of each other, by place."""
    return tuple(
        Row(module.FAMILY, precedence.family, precedence.why, precedence.source)
        for module in sorted(FAMILIES, key=lambda module: module.PLACE)
        for precedence in module.PRECEDES
    )
