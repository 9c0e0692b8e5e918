"""From PATH to the partner folder: the nearest folder upwards, PATH's own included, that holds a Partner document."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pcreconcile.manifests.files import at_file, unreadable
from pcreconcile.model.errors import Finding, ManifestError


class Folder(msgspec.Struct, frozen=True):
    """A folder: where it is and how to call it."""

    path: Path
    shown: str


class Start(msgspec.Struct, frozen=True):
    """What PATH names: a folder, or one file in a folder."""

    folder: Folder
    file: Path | None
    shown: str


def start(given: str) -> Start:
    """What PATH is. Raises ManifestError when it is missing, unreadable or a link to a folder."""
    path = Path(given)
    try:
        mode = path.lstat().st_mode
        leads_to_folder = stat.S_ISLNK(mode) and path.is_dir()
    except ValueError:
        raise ManifestError([at_file(given, "no such file or folder")]) from None
    except OSError as error:
        raise ManifestError([_missing(given, error)]) from None
    if leads_to_folder:
        raise ManifestError([at_file(given, "a symbolic link to a folder", "the folder itself")])
    if stat.S_ISDIR(mode):
        return Start(Folder(path, given), None, given)
    return Start(Folder(upper(path), given[: given.rindex(path.name)] or "."), path, given)


def upper(path: Path) -> Path:
    """The folder above, by name where the name tells: `a` for `a/b`, `.` for `a`, `..` for `.`."""
    return path / ".." if path.name in ("", "..") else path.parent


def upwards(folder: Folder) -> Iterator[Folder]:
    """The folder and all above it, nearest first."""
    while True:
        yield folder
        above = upper(folder.path)
        if os.path.realpath(above) == os.path.realpath(folder.path):
            return
        folder = Folder(above, str(above))


def partner_folder(folder: Folder, holds_partner: Callable[[Folder], bool]) -> Folder | None:
    """The nearest folder that holds a Partner document, or None."""
    return next((candidate for candidate in upwards(folder) if holds_partner(candidate)), None)


def between(top: Path, folder: Path) -> tuple[Path, ...]:
    """The folders from `top` down to `folder`, both included; only `folder` when it does not lie below."""
    chain = [folder]
    while chain[-1] != top:
        above = upper(chain[-1])
        if os.path.realpath(above) == os.path.realpath(chain[-1]):
            return (folder,)
        chain.append(above)
    return tuple(reversed(chain))


def _missing(given: str, error: OSError) -> Finding:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return at_file(given, "no such file or folder")
    return at_file(given, unreadable(error))
