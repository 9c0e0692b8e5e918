"""Prints a digest of everything that plans say: each file of cases, the shipped estate, and the demo from end to end.

`python -m tools.plan_digest` before and after a change of structure; equal lines mean equal bytes of every plan,
journal event and receipt. Times of the machine and random numbers are left out of the demo's digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tests.exits.estates import customer_plan
from tests.exits.wording import case_files

from pcreconcile.model.identity import canonical_json

ROOT = Path(__file__).parents[1]
NOW = "2026-12-01T12:00:00Z"
STEPS = (("plan", "--out", "demo.plan.json"), ("apply", "demo.plan.json"), ("plan", "--format", "json"), ("deadlines",))
# Of a run, not of what was decided: identifiers made at random, hashes over them, instants of the machine, ports.
VARYING = re.compile(
    r"[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)|127\.0\.0\.1:\d+"
)


def cases() -> Iterator[tuple[str, str]]:
    """(file of cases, digest of the canonical plans of all its cases)."""
    for path in case_files():
        digest = hashlib.sha256()
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            digest.update(canonical_json(customer_plan(case)))
        yield path.name, digest.hexdigest()


def demo() -> Iterator[tuple[str, str]]:
    """(step, digest of what it printed and wrote) of the shipped manifests, planned and applied in a fresh folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "manifests", folder / "manifests")
        for words in STEPS:
            yield " ".join(words), _digest(_run(folder, *words).replace(name, ""))
        yield "demo.plan.json", _digest((folder / "demo.plan.json").read_text(encoding="utf-8"))
        yield "journal", _digest(json.dumps(list(_events(folder / ".pcreconcile" / "journal.db"))))


def _run(folder: Path, *words: str) -> str:
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    environment = {**kept, "HOME": str(folder), "PCRECONCILE_NOW": NOW, "COLUMNS": "100"}
    command = [sys.executable, "-m", "pcreconcile", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    return f"{done.returncode}\n{done.stdout}\n{done.stderr}"


def _events(journal: Path) -> Iterator[Any]:
    with sqlite3.connect(journal) as connection:
        yield from connection.execute("SELECT kind, body FROM events ORDER BY 1, 2")


def _digest(text: str) -> str:
    """Of the text without what varies; sorted lines, since customers are worked on side by side."""
    return hashlib.sha256("\n".join(sorted(VARYING.sub("*", text).splitlines())).encode()).hexdigest()


def main() -> None:
    """Print a line for each part, and one for all of them together."""
    lines = [f"{digest[:16]}  {name}" for parts in (cases(), demo()) for name, digest in parts]
    sys.stdout.write("\n".join([*lines, f"{_digest(chr(10).join(lines))[:16]}  everything"]) + "\n")


if __name__ == "__main__":
    main()
