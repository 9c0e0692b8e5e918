"""What `doctor` makes of tokens and answers that the simulator does not give: wrong audiences, roles, failing reads."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Partner
from pcreconcile.partner_center.check import Check
from pcreconcile.partner_center.endpoints import addresses_of
from pcreconcile.partner_center.token_checks import TokenChecks
from pcreconcile.partner_center.tokens import AccessToken, Identity
from pcreconcile.partner_center.trust import Trust
from tests.partner_center.bench import PARTNER, Bench, StubTokens, by_path, customer, page, reply
from tests.partner_center.test_tokens import jwt

OURS = "https://api.partnercenter.microsoft.com"
COMMERCIAL = addresses_of(Partner("p", TenantId(PARTNER), Cloud.COMMERCIAL), Trust())


class Told(StubTokens):
    """Tokens with claims."""

    def __init__(self, **claims: Any) -> None:
        super().__init__()
        self._claims = {"aud": OURS, "amr": ["mfa"], "exp": 1795360000, **claims}

    async def get(self, identity: Identity, *_: Any) -> AccessToken:
        return AccessToken(jwt(**self._claims), 1e9)


def looked(script: Any, **claims: Any) -> dict[str, Check]:
    bench = Bench(script, tokens=Told(**claims))
    checks = TokenChecks(COMMERCIAL, bench.session, bench.tokens)  # type: ignore[arg-type]

    async def story() -> list[Check]:
        return [each async for each in checks.tokens()] + [each async for each in checks.calls()]

    return {check.name: check for check in asyncio.run(story())}


WELL = by_path(customers=page(customer()), customer=customer(), relationshiprequests={"url": "https://x"})


@pytest.mark.parametrize(
    ("audience", "level"),
    [
        (OURS, "ok"),
        (f"{OURS}/", "ok"),
        ("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", "ok"),
        ("https://graph.windows.net", "fail"),
        ("https://graph.microsoft.com", "fail"),
    ],
)
def test_the_audience_of_both_tokens(audience: str, level: str) -> None:
    found = looked(WELL, aud=audience)
    assert {found["app-only token"].level.value, found["App+User token"].level.value} == {level}


def test_who_it_is_and_as_what() -> None:
    roles = ["62e90394-69f5-4237-9190-012177145e10", "some-other-role"]
    told = looked(WELL, upn="jo@contoso.example", wids=roles)["App+User token"].told
    assert told.startswith("jo@contoso.example, with the MFA claim, roles Global Administrator, some-other-role, ")
    assert "expires 2026-11-22" in told


@pytest.mark.parametrize(
    ("header", "body", "level", "told"),
    [
        ("true", None, "ok", "is true (header)"),
        ("False", None, "fail", "is false (header)"),
        (None, True, "ok", "is true (body)"),
        (None, False, "fail", "is false (body)"),
        ("true", False, "fail", "is false (header, body)"),
        (None, None, "ok", "does not say"),
    ],
)
def test_the_services_own_word_on_mfa(header: str | None, body: bool | None, level: str, told: str) -> None:
    def script(request: httpx.Request) -> httpx.Response:
        if request.headers.get("validatemfa") != "true":
            return WELL(request)  # type: ignore[return-value]
        headers = {} if header is None else {"isMfaCompliant": header}
        return reply(page(customer(), **({} if body is None else {"IsMfaCompliant": body})), headers=headers)

    check = looked(script)["MFA self test"]
    assert (check.level.value, told in check.told) == (level, True)


def test_a_list_that_does_not_end_and_reads_that_are_refused() -> None:
    refused = reply({"code": 900150, "description": "no rights"}, 403)
    endless = page(customer(), links={"next": {"uri": "/customers?size=500"}})
    found = looked(by_path(customers=endless, customer=refused, relationshiprequests=refused))
    assert found["customers list"].level.value == "fail"
    assert found["customer by ID"].remedy.endswith("partner admin: give it the Admin agent role")
    assert found["App+User read"].told.startswith("HTTP 403/900150: no rights")
