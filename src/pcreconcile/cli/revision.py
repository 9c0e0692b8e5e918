"""The commit that the manifests are at, where git knows; it stands in a plan's sources and decides nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

_PATIENCE = 5.0


def of_folder(folder: Path) -> str | None:
    """The full commit ID, or None outside a repository or without git."""
    asked = ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}"]
    try:
        answer = subprocess.run(asked, capture_output=True, timeout=_PATIENCE, check=True, text=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer.stdout.strip() or None
