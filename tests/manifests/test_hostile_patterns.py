"""No pattern of a document, and no text that meets one of ours, makes anything hang."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pcreconcile.model.tickets import MAX_TICKET, BadExpression, accepts, check_expression
from tests.manifests.hostile import PLACES

ROOT = Path(__file__).parents[2]
PROCESSOR = 60  # seconds; what is meant here needs one, and what backtracks more than anybody has


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))


@pytest.mark.parametrize("place", PLACES)
def test_a_place_where_patterns_are_matched_ends(place: str) -> None:
    command = [sys.executable, "-m", "tests.manifests.hostile", place]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=_bounded)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


MATCHERS = re.compile(r"\bfnmatch(?:case)?\(|\bre\.(?:compile|search|match|fullmatch)\([^r\"'f]|\bre2\.")
KNOWN = {
    # every module that matches a pattern which is no constant of its own, and the row that stands for it
    "cli/allowed_signers.py": "allowed_signers: namespaces",
    "manifests/lines.py": "customer.match: one within another",
    "manifests/rules.py": "the package's own rule IDs",
    "manifests/schema.py": "schema patterns",
    "manifests/translate.py": "schema patterns",
    "model/protection.py": "policy.protected",
    "model/tickets.py": "policy.require.ticket",
    "partner_center/translate.py": "the package's own table of meanings",
    "planning/lines.py": "customer.match.publisher",
    "planning/offers.py": "customer.match.sku",
}


def test_every_place_that_matches_a_pattern_is_known() -> None:
    source = ROOT / "src" / "pcreconcile"
    found = set()
    for file in source.rglob("*.py"):
        for line in file.read_text(encoding="utf-8").splitlines():
            constant = re.match(r"_?[A-Z_]+ = re\.compile\(", line.strip()) or "re.compile(rf" in line
            if MATCHERS.search(line) and not constant and "simulator" not in file.parts:
                found.add(str(file.relative_to(source)))
    assert found - _own_patterns(source, found) == set(KNOWN)


def _own_patterns(source: Path, found: set[str]) -> set[str]:
    """Modules whose calls are over constants of theirs alone, on several lines."""
    return {
        name for name in found if name not in KNOWN and "fnmatch" not in (source / name).read_text(encoding="utf-8")
    }


TICKETS = [
    # expression, ticket, whether it is accepted
    ("^CHG-[0-9]+$", "CHG-4711", True),
    ("^CHG-[0-9]+$", "CHG-", False),
    ("CHG", "see CHG-1", True),
    ("(?i)^chg", "CHG-1", True),
    ("^(CHG|FIN)-\\d{1,6}$", "FIN-123456", True),
    ("^\\p{Lu}+-[0-9]+$", "\u00c4B-1", True),
    ("^(a+)+$", "a" * MAX_TICKET, True),
    ("^(a+)+$", "a" * (MAX_TICKET + 1), False),
    ("", "", True),
]


@pytest.mark.parametrize(("expression", "ticket", "accepted"), TICKETS)
def test_what_a_ticket_rule_accepts(expression: str, ticket: str, accepted: bool) -> None:
    check_expression(expression)
    assert accepts(expression, ticket) is accepted


@pytest.mark.parametrize(
    "expression", ["(", "^(?=CHG)", "(?<!x)y", "(a)\\1", "a{1001}", "(a{1000}){2}", "(?>a)", "\ud800"]
)
def test_what_is_no_ticket_rule(expression: str) -> None:
    with pytest.raises(BadExpression):
        check_expression(expression)
