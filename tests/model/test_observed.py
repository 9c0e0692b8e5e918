"""What was seen of one thing: the same fields for planning and for applying, without etags and read times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from pcreconcile.model.estate import RefundOption, ScheduledAction, Subscription
from pcreconcile.model.observed import (
    instant,
    line_is_cancelled,
    observe_azure_entitlement,
    observe_items,
    observe_order_line,
    observe_schedule,
    observe_subscription,
)
from tests.exits.estates import Words, customer_state, held

INSTANTS = [
    (None, None),
    (datetime(2026, 11, 22, 12, tzinfo=UTC), "2026-11-22T12:00:00Z"),
    (datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC), "2026-11-22T12:00:00.123456Z"),
    (datetime(2026, 11, 22, 13, tzinfo=timezone(timedelta(hours=1))), "2026-11-22T12:00:00Z"),
]


@pytest.mark.parametrize(("value", "text"), INSTANTS)
def test_an_instant_is_shown_in_utc(value: datetime | None, text: str | None) -> None:
    assert instant(value) == text


SCHEDULES: list[tuple[list[tuple[str, str]] | None, list[str] | None]] = [
    (None, None),
    ([], []),
    ([("termEnd", "cancel")], ["TermEnd/Cancel"]),
    ([("term_end", "renew_to_new_term")], ["TermEnd/RenewToNewTerm"]),
    ([("TERMEND", "RenewToExtendedServiceTerm")], ["TermEnd/RenewToExtendedServiceTerm"]),
    ([("TermEnd", "Teleport")], ["TermEnd/Teleport"]),
    ([("TermEnd", "Cancel"), ("CustomDate", "Transition")], ["CustomDate/Transition", "TermEnd/Cancel"]),
]


@pytest.mark.parametrize(("actions", "shown"), SCHEDULES)
def test_end_of_term_instructions_have_one_spelling(actions: Any, shown: list[str] | None) -> None:
    given = None if actions is None else tuple(ScheduledAction(*each) for each in actions)
    assert observe_schedule(given) == shown


@dataclass(frozen=True)
class Line:
    status: str
    quantity: int
    cancelled: bool


LINES = [
    Line("completed", 5, False),
    Line("completed", 0, True),
    Line("cancelled", 5, True),
    Line("pending", 5, False),
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_cancelled_by_quantity_or_by_its_order(line: Line) -> None:
    words = {"kind": "perpetual-software", "id": "O", "orderStatus": line.status, "seats": line.quantity}
    (order,) = held([words]).orders
    assert line_is_cancelled(order, order.line_items[0]) is line.cancelled


AZURE = [
    ("active", True),
    ("inactive", False),
    ("disabled", False),
    ("deleted", False),
    ("cancelled", False),
    ("canceled", False),
    ("expired", False),
    ("a word of tomorrow", True),
]


@pytest.mark.parametrize(("status", "running"), AZURE)
def test_an_azure_subscription_runs_unless_it_is_known_to_have_ended(status: str, running: bool) -> None:
    (entry,) = held([{"kind": "azure-plan", "id": "P", "azure": [{"id": "S", "status": status}]}]).azure
    assert observe_azure_entitlement(entry)["running"] is running


def test_every_field_of_a_subscription_that_may_decide_is_shown() -> None:
    """One field of the row changes, and what is shown changes with it."""
    row = held([{"kind": "new-commerce-license", "id": "A"}]).subscriptions[0]
    others: dict[str, Any] = {
        field.name: _another(getattr(row, field.name)) for field in msgspec.structs.fields(Subscription)
    }
    others["scheduled_actions"] = (ScheduledAction("TermEnd", "Cancel"),)
    others["refund_options"] = (RefundOption("Full"),)
    at = datetime(2027, 1, 1, tzinfo=UTC)
    others |= dict.fromkeys(("effective_start", "commitment_end", "cancellation_allowed_until", "created"), at)
    for name, value in others.items():
        changed = msgspec.structs.replace(row, **{name: value})
        assert observe_subscription(changed) != observe_subscription(row), name


def test_what_a_scheduled_change_changes_is_shown_beside_its_type() -> None:
    row = held([{"kind": "new-commerce-license", "id": "A", "scheduled": ["TermEnd/RenewToNewTerm: quantity 5"]}])
    shown = observe_subscription(row.subscriptions[0])
    assert shown["scheduledActions"] == ["TermEnd/RenewToNewTerm"]
    assert shown["scheduledChanges"] == ["quantity 5"]


def test_a_refund_option_is_shown_with_its_end() -> None:
    row = held([{"kind": "marketplace-saas", "id": "A", "refundOptions": {"Full": "2026-11-25", "Partial": None}}])
    shown = observe_subscription(row.subscriptions[0])
    assert shown["refundOptions"] == ["Full until 2026-11-25T00:00:00Z", "Partial until None"]


def test_money_is_no_part_of_what_an_order_line_shows() -> None:
    words = {"kind": "perpetual-software", "id": "O"}
    priced, plain = (held([each]).orders[0] for each in ({**words, "price": "12.00"}, words))
    assert priced != plain
    assert observe_order_line(priced, priced.line_items[0]) == observe_order_line(plain, plain.line_items[0])


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case tuple():
            return ("fraud",)
    return "another"


def test_everything_held_is_shown_in_one_order() -> None:
    things: list[Words] = [
        {"kind": "legacy-license", "id": "B"},
        {"kind": "azure-plan", "id": "A", "azure": [{"id": "S"}]},
        {"kind": "reservation", "id": "R"},
        {"kind": "perpetual-software", "id": "O"},
    ]
    items = observe_items(customer_state(things, None, {}))
    assert [(item["type"], item["id"]) for item in items] == [
        ("azure-subscription", "S"),
        ("entitlement", "O/0/software"),
        ("entitlement", "R/0/reservedinstance"),
        ("order-line", "O/0"),
        ("order-line", "R/0"),
        ("subscription", "A"),
        ("subscription", "B"),
    ]
    assert items == observe_items(customer_state(list(reversed(things)), None, {}))
