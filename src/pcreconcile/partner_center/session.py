"""Requests to Partner Center with a token, IDs, pacing and, for reads, retries.

Every read carries one MS-RequestId over all its tries; a write carries the one that the journal holds. The division of
answers is the heart of this module: a read that fails is tried again, a write either was refused (no effect) or may
have happened.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec

from pcreconcile.model.correlation import correlation_of
from pcreconcile.model.errors import AuthenticationError, NoAnswer, OutOfTime, PcreconcileError, RemoteError
from pcreconcile.model.ids import is_guid
from pcreconcile.partner_center.endpoints import Audience
from pcreconcile.partner_center.pacing import Buckets
from pcreconcile.partner_center.refusals import (
    APP_ONLY_REFUSED,
    ServerFailed,
    Trace,
    refusal,
    refuses_the_credential,
)
from pcreconcile.partner_center.retrying import Retries
from pcreconcile.partner_center.routes import Route
from pcreconcile.partner_center.time_budget import Timing
from pcreconcile.partner_center.tokens import AccessToken, Identity, Tokens
from pcreconcile.partner_center.transport import Reply, Transport, Unanswered
from pcreconcile.partner_center.wire import NotJson, UnusableJson, decode_json, encode_json, is_empty

_REFUSAL_LIMIT = 1 << 18

HeaderPairs = tuple[tuple[str, str], ...]


class Request(msgspec.Struct, frozen=True):
    """One logical request. `path` is what follows the endpoint, query included; `body` is JSON or None."""

    method: str
    path: Route
    headers: HeaderPairs = ()
    body: Any = None
    identity: Identity = Identity.APPLICATION


class Received(msgspec.Struct, frozen=True):
    """A 2xx answer; `value` is its JSON value, None for an empty body. `headers` have lower-case names."""

    status: int
    value: Any
    correlation_id: str
    headers: dict[str, str] = {}

    @property
    def date(self) -> str:
        """The service's clock as it says it, "" when it does not."""
        return self.headers.get("date", "")


