"""One request and its answer: authentication, replay, routing, transaction, log.

Everything that a request does is committed before its answer leaves, together with the log entry and the answer that a
repetition of the same write will be given.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from .access import authorize
from .clock import wire_time
from .faults import Fault
from .messages import Call, Json, Refusal, Reply, refusal
from .mfa import self_tested
from .routes import ROUTES
from .routing import Access, Match, find_route, normal_path
from .stamping import stamped
from .store import Store
from .throttle import Throttle
from .token_routes import answer_token_route
from .world import World

__all__ = ["Exchange", "Incoming"]

_WRITES = ("PATCH", "POST", "PUT", "DELETE")
_NOT_KEPT = (408, 429)
_NOT_REFUSED_YET = 400


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came off the wire; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_control(self) -> bool:
        """The simulator's own routes: no token, no log, no faults."""
        return self.path == "/" or self.path.lower().startswith("/_simulator")

    def identity(self, name: str) -> str:
        """A request or correlation ID; made up when missing (section 2)."""
        return self.headers.get(name) or str(uuid.uuid4())


class Exchange:
    """Answers requests, one at a time, each in a transaction of its own."""

    def __init__(self, store: Store, on_notification: Callable[[], None] = lambda: None) -> None:
        """`on_notification` is called after a request that left something for webhooks."""
        self.store, self._on_notification = store, on_notification
        self._throttle = Throttle()

    def answer(self, incoming: Incoming, fault: Fault | None = None) -> Reply:
        """The answer to a request, whose effect is committed."""
        request_id, correlation_id = incoming.identity("ms-requestid"), incoming.identity("ms-correlationid")
        with self.store.transaction():
            world = World(self.store, reading=incoming.method == "GET" and not incoming.is_control)
            session = _Session(world, incoming, correlation_id, self._throttle, fault)
            reply = session.run()
            if not incoming.is_control:
                ids = {"requestId": request_id, "correlationId": correlation_id}
                self.store.log(session.entry(reply) | ids | {"fault": fault.kind if fault else None})
            own = {} if incoming.is_control else {"MS-RequestId": request_id, "MS-CorrelationId": correlation_id}
            reply = self_tested(reply, incoming.headers, session.access, world.signing_key)
            date = world.now + timedelta(seconds=fault.skew if fault else 0)
            answer = stamped(reply, world, own, incoming.headers.get("x-locale", "en-US"), session.path, date)
        if world.notifies:
            self._on_notification()
        return answer

    def lose(self, incoming: Incoming, fault: str) -> None:
        """Log a request that never took effect."""
        with self.store.transaction():
            world = World(self.store)
            session = _Session(world, incoming, "", self._throttle, None)
            headers = incoming.headers
            lost = {"requestId": headers.get("ms-requestid"), "correlationId": headers.get("ms-correlationid")}
            self.store.log(session.entry(Reply(0)) | lost | {"status": None, "fault": fault})


