"""What the last `mutmut run` found, module by module, and every mutant that no test noticed.

``python -m tests.mutation.report`` prints a table, writes ``mutants/report.json`` and ends with
1 below the limit; with ``--show`` also the difference that each living mutant makes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LEAST = 85.0  # percent killed, of all mutants
MUTANTS = Path("mutants")
KILLED = {1: "killed", 3: "killed", 37: "killed"}
TIMED_OUT = {-24, 24, 36, 152, 255}  # it never came to an end, and a test would have


def verdict(code: int | None) -> str:
    """What became of a mutant, by mutmut's exit code."""
    if code in TIMED_OUT:
        return "timeout"
    return KILLED.get(code if code is not None else -1, "survived" if code == 0 else "not checked")


def verdicts() -> Iterator[tuple[str, str, str]]:
    """Module, mutant and verdict of all mutants."""
    for meta in sorted(MUTANTS.rglob("*.meta")):
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        module = ".".join(meta.with_suffix("").with_suffix("").relative_to(MUTANTS / "src").parts)
        yield from ((module, name, verdict(code)) for name, code in codes.items())


def difference(mutant: str) -> str:
    """The changed lines of a mutant."""
    tool = Path(sys.executable).parent / "mutmut"
    shown = subprocess.run([tool, "show", mutant], capture_output=True, text=True, check=False).stdout
    changed = [line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    return "\n".join(f"    {line}" for line in changed)


def main() -> int:
    """Print, write, judge."""
    found = list(verdicts())
    modules: dict[str, Counter[str]] = {}
    for module, _, said in found:
        modules.setdefault(module, Counter())[said] += 1
    total: Counter[str] = sum(modules.values(), Counter())
    for module, counts in [*modules.items(), ("all", total)]:
        caught = counts["killed"] + counts["timeout"]
        print(f"{module:55} {counts.total():5} mutants, {counts.total() - caught:4} alive, {percent(counts):5.1f} %")
    alive = [name for _, name, said in found if said not in {"killed", "timeout"}]
    for name in alive if "--show" in sys.argv else []:
        print(f"\n{name}\n{difference(name)}")
    report = {"percent": round(percent(total), 1), "counts": dict(total), "alive": alive}
    (MUTANTS / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if percent(total) >= LEAST else 1


def percent(counts: Counter[str]) -> float:
    """The share of mutants that were noticed."""
    return 100 * (counts["killed"] + counts["timeout"]) / max(counts.total(), 1)


if __name__ == "__main__":
    raise SystemExit(main())
