"""An explanation with one thing of every sort of answer, small enough to be read beside its golden text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec

from pcreconcile.model.explanation import (
    Explanation,
    Held,
    Possible,
    RuleFact,
    Way,
    WayInSum,
    WayOut,
)
from pcreconcile.model.family import Family, Trait
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionMoney, MoneySummary, Notice, Target
from tests.rendering import sample_plan
from tests.rendering.sample_plan import euros


def thing(number: int, name: str, family: Family, **members: Any) -> Held:
    target = Target("subscription", f"5c9f0001-0000-4000-8000-00000000000{number}", name)
    given: dict[str, Any] = {"traits": {}, "status": "active", "quantity": 25, "evidence": "productType Online"}
    return Held(target=target, family=family, **(given | members))


def owed(committed: Money | None, per_day: Money | None) -> ActionMoney:
    return ActionMoney(refund=None, lost_per_day=per_day, committed=committed)


def office() -> Held:
    closes = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    return thing(
        1,
        "Microsoft 365 Business Premium",
        Family.NEW_COMMERCE_LICENSE,
        evidence="productType OnlineServicesNCE",
        traits={Trait.ADD_ON: "parentSubscriptionId 5c9f0001-0000-4000-8000-000000000009"},
        term="P1Y",
        term_end=datetime(2027, 11, 17, tzinfo=UTC),
        window_closes_at=closes,
        auto_renew=True,
        end_of_term=(),
        price="18.10 EUR a unit a month (order O1)",
        ways=(
            WayOut(
                Way.CANCEL,
                Possible.YES,
                "cancelled inside its window",
                until=closes,
                free_on=date(2026, 11, 22),
                money=ActionMoney(refund=euros("412.50")),
                rule="new-commerce-license.cancel-window",
            ),
            WayOut(
                Way.WAIT,
                Possible.YES,
                "told to end with its term, it is paid until then",
                free_on=date(2027, 11, 18),
                money=owed(euros("5354.59"), euros("14.88")),
            ),
            WayOut(Way.TRANSFER, Possible.BY_HAND, "the whole subscription alone", saves=euros("5354.59")),
        ),
    )


def azure() -> Held:
    return thing(
        2,
        "Azure plan",
        Family.AZURE_PLAN,
        quantity=None,
        price="by usage",
        window_closes_at=datetime(2026, 11, 1, tzinfo=UTC),
        ways=(
            WayOut(Way.CANCEL, Possible.NO, "an order or change is in progress"),
            WayOut(Way.WAIT, Possible.UNKNOWN, "nobody says"),
        ),
    )


def reservation() -> Held:
    return msgspec.structs.replace(
        thing(3, "Reserved VM", Family.RESERVATION, quantity=1, term_end=datetime(2027, 6, 30, tzinfo=UTC)),
        target=Target("entitlement", "O/0/reservedinstance", "Reserved VM"),
    )


def totals() -> tuple[WayInSum, ...]:
    return (
        WayInSum(
            Way.CANCEL,
            {Possible.YES: 1, Possible.NO: 1},
            until=datetime(2026, 11, 25, 10, 0, tzinfo=UTC),
            money=MoneySummary(refund=(euros("412.50"),)),
        ),
        WayInSum(
            Way.WAIT,
            {Possible.YES: 1, Possible.UNKNOWN: 1},
            money=MoneySummary(committed=(euros("5354.59"),), lost_per_day=(euros("14.88"),), unknown={"committed": 1}),
        ),
        WayInSum(Way.TRANSFER, {Possible.BY_HAND: 1}, "we accept it", saves=(euros("5354.59"),)),
    )


def sample(**members: Any) -> Explanation:
    plan = sample_plan.sample()
    customer = msgspec.structs.replace(sample_plan.waiting(), warnings=(Notice("probe", "nobody knows it all"),))
    given: dict[str, Any] = {
        "format_version": 1,
        "created_at": sample_plan.NOW,
        "snapshot_at": sample_plan.NOW,
        "partner": plan.partner,
        "rules_version": "2026-11",
        "hypothetical": False,
        "customer": customer,
        "leaving": None,
        "holdings": (office(), azure(), reservation()),
        "ways": totals(),
        "rules": (
            RuleFact(
                "new-commerce-license.cancel-window",
                "7",
                "days",
                "learn.microsoft.com: new-commerce-cancellation-policy",
                "documented",
                date(2026, 11, 22),
                note="counted from the purchase or the renewal",
                because="our contract says so",
            ),
            RuleFact("reservation.live", "blocks", "word", "a page", "documented", date(2026, 11, 22)),
        ),
    }
    return Explanation(**(given | members))
