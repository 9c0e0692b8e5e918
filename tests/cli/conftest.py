"""The command line against the shipped manifests, in a folder of its own and with no settings from outside."""

import os
import shutil
from pathlib import Path

import pytest

_SHIPPED = Path(__file__).parents[2] / "manifests"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    network = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    outside = {*network, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "TMPDIR"}
    for name in [name for name in os.environ if name.startswith("PCRECONCILE_") or name.upper() in outside]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOGNAME", "jo")  # a user of a container need not have a name


@pytest.fixture
def partner_folder(tmp_path):
    """A folder that holds `manifests/`."""
    shutil.copytree(_SHIPPED, tmp_path / "manifests")
    return tmp_path
