"""How long anybody waits: by what a service asks for, by the command's budget, and by nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from pcreconcile.cli.time_budget import APPLIED, TimeBudget
from pcreconcile.model.errors import AuthenticationError, IncompleteRead, OutOfTime, PcreconcileError, RemoteError
from pcreconcile.model.extras import Extra
from pcreconcile.partner_center.instants import parse_retry_after
from pcreconcile.partner_center.pacing import PUBLISHED_INTERVAL, UNPACED, Buckets, seconds_needed
from pcreconcile.partner_center.session import Request
from pcreconcile.partner_center.time_budget import DEFAULT_BUDGET, LONGEST_WAIT, Timing, in_words
from pcreconcile.partner_center.tokens import Identity
from tests.partner_center.bench import Bench, MovedClock, in_turn, page, reply
from tests.partner_center.test_tokens import Login, granted

DATE = {"Date": "Tue, 01 Dec 2026 12:00:00 GMT"}
READ = "/v1/customers"

# Headers, and the seconds that are waited; None: it fails at once and says when to come back.
RETRY_AFTER: dict[str, tuple[dict[str, str], float | None]] = {
    "half a minute": ({"Retry-After": "30"}, 30.0),
    "five minutes": ({"Retry-After": "300"}, 300.0),
    "zero": ({"Retry-After": "0"}, 0.0),
    "blanks around it": ({"Retry-After": " 30 "}, 30.0),
    "a date in a minute": ({"Retry-After": "Tue, 01 Dec 2026 12:01:00 GMT", **DATE}, 60.0),
    "a date that is over": ({"Retry-After": "Tue, 01 Dec 2026 11:00:00 GMT", **DATE}, 0.0),
    "a second too long": ({"Retry-After": "301"}, None),
    "a day": ({"Retry-After": "86400"}, None),
    "a date in a year": ({"Retry-After": "Wed, 01 Dec 2027 12:00:00 GMT", **DATE}, None),
    "400 digits": ({"Retry-After": "9" * 400}, None),
    "negative": ({"Retry-After": "-86400"}, 0.375),
    "a fraction": ({"Retry-After": "86400.5"}, 0.375),
    "garbage": ({"Retry-After": "soon"}, 0.375),
    "a megabyte of garbage": ({"Retry-After": "x" * 1_000_000}, 0.375),
    "digits of another alphabet": ({"Retry-After": "٣٠"}, 0.375),
    "infinity": ({"Retry-After": "inf"}, 0.375),
    "a date that is none": ({"Retry-After": "Tue, 99 Dec 2026 99:99:99 GMT", **DATE}, 0.375),
    "a date without a clock": ({"Retry-After": "Wed, 01 Dec 2027 12:00:00 GMT"}, 0.375),
    "a date beyond all": ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359", **DATE}, 0.375),
    "the last date of all": ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", **DATE}, None),
    "nothing": ({}, 0.375),
}
ROWS = pytest.mark.parametrize(("headers", "wait"), RETRY_AFTER.values(), ids=RETRY_AFTER)


def answer(status: int, headers: dict[str, str]) -> httpx.Response:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return httpx.Response(status, headers=raw)


@ROWS
@pytest.mark.parametrize("status", [429, 503])
def test_a_read_waits_as_long_as_it_is_asked_to_and_never_above_five_minutes(
    status: int, headers: dict[str, str], wait: float | None
) -> None:
    bench = Bench(in_turn(answer(status, headers), reply(page())))
    if wait is not None:
        assert asyncio.run(bench.session.read(READ)).value == page()
        assert bench.clock.now - 1000.0 == wait
        return
    with pytest.raises(OutOfTime, match="run this again then"):
        asyncio.run(bench.session.read(READ))
    assert bench.clock.now == 1000.0


@ROWS
def test_a_login_waits_no_longer_either(headers: dict[str, str], wait: float | None) -> None:
    login = Login(answer(429, headers), granted())
    if wait is not None:
        asyncio.run(login.tokens.get(Identity.APPLICATION))
        assert login.slept == [0.5 if wait in {0.375, 0.0} else wait]
        return
    for _ in range(2):
        with pytest.raises(AuthenticationError, match="run this again then") as caught:
            asyncio.run(login.tokens.get(Identity.APPLICATION))
        assert caught.value.status == 503
    assert (login.slept, len(login.requests)) == ([], 1), "and the login service is left alone meanwhile"


def test_a_write_that_is_asked_to_wait_for_a_day_says_so() -> None:
    bench = Bench(in_turn(answer(429, {"Retry-After": "86400"})))
    with pytest.raises(RemoteError, match=r"wait for 1 d.*run this again then"):
        asyncio.run(bench.session.write(Request("PATCH", READ, body={}), "r"))
    assert bench.clock.slept == []


def test_one_such_answer_holds_back_nobody_else() -> None:
    bench = Bench(in_turn(answer(429, {"Retry-After": "86400"}), *[reply(page())] * 3))
    with pytest.raises(OutOfTime):
        asyncio.run(bench.session.read("/v1/customers/a/orders"))
    for name in "bcd":
        asyncio.run(bench.session.read(f"/v1/customers/{name}/orders"))
    assert bench.clock.now == 1000.0


def test_several_in_a_row_close_that_limit_at_once_and_the_other_limits_go_on() -> None:
    def script(request: httpx.Request) -> httpx.Response:
        return answer(429, {"Retry-After": "86400"}) if request.url.path.endswith("orders") else reply(page())

    bench = Bench(script)
    for _ in range(6):
        with pytest.raises(OutOfTime, match="1 d"):
            asyncio.run(bench.session.read("/v1/customers/a/orders"))
    asyncio.run(bench.session.read("/v1/customers/a/subscriptions"))
    assert [path.rpartition("/")[2] for path in bench.paths] == [*["orders"] * 3, "subscriptions"]
    assert bench.clock.now == 1000.0


def short(bench: Bench, seconds: float) -> Bench:
    """The bench with so much time for all that it does."""
    timing = bench.clock.timing.ending_in(timedelta(seconds=seconds))
    bench.session._timing = timing
    bench.session._buckets = Buckets(timing, bench.session._buckets._interval)
    return bench


def test_the_budget_ends_reads_and_begins_no_write() -> None:
    bench = short(Bench(lambda _request: answer(503, {"Retry-After": "40"})), 100.0)
    with pytest.raises(OutOfTime, match="--timeout"):
        asyncio.run(bench.session.read(READ))
    assert bench.clock.now <= 1100.0
    bench.clock.now = 1100.0
    sent = len(bench.sent)
    with pytest.raises(OutOfTime):
        asyncio.run(bench.session.read(READ))
    with pytest.raises(RemoteError, match="nothing was sent"):
        asyncio.run(bench.session.write(Request("PATCH", READ, body={}), "r"))
    assert len(bench.sent) == sent


def test_the_limiter_obeys_the_budget() -> None:
    bench = short(Bench(lambda _request: reply(page()), interval=PUBLISHED_INTERVAL), 60.0)

    async def story() -> None:
        for _ in range(2000):
            await bench.session.read(READ)

    with pytest.raises(OutOfTime):
        asyncio.run(story())
    assert 400 <= len(bench.sent) <= 501
    assert bench.clock.now <= 1060.0


def test_a_login_obeys_the_budget() -> None:
    login = Login(answer(503, {"Retry-After": "40"}))
    login.tokens._applications._login._timing = Timing(monotonic=lambda: 0.0, ends_at=30.0)
    with pytest.raises(AuthenticationError, match="--timeout"):
        asyncio.run(login.tokens.get(Identity.APPLICATION))
    assert login.slept == []


LIVES = {
    "an hour": (3600, True),
    "a text": ("3600", True),
    "a fraction": (3599.5, True),
    "zero": (0, False),
    "negative": (-3600, False),
    "400 digits": (int("9" * 400), False),
    "a text of 400 digits": ("9" * 400, False),
    "a text that is no number": ("soon", False),
    "a text of nothing": ("NaN", False),
    "a text without end": ("Infinity", False),
    "a list": ([1], False),
    "true": (True, False),
}


@pytest.mark.parametrize(("life", "usable"), LIVES.values(), ids=LIVES)
def test_how_long_a_token_lasts(life: Any, usable: bool) -> None:
    login = Login(granted(expires_in=life))
    if usable:
        assert asyncio.run(login.tokens.get(Identity.APPLICATION)).value == "access-1"
        return
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            asyncio.run(login.tokens.get(Identity.APPLICATION))
    assert len(login.requests) <= 3, "it is not asked for again and again"


@pytest.mark.parametrize(
    "body",
    [
        '{"expires_in": NaN, "access_token": "x"}',
        '{"access_token": "x", "access_token": "y"}',
        '{"access_token": "x", "a": ' + "[" * 50 + "]" * 50 + "}",
    ],
)
def test_an_answer_of_the_login_that_no_service_writes(body: str) -> None:
    with pytest.raises(AuthenticationError):
        asyncio.run(Login(reply(body)).tokens.get(Identity.APPLICATION))


@pytest.mark.parametrize(("size", "usable"), [(20_000, True), (70_000, False), (900_000, False), (2_000_000, False)])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_how_large_a_token_is(name: str, size: int, usable: bool) -> None:
    login = Login(granted(**{name: "x" * size}))
    if usable:
        assert asyncio.run(login.tokens.get(Identity.USER)).value
        return
    with pytest.raises(AuthenticationError):
        asyncio.run(login.tokens.get(Identity.USER))


EVERYTHING = frozenset(Extra) - {Extra.REMOVAL_RECORD}


@pytest.mark.parametrize(
    ("customers", "asked", "length"),
    [
        (10, None, DEFAULT_BUDGET),
        (5_000, None, DEFAULT_BUDGET),
        (60_000, None, None),
        (60_000, timedelta(hours=1), timedelta(hours=1)),
    ],
)
def test_a_budget_fits_the_fleet_unless_it_was_asked_for(
    customers: int, asked: timedelta | None, length: timedelta | None
) -> None:
    budget = TimeBudget(asked, monotonic=lambda: 0.0)
    told = budget.allow_for([EVERYTHING] * customers)
    needed = seconds_needed(customers * 3 + customers // 500 + 1)
    assert budget.left == (length if length is not None else timedelta(seconds=2 * needed))
    assert ("time budget: 15 h" in told) is (length is None)


def test_a_fleet_of_60000_is_read_within_its_own_budget() -> None:
    """By the limiter's clock: the busiest limit lets all of its requests through in time, and with time left."""
    budget = TimeBudget(monotonic=lambda: 0.0)
    budget.allow_for([EVERYTHING] * 60_000)
    clock = MovedClock()
    timing = clock.timing.ending_in(budget.left)
    bucket = Buckets(timing, PUBLISHED_INTERVAL).of("/v1/customers")

    async def story() -> None:
        for _ in range(60_000 * 3 + 121):
            await bucket.admit()

    asyncio.run(story())
    assert timing.left > budget.left.total_seconds() * 0.45
    with pytest.raises(OutOfTime):
        asyncio.run(Buckets(msgspec.structs.replace(timing, ends_at=clock.now), UNPACED).of("x").admit())


def test_waits_that_were_asked_for_and_a_question_come_on_top() -> None:
    now = 0.0
    budget = TimeBudget(beside=timedelta(minutes=15), monotonic=lambda: now)
    assert budget.left == DEFAULT_BUDGET + timedelta(minutes=15)
    with budget.standing_still():
        now = 3600.0
    assert budget.left == DEFAULT_BUDGET + timedelta(minutes=15)
    now = 1e6
    assert budget.left == timedelta(0)
    assert budget.allow_for([EVERYTHING] * 60_000, APPLIED)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (45, "45 s"), (300, "5 min"), (9000, "2 h 30 min"), (86400, "1 d"), (100_000, "1 d 3 h")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_in_words_takes_anything() -> None:
    assert in_words(float("inf")).endswith("h")
    assert parse_retry_after({"retry-after": "9" * 400}) == float("inf")
    assert LONGEST_WAIT == 300.0
    assert issubclass(OutOfTime, IncompleteRead)
    assert issubclass(OutOfTime, PcreconcileError)
