"""An OS lock on a file: it dies with the process that holds it, however that ends, and leaves nothing to clean up.

The holder writes into the file who it is. Whoever only wants to know that probes with a shared lock, for microseconds;
who wants the lock and meets nothing but probes (a shared lock can be had beside them, not beside a holder) tries again,
so that a look never makes an apply leave.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pcreconcile.applying.stores import holders
from pcreconcile.model.errors import Locked, StoreError
from pcreconcile.model.run import Holder

POLL = 0.05  # seconds between two tries
_LOOKS = 20  # at what a holder writes, which comes a moment after it has the lock
_LOOK_AGAIN = 0.01  # seconds
_PROBED = 0.002  # seconds at most to leave to those who only look


@dataclass(frozen=True, slots=True)
class FileLock:
    """A lock that is held."""

    path: Path
    descriptor: int

    def still_held(self) -> bool:
        """Whether the file that is locked is still the one that others would lock."""
        try:
            there, here = self.path.stat(), os.fstat(self.descriptor)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


@contextlib.contextmanager
def file_lock(path: Path, timeout: float, holder: Holder) -> Iterator[FileLock]:
    """Hold the lock on a file (made 0600 when missing), waiting at most `timeout` seconds.

    Raises Locked when another process holds it, StoreError when the file cannot be made or locked.
    """
    with _opened(path, os.O_RDWR | os.O_CREAT) as descriptor:
        _acquire(path, descriptor, time.monotonic() + timeout)
        held = FileLock(path, descriptor)
        if not held.still_held():
            raise StoreError(f"the lock file {path} was taken away while it was being locked")
        _write(descriptor, holders.document_of(holder))
        try:
            yield held
        finally:
            _write(descriptor, b"")
    # closing it has released it


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock on a file at this moment; None when nobody does. Makes and changes nothing.

    Raises StoreError when the file cannot be read.
    """
    if not os.path.lexists(path):
        return None
    with _opened(path, os.O_RDONLY) as descriptor:
        for _ in range(_LOOKS):
            if not _is_taken(path, descriptor):
                return None
            holder = _written(descriptor)
            if holder is not None and _may_live(holder):
                return holder
            time.sleep(_LOOK_AGAIN)
        return _written(descriptor) or holders.unknown(datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC))


@contextlib.contextmanager
def _opened(path: Path, how: int) -> Iterator[int]:
    try:
        descriptor = os.open(path, how | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreError(f"the lock file {path} cannot be opened: {error.strerror}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(path: Path, descriptor: int, until: float) -> None:
    while not _had(path, descriptor, fcntl.LOCK_EX):
        if not _is_taken(path, descriptor):
            time.sleep(random.uniform(0, _PROBED))  # noqa: S311 two who meet here should not meet again
            continue
        left = until - time.monotonic()
        if left <= 0:
            raise Locked(holders.locked(_written(descriptor)))
        time.sleep(min(POLL, left))


def _is_taken(path: Path, descriptor: int) -> bool:
    """Whether somebody holds it who does more than look."""
    if not _had(path, descriptor, fcntl.LOCK_SH):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _had(path: Path, descriptor: int, sort: int) -> bool:
    try:
        fcntl.flock(descriptor, sort | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreError(f"the lock file {path} cannot be locked: {error.strerror}") from error
    return True


def _write(descriptor: int, document: bytes) -> None:
    """Only a hint for people, so a full disk does not matter."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, document, 0)


def _written(descriptor: int) -> Holder | None:
    with contextlib.suppress(OSError):
        return holders.holder_of(os.pread(descriptor, holders.LIMIT, 0))
    return None


def _may_live(holder: Holder) -> bool:
    """False for what a killed process left behind on this machine, which the next holder is about to overwrite."""
    if holder.host != socket.gethostname():
        return True
    try:
        os.kill(holder.process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
