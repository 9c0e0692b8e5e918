"""The measures of `make house`, on a small package whose figures can be counted by hand."""

from pathlib import Path

import pytest
from tools.house import code_lines, comment_lines, import_depth, imported, main, measure, read_modules, table

RESERVATION = '''"""A family."""

from pcreconcile.exits import returns
from pcreconcile.model.plan import ActionKind

KINDS = (ActionKind.A, ActionKind.B)  # both


def f():
    return returns
'''
ALLOWANCE = """from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pcreconcile.exits import reservation
"""
SOURCES = {
    "__init__.py": "",
    "exits/__init__.py": "",
    "exits/reservation.py": RESERVATION,
    "exits/returns.py": "import pcreconcile.exits.allowance\n\n\nclass Order:\n    pass\n",
    "exits/allowance.py": ALLOWANCE,
    "model/__init__.py": "",
    "model/plan.py": "class ActionKind:\n    A = 1\n    B = 2\n\n\nclass Order:\n    pass\n",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        file = tmp_path / "pcreconcile" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def test_lines_are_counted_without_comments_and_docstrings(source: Path):
    family = read_modules(source)["pcreconcile.exits.reservation"]
    assert (family.lines, len(code_lines(family)), comment_lines(family)) == (10, 5, 1)


def test_imports_are_followed_but_not_those_for_types(source: Path):
    modules = read_modules(source)
    imports = {name: frozenset(imported(module, modules)) for name, module in modules.items()}
    assert imports["pcreconcile.exits.reservation"] == {"pcreconcile.exits.returns", "pcreconcile.model.plan"}
    assert imports["pcreconcile.exits.allowance"] == frozenset()
    assert import_depth("exits", imports) == 3


def test_every_figure_stands_in_the_table(source: Path):
    figures = measure(read_modules(source))
    assert figures["modules"] == "4"
    assert figures["modules to read for a family"] == "reservation 3"
    assert figures["class names with several meanings"] == "1"
    assert figures["tables keyed by action kind"] == "1 in 1 modules"
    assert figures["largest folders"].startswith("exits 3, model 1")
    printed = table({"before": figures, "now": figures})
    assert all(name in printed for name in figures)


def test_the_command_measures_this_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["--json", str(tmp_path / "house.json")])
    assert "modules to read for a family" in capsys.readouterr().out
    assert '"now"' in (tmp_path / "house.json").read_text()
