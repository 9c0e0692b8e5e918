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
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Endpoints, Partner
from pcreconcile.partner_center.applications import Applications
from pcreconcile.partner_center.credentials import Secrets
from pcreconcile.partner_center.endpoints import Addresses, Audience, addresses_of
from pcreconcile.partner_center.login_http import LoginHttp
from pcreconcile.partner_center.refresh_tokens import Persistence, RefreshTokens
from pcreconcile.partner_center.tokens import Identity, Tokens
from pcreconcile.partner_center.transport import LoginTransport
from pcreconcile.partner_center.trust import Trust
from pcreconcile.partner_center.veil import Veil
from tests.partner_center.bench import OTHER, PARTNER, TENANT, on_the_wire, reply

SECRET = "s3cr3t-value-of-the-client"
REFRESH = "r3fr3sh-token-of-the-user"
AUDIENCE = "https://api.partnercenter.microsoft.com"
GIVEN = addresses_of(
    Partner(
        "p",
        TenantId(PARTNER),
        Cloud.CUSTOM,
        Endpoints("http://127.0.0.1:1", "http://127.0.0.1:1/login", "http://127.0.0.1:1/g", "http://127.0.0.1:1/m"),
    ),
    Trust(),
)
GOV = addresses_of(Partner("p", TenantId(PARTNER), Cloud.US_GOV), Trust())


