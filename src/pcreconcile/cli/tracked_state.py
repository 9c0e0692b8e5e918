"""State that git tracks is refused: whoever proposes a change could bring a journal that says what was approved.

The manifests' repository counts, and the one in which the state lies. Whose that repository is does not matter here:
the answer can only refuse.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from pcreconcile.cli.git_directory import GitDirectory, find_repository
from pcreconcile.cli.git_index import indexed_paths
from pcreconcile.cli.git_view import GitView
from pcreconcile.cli.repository import is_same_place
from pcreconcile.model.errors import ConfigurationError, UsageError

__all__ = ["require_untracked"]

_FILES = tuple(f"{name}{more}" for name in ("journal.db", "simulator.db") for more in ("", "-wal", "-shm", "-journal"))
# What is state where PCRECONCILE_HOME names a folder that holds the manifests as well.
_NAMES = (*_FILES, "snapshots", "runs", "plans")


def require_untracked(state: Path, manifests: Path) -> None:
    """Raise ConfigurationError, with what to do, when git tracks the folder of state or anything that is state in it.

    A file of state that is a link, or has a second name elsewhere, may be a tracked file and is refused as well.

    Where the folder does not exist, the index alone is looked at, as far as its file tells: no program is started then.
    Nothing is asked where it stands in no repository.
    """
    exists = os.path.lexists(state)
    for name in _FILES:
        _require_file_of_its_own(state / name)
    found = (find_repository(folder) for folder in (manifests, state.parent))
    for repository in dict.fromkeys(one for one in found if one is not None):
        paths = tuple(_paths(state, manifests, repository.top))
        if paths:
            _require_untracked(repository, paths, exists=exists)


def _require_file_of_its_own(file: Path) -> None:
    if file.is_symlink() or _has_another_name(file):
        raise ConfigurationError(
            f"{file} is a link, or a file with a second name (a hard link), so that it may be one that a change"
            " brought: it is not taken for state. Where it is this machine's own, put a copy in its place while no run"
            f" goes on: `cp {shlex.quote(str(file))} new`, then `mv new {shlex.quote(str(file))}`; else remove it and"
            " make the plan anew"
        )


def _has_another_name(file: Path) -> bool:
    """Whether a file has a name besides those that making the journal leaves for a moment, or after a kill."""
    try:
        found = file.lstat()
        beside = [
            each for each in file.parent.glob(f".{file.name}.*/{file.name}") if os.path.samestat(each.lstat(), found)
        ]
        # Looked at again: the second name may have gone meanwhile.
        return (
            stat.S_ISREG(found.st_mode) and found.st_nlink > 1 + len(beside) and file.lstat().st_nlink > 1 + len(beside)
        )
    except OSError:
        return False


def _paths(state: Path, manifests: Path, top: Path) -> Iterator[str]:
    """The folder as the repository names it: where it lies, and the links on the way there."""
    real = Path(os.path.realpath(state))
    ways = (real, Path(os.path.realpath(state.parent), state.name), Path(os.path.abspath(state)))  # noqa: PTH100
    holds_manifests = Path(os.path.realpath(manifests)).is_relative_to(real)
    for way in dict.fromkeys(ways):
        places = [way / name for name in _NAMES] if holds_manifests else [way]
        yield from (place.relative_to(top).as_posix() for place in places if place.is_relative_to(top))


def _require_untracked(repository: GitDirectory, paths: Iterable[str], *, exists: bool) -> None:
    head = repository.head()
    listed = indexed_paths(repository.directory / "index", len(head or "") // 2 or 20)
    if exists:
        names = (*_of_index(repository, listed), *(_of(head, repository, known=listed is not None) if head else ()))
    else:
        names = listed or ()
    for path in paths:
        if (tracked := next((name for name in names if is_same_place(name, path)), None)) is not None:
            raise ConfigurationError(_refusal(repository.top, path, tracked))


def _of_index(repository: GitDirectory, listed: tuple[str, ...] | None) -> tuple[str, ...]:
    if listed is not None or not (repository.directory / "index").exists():
        return listed or ()
    return GitView(repository).paths("ls-files", "-z")


def _of(head: str, repository: GitDirectory, *, known: bool) -> tuple[str, ...]:
    """What the commit that is checked out holds; where there is no git, the index alone says what was checked out."""
    try:
        return GitView(repository).paths("ls-tree", "-r", "-z", "--name-only", "--full-tree", head)
    except UsageError as error:
        if known:
            return ()
        raise ConfigurationError(f"{repository.top}: whether git tracks the state cannot be told: {error}") from error


def _refusal(top: Path, path: str, tracked: str) -> str:
    from pcreconcile.rendering.text import outside

    named = shlex.quote(path)
    return (
        f"{top / path} is tracked by git ({outside(tracked)}), so that anybody's change could bring it: it is not taken"
        f" for the journal or any other state. Where it is this machine's own: `git rm -r --cached {named}`; else"
        f" `git rm -r {named}`. Then add it to .gitignore, commit that, and make the plan anew"
    )
