"""What a renewal or a scheduled change is told, wire and model: the shape of API facts, section 10.

Known members are read one by one, so that they can be sent again. Whatever else stands there is named, because an
instruction that cannot be repeated in full must not be called repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pcreconcile.model.estate import Instruction
from pcreconcile.model.observed import Fields
from pcreconcile.partner_center.wire import Members, UnexpectedShape

_PRODUCT = "product"
_OF_PRODUCT = ("productId", "skuId", "availabilityId", "billingCycle", "termDuration", "promotionId")
_BESIDES = ("quantity", "customTermEndDate")


def read_instruction(raw: Any) -> Instruction | None:
    """All that is told; None for nothing. What cannot be read is named in `unread`, and hides nothing else."""
    if raw is None:
        return None
    try:
        return _read(Members(raw, "instructions"))
    except UnexpectedShape:
        return Instruction(unread=("instructions",))


def encode_instruction(told: Fields) -> dict[str, Any]:
    """The wire's form of an instruction that `model.observed` shows."""
    product = {name: told[name] for name in _OF_PRODUCT if name in told}
    besides = {name: told[name] for name in _BESIDES if name in told}
    return {**({_PRODUCT: product} if product else {}), **besides}


def _read(told: Members) -> Instruction:
    product = told.optional_member(_PRODUCT) or Members({}, _PRODUCT)
    product_id, sku_id, availability_id, cycle, term, promotion = (product.optional_text(name) for name in _OF_PRODUCT)
    unread = sorted({*_others(told, (_PRODUCT, *_BESIDES)), *_others(product, _OF_PRODUCT)})
    return Instruction(
        product_id=product_id,
        sku_id=sku_id,
        availability_id=availability_id,
        billing_cycle=cycle,
        term_duration=term,
        promotion_id=promotion,
        quantity=None if told.get("quantity") is None else told.integer("quantity"),
        custom_term_end_date=told.instant("customTermEndDate"),
        unread=tuple(unread),
    )


def _others(members: Members, known: tuple[str, ...]) -> Iterator[str]:
    """Members that say something and are not known here; links and attributes only describe the resource."""
    folded = {name.casefold() for name in (*known, "links", "attributes")}
    return (name for name, value in members.raw.items() if value is not None and name.casefold() not in folded)
