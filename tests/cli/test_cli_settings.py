"""PCRECONCILE_NOW and PCRECONCILE_HOME: where they count, and where they are refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pcreconcile.cli import settings
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Endpoints, Partner

_MARCH = datetime(2027, 3, 1, tzinfo=UTC)


def _partner(cloud, host="127.0.0.1"):
    ends = Endpoints(*(f"http://{host}:8931{path}" for path in ("", "", "/graph", "/management")))
    return Partner("contoso-csp", TenantId("9f"), cloud, ends if cloud is Cloud.CUSTOM else None)


@pytest.mark.parametrize(
    ("partner", "text", "instant"),
    [
        (_partner(Cloud.COMMERCIAL), "", None),
        (_partner(Cloud.SIMULATOR), "2027-03-01T00:00:00Z", _MARCH),
        (_partner(Cloud.SIMULATOR), "2027-03-01T01:00:00+01:00", _MARCH),
        (_partner(Cloud.SIMULATOR), "2027-03-01", _MARCH),
        (_partner(Cloud.CUSTOM), "2027-03-01T00:00:00Z", _MARCH),
        (_partner(Cloud.CUSTOM, "[::1]"), "2027-03-01T00:00:00Z", _MARCH),
        (_partner(Cloud.CUSTOM, "localhost"), "2027-03-01T00:00:00Z", _MARCH),
    ],
)
def test_a_rehearsed_instant(partner, text, instant):
    assert settings.rehearsed_now(partner, {"PCRECONCILE_NOW": text}) == instant


@pytest.mark.parametrize(
    ("partner", "text"),
    [
        (_partner(Cloud.COMMERCIAL), "2027-03-01T00:00:00Z"),
        (_partner(Cloud.US_GOV), "2027-03-01T00:00:00Z"),
        (_partner(Cloud.CUSTOM, "10.0.0.5"), "2027-03-01T00:00:00Z"),
        (_partner(Cloud.CUSTOM, "0.0.0.0"), "2027-03-01T00:00:00Z"),  # every address, not this machine's own
        (_partner(Cloud.CUSTOM, "localhost.example"), "2027-03-01T00:00:00Z"),
        (_partner(Cloud.SIMULATOR), "tomorrow"),
        (_partner(Cloud.SIMULATOR), "0001-01-01T00:00:00+14:00"),
        (_partner(Cloud.SIMULATOR), "2500-01-01"),
    ],
)
def test_a_refused_instant(partner, text):
    with pytest.raises(ConfigurationError, match="PCRECONCILE_NOW"):
        settings.rehearsed_now(partner, {"PCRECONCILE_NOW": text})


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, "partners/.pcreconcile"),
        ({"PCRECONCILE_HOME": ""}, "partners/.pcreconcile"),
        ({"PCRECONCILE_HOME": "elsewhere"}, "elsewhere"),
    ],
)
def test_where_state_lies(environment, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = settings.state_folder(Path("partners/manifests"), environment)
    assert found.resolve() == tmp_path / folder
