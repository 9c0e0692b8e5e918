"""Operator settings: what only whoever runs the program decides, in variables that no checkout can set.

`SETTINGS` is the one table of them; docs/operator-settings.md holds the same rows, and a test compares both with every
variable that the code reads. They are read once, at the edge, into one value; what is malformed stops the command
before it does anything, and is never quoted. Variables of options (`PCRECONCILE_OUT`, …) are made in options.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pcreconcile.cli import settings
from pcreconcile.cli.checkout import checkout_of
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId, is_guid
from pcreconcile.model.partner import Partner, TokenCache
from pcreconcile.partner_center.trust import ALLOW_ENV, ALLOW_HOSTS, OWN_PREFIX, READ_ONLY, SECRETS, Host, Trust

TENANT = "PCRECONCILE_TENANT"
JOURNAL_KEY = "PCRECONCILE_JOURNAL_KEY"
HOLD = "PCRECONCILE_HOLD"
DATABASE = "PCRECONCILE_DATABASE"
PULL_REQUEST_AUTHORS = "PCRECONCILE_PULL_REQUEST_AUTHORS"
TOKEN_CACHE = "PCRECONCILE_TOKEN_CACHE"  # noqa: S105 - the name of a variable

_HOST = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"", "0", "false", "f", "no", "n", "off"})


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """Every operator setting as it is in force; texts are "" where nothing is set."""

    trust: Trust = field(default_factory=Trust)
    tenants: frozenset[TenantId] = frozenset()
    journal_key: str = field(default="", repr=False)
    hold: str = ""
    home: str = ""
    database: str = field(default="", repr=False)
    now: str = ""
    token_cache: str = ""

    def check_partner(self, partner: Partner) -> None:
        """Raises ConfigurationError for the Partner document of another tenant than the operator's."""
        if self.tenants and TenantId(partner.tenant_id.lower()) not in self.tenants:
            raise ConfigurationError(
                f"tenantId: this Partner document is not of a tenant that {TENANT} names: refused before any request;"
                f" correct it, or the operator adds the tenant to {TENANT}"
            )

    def check_secrets(self, partner_folder: Path) -> None:
        """Raises ConfigurationError when the folder for secrets and the checkout lie within each other."""
        if self.trust.secrets is None:
            return
        secrets = Path(os.path.realpath(self.trust.secrets))
        checkout = checkout_of(partner_folder)
        if secrets.is_relative_to(checkout) or checkout.is_relative_to(secrets):
            raise ConfigurationError(
                f"{SECRETS}: the folder and the checkout of the manifests lie within each other, so that a change of"
                " the repository could bring files into it: name a folder outside the repository"
            )


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table. `read` turns its text into a value, or raises ValueError saying what was expected."""

    name: str
    meaning: str
    form: str
    default: str
    read: Callable[[str], Any] = str
    is_secret: bool = False

    def value(self, text: str) -> Any:
        """What a variable's text means; none at all is not set, as pipelines pass it.

        Raises ValueError saying what was expected, also for blanks: who sets something wants something.
        """
        if text and not text.strip():
            raise ValueError(f"set and empty: expected {self.form}, or unset it")
        return self.read(text.strip())


def read(environment: Mapping[str, str]) -> OperatorSettings:
    """All settings of an environment. Raises ConfigurationError naming every malformed one, without its value."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for setting in SETTINGS:
        try:
            values[setting.name] = setting.value(environment.get(setting.name, ""))
        except ValueError as error:
            problems.append(f"{setting.name}: {error}")
    if problems:
        raise ConfigurationError("\n".join(problems))
    return OperatorSettings(
        trust=Trust(values[ALLOW_HOSTS], values[ALLOW_ENV], values[SECRETS], values[READ_ONLY]),
        tenants=values[TENANT],
        journal_key=values[JOURNAL_KEY],
        hold=values[HOLD],
        home=values[settings.HOME],
        database=values[DATABASE],
        now=values[settings.NOW],
        token_cache=values[TOKEN_CACHE],
    )


def in_force(environment: Mapping[str, str]) -> Iterator[tuple[Setting, str]]:
    """The settings that are set, each with what may be shown of it."""
    for setting in SETTINGS:
        text = environment.get(setting.name, "").strip()
        if text:
            yield setting, "set; its value is not shown" if setting.is_secret else text


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """The entries of a comma-separated list, counted from 1; empty ones are passed over.

    Raises ValueError for a list of empty ones alone, which would mean the same as no setting.
    """
    if text and not text.replace(",", "").strip():
        raise ValueError("set and without an entry: expected entries separated by commas, or unset it")
    for number, entry in enumerate(text.split(","), 1):
        if entry.strip():
            yield number, entry.strip()


