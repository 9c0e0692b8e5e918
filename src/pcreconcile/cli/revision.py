"""The commit that the manifests are at, where git knows; it stands in a plan's sources and decides nothing."""

from __future__ import annotations

from pathlib import Path

from pcreconcile.cli.git_directory import find_repository
from pcreconcile.cli.git_ownership import require_own
from pcreconcile.model.errors import UsageError


def of_folder(folder: Path) -> str | None:
    """The full commit ID; None outside a repository, before its first commit, and in one of somebody else's.

    The files of the repository say it, so that no program is started for every plan.
    """
    repository = find_repository(folder)
    if repository is None:
        return None
    try:
        require_own(repository)
    except UsageError:
        return None
    return repository.head()
