"""What planning again costs `apply`: its time, and its requests by route, beside another state of the code.

    python -m benchmarks.apply [--against COMMIT] [--customers 20] [--latency 0.02] [--runs 3] [RESULT.json]

A simulator process answers each request after `--latency` seconds. Each state of the code plans and applies the same
mixed fleet (tests/e2e/crash/worlds.py) with processes of its own; the other state is checked out into a folder that is
removed afterwards. Requests are counted by the simulator's log, times are medians. The result goes to
benchmarks/results/apply.json unless a path is given.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from tests.e2e.conftest import REPOSITORY, Desk, Service, environment, simulating
from tests.e2e.crash.worlds import AT, KINDS, World, world_with

RESULT = Path(__file__).parent / "results" / "apply.json"
BEFORE = "6bc2606"  # the last commit whose apply believed the acts of a plan file

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27,}|(?<=/orders/)[^/]+|(?<=reservationOrders/)[^/]+", re.IGNORECASE)


def main() -> None:
    """Measure both states, print the table, keep the numbers."""
    options = _options()
    with _checked_out(options.against) as before:
        found = {
            options.against: [_measured(before, options) for _ in range(options.runs)],
            "here": [_measured(REPOSITORY, options) for _ in range(options.runs)],
        }
    result = {
        "customers": options.customers,
        "latency": options.latency,
        "runs": options.runs,
        "python": platform.python_version(),
        "states": {name: _summed(runs) for name, runs in found.items()},
    }
    print(_table(result["states"]))
    options.result.parent.mkdir(exist_ok=True)
    options.result.write_text(json.dumps(result, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default=BEFORE, help="the commit to compare with")
    parser.add_argument("--customers", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.02, help="seconds from a request to its answer")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("result", nargs="?", type=Path, default=RESULT)
    return parser.parse_args()


@contextlib.contextmanager
def _checked_out(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True)


def _measured(tree: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One plan and one apply by the code in `tree`; a world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        desk, world = Desk(Path(folder)), _world(options.customers)
        clock = AT["PCRECONCILE_NOW"]
        with simulating(desk.folder, "--estate", str(world.found(desk.folder)), "--clock", clock) as service:
            world.write(desk, service.url)
            _run(tree, desk, "plan", "--out", "kept.plan.json")
            _delay(service, options.latency)
            before, start = service.last(), time.perf_counter()
            code = _run(tree, desk, "apply", "kept.plan.json")
            took = time.perf_counter() - start
            log = [entry for entry in service.log(before) if not entry["path"].startswith("/_simulator/")]
        return {"exit": code, "seconds": took, "requests": Counter(_route(entry) for entry in log)}


def _world(customers: int) -> World:
    kinds = sorted(KINDS)
    return world_with(*(kinds[place % len(kinds)] for place in range(customers)))


def _run(tree: Path, desk: Desk, *arguments: str) -> int:
    settings = environment(desk.folder, **AT, PYTHONPATH=os.pathsep.join([str(tree / "src")]))
    command = [sys.executable, "-m", "pcreconcile", *arguments]
    done = subprocess.run(command, cwd=desk.folder, env=settings, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 2}:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.returncode


def _delay(service: Service, seconds: float) -> None:
    faults = {"faults": [{"fault": "slow", "seconds": seconds, "count": 0}]}
    httpx.post(f"{service.url}/_simulator/faults", json=faults).raise_for_status()


def _route(entry: dict[str, Any]) -> str:
    return f"{entry['method']} {_ID.sub('{id}', str(entry['path']))}"


def _summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    requests = runs[0]["requests"]
    return {
        "seconds": round(statistics.median(run["seconds"] for run in runs), 2),
        "exits": sorted({run["exit"] for run in runs}),
        "total": sum(requests.values()),
        "requests": dict(sorted(requests.items())),
    }


def _table(states: dict[str, Any]) -> str:
    names = list(states)
    routes = sorted({route for state in states.values() for route in state["requests"]})
    rows = [[route, *(str(states[name]["requests"].get(route, 0)) for name in names)] for route in routes]
    rows += [["requests", *(str(states[name]["total"]) for name in names)]]
    rows += [["seconds", *(f"{states[name]['seconds']:.2f}" for name in names)]]
    width = max(len(row[0]) for row in rows)
    head = ["", *names]
    return "\n".join(f"{row[0]:<{width}}  " + "  ".join(f"{cell:>10}" for cell in row[1:]) for row in [head, *rows])


if __name__ == "__main__":
    main()
