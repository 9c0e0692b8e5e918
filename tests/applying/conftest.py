"""A world with one customer, and somebody who applies plans to it."""

from pathlib import Path

import pytest

from tests.applying.world import Desk, Microsoft


@pytest.fixture
def microsoft() -> Microsoft:
    return Microsoft()


@pytest.fixture
def desk(tmp_path: Path, microsoft: Microsoft) -> Desk:
    return Desk(tmp_path, microsoft)
