"""Files that people hand over: read within a bound, written whole or not at all, and never through a link.

A link in a checkout is its author's, who must not choose what a pipeline overwrites. So nothing is written through the
last part of a path, nor over a link that a repository holds; `/dev/stdout`, pipes and devices are written as they are.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path
from typing import BinaryIO

from pcreconcile.cli.checkout import HeldLink, real_folder, require_unheld
from pcreconcile.model.errors import PlanFileError, UsageError

# Where a system's own names for a process's streams lie; what those are links to is the caller's choice.
_STREAMS = re.compile(r"/dev|/proc/[0-9]+(/task/[0-9]+)?/fd", re.ASCII)


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

    `data` may come in pieces, and what making them raises leaves nothing behind either. Raises UsageError when it
    cannot be written, or a link is in the way; nothing is left behind then.
    """
    with writing(path) as stream:
        stream.writelines((data,) if isinstance(data, bytes) else data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """As `write`, for what is made piece by piece: it takes its place when the block ends, and not when it raises."""
    folder = _folder(path)
    try:
        if folder is None:
            with _open_stream(path) as stream:
                yield stream
        else:
            with _descriptor(folder) as at, _replacing(at, path.name) as stream:
                yield stream
    except OSError as error:
        raise _unwritable(path, _reason(error)) from error


def require_writable(path: Path) -> None:
    """What can be known before there is anything to write: raises UsageError as `write` would, and leaves nothing."""
    folder = _folder(path)
    if folder is None:
        return
    try:
        if (folder / path.name).is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with _descriptor(folder) as at:
            name, descriptor = _create(at, path.name)
            os.close(descriptor)
            os.unlink(name, dir_fd=at)
    except OSError as error:
        raise _unwritable(path, _reason(error)) from error


def require_unlinked(path: Path) -> None:
    """Raises UsageError when the path is a link, or a link on the way to it lies in a repository."""
    _folder(path)


def _folder(path: Path) -> Path | None:
    """The real folder of a file to be written; None for a device, a pipe or a stream of the process.

    Raises UsageError for a link that nothing is written through.
    """
    if "\0" in str(path):
        raise _unwritable(path, "no usable path")
    try:
        folder = real_folder(path)
        place = folder / path.name
        if place.is_symlink():
            require_unheld(place)
            if not _STREAMS.fullmatch(str(folder)):
                raise _unwritable(path, "it is a link; name the file itself")
            return None
        if path.name in {"", os.pardir}:
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        return None if place.exists() and not place.is_file() and not place.is_dir() else folder
    except HeldLink as error:
        raise _unwritable(path, f"{error.link} is a link that a repository holds; name a place without it") from error
    except OSError as error:
        raise _unwritable(path, _reason(error)) from error


def _unwritable(path: Path, reason: str) -> UsageError:
    return UsageError(f"{path}: cannot be written: {reason}")


def _open_stream(path: Path) -> BinaryIO:
    """A stream of this process goes on where it is, so that what it holds and what follows stay."""
    state = path.stat()
    for own in (1, 2):
        if os.path.samestat(os.fstat(own), state):
            return os.fdopen(os.dup(own), "wb")
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CLOEXEC), "wb")


@contextmanager
def _descriptor(folder: Path) -> Iterator[int]:
    """The folder held open, so that it stays the one that was looked at."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _replacing(at: int, name: str) -> Iterator[BinaryIO]:
    """A new file that takes a name's place in an open folder; a rename replaces a link and does not follow it."""
    beside, descriptor = _create(at, name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, name, src_dir_fd=at, dst_dir_fd=at)
    except BaseException:
        os.unlink(beside, dir_fd=at)
        raise


def _create(at: int, name: str) -> tuple[str, int]:
    beside = f".{name[:100]}.{secrets.token_hex(8)}"
    if len(os.fsencode(name)) > os.fpathconf(at, "PC_NAME_MAX"):
        beside = name  # tells what the system says of it
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return beside, os.open(beside, how, 0o600, dir_fd=at)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "no usable path"
