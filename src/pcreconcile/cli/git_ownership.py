"""Whose a repository is: what another user of this machine has put there is not believed.

git makes this check itself, and leaves it out where `--git-dir` names the repository, as here. What git's user has
allowed in his own or the machine's configuration (`safe.directory`) is allowed here too; a repository's own
configuration has no say about itself.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from pcreconcile.cli import child_process
from pcreconcile.cli.git_directory import GitDirectory
from pcreconcile.model.errors import UsageError

__all__ = ["require_own"]

_PATIENCE = 120.0  # seconds; for a program that hangs, not for a busy machine
_EVERYTHING, _BELOW = "*", "/*"  # what git allows in place of a path


def require_own(repository: GitDirectory) -> None:
    """Raise UsageError, with what to do, for a repository that is neither the user's own nor allowed by him."""
    if repository.is_within_the_checkout:
        raise UsageError(
            f"{repository.entry} points to files of its own working tree, which anybody's change may bring: it is not"
            " read as a repository; make the checkout anew with `git clone`"
        )
    foreign = next((place for place in _places(repository) if not _is_own(place)), None)
    if foreign is not None and not _is_allowed(repository.top):
        raise UsageError(
            f"{foreign} belongs to another user, so that git's word about {repository.top} is not taken; where you"
            f" trust it: git config --global --add safe.directory {shlex.quote(str(repository.top))}"
        )


def _places(repository: GitDirectory) -> tuple[Path, ...]:
    """The same that git looks at, and for a worktree the repository that it belongs to."""
    return tuple(dict.fromkeys((repository.top, repository.entry, repository.directory, repository.common)))


def _is_own(place: Path) -> bool:
    if not hasattr(os, "geteuid"):
        return True  # Windows: owners are kept otherwise, and git asks there for itself
    try:
        return place.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _is_allowed(top: Path) -> bool:
    allowed = False
    for value in _safe_directories():
        # An empty one takes back what came before it, as for git.
        allowed = (allowed or _names(value, top)) if value else False
    return allowed


def _names(value: str, top: Path) -> bool:
    if value == _EVERYTHING:
        return True
    if value.endswith(_BELOW):
        return Path(os.path.realpath(value.removesuffix(_BELOW))) in top.parents
    return Path(os.path.realpath(value)) == top


def _safe_directories() -> Iterator[str]:
    """The user's own list and the machine's, in git's order; none without git."""
    words = ["git", "config", "--type=path", "-z", "--get-all", "safe.directory"]
    try:
        # No repository is looked for, so that none adds its own.
        done = child_process.run(words, settings={"GIT_DIR": os.devnull}, folder=Path("/"), patience=_PATIENCE)
    except (FileNotFoundError, child_process.NotAnswered):
        return
    yield from (os.fsdecode(value) for value in done.stdout.split(b"\0")[:-1])
