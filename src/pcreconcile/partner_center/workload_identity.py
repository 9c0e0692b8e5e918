"""Federated assertions (workload identity): no stored secret, a token of the build service or platform instead.

Such tokens live for minutes, so each token request reads or asks for one anew. Some variables hold no token but say
where one is given out; those are known by name: GitHub Actions, Azure DevOps, and the file of Azure's own webhook.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from pcreconcile.model.errors import AuthenticationError, ConfigurationError
from pcreconcile.model.partner import Credentials
from pcreconcile.partner_center.endpoints import is_loopback

WHAT = "credentials.federated"
TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - the name of a variable


class Fetched(NamedTuple):
    """An answer that is a JSON object, given as text."""

    status: int
    text: str


class Fetch(Protocol):
    """One request to whoever gives out tokens. Raises AuthenticationError when nobody answers."""

    def __call__(self, method: str, url: str, headers: Mapping[str, str]) -> Fetched: ...


class Issuer(NamedTuple):
    """Where a build service gives out tokens: its variables, its request and the member that holds the token."""

    name: str
    address: str
    bearer: str
    method: str
    member: str
    remedy: str
    query: Callable[[Mapping[str, str], str], str]


def _github_query(_environment: Mapping[str, str], audience: str) -> str:
    return f"audience={quote(audience, safe='')}"


def _azure_devops_query(environment: Mapping[str, str], _audience: str) -> str:
    connection = environment.get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "")
    return "api-version=7.1" + (f"&serviceConnectionId={quote(connection, safe='')}" if connection else "")


_GITHUB = Issuer(
    name="GitHub Actions",
    address="ACTIONS_ID_TOKEN_REQUEST_URL",
    bearer="ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    method="GET",
    member="value",
    remedy="give the job `permissions: id-token: write`",
    query=_github_query,
)
_AZURE_DEVOPS = Issuer(
    name="Azure DevOps",
    address="SYSTEM_OIDCREQUESTURI",
    bearer="SYSTEM_ACCESSTOKEN",
    method="POST",
    member="oidcToken",
    remedy="map SYSTEM_ACCESSTOKEN: $(System.AccessToken) into the step",
    query=_azure_devops_query,
)
_BY_VARIABLE = {name: issuer for issuer in (_GITHUB, _AZURE_DEVOPS) for name in (issuer.address, issuer.bearer)}

_TOKENS = frozenset({*_BY_VARIABLE, TOKEN_FILE})

# Application IDs that Azure's webhook and Azure DevOps' Azure tasks set beside their tokens; no secrets.
_CLIENT_IDS = frozenset({"AZURE_CLIENT_ID", "AZURESUBSCRIPTION_CLIENT_ID"})


def defined_variables(credentials: Credentials) -> Mapping[str, frozenset[str]]:
    """By field, the variables that build services and Azure's webhook define for federated credentials."""
    return {} if credentials.federated is None else {WHAT: _TOKENS, "credentials.clientId": _CLIENT_IDS}


def issuer_of(variable: str | None) -> Issuer | None:
    """The build service whose variable this is, or None for a variable that holds a token itself."""
    return _BY_VARIABLE.get(variable or "")


def variables_of(variable: str) -> tuple[str, ...]:
    """The variables that must be set when the Partner document names this one."""
    issuer = issuer_of(variable)
    return (variable,) if issuer is None else (issuer.address, issuer.bearer)


def check_issuer(issuer: Issuer, environment: Mapping[str, str]) -> None:
    """Raises ConfigurationError naming the variable that is missing, before anything is sent."""
    for name in (issuer.address, issuer.bearer):
        if not environment.get(name, "").strip():
            raise ConfigurationError(f"{WHAT}: environment variable {name} is not set or empty: {issuer.remedy}")
    address = urlsplit(environment[issuer.address].strip())
    if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address)):
        raise ConfigurationError(f"{WHAT}: environment variable {issuer.address} holds no https address")


def ask_issuer(issuer: Issuer, environment: Mapping[str, str], audience: str, fetch: Fetch) -> str:
    """A fresh assertion. Raises ConfigurationError as `check_issuer` does, and AuthenticationError without a token."""
    check_issuer(issuer, environment)
    address = environment[issuer.address].strip()
    url = f"{address}{'&' if '?' in address else '?'}{issuer.query(environment, audience)}"
    headers = {"Authorization": f"Bearer {environment[issuer.bearer].strip()}", "Accept": "application/json"}
    if issuer.method == "POST":
        headers |= {"Content-Type": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}
    answer = fetch(issuer.method, url, headers)
    token = _member(answer.text, issuer.member)
    if not token:
        text = f"{issuer.name} gave out no federated token (HTTP {answer.status})"
        raise AuthenticationError(text, status=answer.status, remedy=issuer.remedy)
    return token


def file_in(environment: Mapping[str, str]) -> Path:
    """The file that Azure's webhook names. Raises ConfigurationError when the variable is not set."""
    named = environment.get(TOKEN_FILE, "").strip()
    if not named:
        raise ConfigurationError(f"{WHAT}: environment variable {TOKEN_FILE} is not set or empty")
    return Path(named)


def _member(text: str, name: str) -> str:
    found: Any = json.loads(text)
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""
