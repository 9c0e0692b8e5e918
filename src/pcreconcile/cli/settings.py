"""The environment variables that are no options, read once at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Cloud, Partner

NOW = "PCRECONCILE_NOW"
HOME = "PCRECONCILE_HOME"
STATE_FOLDER = ".pcreconcile"
_YEARS = range(2000, 2200)


def read_instant(text: str) -> datetime:
    """ISO 8601 to aware UTC; without a zone it is UTC, without a time midnight. Raises ValueError saying what fits."""
    expected = "expected an instant such as 2027-03-01T00:00:00Z, in the years 2000 to 2199"
    try:
        instant = datetime.fromisoformat(text)
        known = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(expected) from error
    if known.year not in _YEARS:
        raise ValueError(expected)
    return known


def rehearsed_now(partner: Partner, environment: Mapping[str, str]) -> datetime | None:
    """The instant that PCRECONCILE_NOW sets, or None for the system's.

    Raises ConfigurationError when the partner is a real one: nobody may rehearse a date on live customers.
    """
    text = environment.get(NOW, "")
    if not text:
        return None
    if not _is_practice(partner):
        raise ConfigurationError(f"{NOW} is for the simulator alone: unset it, this partner's cloud is {partner.cloud}")
    try:
        return read_instant(text)
    except ValueError as error:
        raise ConfigurationError(f"{NOW}: {error}") from error


def state_folder(partner_folder: Path, environment: Mapping[str, str]) -> Path:
    """Where journal, snapshots and the simulated world lie: beside the partner folder, unless PCRECONCILE_HOME says."""
    chosen = environment.get(HOME, "")
    return Path(chosen) if chosen else partner_folder.resolve().parent / STATE_FOLDER


def _is_practice(partner: Partner) -> bool:
    if partner.cloud is Cloud.SIMULATOR:
        return True
    ends = partner.endpoints
    if partner.cloud is not Cloud.CUSTOM or ends is None:
        return False
    return all(_is_loopback(url) for url in (ends.partner_center, ends.login, ends.graph, ends.management))


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