def _hosts(text: str) -> frozenset[Host]:
    return frozenset(_host(number, entry) for number, entry in _entries(text))


def _host(number: int, entry: str) -> Host:
    match = _HOST.fullmatch(entry)
    port = int(match["port"]) if match and match["port"] else None
    if match is None or (port is not None and not 0 < port < 2**16):
        raise ValueError(f"entry {number}: expected HOST or HOST:PORT, without a scheme, a path or a pattern")
    return Host(match["name"].strip("[]").lower(), port)


def _variables(text: str) -> frozenset[str]:
    for number, entry in _entries(text):
        if not _VARIABLE.fullmatch(entry):
            raise ValueError(f"entry {number}: expected the name of a variable, without a pattern")
        if entry.upper().startswith(OWN_PREFIX):
            raise ValueError(f"entry {number}: a variable of pcreconcile's own is never a credential")
    return frozenset(entry for _, entry in _entries(text))


def _folder(text: str) -> Path | None:
    if not text:
        return None
    if "\0" in text or not Path(text).is_absolute():
        raise ValueError("expected the absolute path of a folder")
    return Path(text)


def _tenants(text: str) -> frozenset[TenantId]:
    for number, entry in _entries(text):
        if not is_guid(entry):
            raise ValueError(f"entry {number}: expected a tenant ID (a GUID)")
    return frozenset(TenantId(entry.lower()) for _, entry in _entries(text))


def _authors(text: str) -> tuple[str, ...]:
    return tuple(entry for _, entry in _entries(text))


def _switch(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError("expected true or false")
    return text.lower() in _YES


def _token_cache(text: str) -> str:
    if text and text not in set(TokenCache):
        raise ValueError(f"expected one of {', '.join(TokenCache)}")
    return text


SETTINGS = (
    Setting(
        ALLOW_HOSTS,
        "Hosts to which a Partner document with `cloud: custom` may send credentials, beyond Microsoft's own and"
        " this machine.",
        "HOST or HOST:PORT, separated by commas; without a port every port",
        "none",
        _hosts,
    ),
    Setting(
        ALLOW_ENV,
        "Variables from which a Partner document may take credentials, beyond those that begin with `PC_` and, for"
        " `federated`, those that build services and Azure's webhook define. Never one that begins with"
        " `PCRECONCILE_`.",
        "names, separated by commas",
        "none",
        _variables,
    ),
    Setting(
        SECRETS,
        "The folder, outside the repository, in which every credential file of a Partner document must lie, links"
        " resolved. Relative names are taken from it.",
        "an absolute path",
        "none: no file may be named",
        _folder,
    ),
    Setting(
        TENANT,
        "The only partner tenants: another Partner document is refused before any request.",
        "tenant IDs, separated by commas",
        "every tenant",
        _tenants,
    ),
    Setting(
        PULL_REQUEST_AUTHORS,
        "Who opened the pull request and who pushed to its branch, where the pipeline tells it: they count as authors.",
        "e-mail addresses or accounts of the code host, separated by commas",
        "what git tells",
        _authors,
    ),
    Setting(
        READ_ONLY,
        "The transport refuses every write; `apply` says so before its first one and ends with 5.",
        "true or false",
        "false",
        _switch,
    ),
    Setting(
        HOLD,
        "No apply begins a write while it is set, from a run's start; its text is the reason.",
        "a text",
        "no hold",
    ),
    Setting(
        JOURNAL_KEY,
        "The key with which every event of the journal is authenticated; a journal without it is refused.",
        "a text",
        "events are chained and not authenticated",
        is_secret=True,
    ),
    Setting(
        DATABASE,
        "The PostgreSQL database of the journal, in place of a file.",
        "an address that begins with postgresql://",
        "journal.db in the state folder",
        is_secret=True,
    ),
    Setting(
        settings.HOME,
        "The state folder: journal, snapshots and the simulated world.",
        "a path",
        ".pcreconcile beside the partner folder",
    ),
    Setting(
        TOKEN_CACHE,
        "Where a rotated refresh token is kept between runs; it wins over `credentials.tokenCache`.",
        "system, file or memory",
        "what the Partner document says, else system",
        _token_cache,
    ),
    Setting(
        settings.NOW,
        "The instant that a rehearsal takes for now: with `cloud: simulator`, or `custom` on this machine, alone.",
        "an instant such as 2027-03-01T00:00:00Z",
        "the system's clock",
    ),
)
