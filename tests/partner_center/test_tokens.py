"""Tokens through msal, with the login service scripted: how often it is asked, and what it never gives away."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import traceback
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from pcreconcile.model.errors import AuthenticationError, ConfigurationError, PcreconcileError
from pcreconcile.partner_center.credentials import Secrets
from pcreconcile.partner_center.endpoints import Addresses
from pcreconcile.partner_center.login_http import LoginHttp
from pcreconcile.partner_center.tokens import Identity, Tokens
from pcreconcile.partner_center.transport import LoginTransport
from tests.partner_center.bench import PARTNER, reply

SECRET = "s3cr3t-value-of-the-client"
REFRESH = "r3fr3sh-token-of-the-user"
AUDIENCE = "https://api.partnercenter.microsoft.com"
GIVEN = Addresses("http://127.0.0.1:1", "http://127.0.0.1:1/login", AUDIENCE, given=True, loopback=True)


def jwt(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.signature"


class Login:
    """A login service. `answers` are given in turn, the last one for good."""

    def __init__(self, *answers: Any, refresh_token: str | None = REFRESH, addresses: Addresses = GIVEN) -> None:
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.now = 0.0
        self._answers = list(answers)
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        http = LoginHttp(LoginTransport(client), addresses, self.slept.append)
        secrets = Secrets("client", SECRET, refresh_token, tuple(filter(None, (SECRET, refresh_token))))
        self.tokens = Tokens(PARTNER, secrets, addresses, http, lambda: self.now)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else reply(answer)

    @property
    def forms(self) -> list[dict[str, str]]:
        return [{name: values[0] for name, values in parse_qs(each.content.decode()).items()} for each in self.requests]


def granted(number: int = 1, **members: Any) -> dict[str, Any]:
    return {"token_type": "Bearer", "expires_in": 3600, "access_token": f"access-{number}", **members}


def refused(code: int, text: str) -> httpx.Response:
    body = {
        "error": "invalid_client",
        "error_description": f"AADSTS{code}: {text}\r\nTrace ID: 1",
        "error_codes": [code],
    }
    return reply(body, 401)


def test_fifty_callers_cause_one_request_with_the_documented_form() -> None:
    login = Login(granted())

    async def story() -> list[str]:
        tokens = await asyncio.gather(*(login.tokens.get(Identity.APPLICATION) for _ in range(50)))
        return [token.value for token in tokens]

    assert set(asyncio.run(story())) == {"access-1"}
    assert [str(request.url) for request in login.requests] == [f"http://127.0.0.1:1/login/{PARTNER}/oauth2/v2.0/token"]
    form = login.forms[0]
    assert (form["grant_type"], form["client_id"], form["client_secret"]) == ("client_credentials", "client", SECRET)
    assert form["scope"] == f"{AUDIENCE}/.default"


def test_fifty_callers_with_one_rejected_token_share_the_next() -> None:
    login = Login(granted(1), granted(2), granted(3))

    async def story() -> set[str]:
        first = await login.tokens.get(Identity.APPLICATION)
        renewed = await asyncio.gather(*(login.tokens.renew(Identity.APPLICATION, first) for _ in range(50)))
        return {token.value for token in renewed}

    assert asyncio.run(story()) == {"access-2"}
    assert len(login.requests) == 2


def test_a_token_is_renewed_five_minutes_before_its_end() -> None:
    login = Login(granted(1, expires_in="3600"), granted(2))

    async def story(*hours: float) -> list[str]:
        values = []
        for login.now in hours:
            values.append((await login.tokens.renew_if_due()).value)
        return values

    async def get() -> Any:
        return await login.tokens.get(Identity.USER)

    login.tokens.renew_if_due = get  # type: ignore[attr-defined]
    assert asyncio.run(story(0.0, 3299.0, 3301.0)) == ["access-1", "access-1", "access-2"]


def test_a_rotated_refresh_token_is_used_next_time() -> None:
    login = Login(granted(1, refresh_token="rotated"), granted(2))

    async def story() -> None:
        first = await login.tokens.get(Identity.USER)
        await login.tokens.renew(Identity.USER, first)

    asyncio.run(story())
    assert [form["refresh_token"] for form in login.forms] == [REFRESH, "rotated"]
    assert login.forms[0]["grant_type"] == "refresh_token"
    assert f"{AUDIENCE}/.default" in login.forms[0]["scope"]
    assert "rotated" not in login.tokens.conceal("it was rotated")


FAILURES: dict[str, tuple[list[Any], Identity, str]] = {
    "wrong secret": ([refused(7000215, f"Invalid client secret {SECRET}")], Identity.APPLICATION, "AADSTS7000215"),
    "expired refresh token": ([refused(700082, f"expired {REFRESH}")], Identity.USER, "store the new refresh token"),
    "unreachable": ([httpx.ConnectError(f"x {SECRET}")], Identity.APPLICATION, "no usable answer"),
    "500": ([reply(f"oops {SECRET}", 500)], Identity.APPLICATION, "HTTP 500"),
    "HTML": ([reply(f"<html>{SECRET}")], Identity.APPLICATION, "HTTP 200"),
    "a list": ([reply([SECRET])], Identity.APPLICATION, "HTTP 200"),
    "no token in it": ([{"token_type": "Bearer"}], Identity.APPLICATION, "no token in the answer"),
    "a token that is no text": ([granted(access_token=5)], Identity.APPLICATION, ""),
    "a token with a line end": ([granted(access_token="a\r\nX: y")], Identity.APPLICATION, "no token"),
    "no multi-factor claim": ([granted(access_token=jwt(amr=["pwd"]))], Identity.USER, "multi-factor"),
    "an ID token that is none": ([granted(id_token=f"{REFRESH}.x.y")], Identity.USER, "cannot be used"),
}


@pytest.mark.parametrize(("answers", "identity", "text"), FAILURES.values(), ids=FAILURES)
def test_a_refusal_says_what_to_do_and_no_secret(
    answers: list[Any], identity: Identity, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login = Login(*answers)
    with pytest.raises(AuthenticationError) as caught:
        asyncio.run(login.tokens.get(identity))
    assert text in str(caught.value)
    told = (
        "".join(traceback.format_exception(caught.value))
        + repr(caught.value.__dict__)
        + caplog.text
        + repr(login.tokens)
    )
    assert SECRET not in told
    assert REFRESH not in told
    assert "Trace ID" not in str(caught.value)


def test_a_token_with_the_claim_or_without_any_is_taken() -> None:
    for value in (jwt(amr=["pwd", "mfa"]), jwt(sub="x"), "a.b.c", "opaque"):
        assert asyncio.run(Login(granted(access_token=value)).tokens.get(Identity.USER)).value == value


def test_the_login_service_is_asked_again_while_it_does_not_answer() -> None:
    login = Login(httpx.ReadError("x"), reply(None, 429, {"Retry-After": "7"}), granted())
    assert asyncio.run(login.tokens.get(Identity.APPLICATION)).value == "access-1"
    assert login.slept == [0.5, 7.0]


def test_app_plus_user_needs_a_refresh_token() -> None:
    login = Login(granted(), refresh_token=None)
    with pytest.raises(ConfigurationError, match=r"credentials\.refreshToken"):
        asyncio.run(login.tokens.get(Identity.USER))
    assert login.requests == []
    assert not login.tokens.has_user


def test_a_known_cloud_is_discovered_at_its_own_authority() -> None:
    authority = f"https://login.microsoftonline.us/{PARTNER}"
    discovery = {
        "issuer": authority,
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
    }
    gov = Addresses(AUDIENCE, "https://login.microsoftonline.us", AUDIENCE, given=False, loopback=False)
    login = Login(discovery, granted(), addresses=gov)
    asyncio.run(login.tokens.get(Identity.APPLICATION))
    assert [request.url.host for request in login.requests] == ["login.microsoftonline.us"] * 2


def test_a_tenant_that_the_login_service_does_not_know() -> None:
    gov = Addresses(AUDIENCE, "https://login.microsoftonline.us", AUDIENCE, given=False, loopback=False)
    login = Login(reply({"error": "invalid_tenant"}, 400), addresses=gov)
    with pytest.raises(PcreconcileError, match="does not know the tenant"):
        asyncio.run(login.tokens.get(Identity.APPLICATION))


def test_a_bad_certificate_is_a_configuration_error_without_its_text() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"
    login = Login(granted())
    login.tokens._secrets = Secrets("client", {"private_key": pem, "public_certificate": pem}, None)
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(login.tokens.get(Identity.APPLICATION))
    assert "nonsense" not in "".join(traceback.format_exception(caught.value))
