"""docs/security.md: every line of its tables names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "security.md").read_text(encoding="utf-8")
_NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _PAGE)))


@pytest.mark.parametrize(("file", "name"), _NAMED)
def test_a_test_that_the_page_names_exists(file, name):
    tree = ast.parse((_ROOT / file).read_text(encoding="utf-8"))
    assert name in {part.name for part in tree.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_names_a_test():
    rows = [line for line in _PAGE.splitlines() if line.startswith("| ") and "what could be tried" not in line]
    assert len(rows) > 20
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py::\w+` \|$", row)] == []


def test_every_page_that_the_security_pages_name_exists():
    for page in ("SECURITY.md", "docs/security.md"):
        path = _ROOT / page
        for link in re.findall(r"\]\(([\w./-]+\.md)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).is_file(), f"{page}: {link}"
