"""A plan larger than the 64 MiB that its readers once refused: written as `plan --out` does, read by the program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pcreconcile.cli.files import write
from pcreconcile.rendering.plan_json import file_pieces
from tests.applying.large_plans import large_plan
from tests.e2e.conftest import Desk

ONCE_REFUSED = 64 * 2**20


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A folder with the plan of 720 customers with 55 licences each, and no manifests."""
    folder = tmp_path_factory.mktemp("large")
    write(folder / "large.json", file_pieces(large_plan(720, 10, 55)))
    assert (folder / "large.json").stat().st_size > ONCE_REFUSED
    return Desk(folder)


def test_show_reads_what_plan_wrote(desk: Desk):
    told = desk("show", "large.json", expect=0).stdout
    assert "customers   730: 10 converged, 720 ready" in told


def test_a_large_plan_that_was_changed_is_refused(desk: Desk, tmp_path: Path):
    text = (desk.folder / "large.json").read_text(encoding="utf-8")
    changed, count = re.subn(r'"relationship":"removed"', '"relationship":"active"', text, count=1)
    assert count == 1
    (tmp_path / "changed.json").write_text(changed, encoding="utf-8")
    told = desk("show", str(tmp_path / "changed.json"), expect=1).stderr
    assert "changed.json: the plan was changed after it was made: its digest does not fit" in told
    assert json.loads(text)["totals"]["customers"] == 730
