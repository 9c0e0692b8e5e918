"""What selectors and transfers name, where the words of a case cannot say it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from pcreconcile.exits import Holding, holdings_of
from pcreconcile.model.desired import LineDesire, Match, SubscriptionLine
from pcreconcile.model.estate import CustomerState, Entitlement, Transfer, TransferLine
from pcreconcile.model.family import Family, Trait
from pcreconcile.model.ids import OrderId, SubscriptionId
from pcreconcile.model.memory import Memory
from pcreconcile.model.policy import Policy
from pcreconcile.planning.calendar import ZoneInfo
from pcreconcile.planning.lines import line_of, words_of
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.transfers import in_the_way
from tests.exits.estates import NOW, TENANT, Words, customer_state, desired, partner, shipped_rules

BEFORE_2027 = SubscriptionLine(Match(renews_before=date(2027, 1, 1)), LineDesire.KEEP)


def reserved(*expiries: datetime | None) -> Holding:
    """A reservation whose order line is entitled so often, each with its expiry."""
    rows = tuple(Entitlement(OrderId("R"), 0, "reservedInstance", 1, expires=at) for at in expiries)
    (holding,) = holdings_of(replace(customer_state([], None, {}), entitlements=rows))
    return holding


EARLY, LATE = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
EXPIRIES = [((EARLY,), True), ((EARLY, EARLY), True), ((EARLY, LATE), False), ((EARLY, None), False), ((None,), False)]


@pytest.mark.parametrize(("expiries", "fits"), EXPIRIES)
def test_a_reservation_ends_with_the_entitlement_that_lasts_longest(
    expiries: tuple[datetime | None, ...], fits: bool
) -> None:
    assert (line_of(reserved(*expiries), [BEFORE_2027], ZoneInfo("UTC")) is BEFORE_2027) is fits


def test_an_add_on_goes_with_its_base_by_what_the_base_is() -> None:
    things = [
        {"kind": "new-commerce-license", "id": "A", "trial": True},
        {"kind": "new-commerce-license", "id": "Z", "parent": "A"},
    ]
    trials = SubscriptionLine(Match(trait=Trait.TRIAL), LineDesire.CANCEL)
    add_ons = SubscriptionLine(Match(trait=Trait.ADD_ON), LineDesire.CANCEL)
    base, add_on = holdings_of(customer_state(things, None, {}))
    assert line_of(add_on, [trials]) is trials
    assert line_of(add_on, [add_ons]) is add_ons
    assert line_of(base, [add_ons]) is None


def test_a_selector_in_the_words_of_the_manifest() -> None:
    match = Match(Family.AZURE_PLAN, "CFQ*", "A", "P1Y", "Contoso*", Trait.TRIAL, date(2027, 1, 1))
    assert words_of(match) == (
        "family: azure-plan, sku: CFQ*, id: A, term: P1Y, publisher: Contoso*, trait: trial, renewsBefore: 2027-01-01"
    )


NCE: Words = {"kind": "new-commerce-license", "id": "A"}
SUBSCRIPTION, ORDER = TransferLine("seats", SubscriptionId("a")), TransferLine("seats", order_id=OrderId("o1"))
NAMED = [
    # what is held, what the transfer names, whether A is on its way
    ([NCE], SUBSCRIPTION, True),
    ([NCE | {"id": "B"}], SUBSCRIPTION, False),
    ([NCE | {"order": "O1/1"}], ORDER, True),
    ([NCE | {"order": "O2/1"}], ORDER, False),
    ([NCE | {"order": "O1/1"}], TransferLine("seats", SubscriptionId("other"), OrderId("O1")), False),
    ([NCE | {"order": "O1/1"}], TransferLine("seats"), False),
]


def on_its_way(holding: Holding, line: TransferLine) -> bool:
    state = CustomerState(TENANT, None, transfers=(Transfer("T", "pending", (line,)),))
    setting = Setting(desired({}), Memory(), shipped_rules(), Policy(), partner(), ZoneInfo("UTC"), NOW, state=state)
    return in_the_way(holding, setting) is not None


@pytest.mark.parametrize(("things", "line", "moves"), NAMED)
def test_a_transfer_moves_what_its_line_names(things: list[Words], line: TransferLine, moves: bool) -> None:
    (holding,) = holdings_of(customer_state(things, None, {}))
    assert on_its_way(holding, line) is moves


def test_the_order_that_a_subscription_itself_names_counts_too() -> None:
    (holding,) = holdings_of(customer_state([NCE], None, {}))
    row = holding.subject.subscription
    assert row is not None
    named = replace(holding, subject=replace(holding.subject, subscription=replace(row, order_id=OrderId("O1"))))
    assert on_its_way(named, ORDER)


def test_an_add_on_of_an_add_on_moves_with_the_base_of_both() -> None:
    things = [NCE, NCE | {"id": "B", "parent": "A"}, NCE | {"id": "C", "parent": "B"}]
    held = {each.subject.id: each for each in holdings_of(customer_state(things, None, {}))}
    assert [on_its_way(held[name], SUBSCRIPTION) for name in "ABC"] == [True, True, True]


def test_an_add_on_moves_with_the_order_of_its_base() -> None:
    things = [NCE, NCE | {"id": "B", "parent": "A"}]
    held = {each.subject.id: each for each in holdings_of(customer_state(things, None, {}))}
    base = held["A"].subject.subscription
    assert base is not None
    subject = replace(held["B"].subject, base=replace(base, order_id=OrderId("O1")))
    assert on_its_way(replace(held["B"], subject=subject), ORDER)
