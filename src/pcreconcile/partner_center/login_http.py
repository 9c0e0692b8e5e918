"""The HTTP client that msal is given: our time-outs and sizes, our retries, and the mapping of given login endpoints.

msal insists on an https authority. For endpoints out of the Partner document it is told https://HOST/TENANT, and here
that prefix becomes the endpoint again; its discovery document is answered here, because the v2 paths are known.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from pcreconcile.model.errors import AuthenticationError
from pcreconcile.partner_center.endpoints import Addresses
from pcreconcile.partner_center.transport import LoginTransport, Reply, Unanswered
from pcreconcile.partner_center.wire import NotJson, decode_json
from pcreconcile.partner_center.workload_identity import Fetched

_TRIES = 3
_LONGEST_PAUSE = 60.0


class LoginUnavailable(Exception):
    """The login service gave no usable answer: names its host."""


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

    def __init__(self, transport: LoginTransport, addresses: Addresses, sleep: Callable[[float], None] = time.sleep):
        self._transport = transport
        self._addresses = addresses
        self._sleep = sleep

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
        """Close all connections."""
        self._transport.close()

    def _request(
        self, method: str, url: str, headers: Mapping[str, str] | None, form: Any, params: Any
    ) -> LoginResponse:
        problem = ""
        for attempt in range(_TRIES):
            try:
                reply = self._transport.exchange(method, self._mapped(url), headers or {}, form, params)
            except Unanswered as error:
                problem, pause = str(error), 0.5 * 2**attempt
            else:
                if _is_answer(reply):
                    return LoginResponse(reply.status, reply.body.decode("utf-8-sig"), reply.headers)
                problem, pause = f"HTTP {reply.status}", _pause(reply, attempt)
            if attempt < _TRIES - 1:
                self._sleep(pause)
        raise LoginUnavailable(problem)

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


def _pause(reply: Reply, attempt: int) -> float:
    asked = reply.headers.get("retry-after", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else 0.5 * 2**attempt


def _discovery(authority: str) -> str:
    return json.dumps(
        {
            "issuer": f"{authority}/v2.0",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
        }
    )