def jwt(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.signature"


class Login:
    """A login service. `answers` are given in turn, the last one for good."""

    def __init__(
        self,
        *answers: Any,
        refresh_token: str | None = REFRESH,
        addresses: Addresses = GIVEN,
        kept: Persistence | None = None,
        credential: Any = SECRET,
    ) -> None:
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.now = 0.0
        self._answers = list(answers)
        wire = httpx.MockTransport(self._answer)
        http = LoginHttp(LoginTransport(lambda: httpx.AsyncClient(transport=wire)), addresses, sleep=self.slept.append)
        secrets = Secrets("client", credential, refresh_token, Veil([SECRET, refresh_token or ""]))
        applications = Applications(PARTNER, secrets, addresses, http)
        store = RefreshTokens(PARTNER, "client", kept, "a test's memory", "it is lost")
        self.tokens = Tokens(secrets, addresses, applications, store, lambda: self.now)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return on_the_wire(answer if isinstance(answer, httpx.Response) else reply(answer))

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


def test_fifty_callers_redeem_one_refresh_token_once() -> None:
    login = Login(granted(refresh_token="rotated"))

    async def story() -> set[str]:
        tokens = await asyncio.gather(*(login.tokens.get(Identity.USER) for _ in range(50)))
        return {token.value for token in tokens}

    assert asyncio.run(story()) == {"access-1"}
    assert len(login.requests) == 1


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
    "expired refresh token": ([refused(700082, f"expired {REFRESH}")], Identity.USER, "store a new refresh token"),
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
    login = Login(discovery, granted(), addresses=GOV)
    asyncio.run(login.tokens.get(Identity.APPLICATION))
    assert [request.url.host for request in login.requests] == ["login.microsoftonline.us"] * 2


def test_a_tenant_that_the_login_service_does_not_know() -> None:
    login = Login(reply({"error": "invalid_tenant"}, 400), addresses=GOV)
    with pytest.raises(PcreconcileError, match="does not know the tenant"):
        asyncio.run(login.tokens.get(Identity.APPLICATION))


class Store:
    """A keyring."""

    def __init__(self, *content: str, problem: Exception | None = None) -> None:
        self.content = list(content)
        self.problem = problem

    def load(self) -> str:
        if self.problem:
            raise self.problem
        if not self.content:
            raise FileNotFoundError(2, "none yet")
        return self.content[-1]

    def save(self, content: str) -> None:
        if self.problem:
            raise self.problem
        self.content.append(content)


def kept_record(token: str = "kept", tenant: str = PARTNER, client: str = "CLIENT") -> str:
    return json.dumps({"tenantId": tenant, "clientId": client, "refreshToken": token, "formatVersion": 1})


def asked_with(login: Login) -> list[str]:
    asyncio.run(login.tokens.get(Identity.USER))
    return [form["refresh_token"] for form in login.forms]


def test_a_rotated_token_is_kept_for_the_next_process() -> None:
    store = Store()
    assert asked_with(Login(granted(refresh_token="rotated-1"), kept=store)) == [REFRESH]
    assert asked_with(Login(granted(refresh_token="rotated-2"), kept=store)) == ["rotated-1"]
    assert [json.loads(content)["refreshToken"] for content in store.content] == ["rotated-1", "rotated-2"]


GONE = {"error": "invalid_grant", "error_description": "AADSTS700082: gone"}
WHO_IS_ASKED: dict[str, tuple[list[Any], Store, list[str]]] = {
    "kept before configured": ([granted()], Store(kept_record()), ["kept"]),
    "of another client": ([granted()], Store(kept_record(client="other")), [REFRESH]),
    "of another tenant": ([granted()], Store(kept_record(tenant="x")), [REFRESH]),
    "damaged": ([granted()], Store("{"), [REFRESH]),
    "a locked keyring": ([granted()], Store(problem=RuntimeError("locked")), [REFRESH]),
    "kept one refused": ([reply(GONE, 400), granted()], Store(kept_record()), ["kept", REFRESH]),
    "kept one without the claim": (
        [granted(access_token=jwt(amr=["pwd"])), granted()],
        Store(kept_record()),
        ["kept", REFRESH],
    ),
    "the same twice": ([granted()], Store(kept_record(REFRESH)), [REFRESH]),
}


@pytest.mark.parametrize(("answers", "store", "asked"), WHO_IS_ASKED.values(), ids=WHO_IS_ASKED)
def test_which_refresh_token_is_redeemed(answers: list[Any], store: Store, asked: list[str]) -> None:
    assert asked_with(Login(*answers, kept=store)) == asked


def test_a_wrong_secret_refuses_every_refresh_token_alike() -> None:
    login = Login(refused(7000215, "wrong"), kept=Store(kept_record()))
    with pytest.raises(AuthenticationError, match="AADSTS7000215"):
        asyncio.run(login.tokens.get(Identity.USER))
    assert len(login.requests) == 1


def test_a_kept_token_alone_is_enough_for_app_plus_user() -> None:
    login = Login(granted(), refresh_token=None, kept=Store(kept_record()))
    assert login.tokens.has_user
    assert asked_with(login) == ["kept"]


def test_without_a_place_rotation_is_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    login = Login(granted(1, refresh_token="r1"), granted(2, refresh_token="r2"))

    async def story() -> None:
        await login.tokens.renew(Identity.USER, await login.tokens.get(Identity.USER))

    asyncio.run(story())
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == ["it is lost"]


def test_a_token_of_the_device_flow_is_redeemed_as_a_public_client() -> None:
    public = {"error": "invalid_client", "error_description": "AADSTS700025: Client is public"}
    login = Login(reply(public, 401), granted())
    assert asyncio.run(login.tokens.get(Identity.USER)).value == "access-1"
    assert ["client_secret" in form for form in login.forms] == [True, False]


@pytest.mark.parametrize(
    ("addresses", "audience", "scope"),
    [
        (GIVEN, Audience.PARTNER_CENTER, "https://api.partnercenter.microsoft.com/.default"),
        (GIVEN, Audience.GRAPH, "https://graph.microsoft.com/.default"),
        (GIVEN, Audience.MANAGEMENT, "https://management.azure.com/.default"),
    ],
)
def test_each_audience_has_a_token_of_its_own(addresses: Addresses, audience: Audience, scope: str) -> None:
    login = Login(granted(1), granted(2))

    async def story() -> list[str]:
        first = await login.tokens.get(Identity.APPLICATION, audience)
        other = next(each for each in Audience if each is not audience)
        second = await login.tokens.get(Identity.APPLICATION, other)
        again = await login.tokens.get(Identity.APPLICATION, audience)
        return [first.value, second.value, again.value]

    assert asyncio.run(story()) == ["access-1", "access-2", "access-1"]
    assert login.forms[0]["scope"].split()[0] == scope


def test_an_assertion_is_obtained_for_each_token_request_and_never_shown() -> None:
    numbers = iter("abc")
    login = Login(granted(1), granted(2), credential={"client_assertion": lambda: f"assertion-{next(numbers)}"})

    async def story() -> None:
        await login.tokens.renew(Identity.APPLICATION, await login.tokens.get(Identity.APPLICATION))

    asyncio.run(story())
    assert [form["client_assertion"] for form in login.forms] == ["assertion-a", "assertion-b"]


AZURE = (Identity.USER, Audience.MANAGEMENT)


def path_of(tenant: str) -> str:
    return f"/login/{tenant}/oauth2/v2.0/token"


def test_the_person_s_token_for_a_customer_s_azure_is_issued_in_the_customer_s_tenant() -> None:
    login = Login(granted())
    assert asyncio.run(login.tokens.get(*AZURE, TENANT)).value == "access-1"
    assert [request.url.path for request in login.requests] == [path_of(TENANT)]
    (form,) = login.forms
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", REFRESH)
    assert form["scope"].split()[0] == "https://management.azure.com/.default"


WHO_SHARES: dict[str, tuple[list[str | None], list[str]]] = {
    "fifty of one tenant": ([TENANT] * 50, [TENANT]),
    "whatever its letters": ([TENANT, TENANT.upper()], [TENANT]),
    "fifty of two tenants": ([TENANT, OTHER] * 25, [TENANT, OTHER]),
    "a customer and the partner": ([TENANT, None, TENANT, PARTNER], [TENANT, PARTNER]),
}


@pytest.mark.parametrize(("wanted", "asked"), WHO_SHARES.values(), ids=WHO_SHARES)
def test_one_request_for_each_tenant(wanted: list[str | None], asked: list[str]) -> None:
    login = Login(*(granted(number) for number in range(1, 9)))

    async def story() -> list[str]:
        tokens = await asyncio.gather(*(login.tokens.get(*AZURE, tenant) for tenant in wanted))
        return [token.value for token in tokens]

    values = asyncio.run(story())
    assert [request.url.path for request in login.requests] == [path_of(tenant) for tenant in asked]
    order = [(tenant or PARTNER).lower() for tenant in wanted]
    assert values == [f"access-{asked.index(tenant) + 1}" for tenant in order]


def test_a_rejected_token_is_renewed_where_it_was_issued() -> None:
    login = Login(granted(1), granted(2))

    async def story() -> None:
        await login.tokens.renew(Identity.USER, await login.tokens.get(*AZURE, TENANT), Audience.MANAGEMENT, TENANT)

    asyncio.run(story())
    assert [request.url.path for request in login.requests] == [path_of(TENANT)] * 2


# The tenants asked one after the other, each answer with a refresh token of its own -> what was redeemed, what is kept.
ROTATION: dict[str, tuple[list[str], list[str], list[str]]] = {
    "a customer's is not kept": ([TENANT, PARTNER], [REFRESH, REFRESH], ["issued-2"]),
    "the partner's is, and goes to customers": ([PARTNER, TENANT], [REFRESH, "issued-1"], ["issued-1"]),
    "customers never replace it": (
        [PARTNER, TENANT, OTHER, PARTNER],
        [REFRESH, "issued-1", "issued-1", "issued-1"],
        ["issued-1", "issued-4"],
    ),
}


@pytest.mark.parametrize(("tenants", "redeemed", "saved"), ROTATION.values(), ids=ROTATION)
def test_what_a_customer_s_tenant_issues_never_replaces_the_partner_s(
    tenants: list[str], redeemed: list[str], saved: list[str]
) -> None:
    store = Store()
    login = Login(*(granted(number, refresh_token=f"issued-{number}") for number in range(1, 6)), kept=store)

    async def story() -> None:
        for number, tenant in enumerate(tenants):
            login.now = number * 4000.0
            await login.tokens.get(*AZURE, tenant)

    asyncio.run(story())
    assert [form["refresh_token"] for form in login.forms] == redeemed
    assert [json.loads(content)["refreshToken"] for content in store.content] == saved
    assert login.tokens.conceal("issued-1 issued-2") == "[secret] [secret]", "whoever issued them"


def test_another_person_who_helps_in_a_customer_s_tenant_is_not_taken_for_the_partner_s_first() -> None:
    login = Login(reply(GONE, 400), granted(1), granted(2), kept=Store(kept_record()))

    async def story() -> None:
        await login.tokens.get(*AZURE, TENANT)
        await login.tokens.get(Identity.USER)

    asyncio.run(story())
    assert [form["refresh_token"] for form in login.forms] == ["kept", REFRESH, "kept"]


@pytest.mark.parametrize("code", [50020, 65001, 500213, 500212, 90072, 700016, 50105, 500011, 53003, 90002])
def test_a_customer_s_tenant_that_refuses_says_so_and_the_partner_s_goes_on(code: int) -> None:
    login = Login(refused(code, f"not you {REFRESH}"), granted())
    with pytest.raises(AuthenticationError) as caught:
        asyncio.run(login.tokens.get(*AZURE, TENANT))
    assert (caught.value.code, REFRESH in str(caught.value)) == (f"AADSTS{code}", False)
    assert f"in the customer's tenant {TENANT}: AADSTS{code}: not you" in caught.value.message
    assert "customer" in caught.value.remedy
    assert asyncio.run(login.tokens.get(Identity.USER)).value == "access-1"


def test_a_public_client_s_token_is_redeemed_in_the_customer_s_tenant_too() -> None:
    public = {"error": "invalid_client", "error_description": "AADSTS700025: Client is public"}
    login = Login(reply(public, 401), granted())
    assert asyncio.run(login.tokens.get(*AZURE, TENANT)).value == "access-1"
    assert [request.url.path for request in login.requests] == [path_of(TENANT)] * 2


def test_a_customer_s_tenant_that_the_cloud_does_not_know_is_a_refusal() -> None:
    login = Login(reply({"error": "invalid_tenant"}, 400), addresses=GOV)
    with pytest.raises(AuthenticationError, match=f"does not know the customer's tenant {TENANT}") as caught:
        asyncio.run(login.tokens.get(*AZURE, TENANT))
    assert "licensing desk" in caught.value.remedy
