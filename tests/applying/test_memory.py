"""What the journal remembers: told as short stories of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying import memory_from, read_events
from pcreconcile.applying.intents import lost_with
from pcreconcile.applying.resumption import foreign_events
from pcreconcile.model.credential import WHO_ASKS
from pcreconcile.model.estate import ScheduledAction
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId
from pcreconcile.model.memory import UNPROVEN, Memory, PastRemoval, RefusedRemoval, Renewal, Returned
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind, ActionMoney, Effect, Observed
from pcreconcile.model.plan_sources import wish_digest
from pcreconcile.model.run import Event, EventKind
from pcreconcile.partner_center.meanings import MEANINGS, Who
from tests.applying.world import (
    NOW,
    ONE,
    Desk,
    Fault,
    Microsoft,
    act,
    plan_of,
    planned,
    refusal,
    remove,
    subscription,
    suspend,
)

HOUR = timedelta(hours=1)
TOKEN = "Bearer abcdefghijklmnop"


def story(
    kind: ActionKind, *tellings: Any, target: str = "s1", start: datetime = NOW, plan: str = "p", lost: Any = None
) -> list[Event]:
    """Events of one action, a minute apart; a telling is a kind, or a kind with request ID and body.

    `lost` is what the intent says that the act takes away.
    """
    events = []
    for number, telling in enumerate(tellings):
        what, request, body = telling if isinstance(telling, tuple) else (telling, "q", {})
        if what is EventKind.INTENT:
            body = {"kind": kind, "target": {"id": target}, "effect": Effect.TAKES_SERVICE, **(lost or {})}
        at = start + timedelta(minutes=number)
        who = (ONE, ActionId(f"{kind} {target}"), RequestId(request))
        events.append(Event(number + 1, RunId("r"), PlanId(plan), at, what, *who, body, "", ""))
    return events


INTENT, ANSWERED, NO_ANSWER = EventKind.INTENT, EventKind.ANSWERED, EventKind.NO_ANSWER
VERIFIED = (EventKind.VERIFIED, "q", {"written": True})
SEEN = (EventKind.VERIFIED, None, {"written": False})
REFUSED = (EventKind.REFUSED, "q", {"status": 400})
BUSY = (EventKind.REFUSED, "q", {"status": 429})

REMOVE, SUSPEND = ActionKind.REMOVE_RELATIONSHIP, ActionKind.SUSPEND_SUBSCRIPTION


@pytest.mark.parametrize(
    ("tellings", "removals", "removed"),
    [
        ([], 0, False),
        ([INTENT], 1, False),
        ([INTENT, ANSWERED], 1, False),
        ([INTENT, ANSWERED, VERIFIED], 1, True),
        ([INTENT, REFUSED], 0, False),
        ([INTENT, NO_ANSWER], 1, False),
        ([INTENT, NO_ANSWER, VERIFIED], 1, True),
        ([INTENT, NO_ANSWER, INTENT, ANSWERED, VERIFIED], 1, True),
        ([INTENT, BUSY], 0, False),
        ([INTENT, NO_ANSWER, INTENT, BUSY], 1, False),
        ([INTENT, NO_ANSWER, INTENT, REFUSED, VERIFIED], 1, True),
        ([INTENT, REFUSED, SEEN], 0, False),
        ([SEEN], 0, False),
    ],
)
def test_removals(tellings: list[Any], removals: int, removed: bool):
    memory = memory_from(story(REMOVE, *tellings, target=ONE), NOW + HOUR)
    assert len(memory.removals) == removals
    assert memory.removed == ({ONE: "r"} if removed else {})
    assert memory.service_taken == {}, "the removal itself is not what settle counts from"


@pytest.mark.parametrize(("age", "counts"), [(timedelta(hours=23, minutes=59), True), (timedelta(hours=24), False)])
def test_removals_are_remembered_for_24_hours_from_their_sending(age: timedelta, counts: bool):
    memory = memory_from(story(REMOVE, INTENT, ANSWERED, VERIFIED), NOW + age)
    assert memory.removals == ((NOW,) if counts else ())
    assert memory.removed == {ONE: "r"}


@pytest.mark.parametrize(
    ("events", "suspended"),
    [
        (story(SUSPEND, INTENT, ANSWERED, VERIFIED), ("s1",)),
        (story(SUSPEND, INTENT, ANSWERED), ("s1",)),
        (story(SUSPEND, INTENT, NO_ANSWER, VERIFIED), ("s1",)),
        (story(SUSPEND, INTENT), ()),
        (story(SUSPEND, INTENT, NO_ANSWER), ()),
        (story(SUSPEND, INTENT, REFUSED), ()),
        (story(SUSPEND, INTENT, REFUSED, SEEN), ()),
        (story(SUSPEND, SEEN), ()),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED),
                *story(ActionKind.REACTIVATE_SUBSCRIPTION, INTENT, ANSWERED, VERIFIED, plan="later"),
            ],
            (),
        ),
        (
            [*story(SUSPEND, INTENT, ANSWERED), *story(ActionKind.REACTIVATE_SUBSCRIPTION, INTENT, plan="later")],
            ("s1",),
        ),
        ([*story(SUSPEND, INTENT, ANSWERED, target="s2"), *story(SUSPEND, INTENT, ANSWERED)], ("s2", "s1")),
    ],
)
def test_suspended_is_only_what_we_provably_suspended(events: list[Event], suspended: tuple[str, ...]):
    assert memory_from(events, NOW + HOUR).suspended == ({ONE: suspended} if suspended else {})


def test_service_was_taken_when_the_last_such_request_was_sent():
    events = [
        *story(SUSPEND, INTENT, ANSWERED, VERIFIED),
        *story(SUSPEND, INTENT, NO_ANSWER, target="s2", start=NOW + HOUR),
        *story(SUSPEND, INTENT, REFUSED, target="s3", start=NOW + 2 * HOUR),
    ]
    assert memory_from(events, NOW + 3 * HOUR).service_taken == {ONE: NOW + HOUR}


RENEWING = Renewal(auto_renew=True, scheduled_actions=("TermEnd/RenewToNewTerm",), changes=("quantity 5",))
TO_RENEW = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}
BLANK = Renewal(auto_renew=False, scheduled_actions=())
SET_RENEWAL, AT_TERM_END = ActionKind.SET_RENEWAL, ActionKind.CANCEL_AT_TERM_END
REACTIVATE = ActionKind.REACTIVATE_SUBSCRIPTION
LATER = NOW + HOUR


def keeps(**settings: Renewal) -> dict[str, Any]:
    """The intent of a suspension that takes these settings."""
    wire = {
        name: {
            "autoRenewEnabled": each.auto_renew,
            "scheduledActions": each.scheduled_actions,
            "scheduledNextTerm": each.scheduled_next_term,
            "scheduledChanges": each.changes,
        }
        for name, each in settings.items()
    }
    return {"keeps": wire}


@pytest.mark.parametrize(
    ("events", "renewals"),
    [
        (story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING)), {"s1": RENEWING}),
        (story(SUSPEND, INTENT, lost=keeps(s1=RENEWING)), {"s1": RENEWING}),
        (story(SUSPEND, INTENT, REFUSED, lost=keeps(s1=RENEWING)), {}),
        (story(SUSPEND, INTENT, BUSY, lost=keeps(s1=RENEWING)), {}),
        (story(SUSPEND, INTENT, ANSWERED, VERIFIED), {"s1": Renewal()}),
        (
            story(SUSPEND, INTENT, ANSWERED, lost=keeps(s1=RENEWING, addon=BLANK)),
            {"s1": RENEWING, "addon": BLANK},
        ),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING, addon=RENEWING)),
                *story(REACTIVATE, INTENT, ANSWERED, VERIFIED, plan="back", start=LATER),
            ],
            {"s1": RENEWING, "addon": RENEWING},
        ),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING, addon=RENEWING)),
                *story(SET_RENEWAL, INTENT, ANSWERED, VERIFIED, plan="back", start=LATER),
            ],
            {"addon": RENEWING},
        ),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING)),
                *story(SET_RENEWAL, INTENT, ANSWERED, plan="back", start=LATER),
            ],
            {"s1": replace(RENEWING, tried=UNPROVEN)},
        ),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING)),
                *story(AT_TERM_END, INTENT, ANSWERED, VERIFIED, plan="back", start=LATER),
            ],
            {},
        ),
        (
            [
                *story(SET_RENEWAL, INTENT, ANSWERED, VERIFIED, plan="before"),
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING), start=LATER),
            ],
            {"s1": RENEWING},
        ),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING)),
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=BLANK), plan="again", start=LATER),
            ],
            {"s1": RENEWING},
        ),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING)),
                *story(SET_RENEWAL, INTENT, ANSWERED, VERIFIED, plan="back", start=LATER),
                *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=BLANK), plan="again", start=LATER + HOUR),
            ],
            {"s1": BLANK},
        ),
        (
            [
                *story(SUSPEND, INTENT, REFUSED, lost=keeps(s1=BLANK)),
                *story(SUSPEND, (INTENT, "q2", {}), lost=keeps(s1=RENEWING), start=LATER),
            ],
            {"s1": RENEWING},
        ),
    ],
)
def test_the_settings_that_a_suspension_took_are_remembered_until_they_are_set_again(
    events: list[Event], renewals: dict[str, Renewal]
):
    assert memory_from(events, NOW + timedelta(days=1)).renewals == ({ONE: renewals} if renewals else {})


def test_add_ons_that_went_with_their_base_are_suspended_by_us_too():
    events = story(SUSPEND, INTENT, ANSWERED, lost=keeps(s1=RENEWING, addon=RENEWING))
    assert memory_from(events, LATER).suspended == {ONE: ("s1", "addon")}
    back = story(REACTIVATE, INTENT, ANSWERED, plan="back", start=LATER)
    assert memory_from([*events, *back], LATER).suspended == {ONE: ("addon",)}


RETURN = ActionKind.RETURN_RESERVATION
DOLLARS = Money(Decimal("900.00"), "USD")
COUNTS = {"counts": {"amount": "900.00", "currency": "USD"}}


@pytest.mark.parametrize(
    ("tellings", "lost", "returned"),
    [
        ([INTENT, ANSWERED, VERIFIED], COUNTS, (Returned(NOW, DOLLARS),)),
        ([INTENT, ANSWERED, VERIFIED], {"counts": None}, (Returned(NOW, None),)),
        ([INTENT, ANSWERED, VERIFIED], None, (Returned(NOW, None),)),
        ([INTENT, ANSWERED, VERIFIED, VERIFIED], COUNTS, (Returned(NOW, DOLLARS),)),
        ([INTENT, ANSWERED], COUNTS, ()),
        ([INTENT, REFUSED, SEEN], COUNTS, ()),
    ],
)
def test_returned_reservations(tellings: list[Any], lost: Any, returned: tuple[Returned, ...]):
    memory = memory_from(story(RETURN, *tellings, lost=lost), LATER)
    assert memory.returned == ({ONE: returned} if returned else {})


@pytest.mark.parametrize(
    ("now", "remembered"),
    [
        (datetime(2027, 11, 22, 11, 59, tzinfo=UTC), True),
        (datetime(2027, 11, 22, 12, tzinfo=UTC), False),
        (datetime(2028, 2, 29, tzinfo=UTC), False),
    ],
)
def test_a_return_is_remembered_for_a_year(now: datetime, remembered: bool):
    memory = memory_from(story(RETURN, INTENT, ANSWERED, VERIFIED, lost=COUNTS), now)
    assert bool(memory.returned) is remembered


REFUSALS = {
    (400, "800002"): True,
    (400, "2055"): False,
    (400, "800082"): False,
    (401, "900421"): False,
    (403, "900329"): False,
    (409, "900278"): False,
    (409, "changed"): False,
    (429, ""): False,
}


@pytest.mark.parametrize(("status", "code"), REFUSALS)
def test_only_a_refusal_that_stays_keeps_a_renewal_from_being_tried_again(status: int, code: str):
    said = (EventKind.REFUSED, "q1", {"status": status, "code": code, "message": "no such promotion"})
    events = [
        *story(SUSPEND, INTENT, ANSWERED, VERIFIED, lost=keeps(s1=RENEWING)),
        *story(SET_RENEWAL, INTENT, said, plan="back", start=LATER),
    ]
    tried = memory_from(events, LATER + HOUR).renewals[ONE]["s1"].tried
    assert bool(tried) is REFUSALS[status, code]
    assert ("no such promotion" in tried) is REFUSALS[status, code]


def test_a_suspension_keeps_the_settings_of_its_add_ons_however_deep(desk: Desk, microsoft: Microsoft):
    to_renew = (ScheduledAction("TermEnd", "RenewToNewTerm", changes="quantity 5"),)
    microsoft.add(
        ONE,
        subscription("s1", scheduled_actions=to_renew),
        subscription("addon", parent_subscription_id="S1", scheduled_next_term=True),
        subscription("below", parent_subscription_id="addon"),
        subscription("gone", status="deleted", parent_subscription_id="s1"),
        subscription("other"),
    )
    desk.apply(plan_of(planned(microsoft, [suspend("s1")])))
    memory = memory_from(read_events(desk.journal), NOW)
    assert memory.renewals == {
        ONE: {
            "s1": replace(RENEWING, instructions=(TO_RENEW,), quantity=10, whole=True),
            "addon": Renewal(auto_renew=True, scheduled_next_term=True, quantity=10, whole=True),
            "below": Renewal(auto_renew=True, quantity=10, whole=True),
        }
    }


def test_a_returned_reservation_keeps_what_counts():
    found = act(RETURN, "order/r", money=ActionMoney(refund=DOLLARS))
    assert lost_with(found, Observed(None, None, None)) == COUNTS
    assert lost_with(remove(found), Observed(None, None, None)) == {}


def test_a_token_in_the_text_of_a_change_is_not_kept(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1", scheduled_actions=(ScheduledAction("TermEnd", "Cancel", changes=TOKEN),)))
    desk.apply(plan_of(planned(microsoft, [suspend("s1")])))
    assert TOKEN not in str([event.body for event in desk.seen])


def test_a_real_journal(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    first, second = suspend("s1"), act(ActionKind.CANCEL_AT_TERM_END, "s2", effect=Effect.PROTECTIVE)
    plan = plan_of(planned(microsoft, [first, second, remove(first, second)]))
    microsoft.faults.extend([None, None, Fault.LOST_AFTER])
    receipt = desk.apply(plan)
    found = memory_from(read_events(desk.journal), NOW)
    assert found.known_since == NOW
    proven = PastRemoval(str(receipt.run), NOW + timedelta(milliseconds=200), wish_digest("moves", None))
    (removal,) = found.fulfilled[ONE]
    assert replace(removal, looks=()) == proven
    assert len(removal.looks) >= 2, "what it held before and at the gate"
    assert replace(found, spent=(), known_since=None, departures={}, fulfilled={}) == Memory(
        removals=(NOW,),
        removed={ONE: str(receipt.run)},
        service_taken={ONE: NOW},
        suspended={ONE: ("s1",)},
        renewals={ONE: {"s1": Renewal(auto_renew=True, quantity=10, whole=True)}},
    )


def no(status: int = 400, code: str = "3000", request: str = "q") -> Any:
    return (EventKind.REFUSED, request, {"status": status, "code": code, "message": "It cannot be removed."})


SENT_AGAIN = (INTENT, "q2", {})
LOOK = (EventKind.LOOKED, None, {"moment": "gate", "holds": ["h1"]})
LOOK_AFTER = (EventKind.LOOKED, None, {"moment": "after", "holds": ["h2"]})


@pytest.mark.parametrize(
    ("tellings", "refused"),
    [
        ([], False),
        ([INTENT], False),
        ([INTENT, no()], True),
        ([INTENT, no(403, "900416")], True),
        ([INTENT, no(404, "1000")], True),
        ([INTENT, no(409, "")], True),
        ([INTENT, no(401, "")], False),
        ([INTENT, no(403, "900150")], False),
        ([INTENT, no(429, "")], False),
        ([INTENT, no(503, "")], False),
        ([INTENT, NO_ANSWER, INTENT, no()], False),
        ([INTENT, INTENT, no()], False),
        ([INTENT, no(), SEEN], False),
        ([INTENT, no(), SENT_AGAIN], False),
        ([INTENT, no(), SENT_AGAIN, no(request="q2")], True),
        ([INTENT, no(), SENT_AGAIN, (ANSWERED, "q2", {})], False),
        ([INTENT, no(), SENT_AGAIN, no(429, "", "q2")], False),
    ],
)
def test_the_removals_that_the_service_refused(tellings: list[Any], refused: bool):
    tellings = [
        (EventKind.VERIFIED, None, {"written": False, "kind": REMOVE}) if each is SEEN else each for each in tellings
    ]
    assert bool(memory_from(story(REMOVE, *tellings, target=ONE), LATER).refused) is refused


def test_a_refusal_keeps_the_words_the_wish_and_what_was_held():
    events = story(REMOVE, LOOK, INTENT, no(), LOOK_AFTER, target=ONE, lost={"manifest": "m"})
    assert memory_from(events, LATER).refused == {
        ONE: RefusedRemoval("r", NOW + 2 * HOUR / 60, "HTTP 400/3000: It cannot be removed.", "m", ("h1", "h2"))
    }


def test_a_refusal_of_anything_else_is_none_of_the_removal():
    assert memory_from(story(SUSPEND, INTENT, no()), LATER).refused == {}


def test_what_speaks_of_who_asks_is_what_the_table_of_meanings_says():
    of_the_partner = {Who.PARTNER_ADMIN, Who.OPERATOR}
    told = {each.code for each in MEANINGS if each.status in {401, 403} and each.who in of_the_partner}
    assert {code for code in told if code not in {"", "400", "800001", "800077"}} == WHO_ASKS


@pytest.mark.parametrize(
    ("faults", "remembered"),
    [
        pytest.param([refusal(400, "3000")], True, id="nothing else was written"),
        pytest.param([None, refusal(400, "3000")], False, id="it may have waited for what was written before"),
    ],
)
def test_a_plan_that_is_applied_again_remembers_what_it_was_refused(
    desk: Desk, microsoft: Microsoft, faults: list[Any], remembered: bool
):
    """What was refused did nothing; of whom something else was written, a change would not show."""
    microsoft.add(ONE, subscription("s1"))
    first = suspend("s1")
    acts = [first, remove(first)] if len(faults) > 1 else [remove()]
    plan = plan_of(planned(microsoft, acts))
    microsoft.faults.extend(faults)
    desk.apply(plan)
    memory = memory_from(foreign_events(plan, read_events(desk.journal)), LATER)
    assert set(memory.refused) == ({ONE} if remembered else set())
    assert replace(memory, refused={}, known_since=None) == Memory()


def test_no_journal_remembers_nothing(desk: Desk):
    assert memory_from(read_events(desk.journal), NOW) == Memory()
