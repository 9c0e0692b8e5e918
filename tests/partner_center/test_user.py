"""As whom App+User tokens speak."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from pcreconcile.model.errors import AuthenticationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center.service import PartnerCenter
from tests.partner_center.bench import PARTNER, Bench, in_turn
from tests.partner_center.test_tokens import Login, granted, jwt, refused

UPN = "desk@contoso.example"


def service(login: Login) -> PartnerCenter:
    session = Bench(in_turn()).session
    return PartnerCenter(TenantId(PARTNER), session, login.tokens, session, session)


def speaking(**claims: Any) -> dict[str, Any]:
    return granted(access_token=jwt(amr=["pwd", "mfa"], **claims))


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"upn": UPN, "email": "x@y.example"}, f"{UPN}, x@y.example"),
        ({"upn": UPN, "unique_name": UPN.upper(), "email": f"live.com#{UPN}"}, f"{UPN}, live.com#{UPN}"),
        ({"oid": "00000000-0000-4000-8000-000000000001"}, ""),
        ({"upn": "\u200b", "email": UPN}, UPN),
        ({"unique_name": UPN}, UPN),
        ({"preferred_username": UPN}, UPN),
        ({}, ""),
    ],
)
def test_the_token_says_it(claims: dict[str, Any], user: str) -> None:
    assert asyncio.run(service(Login(speaking(**claims))).user()) == user


@pytest.mark.parametrize(
    ("secret", "user"),
    [
        ("y", "admin@partner.onmicrosoft.com"),  # "onmicrosoft" is base64 of something that holds it
        ("y", "y@partner.example"),  # opens nothing that guessing would not
        ("com", "admin@partner.example.com"),
        ("rt-aaaa-bbbb", "admin@partner.example"),
        ("rt-aaaa-bbbb", "admin-rt@aaaa.example"),
    ],
)
def test_whom_a_token_names_is_never_masked(secret: str, user: str) -> None:
    assert asyncio.run(service(Login(speaking(upn=user), refresh_token=secret)).user()) == user


@pytest.mark.parametrize(
    "name",
    [
        "rt-aaaa-bbbb@partner.example",
        "admin@rt-aaaa-bbbb.example",
        "xrt-aaaa-bbbby@partner.example",
        "rt%2Daaaa%2Dbbbb@partner.example",
        "cnQtYWFhYS1iYmJi@partner.example",  # base64
        "[secret]@partner.example",
        "admin@partner.[Secret].com",
    ],
)
def test_a_name_that_holds_a_secret_is_nobody_s(name: str) -> None:
    """It would be journalled as it is, and a masked one would never be that of an approver."""
    assert asyncio.run(service(Login(speaking(upn=name), refresh_token="rt-aaaa-bbbb")).user()) == ""


def test_an_opaque_token_does_not_say_it() -> None:
    assert asyncio.run(service(Login(granted())).user()) == ""


def test_without_a_refresh_token_there_is_nobody_and_nothing_is_asked() -> None:
    login = Login(speaking(upn=UPN), refresh_token=None)
    assert asyncio.run(service(login).user()) is None
    assert login.requests == []


def test_a_token_that_is_there_is_not_asked_for_again() -> None:
    login = Login(granted(), speaking(upn=UPN))

    async def story() -> str | None:
        partner_center = service(login)
        await partner_center.authorise(frozenset({ActionKind.REMOVE_RELATIONSHIP}))
        asked = len(login.requests)
        user = await partner_center.user()
        assert len(login.requests) == asked
        return user

    assert asyncio.run(story()) == UPN


@pytest.mark.parametrize(
    "answer", [refused(700082, "expired"), granted(access_token=jwt(upn=UPN, amr=["pwd"]))], ids=["expired", "no MFA"]
)
def test_a_refresh_token_that_gives_no_token_is_nobody_s(answer: Any) -> None:
    assert asyncio.run(service(Login(answer)).user()) is None


def test_a_login_service_that_cannot_be_asked_is_an_error() -> None:
    login = Login(httpx.ConnectError("x"))
    with pytest.raises(AuthenticationError):
        asyncio.run(service(login).user())
