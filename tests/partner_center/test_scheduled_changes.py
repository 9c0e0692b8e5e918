"""What a scheduled action says beside the end of the term, in words; and what a cancellation gives back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from pcreconcile.model.estate import RefundOption, Subscription
from tests.partner_center.bench import TENANT, Bench, by_path, customer, page

ROW = {
    "id": "s",
    "offerId": "CFQ7TTC0LF8R:0001:CFQ7TTC0JNQP",
    "quantity": 25,
    "status": "active",
    "termDuration": "P1Y",
}


def decoded(**members: Any) -> Subscription:
    bench = Bench(by_path(customer=customer(), subscriptions=page({**ROW, **members})))
    state = asyncio.run(bench.partner_center.read_customer(TENANT))
    assert state.problems == ()
    return state.subscriptions[0]


SAME = {"productId": "CFQ7TTC0LF8R", "skuId": "0001", "availabilityId": "CFQ7TTC0ZZZZ", "termDuration": "P1Y"}
RENEW = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}
CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "a plain cancellation": ({"scheduleType": "TermEnd", "actionType": "Cancel"}, ""),
    "a plain renewal": (RENEW, ""),
    "the same again": ({**RENEW, "instructions": {"product": SAME, "quantity": 25}}, ""),
    "the same again, in other letters": (
        {**RENEW, "instructions": {"Product": {**SAME, "productId": "cfq7ttc0lf8r", "termDuration": "p1y"}}},
        "",
    ),
    "no instructions": ({**RENEW, "instructions": None}, ""),
    "fewer seats": ({**RENEW, "instructions": {"product": SAME, "quantity": 20}}, "20 seats instead of 25"),
    "another term": ({**RENEW, "instructions": {"product": {"termDuration": "P3Y"}}}, "term P3Y instead of P1Y"),
    "another product and quantity": (
        {**RENEW, "instructions": {"product": {"productId": "CFQ7TTC0LCHC", "skuId": "0001"}, "quantity": 20}},
        "product CFQ7TTC0LCHC:0001, 20 seats instead of 25",
    ),
    "another SKU": ({**RENEW, "instructions": {"product": {**SAME, "skuId": "0002"}}}, "product CFQ7TTC0LF8R:0002"),
    "an end of its own": (
        {**RENEW, "instructions": {"customTermEndDate": "2027-03-31T00:00:00Z"}},
        "a term that ends on 2027-03-31",
    ),
    "a date of its own": (
        {"scheduleType": "CustomDate", "actionType": "Cancel", "effectiveDate": "2027-01-15T00:00:00Z"},
        "Cancel on 2027-01-15",
    ),
    "a date of its own that is not said": (
        {"scheduleType": "custom_date", "actionType": "Transition"},
        "Transition on a date of its own",
    ),
    "a transition": (
        {"scheduleType": "TermEnd", "actionType": "transition", "instructions": {"product": {"productId": "DG7"}}},
        "transition to another product, product DG7",
    ),
    "what nobody can read": ({**RENEW, "instructions": ["?"]}, "instructions that cannot be read"),
    "a quantity that is none": ({**RENEW, "instructions": {"quantity": "many"}}, "instructions that cannot be read"),
}


@pytest.mark.parametrize(("action", "words"), CHANGES.values(), ids=CHANGES)
def test_what_changes_with_the_term(action: dict[str, Any], words: str) -> None:
    (found,) = decoded(scheduledActions=[action]).scheduled_actions or ()
    assert found.changes == words


UNTIL = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
REFUNDS: dict[str, tuple[Any, tuple[RefundOption, ...]]] = {
    "absent": (None, ()),
    "none": ([], ()),
    "as the wire says it": ([{"type": "Full", "expiresAt": "2026-11-25T10:00:00Z"}], (RefundOption("Full", UNTIL),)),
    "as the page says it": ([{"type": "Full", "expiresAfter": "2026-11-25T10:00:00Z"}], (RefundOption("Full", UNTIL),)),
    "without an end": ([{"type": "Partial"}], (RefundOption("Partial", None),)),
    "two of them": (
        [{"type": "Full", "expiresAt": "2026-11-25T10:00:00Z"}, {"type": "Partial", "expiresAt": None}],
        (RefundOption("Full", UNTIL), RefundOption("Partial", None)),
    ),
}


@pytest.mark.parametrize(("options", "expected"), REFUNDS.values(), ids=REFUNDS)
def test_what_a_cancellation_gives_back(options: Any, expected: tuple[RefundOption, ...]) -> None:
    assert decoded(refundOptions=options).refund_options == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("2026-11-25T10:00:00.0000000Z", UNTIL), (None, None), ("0001-01-01T00:00:00Z", None)]
)
def test_when_it_was_bought(text: str | None, expected: datetime | None) -> None:
    assert decoded(creationDate=text).created == expected
