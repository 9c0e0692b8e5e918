"""No test depends on being quick: what waits, waits for an event, and ceilings are for what hangs.

A busy machine takes ten times as long for everything. A ceiling of less than minutes, a sleep, or a deadline for an
example would make it a fault.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
LEAST = 300.0  # seconds

# Looks again and again at what no event tells, without a ceiling of its own: file and call.
KNOWN = {("postgres.py", "sleep")}
_WAITS = {"wait", "join", "communicate", "settimeout"}


def number(node: ast.expr) -> float | None:
    return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else None


def ceilings(call: ast.Call) -> Iterator[float]:
    """The numbers of a call that are seconds."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "timeout"]
    if isinstance(call.func, ast.Attribute) and call.func.attr in _WAITS:
        given += call.args[:1]
    yield from (seconds for node in given if (seconds := number(node)) is not None)


def of_call(path: Path, call: ast.Call) -> str:
    """What hurries in a call, "" for nothing."""
    if ast.unparse(call.func) == "time.sleep" and (path.name, "sleep") not in KNOWN:
        return "it sleeps"
    if any(0 < seconds < LEAST for seconds in ceilings(call)):
        return f"a ceiling of less than {LEAST:.0f} s"
    deadlines = [keyword.value for keyword in call.keywords if keyword.arg == "deadline"]
    if ast.unparse(call.func) == "settings" and any(ast.unparse(node) != "None" for node in deadlines):
        return "a deadline for an example"
    return ""


def of_constant(node: ast.Assign) -> str:
    """The same for a constant that is called a ceiling."""
    names = {target.id.strip("_") for target in node.targets if isinstance(target, ast.Name)}
    seconds = number(node.value)
    is_ceiling = names & {"PATIENCE", "WAIT", "TIMEOUT"} and seconds is not None
    return f"a ceiling of less than {LEAST:.0f} s" if is_ceiling and seconds < LEAST else ""


def hurries(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        found = ""
        if isinstance(node, ast.Call):
            found = of_call(path, node)
        elif isinstance(node, ast.Assign):
            found = of_constant(node)
        if found:
            yield f"{path.name}:{node.lineno}: {found}"


def test_no_test_depends_on_being_quick() -> None:
    assert [found for path in sorted(TESTS.rglob("*.py")) for found in hurries(path)] == []


def test_random_worlds_have_all_the_time_they_need() -> None:
    profile = settings()
    assert (profile.deadline, HealthCheck.too_slow in profile.suppress_health_check) == (None, True)


@pytest.mark.parametrize(
    "line",
    [
        "import time; time.sleep(0.1)",
        "process.wait(20)",
        "process.wait(timeout=20)",
        "subprocess.run([], timeout=60)",
        "PATIENCE = 5.0",
        "settings(deadline=200)",
    ],
)
def test_a_hurry_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(line)
    assert len(list(hurries(tmp_path / "test_x.py"))) == 1
