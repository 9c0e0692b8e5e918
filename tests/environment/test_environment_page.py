"""The table of variables against the code that reads them, the page that explains them, and the rows that try them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from pcreconcile.cli.environment import VARIABLES
from tests.environment.rows import ON_THIS_MACHINE, PLACES, PROXIES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "pcreconcile"
NAMES = {variable.name for variable in VARIABLES}

# Words in capitals in modules that read the environment, and no variables.
WORDS = {"GET", "HEAD", "POST", "DIR", "DNS", "GITREF", "HTTP", "PATH", "TAG", "TCP", "TEXT", "TLS", "UTC", "PC_"}
# Read by the interpreter, the terminal library or the system, for us; a row shows what comes of each.
BY_OTHERS = {"PATH", "COLUMNS", "LOGNAME"}
# Not tried as a place: credentials, with tables of their own (tests/partner_center/test_workload_identity.py).
CREDENTIALS = {name for name in NAMES if name.startswith(("ACTIONS_", "SYSTEM_", "AZURE"))}
# Windows alone.
ELSEWHERE = {"LOCALAPPDATA"}


def words_of(path: Path) -> set[str]:
    """Words in capitals of a module that has to do with an environment."""
    text = path.read_text("utf-8")
    if "environ" not in text.lower() or path.name in {"child_process.py", "environment.py"}:
        return set()
    values = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {value for value in values if isinstance(value, str) and re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", value)}


def read() -> set[str]:
    """Names of variables in the code; the simulator stands for Microsoft, and gives its own credentials to nobody."""
    ours = (path for path in SOURCE.rglob("*.py") if path.parent.name != "simulator" and path.name != "embedded.py")
    found = set().union(*map(words_of, ours))
    return {name for name in found if not re.match(r"AADSTS|PCRECONCILE_", name)} - WORDS


def test_every_variable_that_is_read_has_a_row_in_the_table() -> None:
    assert read() - NAMES == set()
    assert NAMES - read() == BY_OTHERS


def test_every_variable_is_tried_as_a_place() -> None:
    tried = {name.upper() for row in (*PROXIES, *ON_THIS_MACHINE, *PLACES) for name in row.sets}
    assert NAMES - tried == CREDENTIALS | ELSEWHERE
    assert len(PROXIES) + len(PLACES) >= 25


def test_the_page_holds_the_table() -> None:
    page = (ROOT / "docs" / "environment.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| `[A-Z]+(_[A-Z]+)*` \|", line)]
    assert rows == [f"| `{one.name}` | {one.meaning} | {one.unusable} |" for one in VARIABLES]


def test_whoever_reads_the_process_environment_is_known() -> None:
    """A new reader of the process's environment is looked at here, so that what it reads gets its row."""
    readers = {
        path.name for path in SOURCE.rglob("*.py") if re.search(r"os\.(environ|getenv)", path.read_text("utf-8"))
    }
    assert readers == READERS


READERS = {
    "apply.py",
    "authors.py",
    "checks.py",
    "child_process.py",
    "demo.py",
    "evidencing.py",
    "hold.py",
    "login.py",
    "output.py",
    "program.py",
    "telling.py",
    "verify.py",
    "wiring.py",
    "withdrawals.py",
}
