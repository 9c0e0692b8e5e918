"""`make demo`: plan, apply, prove it, plan again, as processes of their own against the embedded simulator.

It runs the command line exactly as a person would and judges by what the last plan says.
In a folder of its own, which is gone afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pcreconcile.cli.child_process import child_environment
from pcreconcile.model.plan import NOW, Plan

_SHIPPED = Path(__file__).parents[3] / "manifests"
_PATIENCE = 600.0


def main() -> int:
    """0 when the second plan has nothing left to do now."""
    if not _SHIPPED.is_dir():
        return _failed("the demo needs the manifests of a checkout")
    with tempfile.TemporaryDirectory(prefix="pcreconcile-demo-") as folder:
        return _rehearse(Path(folder))


def _rehearse(folder: Path) -> int:
    shutil.copytree(_SHIPPED, folder / "manifests")
    steps: Sequence[tuple[str, list[str]]] = (
        ("1. What do the manifests take?", ["plan", "--out", "demo.plan.json"]),
        ("2. Do what is due now", ["apply", "demo.plan.json"]),
        ("3. Prove it", ["evidence", "last", "--out", "evidence.zip"]),
        ("4. Does the proof hold?", ["verify", "evidence.zip"]),
        ("5. What is left?", ["plan", "--out", "after.plan.json"]),
    )
    for heading, words in steps:
        code = _step(heading, words, folder)
        if code != 0:
            return _failed(f"`pcreconcile {' '.join(words)}` ended with {code}")
    return _judge(folder / "after.plan.json")


def _step(heading: str, words: list[str], folder: Path) -> int:
    _say(f"\n=== {heading}\n$ pcreconcile {' '.join(words)}\n")
    command = [sys.executable, "-m", "pcreconcile", *words]
    # Without settings for the program: the demo shows what a newcomer gets.
    environment = child_environment(os.environ)
    return subprocess.run(command, cwd=folder, env=environment, timeout=_PATIENCE, check=False).returncode  # noqa: S603


def _judge(kept: Path) -> int:
    plan = msgspec.json.decode(kept.read_bytes(), type=Plan)
    left = [action for customer in plan.customers for action in customer.actions if action.when == NOW]
    if left:
        return _failed(f"{len(left)} actions are still due now")
    _say("\nDemo done: nothing is left to do now; what remains has a date, or waits for a person.")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _failed(reason: str) -> int:
    sys.stderr.write(f"demo failed: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
