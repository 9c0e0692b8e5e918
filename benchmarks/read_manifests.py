"""How long reading a fleet takes, and where the time goes: YAML, schema check, everything.

    python benchmarks/read_manifests.py [--files 10000] [RESULT.json]

Writes one small Customer file per customer into a temporary folder and reads them; each stage is timed alone, best of
three. The result goes to benchmarks/results/read_manifests.json unless a path is given.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pcreconcile.manifests import load
from pcreconcile.manifests.quoting import Wording
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.manifests.schema import check

RESULT = Path(__file__).parent / "results" / "read_manifests.json"

PARTNER = """\
apiVersion: pcreconcile/v1
kind: Partner
metadata: {name: contoso-csp}
spec: {tenantId: 9f10aa00-0000-4000-8000-0000000000aa, cloud: simulator}
"""

CUSTOMER = """\
apiVersion: pcreconcile/v1
kind: Customer
metadata:
  name: customer-{number:05}
  labels: {{book: emea}}
spec:
  tenantId: 6b2e0b0c-0000-4000-8000-{number:012x}
  domain: customer{number:05}.onmicrosoft.com
  relationship: removed
  reason: moves to another partner
  ticket: CHG-{number}
  deadline: 2030-01-15
  subscriptions:
    - match: {{family: azure-plan}}
      desired: cancel
      reason: migrated
"""


def main() -> None:
    """Measure and report."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=10_000)
    arguments.add_argument("result", nargs="?", type=Path, default=RESULT)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), given.files)
    show(report)
    given.result.parent.mkdir(parents=True, exist_ok=True)
    given.result.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, files: int) -> dict[str, object]:
    """Seconds of each stage for a fleet of `files` customers."""
    write_fleet(folder, files)
    contents = [path.read_bytes() for path in sorted((folder / "customers").iterdir())]
    roots = [read_yaml(data, "customer.yaml").documents[0] for data in contents]
    check("Customer", roots[0], Wording())  # the validator is built once
    seconds = {
        "parse": best_of_three(lambda: [read_yaml(data, "customer.yaml") for data in contents]),
        "schema check": best_of_three(lambda: [check("Customer", root, Wording()) for root in roots]),
        "load, everything": best_of_three(lambda: load(str(folder))),
    }
    return {"files": files, "python": platform.python_version(), "seconds": seconds}


def write_fleet(folder: Path, files: int) -> None:
    """A partner folder with one file per customer."""
    (folder / "customers").mkdir()
    (folder / "partner.yaml").write_text(PARTNER, encoding="utf-8")
    for number in range(1, files + 1):
        path = folder / "customers" / f"customer-{number:05}.yaml"
        path.write_text(CUSTOMER.format(number=number), encoding="utf-8")


def best_of_three(work: Callable[[], object]) -> float:
    """The shortest of three runs, in seconds."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return round(min(times), 3)


def show(report: dict[str, object]) -> None:
    """The table for people."""
    seconds = report["seconds"]
    assert isinstance(seconds, dict)
    whole = seconds["load, everything"]
    print(f"{report['files']} files, Python {report['python']}")
    print(f"{'stage':<18}{'seconds':>9}{'share':>8}")
    for stage, taken in seconds.items():
        print(f"{stage:<18}{taken:>9.3f}{taken / whole:>8.0%}")


if __name__ == "__main__":
    main()
