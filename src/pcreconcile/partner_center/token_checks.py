"""What our tokens say of themselves, and what they can do: looked at with reads alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pcreconcile.model.credential import user_kinds
from pcreconcile.model.errors import PcreconcileError
from pcreconcile.model.estate import CustomerList
from pcreconcile.partner_center.check import Check, fail, failure, ok, warn
from pcreconcile.partner_center.claims import claims_of, has_mfa, user_of
from pcreconcile.partner_center.endpoints import Addresses, Audience
from pcreconcile.partner_center.reader import Reader, customer_path
from pcreconcile.partner_center.routes import Route, route
from pcreconcile.partner_center.session import HeaderPairs, Received, Session
from pcreconcile.partner_center.tokens import Identity, Tokens
from pcreconcile.partner_center.wire import find_name
from pcreconcile.partner_center.writer import WRITABLE

_PATIENCE = 60.0  # seconds for one check
_SERVICE_PRINCIPAL = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"  # Partner Center's own, as an audience (API facts, 1.1)
_ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "b79fbf4d-3ef9-4689-8143-76b194e85509": "directory member",
}
_VALIDATE_MFA: HeaderPairs = (("ValidateMfa", "true"),)
_COMPLIANT = "isMfaCompliant"
_NO_MFA = "sign in with multi-factor authentication: `pcreconcile login`, or store a new refresh token"
_SMALL = route("v1", "customers", query={"size": "1"})
_USERS_ONLY = route("v1", "customers", "relationshiprequests")


class TokenChecks:
    """Checks over one connection. Every check ends, by itself or after a minute, and none raises."""

    def __init__(self, addresses: Addresses, session: Session, tokens: Tokens) -> None:
        self._addresses = addresses
        self._session = session
        self._tokens = tokens
        self._reader = Reader(session)
        self._user_works = False

    async def tokens(self) -> AsyncIterator[Check]:
        """Both tokens, by their claims."""
        claims = await self._claims(Identity.APPLICATION)
        yield claims if isinstance(claims, Check) else self._application(claims)
        try:
            has_user = await asyncio.to_thread(lambda: self._tokens.has_user)
        except PcreconcileError as error:
            yield failure("App+User token", error)
            return
        if not has_user:
            needed = ", ".join(user_kinds(WRITABLE))
            told = f"there is no refresh token, so nobody can do {needed}"
            yield warn("App+User token", told, "set credentials.refreshToken, or run `pcreconcile login`")
            return
        claims = await self._claims(Identity.USER)
        self._user_works = not isinstance(claims, Check)
        yield claims if isinstance(claims, Check) else self._user(claims)

    async def calls(self) -> AsyncIterator[Check]:
        """What the tokens can do; `tokens` comes first."""
        listed = await self._listed()
        yield listed if isinstance(listed, Check) else _complete(listed)
        if isinstance(listed, CustomerList) and listed.customers:
            tenant_id = min(listed.customers)
            yield await self._read("customer by ID", customer_path(tenant_id), Identity.APPLICATION)
        if self._user_works:
            yield await self._self_test()
            yield await self._read("App+User read", _USERS_ONLY, Identity.USER)

    async def _claims(self, identity: Identity) -> Mapping[str, Any] | Check:
        try:
            async with asyncio.timeout(_PATIENCE):
                return claims_of((await self._tokens.get(identity)).value)
        except (PcreconcileError, TimeoutError) as error:
            return _failed(f"{identity.value} token", error)

    def _application(self, claims: Mapping[str, Any]) -> Check:
        return self._misdirected("app-only token", claims) or ok("app-only token", self._tokens.conceal(_told(claims)))

    def _user(self, claims: Mapping[str, Any]) -> Check:
        name = "App+User token"
        mfa = {True: "with the MFA claim", None: "it does not say whether with MFA"}.get(has_mfa(claims), "without MFA")
        told = f"{user_of(claims) or 'user unknown'}, {mfa}, {_roles(claims)}{_told(claims)}"
        needed = ", ".join(user_kinds(WRITABLE))
        return self._misdirected(name, claims) or ok(name, f"{self._tokens.conceal(told)}; for {needed}")

    def _misdirected(self, name: str, claims: Mapping[str, Any]) -> Check | None:
        wanted = self._addresses.audience(Audience.PARTNER_CENTER)
        audience = str(claims.get("aud") or "").rstrip("/")
        if audience in {"", wanted, _SERVICE_PRINCIPAL}:
            return None
        remedy = "check cloud and endpoints, and what stands between us and the login service"
        return fail(name, f"it is for {self._tokens.conceal(audience)[:100]}, not for {wanted}", remedy)

    async def _listed(self) -> CustomerList | Check:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._reader.customers()
        except (PcreconcileError, TimeoutError) as error:
            return _failed("customers list", error)

    async def _read(self, name: str, path: Route, identity: Identity) -> Check:
        try:
            async with asyncio.timeout(_PATIENCE):
                received = await self._session.read(path, identity=identity)
        except (PcreconcileError, TimeoutError) as error:
            return _failed(name, error)
        return ok(name, f"HTTP {received.status}")

    async def _self_test(self) -> Check:
        """The service's own word on the multi-factor claim, as a header, as a member, or not at all."""
        name = "MFA self test"
        try:
            async with asyncio.timeout(_PATIENCE):
                received = await self._session.read(_SMALL, _VALIDATE_MFA, Identity.USER)
        except (PcreconcileError, TimeoutError) as error:
            return _failed(name, error)
        said = _compliance(received)
        if not said:
            return ok(name, "the service does not say")
        if "false" in said.values():
            return fail(name, f"{_COMPLIANT} is false ({', '.join(said)})", _NO_MFA)
        return ok(name, f"{_COMPLIANT} is true ({', '.join(said)})")


def _compliance(received: Received) -> dict[str, str]:
    """What header and body say, in lower case, by where they say it."""
    value = received.value if isinstance(received.value, dict) else {}
    found = {"header": received.headers.get(_COMPLIANT.lower()), "body": value.get(find_name(value, _COMPLIANT) or "")}
    return {where: str(said).strip().lower() for where, said in found.items() if said is not None}


def _complete(listed: CustomerList) -> Check:
    read = listed.read
    if not read.complete:
        return fail("customers list", read.problem, "nothing is planned from an incomplete list; look again later")
    return ok("customers list", f"complete: {read.items} customers on {read.pages} pages")


def _failed(name: str, error: Exception) -> Check:
    if isinstance(error, PcreconcileError):
        return failure(name, error)
    return fail(name, f"no answer within {_PATIENCE:.0f} s", "look again later")


def _told(claims: Mapping[str, Any]) -> str:
    if not claims:
        return "an opaque token, which shows nothing"
    audience = str(claims.get("aud") or "unknown")
    return f"audience {audience}, expires {_instant(claims.get('exp'))}"


def _roles(claims: Mapping[str, Any]) -> str:
    """Directory roles, where the token lists them; membership of AdminAgents is no role and never shows."""
    roles = claims.get("wids")
    if not isinstance(roles, list) or not roles:
        return ""
    return f"roles {', '.join(_ROLES.get(str(role), str(role)) for role in roles[:10])}, "


def _instant(seconds: Any) -> str:
    try:
        return f"{datetime.fromtimestamp(float(seconds), UTC):%Y-%m-%d %H:%M} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return "unknown"
