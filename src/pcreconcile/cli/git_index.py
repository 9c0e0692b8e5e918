"""The paths in git's index (gitformat-index(5)), read from the file itself, so that no program is started for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["indexed_paths"]

_FIXED = 40  # bytes of an entry before its object's ID: times, device, inode, mode, owner, size
_EXTENDED = 0x4000
_HEADER, _PADDING = 12, 8
_ELSEWHERE = b"link"  # the extension of an index that holds a part alone; the rest is in another file


def indexed_paths(file: Path, id_size: int) -> tuple[str, ...] | None:
    """All paths of an index whose object IDs have so many bytes (20 or 32).

    None where the file does not tell them all: a split or a sparse index, a version that is not known, a damaged file.
    """
    try:
        data = file.read_bytes()
        entries = tuple(_entries(data, id_size))
    except (OSError, ValueError, IndexError):
        return None
    return None if any(name.endswith("/") for name in entries) else entries


def _entries(data: bytes, id_size: int) -> Iterator[str]:
    version, count = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:_HEADER], "big")
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index that is known here")
    at, name = _HEADER, b""
    for _ in range(count):
        flags = at + _FIXED + id_size
        start = flags + (4 if int.from_bytes(data[flags : flags + 2], "big") & _EXTENDED else 2)
        kept = 0
        if version == 4:
            kept, start = _number(data, start)
        end = data.index(b"\0", start)
        name = name[: len(name) - kept] + data[start:end] if version == 4 else data[start:end]
        yield os.fsdecode(name)
        at = end + 1 if version == 4 else at + (end - at) // _PADDING * _PADDING + _PADDING
    _require_whole(data[at : len(data) - id_size])


def _number(data: bytes, at: int) -> tuple[int, int]:
    """How many bytes of the name before fall away, and where the rest of this one begins (the offset form of packs)."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1


def _require_whole(extensions: bytes) -> None:
    at = 0
    while at < len(extensions):
        if extensions[at : at + 4] == _ELSEWHERE:
            raise ValueError("a split index")
        at += 8 + int.from_bytes(extensions[at + 4 : at + 8], "big")
