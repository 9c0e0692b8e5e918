"""A desk to lay manifests on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.manifests.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An empty desk; the current folder holds `m`."""
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.fixture
def wrong(desk: Desk) -> Callable[[str], list[str]]:
    """What is wrong with one file `c.yaml`, without its name."""

    def findings(text: str) -> list[str]:
        return [line.removeprefix("m/c.yaml:") for line in desk.findings({"c.yaml": text})]

    return findings
