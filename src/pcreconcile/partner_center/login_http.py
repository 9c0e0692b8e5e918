"""The HTTP client that msal is given: our bounds, our retries, and the mapping of given login endpoints.

msal insists on an https authority. For endpoints out of the Partner document it is told https://HOST/TENANT, and here
that prefix becomes the endpoint again; its discovery document is answered here, because the v2 paths are known.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from pcreconcile.model.errors import AuthenticationError, OutOfTime
from pcreconcile.partner_center.endpoints import Addresses
from pcreconcile.partner_center.instants import parse_retry_after
from pcreconcile.partner_center.time_budget import Timing
from pcreconcile.partner_center.transport import LoginTransport, Reply, Unanswered
from pcreconcile.partner_center.wire import NotJson, decode_json
from pcreconcile.partner_center.workload_identity import Fetched

_TRIES = 3
_PATIENCE = 60.0  # seconds for one answer: a token is small, and everybody waits for it


class LoginUnavailable(Exception):
    """The login service gave no usable answer. `retry_after`: in how many seconds it wants to be asked again."""

    def __init__(self, problem: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(problem)


class LoginResponse:
    """What msal reads of an answer."""

    def __init__(self, status_code: int, text: str, headers: Mapping[str, str]) -> None:
        self.status_code = status_code
        self.text = text
        self.headers = headers

    def raise_for_status(self) -> None:
        """Raises LoginUnavailable for 4xx and 5xx, as msal expects of an HTTP client."""
        if self.status_code >= HTTPStatus.BAD_REQUEST:
            raise LoginUnavailable(f"HTTP {self.status_code}")


class LoginHttp:
    """msal's `http_client`. Asking for a token twice harms nobody, so unanswered requests are repeated."""

    def __init__(
        self,
        transport: LoginTransport,
        addresses: Addresses,
        timing: Timing | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._transport = transport
        self._addresses = addresses
        self._timing = timing or Timing()
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait

    def authority(self, tenant: str) -> str:
        """The authority to name to msal."""
        login = urlsplit(self._addresses.login)
        return f"https://{login.netloc}/{tenant}" if self._addresses.given else f"{self._addresses.login}/{tenant}"

    def get(self, url: str, params: Any = None, headers: Mapping[str, str] | None = None, **_: Any) -> LoginResponse:
        """GET; discovery of a given endpoint is answered without a request."""
        prefix, found, _rest = url.partition("/v2.0/.well-known/openid-configuration")
        if self._addresses.given and found:
            return LoginResponse(HTTPStatus.OK, _discovery(prefix), {})
        return self._request("GET", url, headers, None, params)

    def post(
        self, url: str, params: Any = None, data: Any = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> LoginResponse:
        """POST a form; msal gives some of its values as bytes."""
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return self._request("POST", url, headers, form, params)

    def fetch(self, method: str, url: str, headers: Mapping[str, str]) -> Fetched:
        """A JSON object from somebody else who gives out tokens. Raises AuthenticationError when nobody answers."""
        try:
            answer = self._request(method, url, headers, None, None)
        except LoginUnavailable as error:
            text = f"{urlsplit(url).hostname} gave no usable answer: {error}"
            raise AuthenticationError(text, status=HTTPStatus.SERVICE_UNAVAILABLE) from None
        return Fetched(answer.status_code, answer.text)

    def close(self) -> None:
        """Close all connections; who waits in another thread waits no longer."""
        self._closed.set()
        self._transport.close()

    def _request(
        self, method: str, url: str, headers: Mapping[str, str] | None, form: Any, params: Any
    ) -> LoginResponse:
        """Raises LoginUnavailable after three tries, and at once where the wait for the next one would be too long."""
        problem, asked = "", None
        for attempt in range(_TRIES):
            if attempt:
                self._wait(asked or 0.5 * 2 ** (attempt - 1), problem)
            patience = min(self._patience(problem), _PATIENCE)
            try:
                reply = self._transport.exchange(method, self._mapped(url), headers or {}, form, params, patience)
            except Unanswered as error:
                problem, asked = str(error), None
            else:
                if _is_answer(reply):
                    return LoginResponse(reply.status, reply.body.decode("utf-8-sig"), reply.headers)
                problem, asked = f"HTTP {reply.status}", parse_retry_after(reply.headers)
        raise LoginUnavailable(problem, asked)

    def _wait(self, seconds: float, problem: str) -> None:
        try:
            self._timing.require_wait(seconds, "it asks to wait")
        except OutOfTime as error:
            raise LoginUnavailable(f"{problem}; {error}", error.retry_after) from None
        self._sleep(seconds)

    def _patience(self, problem: str) -> float:
        try:
            self._timing.require()
        except OutOfTime as error:
            raise LoginUnavailable(f"{problem}; {error}" if problem else str(error)) from None
        return self._timing.left

    def _mapped(self, url: str) -> str:
        authority_host = f"https://{urlsplit(self._addresses.login).netloc}"
        if self._addresses.given and url.startswith(authority_host + "/"):
            return self._addresses.login + url.removeprefix(authority_host)
        return url


def _is_answer(reply: Reply) -> bool:
    """Whether msal can read it; it would log anything else with a traceback."""
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return False
    try:
        return isinstance(decode_json(reply.body), dict)
    except NotJson:
        return False


def _discovery(authority: str) -> str:
    return json.dumps(
        {
            "issuer": f"{authority}/v2.0",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
        }
    )
