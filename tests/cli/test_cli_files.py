"""Files are written whole or not at all, for their owner alone, and read within a bound."""

import os
from pathlib import Path

import pytest

from pcreconcile.cli import files
from pcreconcile.model.errors import PlanFileError, UsageError


def test_a_file_is_replaced_whole_and_belongs_to_its_owner_alone(tmp_path):
    goal = tmp_path / "plan.json"
    goal.write_text("old")
    goal.chmod(0o644)
    files.write(goal, b"new")
    assert goal.read_bytes() == b"new"
    assert goal.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [goal]


def test_a_link_stays_a_link(tmp_path):
    goal, link = tmp_path / "plan.json", tmp_path / "latest.json"
    link.symlink_to(goal)
    files.write(link, b"new")
    assert link.is_symlink()
    assert goal.read_bytes() == b"new"


def test_a_device_is_written_and_not_replaced():
    files.write(Path(os.devnull), b"new")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("name", ["missing/plan.json", ".", "x" * 300, "nul\x00"])
def test_what_cannot_be_written(name, tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        files.write(tmp_path / name, b"new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing/plan.json", ".", "x" * 300, "nul\x00"])
def test_what_cannot_be_written_is_known_beforehand(name, tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        files.require_writable(tmp_path / name)


@pytest.mark.parametrize("name", ["new.json", "old.json"])
def test_looking_whether_a_file_can_be_written_leaves_everything_as_it_was(name, tmp_path):
    (tmp_path / "old.json").write_text("old")
    files.require_writable(tmp_path / name)
    files.require_writable(Path(os.devnull))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("name", ["missing", ".", "nul\x00"])
def test_what_cannot_be_read(name, tmp_path):
    with pytest.raises(PlanFileError):
        files.read(tmp_path / name, 10)


def test_reading_stops_behind_the_bound(tmp_path):
    (tmp_path / "long").write_bytes(b"x" * 100)
    assert files.read(tmp_path / "long", 10) == b"x" * 11


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    (tmp_path / "plan.json").write_text("old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        files.write(tmp_path / "plan.json", b"new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
