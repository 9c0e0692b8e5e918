"""Which files are manifests, and their bytes: nothing is opened that could block, lie elsewhere or be too large.

Links are looked at and never followed to a folder or out of the tree; what is behind a refused one is not read and its
target is not shown.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pcreconcile.manifests.quoting import escaped
from pcreconcile.model.errors import Finding

MAX_BYTES = 1024 * 1024
SUFFIXES = (".yaml", ".yml")
LINK_ADVICE = "a regular file inside the manifests"


class FoundFile(msgspec.Struct, frozen=True):
    """A manifest: where to open it, how to call it, and the name of its folder as walked."""

    path: Path
    shown: str

    @property
    def folder(self) -> Path:
        """The folder it stands in."""
        return self.path.parent


class Walk:
    """One look at the disk. `tree` bounds links; `findings` collects what could not be looked at."""

    def __init__(self, tree: Path) -> None:
        self._tree = Path(os.path.realpath(tree))
        self.findings: list[Finding] = []

    def below(self, folder: Path, shown: str) -> Iterator[FoundFile]:
        """All manifests of a folder and of the folders in it; a folder's own first, then folder by folder."""
        waiting = [(folder, shown)]
        while waiting:
            top, top_shown = waiting.pop()
            folders: list[tuple[Path, str]] = []
            for entry in self._entries(top, top_shown):
                path, name = top / entry.name, join(top_shown, entry.name)
                if self._is_folder(entry, name):
                    folders.append((path, name))
                elif self._is_manifest(entry, path, name):
                    yield FoundFile(path, name)
            waiting.extend(reversed(folders))

    def directly_in(self, folder: Path, shown: str, wanted: Callable[[str], bool]) -> Iterator[FoundFile]:
        """The manifests of a folder itself whose names are wanted, by name."""
        for entry in self._entries(folder, shown):
            path, name = folder / entry.name, join(shown, entry.name)
            if wanted(entry.name) and not self._is_folder(entry, name) and self._is_manifest(entry, path, name):
                yield FoundFile(path, name)

    def single(self, path: Path, shown: str) -> Iterator[FoundFile]:
        """The one file that PATH names, whatever its suffix."""
        if self._is_sound(path, shown):
            yield FoundFile(path, shown)

    def _note(self, shown: str, problem: str, expected: str = "") -> None:
        self.findings.append(at_file(shown, problem, expected))

    def _entries(self, folder: Path, shown: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted((entry for entry in entries if not is_ignored(entry.name)), key=lambda entry: entry.name)
        except OSError as error:
            self._note(shown, unreadable(error))
            return []

    def _is_folder(self, entry: os.DirEntry[str], shown: str) -> bool:
        try:
            return entry.is_dir(follow_symlinks=False)
        except OSError as error:
            self._note(shown, unreadable(error))
            return False

    def _is_manifest(self, entry: os.DirEntry[str], path: Path, shown: str) -> bool:
        named = entry.name.lower().endswith(SUFFIXES)
        return (named or entry.is_symlink()) and self._is_sound(path, shown) and named

    def _is_sound(self, path: Path, shown: str) -> bool:
        """Whether a file may be opened: regular, or a link to a regular file of this tree."""
        try:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                return self._link_is_sound(path, shown)
        except OSError as error:
            self._note(shown, unreadable(error))
            return False
        if not stat.S_ISREG(mode):
            self._note(shown, "not a regular file", "a regular file")
            return False
        return True

    def _link_is_sound(self, path: Path, shown: str) -> bool:
        try:
            target = path.resolve(strict=True)
            mode = target.lstat().st_mode
        except (OSError, RuntimeError):  # a loop is a RuntimeError until Python 3.13
            self._note(shown, "a symbolic link that leads nowhere", LINK_ADVICE)
            return False
        if not target.is_relative_to(self._tree):
            self._note(shown, "a symbolic link out of the manifests", LINK_ADVICE)
        elif not stat.S_ISREG(mode):
            self._note(shown, "a symbolic link to something that is no regular file", LINK_ADVICE)
        return target.is_relative_to(self._tree) and stat.S_ISREG(mode)


def read_bytes(file: FoundFile) -> bytes | Finding:
    """The bytes of a file that a walk has found, or why there are none; the size is looked at before they are read."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            data = stream.read(MAX_BYTES + 1) if size <= MAX_BYTES else b""
    except OSError as error:
        return at_file(file.shown, unreadable(error))
    if size > MAX_BYTES or len(data) > MAX_BYTES:
        return at_file(file.shown, "the file is too large", "at most 1 MiB")
    return data


def at_file(shown: str, problem: str, expected: str = "") -> Finding:
    """A finding about a file or folder as a whole."""
    return Finding(escaped(shown), 1, 1, problem, expected)


def unreadable(error: OSError) -> str:
    """Why the system does not let us look, in its words and without its paths."""
    return f"cannot be read: {error.strerror or 'input/output error'}"


def is_ignored(name: str) -> bool:
    """Editors' and systems' own files: hidden, lock and backup files."""
    return name.startswith((".", "#")) or name.endswith("~")


def join(shown: str, name: str) -> str:
    """A name below a folder, as the command line would give it."""
    if shown == ".":
        return name
    return f"{shown}{name}" if shown.endswith("/") else f"{shown}/{name}"