class Session:
    """One partner's authenticated requests to one service: Partner Center, Microsoft Graph or Azure management."""

    def __init__(
        self,
        base: str,
        transport: Transport,
        tokens: Tokens,
        buckets: Buckets,
        timing: Timing,
        application: str,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        audience: Audience = Audience.PARTNER_CENTER,
        tenant: str | None = None,
    ) -> None:
        self.base = base
        self.audience = audience
        self._tenant = tenant
        self._transport = transport
        self._tokens = tokens
        self._buckets = buckets
        self._timing = timing
        self._application = application
        self._new_id = new_id

    def beside(self, base: str, audience: Audience) -> Session:
        """The same partner's requests to another service, with limits and tokens of its own."""
        buckets, application = self._buckets.anew(), self._application
        return Session(base, self._transport, self._tokens, buckets, self._timing, application, self._new_id, audience)

    def within(self, tenant: str) -> Session:
        """The same service and its limits, with tokens that a customer's tenant issues."""
        kept = (self._buckets, self._timing, self._application, self._new_id, self.audience)
        return Session(self.base, self._transport, self._tokens, *kept, tenant=tenant)

    async def authorise(self, identity: Identity) -> None:
        """Obtain the token. Raises AuthenticationError and ConfigurationError."""
        await self._tokens.get(identity, self.audience, self._tenant)

    @property
    def has_user(self) -> bool:
        """Whether there is a person to act for."""
        return self._tokens.has_user

    async def read(self, path: Route, headers: HeaderPairs = (), identity: Identity = Identity.APPLICATION) -> Received:
        """GET, tried again while nobody answered or the service asks to wait.

        A resource that refuses app-only tokens is asked again as the user, when the partner has one. Raises RemoteError
        when the service said no, NoAnswer when it gave no whole answer, AuthenticationError, OutOfTime.
        """
        try:
            return await self._read(Request("GET", path, headers, identity=identity))
        except RemoteError as error:
            if not self.refuses_application(error):
                raise
        return await self._read(Request("GET", path, headers, identity=Identity.USER))

    def refuses_application(self, error: RemoteError) -> bool:
        """Whether the user may succeed where the application by itself was refused, and there is a user."""
        plainly = error.code == APP_ONLY_REFUSED
        in_graph = self.audience is Audience.GRAPH and error.status == HTTPStatus.FORBIDDEN
        return (plainly or in_graph) and self.has_user

    async def ask(self, path: Route, body: Any, identity: Identity) -> Received:
        """A POST that changes nothing, tried again like a read. Raises as `read` does."""
        return await self._read(Request("POST", path, body=body, identity=identity))

    async def write(self, request: Request, request_id: str) -> Received:
        """Send once, under `request_id` and the correlation ID that is made of it.

        Raises RemoteError for a definite no, NoAnswer when it may or may not have taken effect.
        """
        trace = Trace(correlation_of(request_id), request_id)
        try:
            return await self._once(request, trace, math.inf)
        except OutOfTime as error:  # it only ever is before something is sent
            raise _unsent(error, trace) from error

    async def _read(self, request: Request) -> Received:
        trace = Trace(self._new_id(), self._new_id())
        retries = Retries(self._timing)
        while True:
            try:
                received = await self._once(request, trace, self._timing.left)
                if received.value is None:
                    raise _no_answer("an empty body where JSON was expected", received.status, trace)
                return received
            except (RemoteError, NoAnswer) as error:
                wait = retries.wait_after(error)
                if wait is None:
                    raise
                self._require_wait(wait, error)
            await self._timing.sleep(wait)

    def _require_wait(self, wait: float, error: PcreconcileError) -> None:
        """Raises OutOfTime, with the words of what made it necessary to wait."""
        try:
            self._timing.require_wait(wait)
        except OutOfTime as late:
            raise OutOfTime(f"{getattr(error, 'verbatim', error)}; {late}", late.retry_after) from error

    async def _once(self, request: Request, trace: Trace, patience: float) -> Received:
        """One try, of `patience` seconds; a refused credential of the partner's own is named in the error."""
        try:
            return await self._tried(request, trace, patience)
        except AuthenticationError as error:
            if self._tenant is None:
                error.credential = request.identity.value
            raise

    async def _tried(self, request: Request, trace: Trace, patience: float) -> Received:
        """The request, with a second one under a new token after a 401, which has no effect."""
        token = await self._tokens.get(request.identity, self.audience, self._tenant)
        reply = await self._exchange(request, token, trace, patience)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            error = self._refusal(reply, trace)
            if refuses_the_credential(error):
                self._tokens.refuse(error, request.identity, self.audience, self._tenant)
                raise error
            token = await self._tokens.renew(request.identity, token, self.audience, self._tenant)
            reply = await self._exchange(request, token, trace, patience)
        return self._received(reply, trace)

    async def _exchange(self, request: Request, token: AccessToken, trace: Trace, patience: float) -> Reply:
        bucket = self._buckets.of(request.path)
        await bucket.admit()
        body = None if request.body is None else encode_json(request.body)
        try:
            reply = await self._transport.exchange(
                request.method, self.base + request.path, self._headers(request, token, trace), body, patience
            )
        except Unanswered as error:
            raise _no_answer(str(error), 0, trace) from None
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            bucket.pause(self._refusal(reply, trace).retry_after or 0.0)
        else:
            bucket.admitted()
        return reply

    def _headers(self, request: Request, token: AccessToken, trace: Trace) -> dict[str, str]:
        """Headers of a continuation go first, so that none of them can take the place of ours."""
        headers = {name.lower(): value for name, value in request.headers}
        headers |= {
            "accept": "application/json",
            "authorization": f"Bearer {token.value}",
            "ms-requestid": trace.request_id,
            "ms-correlationid": trace.correlation_id,
            "client-request-id": trace.request_id,
            "ms-partnercenter-application": self._application,
            "user-agent": self._application,
        }
        return headers if request.body is None else headers | {"content-type": "application/json"}

    def _received(self, reply: Reply, trace: Trace) -> Received:
        if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            error = self._refusal(reply, trace)
            unclear = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status == HTTPStatus.REQUEST_TIMEOUT
            raise ServerFailed(error) if unclear else error
        try:
            value = None if is_empty(reply.body) else decode_json(reply.body)
        except UnusableJson as error:
            raise _no_answer(f"the answer's body cannot be used: {error}", reply.status, trace) from None
        except NotJson:
            raise _no_answer("the answer's body is not JSON", reply.status, trace) from None
        return Received(reply.status, value, _correlation_id(reply, trace), reply.headers)

    def _refusal(self, reply: Reply, trace: Trace) -> RemoteError:
        known_as = Trace(_correlation_id(reply, trace), trace.request_id)
        return refusal(reply.status, reply.headers, reply.body[:_REFUSAL_LIMIT], known_as, self._tokens.conceal)


# Where Partner Center, Azure Resource Manager and Graph say under which ID they know a request.
_TRACES = ("ms-correlationid", "x-ms-correlation-request-id", "request-id")


def _correlation_id(reply: Reply, trace: Trace) -> str:
    """The one that the service answers with, when it is one; else ours."""
    theirs = next((reply.headers[name] for name in _TRACES if name in reply.headers), "")
    return theirs if is_guid(theirs) else trace.correlation_id


def _unsent(error: OutOfTime, trace: Trace) -> RemoteError:
    """A write that never left: a definite no, though not the service's."""
    return RemoteError(
        f"nothing was sent: {error}",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        code="out-of-time",
        correlation_id=trace.correlation_id,
        request_id=trace.request_id,
        retry_after=error.retry_after,
    )


def _no_answer(problem: str, status: int, trace: Trace) -> NoAnswer:
    return NoAnswer(problem, status=status, correlation_id=trace.correlation_id, request_id=trace.request_id)
