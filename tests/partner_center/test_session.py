"""What goes over the wire: IDs, tokens, retries of reads, and writes that are sent once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from pcreconcile.model.errors import AuthenticationError, NoAnswer, OutOfTime, PcreconcileError, RemoteError
from pcreconcile.partner_center.pacing import PUBLISHED_INTERVAL, bucket_of
from pcreconcile.partner_center.session import Received, Request
from pcreconcile.partner_center.tokens import Identity
from tests.partner_center.bench import Bench, HeldClock, StubTokens, in_turn, page, reply

THROTTLED = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}
WRITE = Request("PATCH", "/v1/customers/x", body={"a": 1}, identity=Identity.USER)


def run(bench: Bench, path: str = "/v1/customers") -> Received:
    return asyncio.run(bench.session.read(path))


def refused(bench: Bench) -> PcreconcileError:
    with pytest.raises(PcreconcileError) as caught:
        run(bench)
    return caught.value


RETRIED: dict[str, tuple[list[Any], list[float]]] = {
    "503": ([reply(None, 503), reply(page())], [0.375]),
    "500 with a code": ([reply({"code": 800003}, 500), reply(page())], [0.375]),
    "408": ([reply(None, 408), reply(page())], [0.375]),
    "connection refused": ([httpx.ConnectError("x"), reply(page())], [0.375]),
    "time-out twice": ([httpx.ReadTimeout("x"), httpx.ReadTimeout("x"), reply(page())], [0.375, 0.75]),
    "a cut body": ([reply('{"items": ['), reply(page())], [0.375]),
    "429 with Retry-After": ([reply(THROTTLED, 429, {"Retry-After": "7"}), reply(page())], [7.0]),
    "429 with a date": (
        [
            reply(None, 429, {"Retry-After": "Sun, 22 Nov 2026 12:01:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}),
            reply(page()),
        ],
        [60.0],
    ),
    "429 with the gateway's text": ([reply(THROTTLED, 429), reply(page())], [57.0]),
    "429 without a word": ([reply(None, 429), reply(page())], [0.375]),
    "503 with Retry-After": ([reply(None, 503, {"Retry-After": "11"}), reply(page())], [11.0]),
}


@pytest.mark.parametrize(("answers", "waits"), RETRIED.values(), ids=RETRIED)
def test_a_read_is_tried_again(answers: list[Any], waits: list[float]) -> None:
    bench = Bench(in_turn(*answers))
    assert run(bench).value == page()
    assert bench.clock.now - 1000.0 == sum(waits)
    assert len({request.headers["ms-requestid"] for request in bench.sent}) == 1
    assert len({request.headers["ms-correlationid"] for request in bench.sent}) == 1


GIVEN_UP = {
    "500 four times": ([reply(None, 500)] * 9, NoAnswer, 4),
    "unreachable": ([httpx.ConnectError("x")] * 9, NoAnswer, 4),
    "throttled for good": ([reply(None, 429, {"Retry-After": "1"})] * 30, RemoteError, 10),
    "asked to wait for an hour": ([reply(None, 429, {"Retry-After": "3600"})] * 3, OutOfTime, 1),
    "400": ([reply({"code": 1}, 400)] * 3, RemoteError, 1),
    "409": ([reply({"code": 900278}, 409)] * 3, RemoteError, 1),
    "401 twice": ([reply({"code": 400}, 401)] * 3, AuthenticationError, 2),
    "401 without multi-factor": ([reply({"code": 900421}, 401)] * 3, AuthenticationError, 1),
    "401 for a retired audience": ([reply({"code": "900420"}, 401)] * 3, AuthenticationError, 1),
}


@pytest.mark.parametrize(("answers", "kind", "tries"), GIVEN_UP.values(), ids=GIVEN_UP)
def test_a_read_is_given_up(answers: list[Any], kind: type[PcreconcileError], tries: int) -> None:
    bench = Bench(in_turn(*answers))
    assert type(refused(bench)) in {kind, *kind.__subclasses__()}
    assert len(bench.sent) == tries


def test_a_401_renews_the_token_once() -> None:
    bench = Bench(in_turn(reply(None, 401), reply(page())))
    run(bench)
    assert [request.headers["authorization"] for request in bench.sent] == [
        "Bearer token-app-only-0",
        "Bearer token-app-only-1",
    ]


def test_retry_after_holds_back_every_caller_of_the_bucket_and_no_other() -> None:
    def script(_request: httpx.Request) -> httpx.Response:
        return reply(None, 429, {"Retry-After": "30"}) if len(bench.sent) == 1 else reply(page())

    clock = HeldClock()
    bench = Bench(script, clock=clock)

    async def story() -> list[int]:
        reads = [asyncio.create_task(bench.session.read("/v1/customers/a/orders"))]
        await clock.advance(0)
        reads += [asyncio.create_task(bench.session.read(f"/v1/customers/{name}/orders")) for name in "bc"]
        reads += [asyncio.create_task(bench.session.read("/v1/customers/a/subscriptions"))]
        sent = []
        for seconds in (0.0, 29.0, 0.9, 0.1):
            await clock.advance(seconds)
            sent.append(len(bench.sent))
        await asyncio.gather(*reads)
        return sent

    assert asyncio.run(story()) == [2, 2, 2, 5]
    assert bench.paths[1].endswith("/subscriptions")


def test_a_bucket_never_lets_more_than_the_published_500_a_minute_through() -> None:
    bench = Bench(lambda _request: reply(page()), interval=PUBLISHED_INTERVAL)
    bucket = bench.session._buckets.of("/v1/customers")
    times: list[float] = []

    async def story() -> None:
        for _ in range(1500):
            await bucket.admit()
            times.append(bench.clock.now)

    asyncio.run(story())
    assert times[99] == 1000.0
    assert max(sum(1 for time in times if start <= time < start + 60.0) for start in times) <= 501
    assert times[-1] - times[0] < 220.0


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/v1/customers?size=500", "customers"),
        ("/v1/customers/x", "customers"),
        ("/v1/customers/x/subscriptions/y/azureEntitlements", "subscriptions"),
        ("/v1/customers/x/Orders/y", "orders"),
        ("/v1/customers/x/entitlements?showExpiry=true", "entitlements"),
    ],
)
def test_which_limit_a_path_counts_against(path: str, bucket: str) -> None:
    assert bucket_of(path) == bucket


def test_what_refuses_app_only_is_read_as_the_user() -> None:
    bench = Bench(in_turn(reply({"code": "900329"}, 403), reply(page())))
    run(bench)
    assert bench.tokens.got == [Identity.APPLICATION, Identity.USER]


def test_without_a_user_the_refusal_of_app_only_says_what_to_do() -> None:
    error = refused(Bench(in_turn(reply({"code": "900329"}, 403)), tokens=StubTokens(users=0)))
    assert "credentials.refreshToken" in str(error)


def test_headers_of_a_read() -> None:
    bench = Bench(in_turn(reply(page())))
    run(bench)
    headers = bench.sent[0].headers
    assert headers["accept"] == "application/json"
    assert headers["ms-partnercenter-application"] == "pcreconcile-tests"
    assert headers["ms-requestid"] != headers["ms-correlationid"]
    assert "content-type" not in headers


ONE_TRY = {
    "500": (reply({"code": 800094}, 500), NoAnswer),
    "503": (reply(None, 503, {"Retry-After": "1"}), NoAnswer),
    "408": (reply(None, 408), NoAnswer),
    "time-out": (httpx.ReadTimeout("x"), NoAnswer),
    "connection lost": (httpx.RemoteProtocolError("x"), NoAnswer),
    "cut body of a 200": (reply('{"status":"dele'), NoAnswer),
    "HTML in a 200": (reply("<html>welcome</html>"), NoAnswer),
    "400": (reply({"code": 900117}, 400), RemoteError),
    "403": (reply({"code": 900115}, 403), RemoteError),
    "409": (reply({"code": 900278}, 409), RemoteError),
    "417": (reply({"code": 800036}, 417), RemoteError),
    "429": (reply(None, 429, {"Retry-After": "9"}), RemoteError),
    "302": (reply(None, 302, {"Location": "/"}), RemoteError),
}


@pytest.mark.parametrize(("answer", "kind"), ONE_TRY.values(), ids=ONE_TRY)
def test_a_write_is_sent_once(answer: Any, kind: type[PcreconcileError]) -> None:
    bench = Bench(lambda _request: answer)
    with pytest.raises(kind) as caught:
        asyncio.run(bench.session.write(WRITE, "request-1"))
    assert len(bench.sent) == 1
    assert caught.value.request_id == "request-1"  # type: ignore[attr-defined]
    assert bench.clock.slept == []


@pytest.mark.parametrize(
    "answer",
    [
        reply(None, 204),
        reply(None, 202, {"Location": "/customers/x"}),
        reply(""),
        reply(b"\xef\xbb\xbf"),
        reply({"Id": None, "RelationshipToPartner": "none"}),
        reply("\ufeff{}"),
        reply("null"),
    ],
)
def test_what_counts_as_a_yes(answer: httpx.Response) -> None:
    bench = Bench(in_turn(answer))
    assert asyncio.run(bench.session.write(WRITE, "request-1")).status == answer.status_code


def test_a_write_after_a_401_goes_out_again_under_the_same_id_and_a_new_token() -> None:
    bench = Bench(in_turn(reply({"code": 400}, 401), reply({})))
    asyncio.run(bench.session.write(WRITE, "request-1"))
    assert [request.headers["ms-requestid"] for request in bench.sent] == ["request-1", "request-1"]
    assert bench.tokens.renewed == 1
    assert bench.sent[1].headers["content-type"] == "application/json"


def test_429_of_a_write_tells_how_long_to_wait() -> None:
    bench = Bench(in_turn(reply(None, 429, {"Retry-After": "9"})))
    with pytest.raises(RemoteError) as caught:
        asyncio.run(bench.session.write(WRITE, "request-1"))
    assert caught.value.retry_after == 9.0


def test_a_token_that_the_service_repeats_is_not_told() -> None:
    bench = Bench(in_turn(reply({"code": 1, "description": "bad header Bearer token-app-only-0"}, 400)))
    assert "[token]" in str(refused(bench))
    assert "token-app" not in str(refused(Bench(in_turn(reply("token-app-only-0", 403)))))
