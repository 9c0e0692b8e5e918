"""A git directory of our own that shows another one's objects, and nothing else of it.

git reads `$GIT_DIR/config` whatever it is told, and a dozen settings of it name programs (`core.fsmonitor`,
`core.sshCommand`, `diff.external`, filters, `gpg.program` …) with more in every release. So git is given a directory
whose config is ours: hooks, grafts, attributes, remotes and their promises are not in it, and no working tree belongs
to it. Objects are found where they are, alternates included; the shallow boundary is a link to the real one. It has no
refs either: a commit is named by its full ID alone (`git_names`), and no ref can be taken for one.

dulwich, which starts no process, was measured for this (docs/git.md) and is too slow for a long history.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

from pcreconcile.cli import child_process
from pcreconcile.cli.git_directory import GitDirectory
from pcreconcile.model.errors import UsageError

__all__ = ["GitView"]

_PATIENCE = 120.0  # seconds; for a program that hangs, not for a busy machine
_SHALLOW = "shallow"
# `attr.tree` names no tree: the attributes of a commit count no more than those of a checkout.
_CONFIG = """\
[core]
    repositoryFormatVersion = {version}
    bare = true
    hooksPath = {nowhere}
    attributesFile = {nowhere}
    fsmonitor = false
    useReplaceRefs = false
[protocol]
    allow = never
[safe]
    bareRepository = explicit
[attr]
    tree = refs/none
{extensions}"""
_SHA256 = "[extensions]\n    objectFormat = sha256\n"


class GitView:
    """Runs git on the objects of a repository; the directory made for it goes with the value."""

    def __init__(self, repository: GitDirectory) -> None:
        """Raises UsageError when no such directory can be made."""
        if repository.has_reftable:
            raise UsageError(
                f"{repository.common} keeps its refs as a reftable, which is not read here:"
                " `git refs migrate --ref-format=files` turns them into files"
            )
        self._objects, self._index = repository.common / "objects", repository.directory / "index"
        try:
            self._place = Path(tempfile.mkdtemp(prefix="pcreconcile-git-"))
            weakref.finalize(self, shutil.rmtree, self._place, ignore_errors=True)
            _fill(self._place, repository)
        except OSError as error:
            raise UsageError(f"git cannot be asked: {tempfile.gettempdir()} cannot be written ({error})") from error

    def run(self, words: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """git's answer to these words. Raises UsageError when there is no git, or none that answers in time."""
        command = ["git", "--no-replace-objects", "--no-pager", "--literal-pathspecs", *words]
        try:
            return child_process.run(
                command, given=given, settings=self._settings(), folder=self._place, patience=_PATIENCE
            )
        except FileNotFoundError as error:
            raise UsageError("git is not installed, and --base, --anchor and approvals need it") from error
        except child_process.NotAnswered as error:
            raise UsageError(str(error)) from error

    def paths(self, *words: str) -> tuple[str, ...]:
        """The paths that a listing with `-z` names. Raises UsageError when git does not give one."""
        done = self.run(words)
        if done.returncode != 0:
            raise UsageError(
                f"the files that git tracks cannot be listed: {done.stderr.decode(errors='replace')[:200]}"
            )
        return tuple(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)

    def _settings(self) -> dict[str, str]:
        return {
            "GIT_DIR": str(self._place),
            "GIT_OBJECT_DIRECTORY": str(self._objects),
            "GIT_INDEX_FILE": str(self._index),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }


def _fill(place: Path, repository: GitDirectory) -> None:
    (place / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
    (place / "refs").mkdir()
    parts_of_the_index = repository.directory.glob("sharedindex.*")
    for shown in (repository.common / _SHALLOW, *parts_of_the_index):
        if shown.exists():
            (place / shown.name).symlink_to(shown)
    # The length of an ID tells the object format; the configuration that names it is not read.
    is_sha256 = len(repository.head() or "") > 40
    (place / "config").write_text(
        _CONFIG.format(version=int(is_sha256), nowhere=os.devnull, extensions=_SHA256 if is_sha256 else ""),
        encoding="ascii",
    )
