"""What the service says when it says no: five body forms (API facts, section 9.1) become one typed error.

Codes are ambiguous and come as numbers or text; they are kept as text. What they mean is added beside the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from pcreconcile.model.errors import AuthenticationError, NoAnswer, RemoteError
from pcreconcile.partner_center.instants import parse_retry_after
from pcreconcile.partner_center.time_budget import refused_wait
from pcreconcile.partner_center.translate import remedy_of
from pcreconcile.partner_center.wire import Members, NotJson, UnexpectedShape, decode_json, well_formed

_MESSAGE_LIMIT = 500
_RETRY_HINT = re.compile(r"try again in (\d+) second", re.ASCII | re.IGNORECASE)

AUDIENCE_RETIRED = "900420"
MFA_MISSING = "900421"
MFA_REQUIRED = "10001"  # an older gateway's word for the same: "Authentication failed. MFA required."
APP_ONLY_REFUSED = "900329"
END_OF_PAGES = "2000"

# What a status alone means, where the service gives no code that is known.
_UNSAID = {
    401: "the service takes no token that we are given; pcreconcile's operator: run `pcreconcile doctor`",
    403: "it was not read for lack of a right; partner admin: give the account or the application the role that this "
    "route asks for, `pcreconcile doctor` shows which",
}

# Codes of a 403 that speak of the caller's rights, not of the customer (API facts, section 9.2).
_CALLER_LACKS_RIGHTS = frozenset(
    {APP_ONLY_REFUSED, "900308", "900309", "90000", "900150", "900149", "800039", "2032", "1002", "900416"}
)


class ServerFailed(NoAnswer):
    """A 5xx or 408: what became of the request is not known. `retry_after` is what the service asks for, seconds."""

    def __init__(self, error: RemoteError) -> None:
        super().__init__(
            error.verbatim, status=error.status, correlation_id=error.correlation_id, request_id=error.request_id
        )
        self.retry_after = error.retry_after


class Trace(msgspec.Struct, frozen=True):
    """The IDs under which a request is known, here and at Microsoft."""

    correlation_id: str
    request_id: str


def _as_it_is(text: str) -> str:
    return text


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, trace: Trace, conceal: Callable[[str], str] = _as_it_is
) -> RemoteError:
    """The error of an answer that is not 2xx; AuthenticationError for 401. `headers` in lower case.

    `conceal` takes secrets out of what is shown, before anything is cut, since half a secret is not found any more.
    """
    code, message = _code_and_message(status, body)
    code, message = _bounded(conceal(code)), _bounded(conceal(message)) or _phrase(status)
    kind = AuthenticationError if status == HTTPStatus.UNAUTHORIZED else RemoteError
    retry_after = _retry_after(status, headers, message)
    late = refused_wait(retry_after or 0.0, "the service asks to wait")
    return kind(
        message,
        status=status,
        code=code,
        correlation_id=trace.correlation_id,
        request_id=trace.request_id,
        retry_after=retry_after,
        remedy=late or remedy_of(status, code, message) or _UNSAID.get(status, ""),
    )


def refuses_the_credential(error: RemoteError) -> bool:
    """Whether the service refuses what the credential itself is, so that no other token and no other route helps."""
    if error.status != HTTPStatus.UNAUTHORIZED:
        return False
    asks_for_mfa = error.code == MFA_REQUIRED and "mfa" in error.message.lower()
    return asks_for_mfa or error.code in {AUDIENCE_RETIRED, MFA_MISSING}


def says_not_ours(error: RemoteError) -> bool:
    """Whether a refused read by ID means that the partner has no such customer, rather than no right to look.

    A 403 must name a code of Partner Center for that: a proxy says 403 too.
    """
    if error.status == HTTPStatus.NOT_FOUND:
        return True
    named = error.code.isdigit() and error.code not in _CALLER_LACKS_RIGHTS
    return error.status == HTTPStatus.FORBIDDEN and named


def _code_and_message(status: int, body: bytes) -> tuple[str, str]:
    try:
        return _from_object(status, Members(decode_json(body), "error"))
    except NotJson:
        return "", _one_line(body.decode("utf-8", "replace")) or _phrase(status)
    except UnexpectedShape:
        return "", _phrase(status)


def _from_object(status: int, error: Members) -> tuple[str, str]:
    inner = error.get("error")
    if isinstance(inner, dict):
        return _from_object(status, Members(inner, "error"))
    code = _plain(error.get("code")) or _plain(inner)
    message = next(filter(None, map(_plain, map(error.get, ("description", "message", "error_description")))), "")
    return _one_line(code), _one_line(message) or _phrase(status)


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _one_line(text: str) -> str:
    return " ".join(well_formed(text).split())


def _bounded(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else text[:_MESSAGE_LIMIT] + "…"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no message"


def _retry_after(status: int, headers: Mapping[str, str], message: str) -> float | None:
    """Seconds: from the header (a number or a date), else from the gateway's message."""
    asked = parse_retry_after(headers)
    if asked is not None:
        return asked
    hint = _RETRY_HINT.search(message) if status == HTTPStatus.TOO_MANY_REQUESTS else None
    return float(hint.group(1)[:9]) if hint else None
