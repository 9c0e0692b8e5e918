"""An OS lock on a file: it dies with the process that holds it, however that ends, and leaves nothing to clean up."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pcreconcile.model.errors import Locked, StoreError

POLL = 0.05  # seconds between two tries


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
def file_lock(path: Path, timeout: float) -> Iterator[FileLock]:
    """Hold the lock on a file (made 0600 when missing), waiting at most `timeout` seconds.

    Raises Locked when another process holds it, StoreError when the file cannot be made or locked.
    """
    descriptor = _open(path)
    try:
        _acquire(path, descriptor, time.monotonic() + timeout)
        _sign(descriptor)
        yield FileLock(path, descriptor)
    finally:
        os.close(descriptor)  # which releases it


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreError(f"the lock file {path} cannot be opened: {error.strerror}") from error


def _acquire(path: Path, descriptor: int, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            left = until - time.monotonic()
            if left <= 0:
                raise Locked(f"another apply for this partner tenant is running{_holder(descriptor)}") from None
            time.sleep(min(POLL, left))
        except OSError as error:
            raise StoreError(f"the lock file {path} cannot be locked: {error.strerror}") from error


def _sign(descriptor: int) -> None:
    """Say who holds it; only a hint for people, so a full disk does not matter."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)


def _holder(descriptor: int) -> str:
    with contextlib.suppress(OSError):
        text = os.pread(descriptor, 20, 0).strip()
        if text.isdigit():
            return f" (process {text.decode('ascii')})"
    return ""
