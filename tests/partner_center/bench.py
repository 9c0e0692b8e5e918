"""A wire to test on: what the service answers is scripted, what it was sent is kept, and time moves when asked to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
import msgspec

from pcreconcile.partner_center.endpoints import Audience
from pcreconcile.partner_center.pacing import UNPACED, Buckets
from pcreconcile.partner_center.service import PartnerCenter
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.time_budget import Timing
from pcreconcile.partner_center.tokens import AccessToken, Identity
from pcreconcile.partner_center.transport import Transport

PARTNER = "9f10aa00-0000-4000-8000-0000000000aa"
TENANT = "6b2e0b0c-0000-4000-8000-000000000011"
OTHER = "6b2e0b0c-0000-4000-8000-000000000012"
BASE = "http://127.0.0.1:1"

Answer = httpx.Response | Exception
Script = Callable[[httpx.Request], Answer]


def reply(body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """An answer; bytes and text go out as they are, anything else as JSON."""
    if body is None:
        return httpx.Response(status, headers=headers)
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return httpx.Response(status, headers=headers, content=content)


def on_the_wire(answer: httpx.Response) -> httpx.Response:
    """The same answer with its bytes still to come, as they come over a socket."""

    async def content() -> AsyncIterator[bytes]:
        yield answer.content

    return httpx.Response(answer.status_code, headers=answer.headers, content=content())


def page(*items: Any, **members: Any) -> dict[str, Any]:
    """A collection's page."""
    return {"totalCount": len(items), "items": list(items), **members}


def next_link(uri: str, **headers: str) -> dict[str, Any]:
    """`links` with a next page."""
    pairs = [{"key": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    return {"next": {"uri": uri, "method": "GET", "headers": pairs}}


def customer(tenant: str = TENANT, **members: Any) -> dict[str, Any]:
    """A customer of the list."""
    profile = {"tenantId": tenant, "domain": "harbor.example", "companyName": "Harbor"}
    return {"id": tenant, "companyProfile": profile, "relationshipToPartner": "reseller", **members}


class MovedClock:
    """Monotonic time that jumps to the end of every sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)

    @property
    def timing(self) -> Timing:
        return Timing(monotonic=lambda: self.now, sleep=self.sleep, chance=lambda: 0.5)


class HeldClock(MovedClock):
    """Monotonic time that only `advance` moves; sleepers wake when their time has come."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._sleepers.append((self.now + seconds, woken))
        await woken.wait()

    async def advance(self, seconds: float) -> None:
        """Let time pass and everything that is due run until it waits again."""
        self.now += seconds
        for _ in range(100):
            for until, woken in self._sleepers:
                if until <= self.now:
                    woken.set()
            await asyncio.sleep(0)


class StubTokens:
    """Tokens without a login service; renewing counts."""

    def __init__(self, *, users: int = 1) -> None:
        self.has_user = users > 0
        self.renewed = 0
        self.got: list[Identity] = []
        self.beyond: list[tuple[Identity, Audience]] = []
        self.tenants: list[str | None] = []
        self.refused: list[Identity] = []

    async def get(
        self, identity: Identity, audience: Audience = Audience.PARTNER_CENTER, tenant: str | None = None
    ) -> AccessToken:
        self.tenants.append(tenant)
        if audience is Audience.PARTNER_CENTER:
            self.got.append(identity)
        else:
            self.beyond.append((identity, audience))
        return AccessToken(f"token-{identity.value}-{self.renewed}", 1e9)

    async def renew(
        self,
        identity: Identity,
        rejected: AccessToken,
        audience: Audience = Audience.PARTNER_CENTER,
        tenant: str | None = None,
    ) -> AccessToken:
        self.renewed += 1
        return await self.get(identity, audience, tenant)

    def refuse(self, error: Exception, identity: Identity, audience: Audience, tenant: str | None) -> None:
        self.refused.append(identity)

    def conceal(self, text: str) -> str:
        return text.replace("token-", "[token]")


class Bench:
    """A client whose requests are answered by `script`; `sent` holds them."""

    def __init__(
        self,
        script: Script,
        *,
        tokens: StubTokens | None = None,
        interval: float = UNPACED,
        clock: MovedClock | None = None,
    ) -> None:
        self.sent: list[httpx.Request] = []
        self.clock = clock or MovedClock()
        self.tokens = tokens or StubTokens()
        self._script = script
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        numbers = iter(range(10_000))
        self.session = Session(
            BASE,
            Transport(client),
            self.tokens,  # type: ignore[arg-type]
            Buckets(self.clock.timing, interval),
            self.clock.timing,
            "pcreconcile-tests",
            new_id=lambda: f"id-{next(numbers)}",
        )
        graph = self.session.beside(f"{BASE}/graph", Audience.GRAPH)
        management = self.session.beside(f"{BASE}/management", Audience.MANAGEMENT)
        self.partner_center = PartnerCenter(PARTNER, self.session, self.tokens, graph, management)  # type: ignore[arg-type]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self._script(request)
        if isinstance(answer, Exception):
            raise answer
        return on_the_wire(answer)

    @property
    def paths(self) -> list[str]:
        return [request.url.raw_path.decode() for request in self.sent]


def in_turn(*answers: Answer) -> Script:
    """One answer after the other."""
    rest = iter(answers)
    return lambda _request: next(rest)


def by_path(**answers: Any) -> Script:
    """Answers by the last part of the path (`customer` for a customer by ID); an empty collection for the rest."""

    def script(request: httpx.Request) -> Answer:
        last = request.url.path.rsplit("/", 1)[-1]
        found = answers.get("customer" if last in {TENANT, OTHER} else last, page())
        return found if isinstance(found, httpx.Response | Exception) else reply(found)

    return script


class Order(msgspec.Struct, frozen=True):
    """A write request, as applying's port shapes it."""

    kind: Any
    target_type: str
    target_id: str
    fields: dict[str, Any]
    wanted: dict[str, Any] = {}
    parent_id: str | None = None
    tenant_id: Any = TENANT
    request_id: Any = "11111111-0000-4000-8000-000000000001"
