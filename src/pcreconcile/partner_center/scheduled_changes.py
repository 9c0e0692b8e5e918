"""What a scheduled action changes beside the end of the term, in words for people.

Product, quantity and term are compared with what the subscription has now; an action that keeps all of them changes
nothing. What an instruction says beyond that (promotions, billing) stands in the instruction itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcreconcile.partner_center.wire import Members, UnexpectedShape

# Words of the wire, in lower case, for changes that happen in the middle of a term or to another product.
_CUSTOM_DATE = "customdate"
_TRANSITION = "transition"


def changes_of(action: Members, subscription: Members) -> str:
    """For instance `product CFQ7TTC0LCHC:0001, 20 seats instead of 25`; "" where nothing else changes."""
    told = _instructed(action, subscription)
    schedule, kind = action.text("scheduleType"), action.text("actionType")
    if _folded(schedule) == _CUSTOM_DATE:
        return ", ".join([f"{kind} {_day(action)}", *told])
    if _folded(kind) == _TRANSITION:
        return ", ".join(["transition to another product", *told])
    return ", ".join(told)


def _instructed(action: Members, subscription: Members) -> list[str]:
    """What cannot be read is told as such: it may change anything, and must not hide the subscription."""
    try:
        instructions = action.optional_member("instructions")
        return [] if instructions is None else list(_told(instructions, subscription))
    except UnexpectedShape:
        return ["instructions that cannot be read"]


def _told(instructions: Members, subscription: Members) -> Iterator[str]:
    product = instructions.optional_member("product")
    if product is not None:
        yield from _product(product, subscription)
    quantity, held = instructions.get("quantity"), subscription.integer("quantity")
    if quantity is not None and instructions.integer("quantity") != held:
        yield f"{instructions.integer('quantity')} seats instead of {held}"
    end = instructions.instant("customTermEndDate")
    if end is not None:
        yield f"a term that ends on {end.date().isoformat()}"


def _product(product: Members, subscription: Members) -> Iterator[str]:
    named = (product.optional_text("productId"), product.optional_text("skuId"))
    held = subscription.text("offerId").split(":")
    pairs = zip(named, held, strict=False)
    if any(name is not None and name.casefold() != part.casefold() for name, part in pairs):
        yield "product " + ":".join(name for name in named if name is not None)
    term, present = product.optional_text("termDuration"), subscription.optional_text("termDuration") or ""
    if term is not None and term.upper() != present.upper():
        yield f"term {term.upper()}" + (f" instead of {present.upper()}" if present else "")


def _day(action: Members) -> str:
    at = action.instant("effectiveDate")
    return "on a date of its own" if at is None else f"on {at.date().isoformat()}"


def _folded(word: str) -> str:
    return word.replace("_", "").casefold()
