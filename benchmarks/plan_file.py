"""How large a plan file is, how long writing and reading it take, and how much memory reading needs.

    python -m benchmarks.plan_file [RESULT.json]

Each fleet is written by what `plan --out` calls and read by what `show`, `approve` and `apply` call, in processes of
their own, so that the peak is the reader's alone. Times are those of the processor (nothing waits here but for the
disk), memory is what the process grew by beyond its imports. The result goes to benchmarks/results/plan_file.json
unless a path is given.
"""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.applying.large_plans import large_plan

from pcreconcile.applying import read_plan_file
from pcreconcile.cli.files import opened, write
from pcreconcile.rendering.plan_json import file_pieces

RESULT = Path(__file__).parent / "results" / "plan_file.json"

FLEETS = {  # customers that leave, customers that stay, licences of each
    "500, one in ten leaves, 6 licences": (50, 450, 6),
    "2,000, one in ten leaves, 6 licences": (200, 1800, 6),
    "8,000, one in ten leaves, 6 licences": (800, 7200, 6),
    "8,000, all leave, 6 licences": (8000, 0, 6),
    "560, all leave, 55 licences": (560, 0, 55),
    "560, all stay, 55 licences": (0, 560, 55),
}


def main() -> None:
    """Measure and report."""
    if len(sys.argv) > 2 and sys.argv[1] == "--read":
        print(json.dumps(_read(Path(sys.argv[2]))))
        return
    found = [_measured(name, *fleet) for name, fleet in FLEETS.items()]
    for row in found:
        print(
            f"{row['fleet']:<40} {row['megabytes']:>8.1f} MB  written in {row['writeSeconds']:>6.2f} s  "
            f"read in {row['readSeconds']:>6.2f} s  peak {row['readPeakMegabytes']:>7.1f} MB"
        )
    result = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULT
    result.parent.mkdir(exist_ok=True)
    result.write_text(json.dumps({"python": platform.python_version(), "fleets": found}, indent=2) + "\n", "utf-8")


def _measured(name: str, leaving: int, staying: int, licences: int) -> dict[str, Any]:
    plan = large_plan(leaving, staying, licences)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        begun = time.process_time()
        write(path, file_pieces(plan))
        written = time.process_time() - begun
        size = path.stat().st_size
        command = [sys.executable, "-m", "benchmarks.plan_file", "--read", str(path)]
        read = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"fleet": name, "megabytes": size / 1e6, "writeSeconds": round(written, 3), **read}


def _read(path: Path) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    with opened(path) as stream:
        read_plan_file(stream, str(path))
    seconds = time.process_time() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"readSeconds": round(seconds, 3), "readPeakMegabytes": round(grown * 1024 / 1e6, 1)}


if __name__ == "__main__":
    main()
