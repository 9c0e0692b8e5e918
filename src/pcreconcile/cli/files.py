"""Files that people hand over: read within a bound, written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path
from typing import BinaryIO

from pcreconcile.model.errors import PlanFileError, UsageError


def read(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes, so that the reader of the format can say that it is too much.

    Raises PlanFileError when it cannot be read or is no regular file.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PlanFileError(f"{path}: not a file")
        with path.open("rb") as stream:
            return stream.read(limit + 1)
    except (OSError, ValueError) as error:
        raise PlanFileError(f"{path}: {_reason(error)}") from error


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file to be read in pieces, from any of its places.

    Raises PlanFileError when it cannot be read or is no regular file.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PlanFileError(f"{path}: not a file")
        with path.open("rb") as stream:
            yield stream
    except (OSError, ValueError) as error:
        raise PlanFileError(f"{path}: {_reason(error)}") from error


def write(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write beside it and rename, readable by its owner alone; a device or pipe is written as it is.

    `data` may come in pieces, and what making them raises leaves nothing behind either.

    Raises UsageError when that cannot be done; nothing is left behind then.
    """
    try:
        goal = path.resolve()
        if goal.exists() and not goal.is_file():
            with goal.open("wb") as stream:
                stream.writelines(_pieces(data))
        else:
            _replace(goal, data)
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"{path}: cannot be written: {_reason(error)}") from error


def require_writable(path: Path) -> None:
    """What can be known before there is anything to write: raises UsageError as `write` would, and leaves nothing."""
    try:
        goal = path.resolve()
        if goal.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        if not goal.exists() or goal.is_file():
            with tempfile.TemporaryFile(dir=goal.parent, prefix=f".{goal.name}"):
                return
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"{path}: cannot be written: {_reason(error)}") from error


def _pieces(data: bytes | Iterable[bytes]) -> Iterable[bytes]:
    return (data,) if isinstance(data, bytes) else data


def _replace(goal: Path, data: bytes | Iterable[bytes]) -> None:
    descriptor, name = tempfile.mkstemp(dir=goal.parent, prefix=f".{goal.name[:100]}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(_pieces(data))
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(goal)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "no usable path"
