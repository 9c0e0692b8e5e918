"""Where the repository of a folder is, found without starting anything and without reading any configuration.

Only a `.git` counts (gitrepository-layout(5)): a folder, or the file that a worktree or a submodule has in its place.
git refuses to commit an entry of that name, so that nobody's pull request can bring one; one that leads to files of a
working tree around it is passed over all the same. HEAD, config, objects and refs
as ordinary files among the manifests (a bare repository, which git itself would use) are just files here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GitDirectory", "find_repository", "is_ref_name"]

_NAME = ".git"
_MOST = 2**16  # bytes of the small files of a git directory
_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})", re.ASCII)
_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)|[/.]\Z|\A[/.]")
_OF_A_WORKTREE = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")  # all other refs are shared (git-worktree(1))
_SYMBOLIC_LINKS = 5  # git's own bound of how many names a name may lead through


@dataclass(frozen=True, slots=True)
class GitDirectory:
    """A repository on this disk; all paths are absolute, without links.

    `top` is the folder of the working tree, `entry` the `.git` in it, `directory` the folder with this working tree's
    HEAD and index, and `common` the one with objects and refs, which worktrees share.
    """

    top: Path
    entry: Path
    directory: Path
    common: Path

    @property
    def is_within_the_checkout(self) -> bool:
        """Whether it lies among the files of the working tree, from where anybody's files could stand in for it."""
        return any(
            place.is_relative_to(self.top) and _NAME not in place.relative_to(self.top).parts
            for place in (self.directory, self.common)
        )

    @property
    def superproject(self) -> Path | None:
        """The working tree of which this one is a submodule; None when it is none.

        Its repository lies in that one's `modules/`: which one that is, and at which commit, its content says.
        """
        outer = find_repository(self.top.parent) if self.entry.is_file() else None
        if outer is None:
            return None
        places = (outer.directory / "modules", outer.common / "modules")
        return outer.top if any(self.directory.is_relative_to(place) for place in places) else None

    @property
    def has_reftable(self) -> bool:
        """Whether its refs are kept in git's newer binary form."""
        return (self.common / "reftable").is_dir()

    def head(self) -> str | None:
        """The ID of the commit that is checked out; None when there is none yet, or its name cannot be followed."""
        return self.ref("HEAD")

    def has_ref(self, name: str) -> bool:
        """Whether there is a ref of this full name, whatever it leads to."""
        return self._held(name) is not None

    def ref(self, name: str) -> str | None:
        """The ID that a ref leads to, by its full name (`refs/…`, or `HEAD`); None when it leads to none."""
        for _ in range(_SYMBOLIC_LINKS):
            text = self._held(name) or ""
            if not text.startswith("ref:"):
                return text if _ID.fullmatch(text) else None
            name = text.removeprefix("ref:").strip()
            if not (name.startswith("refs/") and is_ref_name(name)):
                return None
        return None

    def fetched(self, name: str) -> frozenset[str] | None:
        """The IDs in a file such as FETCH_HEAD, those apart that were not fetched to be merged; None: no such file."""
        text = _held_in(self.directory / name)
        if text is None:
            return None
        lines = (line.split("\t") for line in text.splitlines())
        return frozenset(line[0].strip() for line in lines if "not-for-merge" not in line[1:2])

    def _held(self, name: str) -> str | None:
        """What a ref holds; None when there is none. A loose one comes before a packed one, even when it is broken."""
        is_own = not name.startswith("refs/") or name.startswith(_OF_A_WORKTREE)
        text = _held_in((self.directory if is_own else self.common) / name)
        return text if text is not None else next((id_ for id_, packed in self._packed() if packed == name), None)

    def _packed(self) -> Iterator[tuple[str, str]]:
        try:
            lines = (self.common / "packed-refs").read_bytes().split(b"\n")
        except OSError:
            return
        for line in lines:
            id_, _, name = line.partition(b" ")
            yield id_.decode("ascii", "replace"), os.fsdecode(name)


def is_ref_name(name: str) -> bool:
    """Whether git allows a ref of this name (git-check-ref-format(1)), so that it leads nowhere else as a path."""
    return name not in ("", "@") and _NO_REF.search(name) is None


def find_repository(folder: Path) -> GitDirectory | None:
    """The repository that a folder stands in: the nearest `.git` above its real place. None when there is none."""
    place = Path(os.path.realpath(folder))
    found = (_at(top) for top in (place, *place.parents))
    return next((one for one in found if one is not None and not _is_content(one)), None)


def _is_content(found: GitDirectory) -> bool:
    """Whether a `.git` leads to files of the working tree around it, as no `git worktree` and no submodule does."""
    if found.directory == found.entry:
        return False
    outer = find_repository(found.top.parent)
    return outer is not None and any(
        place.is_relative_to(outer.top) and _NAME not in place.relative_to(outer.top).parts
        for place in (found.directory, found.common)
    )


def _at(top: Path) -> GitDirectory | None:
    entry = top / _NAME
    directory = _target(entry, "gitdir:") if entry.is_file() else entry
    if directory is None or not directory.is_dir():
        return None
    directory = Path(os.path.realpath(directory))
    shared = directory / "commondir"
    common = _target(shared, "") if shared.is_file() else directory
    if common is None or not (common / "objects").is_dir() or not _text(directory / "HEAD"):
        return None
    return GitDirectory(top, entry, directory, Path(os.path.realpath(common)))


def _target(file: Path, mark: str) -> Path | None:
    """The folder that a file names after a mark, relative to the file's own; None when it names none."""
    text = _text(file)
    if not text.startswith(mark):
        return None
    name = text.removeprefix(mark).strip("\r\n").removeprefix(" ") if mark else text.strip("\r\n")
    return file.parent / name if name and "\0" not in name else None


def _text(file: Path) -> str:
    """The beginning of a small file; "" when it cannot be read."""
    try:
        with file.open("rb") as stream:
            return os.fsdecode(stream.read(_MOST))
    except OSError:
        return ""


def _held_in(file: Path) -> str | None:
    """A small file, "" when it cannot be read; None when there is none."""
    try:
        is_there = file.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return _text(file).strip() if is_there else None
