"""As whom and with which key somebody signs, as git on this machine has it, unless the command line says.

The repository's `.git/config` is the machine's own, and read as a file: nothing that it names is followed or run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pcreconcile.cli import child_process
from pcreconcile.cli.git_directory import find_repository
from pcreconcile.cli.git_ownership import require_own
from pcreconcile.model.errors import UsageError

_PATIENCE = 120.0  # seconds; for a program that hangs, not for a busy machine
_USUAL = ".ssh/id_ed25519"


def principal(given: str | None, folder: Path) -> str:
    """Who approves. Raises UsageError when nobody says."""
    name = given or _configured(folder, "user.email")
    if not name:
        raise UsageError("nobody says who approves: use --as, or set git's user.email")
    return name


def key(given: str | None, folder: Path) -> str:
    """A key file, or a public key as text whose other half an agent holds. Raises UsageError when there is none."""
    if given:
        return given
    if _configured(folder, "gpg.format") == "ssh" and (configured := _configured(folder, "user.signingkey")):
        return configured
    if not (Path("~").expanduser() / _USUAL).exists():
        raise UsageError(
            "there is no key to sign with: use --key, or set git's user.signingkey with gpg.format=ssh,"
            f" or make one with `ssh-keygen -t ed25519` (~/{_USUAL})"
        )
    return f"~/{_USUAL}"


def _configured(folder: Path, name: str) -> str:
    """A setting of git, the repository's before the user's and the machine's; "" without git, and where none has it."""
    values = (_asked([*where, "--get", name]) for where in (*_repositorys(folder), ["--includes"]))
    return next(filter(None, values), "")


def _repositorys(folder: Path) -> Iterator[Sequence[str]]:
    """Its configuration as a file, without those that it includes; none of a repository that is somebody else's."""
    repository = find_repository(folder)
    if repository is None:
        return
    try:
        require_own(repository)
    except UsageError:
        return
    for file in dict.fromkeys((repository.directory / "config.worktree", repository.common / "config")):
        if file.is_file():
            yield ["--file", str(file), "--no-includes"]


def _asked(words: Sequence[str]) -> str:
    # No repository is looked for: what is in one is asked for by its file.
    settings = {"GIT_DIR": os.devnull}
    try:
        answer = child_process.run(["git", "config", *words], settings=settings, folder=Path("/"), patience=_PATIENCE)
    except (FileNotFoundError, child_process.NotAnswered):
        return ""
    return answer.stdout.decode(errors="replace").strip() if answer.returncode == 0 else ""