class _Session:
    """The steps of one request."""

    def __init__(
        self, world: World, incoming: Incoming, correlation_id: str, throttle: Throttle, fault: Fault | None
    ) -> None:
        self.world, self.incoming, self.correlation_id, self.throttle = world, incoming, correlation_id, throttle
        self.fault = fault
        self.path = normal_path(incoming.path)
        self.replayed = False
        self.applied = False
        self.public_body: Any = None
        self.match = find_route(ROUTES, incoming.method, self.path)

    @property
    def access(self) -> Access | None:
        """Who may call the route; None when there is none."""
        return self.match.route.access if self.match.route else None

    def run(self) -> Reply:
        """The answer; what the request changed is written unless it was refused."""
        try:
            reply = self._answer()
        except Refusal as refused:
            self._keep_if_write(refused.reply)
            return refused.reply
        if reply.status < _NOT_REFUSED_YET and not self.replayed:
            self._apply()
            self._keep_if_write(reply)
        return reply

    def _apply(self) -> None:
        """Write what the request changed, as far as a fault lets it."""
        if self.fault is not None and self.fault.kind == "no-effect":
            return
        if self.fault is not None and self.fault.kind == "stale-reads":
            self.world.delay(self.fault.reads)
        self.world.save()
        self.applied = self.world.changed and self.incoming.method in _WRITES

    def _answer(self) -> Reply:
        found = answer_token_route(self.incoming, self.path, self.world)
        if found is not None:
            reply, self.public_body = found
            return reply
        if self.match.route is None:
            return _no_route(self.match)
        call = self._call()
        if self.match.route.access is Access.CONTROL:
            return self.match.route.handler(call)
        kept = self.world.store.answer_to(self._write_key()) if self._is_repeatable() else None
        if kept is not None:
            self.replayed = True
            return Reply(kept["status"], kept["body"], kept["headers"])
        self.throttle.check(_resource(self.path), self.world.options)
        if self.match.route.per_minute:
            length = self.world.options["throttleWindowSeconds"]
            self.throttle.count(self.match.route.pattern.pattern, self.match.route.per_minute, length)
        return self.match.route.handler(call)

    def _call(self) -> Call:
        route, incoming = self.match.route, self.incoming
        assert route is not None
        self.public_body = body = _parsed(incoming)
        return Call(
            world=self.world,
            method=incoming.method,
            path=self.path,
            params=self.match.params,
            query={name.lower(): value for name, value in parse_qsl(incoming.query, keep_blank_values=True)},
            headers=incoming.headers,
            body=body,
            token=authorize(route.access, incoming.headers.get("authorization", ""), self.world.signing_key),
            correlation_id=self.correlation_id,
            base_url=f"http://{incoming.headers.get('host', '127.0.0.1')}",
        )

    def _is_repeatable(self) -> bool:
        return self.incoming.method in _WRITES and bool(self.incoming.headers.get("ms-requestid"))

    def _write_key(self) -> str:
        """The same MS-RequestId on the same method and path is the same write, whatever its body."""
        return f"{self.incoming.headers['ms-requestid'].lower()} {self.incoming.method} {self.path.lower()}"

    def _keep_if_write(self, reply: Reply) -> None:
        routed = self.match.route is not None and self.match.route.access is not Access.CONTROL
        # Authentication comes before idempotency: a 401 is no answer to the write itself.
        if routed and self._is_repeatable() and reply.status not in (401, *_NOT_KEPT):
            kept = {"status": reply.status, "body": reply.body, "headers": dict(reply.headers)}
            self.world.store.keep_answer(self._write_key(), kept)

    def entry(self, reply: Reply) -> Json:
        """The log's entry, without secrets: of a token request only what opens nothing."""
        return {
            "at": wire_time(self.world.now),
            "method": self.incoming.method,
            "path": self.incoming.path,
            "query": self.incoming.query,
            "customer": self.match.params.get("customer"),
            "status": reply.status,
            "code": reply.code,
            "replayed": self.replayed,
            "applied": self.applied,
            "body": self.public_body,
        }


def _no_route(match: Match) -> Reply:
    return Reply(405, None, {"Allow": ", ".join(match.allowed)}) if match.allowed else Reply(404)


def _resource(path: str) -> str:
    """The resource that a limit counts: customers, subscriptions, orders, …"""
    parts = path.lower().strip("/").split("/")
    named = [part for part in parts[1:] if part in ("subscriptions", "orders", "entitlements", "auditrecords")]
    return named[0] if named else "/".join(parts[:2])


def _parsed(incoming: Incoming) -> Any:
    """The JSON of a body; none when it is empty. Raises 400/800002 when it is not JSON."""
    if not incoming.body.strip():
        return None
    try:
        body = json.loads(incoming.body)
        # What nests too deeply to be written, with what is kept around it, is refused before anything is done.
        json.dumps([[[[[body]]]]])
        return body
    except (ValueError, RecursionError) as error:
        if incoming.is_control:
            return incoming.body.decode("utf-8", "replace").strip()
        raise refusal(400, 800002, "The request body is not JSON.") from error
