"""Files are written whole or not at all, for their owner alone, and read within a bound."""

import os
import subprocess
import sys
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


def linked_file(folder: Path) -> Path:
    (folder / "latest.json").symlink_to(folder / "target")
    return folder / "latest.json"


def dangling_link(folder: Path) -> Path:
    (folder / "target").unlink()
    return linked_file(folder)


def link_to_a_device(folder: Path) -> Path:
    (folder / "latest.json").symlink_to(os.devnull)
    return folder / "latest.json"


def folder_in_a_repository(folder: Path) -> Path:
    (repository(folder) / "out").symlink_to(folder)
    return folder / "checkout" / "out" / "target"


def folder_above_in_a_repository(folder: Path) -> Path:
    (repository(folder) / "out").symlink_to(folder.parent)
    return folder / "checkout" / "out" / folder.name / "target"


def folder_behind_another_link(folder: Path) -> Path:
    (repository(folder) / "out").symlink_to(folder)
    (folder / "innocent").symlink_to("checkout/out")
    return folder / "innocent" / "target"


def folder_of_a_submodule(folder: Path) -> Path:
    inner = repository(folder) / "module"
    inner.mkdir()
    (inner / ".git").write_text("gitdir: ../.git\n")
    (inner / "out").symlink_to(folder)
    return inner / "out" / "target"


def back_out_of_a_folder(folder: Path) -> Path:
    (folder / "beside").mkdir()
    (repository(folder) / "out").symlink_to(folder / "beside")
    return folder / "checkout" / "out" / ".." / "target"


def repository(folder: Path) -> Path:
    """A folder that git has made one."""
    subprocess.run(["git", "init", "--quiet", folder / "checkout"], check=True)
    return folder / "checkout"


LINKS = (
    linked_file,
    dangling_link,
    link_to_a_device,
    folder_in_a_repository,
    folder_above_in_a_repository,
    folder_behind_another_link,
    folder_of_a_submodule,
    back_out_of_a_folder,
)


@pytest.mark.parametrize("planted", LINKS)
@pytest.mark.parametrize(
    "act", [lambda path: files.write(path, b"new"), files.require_writable, files.require_unlinked]
)
def test_nothing_is_written_through_a_link(planted, act, tmp_path):
    target = tmp_path / "target"
    target.write_text("old")
    path = planted(tmp_path)
    with pytest.raises(UsageError, match=r"cannot be written: .* link"):
        act(path)
    assert not target.exists() or target.read_text() == "old"


def plain_file(folder: Path) -> Path:
    return repository(folder) / "plan.json"


def folder_linked_outside(folder: Path) -> Path:
    (folder / "real").mkdir()
    (folder / "home").symlink_to("real")
    return folder / "home" / "plan.json"


def checkout_linked_from_outside(folder: Path) -> Path:
    repository(folder)
    (folder / "work").symlink_to(folder / "checkout")
    return folder / "work" / "plan.json"


def relative_file(_folder: Path) -> Path:
    return Path("plan.json")


def relative_file_above(folder: Path) -> Path:
    repository(folder)
    return Path("checkout/../plan.json")


@pytest.mark.parametrize(
    "chosen", [plain_file, folder_linked_outside, checkout_linked_from_outside, relative_file, relative_file_above]
)
def test_a_link_of_the_machine_and_a_plain_file_go_on_working(chosen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = chosen(tmp_path)
    files.require_writable(path)
    files.write(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_link_that_is_put_there_at_the_last_moment_is_replaced(tmp_path):
    target = tmp_path / "target"
    target.write_text("old")
    with files.writing(tmp_path / "plan.json") as stream:
        stream.write(b"new")
        (tmp_path / "plan.json").symlink_to(target)
    assert (target.read_text(), (tmp_path / "plan.json").is_symlink()) == ("old", False)


def test_what_fails_while_it_is_made_leaves_the_old_file(tmp_path):
    (tmp_path / "plan.json").write_text("old")

    def fail():
        with files.writing(tmp_path / "plan.json") as stream:
            stream.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_pipe_gets_what_is_written(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.require_writable(tmp_path / "pipe")
    files.write(tmp_path / "pipe", b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)


@pytest.mark.parametrize("stream", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("end", ["pipe", "file"])
def test_the_streams_of_a_process_go_on_working(stream, end, tmp_path):
    code = f"import sys; from pathlib import Path; from pcreconcile.cli import files; p = Path({stream!r})"
    code += "; print('first', flush=True); files.require_writable(p); files.write(p, b'second\\n'); print('third')"
    with (tmp_path / "out").open("w+b") as file:
        goal = subprocess.PIPE if end == "pipe" else file
        done = subprocess.run([sys.executable, "-c", code], stdout=goal, check=True)
        file.seek(0)
        assert (done.stdout or file.read()).split() == [b"first", b"second", b"third"]


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
