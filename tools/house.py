"""Measures how this code is built and prints it as a table (`make house`): sizes, folders, depth, families, tables.

`python -m tools.house [REVISION ...]`: a column for each revision, then one for the working tree, the newest last.
`--json FILE` writes the same figures. Everything is read from the source text; nothing of it is imported or run.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = "pcreconcile"
FAMILY_FOLDERS = ("families", "exits")
FAMILIES = (
    "new_commerce_license",
    "legacy_license",
    "software_subscription",
    "perpetual_software",
    "marketplace_saas",
    "azure_plan",
    "azure_legacy",
    "reservation",
    "savings_plan",
)
SMALL = 50


class Module(NamedTuple):
    """One source file: its dotted name, its text, its tokens and its syntax tree."""

    name: str
    text: str
    tokens: tuple[tokenize.TokenInfo, ...]
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Physical lines."""
        return len(self.text.splitlines())


def read_modules(source: Path) -> dict[str, Module]:
    """Every module of the package below `source` (a `src` folder), by its dotted name; empty `__init__` files too."""
    read = {}
    for file in sorted((source / PACKAGE).rglob("*.py")):
        parts = file.relative_to(source).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = file.read_text(encoding="utf-8")
        tokens = tuple(tokenize.generate_tokens(io.StringIO(text).readline))
        read[name] = Module(name, text, tokens, ast.parse(text))
    return read


def measure(modules: Mapping[str, Module]) -> dict[str, str]:
    """Every figure of the table, as text, by its name."""
    chapters = [module for module in modules.values() if module.lines > 0]
    imports = {name: frozenset(imported(module, modules)) for name, module in modules.items()}
    return {
        **_sizes(chapters),
        **_functions(chapters),
        **_folders(modules),
        **_depths(imports),
        **_families(modules, imports),
        **_names(chapters),
        "tables keyed by action kind": "{} in {} modules".format(*_kind_tables(chapters)),
    }


def _sizes(chapters: Iterable[Module]) -> dict[str, str]:
    """How many modules and lines there are. A code line holds a token that is no comment and no docstring."""
    every = list(chapters)
    code = [len(code_lines(module)) for module in every]
    lines, comments = sum(module.lines for module in every), sum(comment_lines(module) for module in every)
    return {
        "modules": str(len(every)),
        "lines": f"{lines:,}",
        "code lines": f"{sum(code):,}",
        "code lines per module": f"{statistics.mean(code):.0f}",
        f"modules under {SMALL} lines": str(sum(module.lines < SMALL for module in every)),
        "longest module": "{} ({})".format(*max((module.lines, module.name) for module in every)),
        "comment lines": f"{100 * comments / lines:.1f} %",
    }


def code_lines(module: Module) -> set[int]:
    """Numbers of the lines with code: no blank line, no comment alone, no docstring."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    held: set[int] = set()
    for token in module.tokens:
        if token.type not in skipped:
            held.update(range(token.start[0], token.end[0] + 1))
    return held - _docstrings(module.tree)


def _docstrings(tree: ast.Module) -> set[int]:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return set().union(*(_docstring(node) for node in ast.walk(tree) if isinstance(node, documented)))


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())) as first, *_]:
            return range(first.lineno, (first.end_lineno or first.lineno) + 1)
    return range(0)


def comment_lines(module: Module) -> int:
    """Lines that hold a comment, alone or behind code."""
    return sum(token.type == tokenize.COMMENT for token in module.tokens)


def _functions(chapters: Iterable[Module]) -> dict[str, str]:
    """Lengths of the functions, in lines of their own from `def` on, without the docstring."""
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1 - len(_docstring(node))
        for module in chapters
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    p90 = lengths[int(len(lengths) * 0.9)]
    return {"functions: median / p90 / longest": f"{statistics.median(lengths):.0f} / {p90} / {lengths[-1]}"}


def _folders(modules: Mapping[str, Module]) -> dict[str, str]:
    """The folders with the most modules beside each other; `__init__` files are not counted."""
    packages = {name for name in modules if any(other.startswith(f"{name}.") for other in modules)}
    siblings = Counter(name.rpartition(".")[0] for name in modules if name not in packages)
    largest = [
        f"{folder.removeprefix(PACKAGE).lstrip('.') or PACKAGE} {count}" for folder, count in siblings.most_common(3)
    ]
    return {"largest folders": ", ".join(largest)}


def imported(module: Module, modules: Mapping[str, Module]) -> Iterator[str]:
    """The package's modules that `module` imports, anywhere in it but under TYPE_CHECKING."""
    for node in _running(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules else node.module for name in inner)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _running(child)


def _depths(imports: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """The longest chain of imports inside each package, in modules; a cycle counts once."""
    packages = sorted({name.split(".")[1] for name in imports if name.count(".") > 1})
    found = {package: import_depth(package, imports) for package in packages}
    deepest = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:4]
    return {"import depth inside a package": ", ".join(f"{package} {depth}" for package, depth in deepest)}


def import_depth(package: str, imports: Mapping[str, frozenset[str]]) -> int:
    """Modules in the longest import chain among the modules of one package."""
    prefix = f"{PACKAGE}.{package}."
    inner = {
        name: {to for to in targets if to.startswith(prefix)}
        for name, targets in imports.items()
        if name.startswith(prefix)
    }
    depths: dict[str, int] = {}

    def depth(name: str, above: frozenset[str]) -> int:
        if name not in depths:
            below = inner.get(name, set()) - above - {name}
            depths[name] = 1 + max((depth(each, above | {name}) for each in sorted(below)), default=0)
        return depths[name]

    return max((depth(name, frozenset()) for name in sorted(inner)), default=0)


def _families(modules: Mapping[str, Module], imports: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Modules to read, transitively and beyond the model, for each product family (its own included)."""
    folder = next((each for each in FAMILY_FOLDERS if f"{PACKAGE}.{each}" in modules), FAMILY_FOLDERS[0])
    prefix = f"{PACKAGE}.{folder}."
    counts = {
        family: len(_reachable(prefix + family, imports, prefix)) for family in FAMILIES if prefix + family in modules
    }
    return {"modules to read for a family": ", ".join(f"{family} {count}" for family, count in counts.items())}


def _reachable(name: str, imports: Mapping[str, frozenset[str]], prefix: str) -> set[str]:
    seen, waiting = {name}, [name]
    while waiting:
        new = {to for to in imports.get(waiting.pop(), frozenset()) if to.startswith(prefix)} - seen
        seen |= new
        waiting.extend(new)
    return seen


def _names(chapters: Iterable[Module]) -> dict[str, str]:
    """Class names and module names that stand for two things or more."""
    classes, files = defaultdict(set), defaultdict(set)
    for module in chapters:
        files[PurePosixPath(module.name.replace(".", "/")).name].add(module.name)
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].add(module.name)
    return {
        "class names with several meanings": str(sum(len(places) > 1 for places in classes.values())),
        "module names in several packages": str(sum(len(places) > 1 for places in files.values())),
    }


def _kind_tables(chapters: Iterable[Module]) -> tuple[int, int]:
    """Constant collections of the module's own level that name two action kinds or more, and in how many modules."""
    places = [module.name for module in chapters for node in module.tree.body if _is_kind_table(node)]
    return len(places), len(set(places))


def _is_kind_table(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    kinds = {
        inner.attr
        for inner in ast.walk(node.value)
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "ActionKind"
    }
    return len(kinds) > 1


def at_revision(revision: str) -> dict[str, str]:
    """The figures of a git revision of this repository."""
    archive = subprocess.run(["git", "archive", revision, "src"], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S603, S607
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(folder, filter="data")
        return measure(read_modules(Path(folder) / "src"))


def table(columns: Mapping[str, Mapping[str, str]]) -> str:
    """The figures as text: a paragraph a figure where a value is long, a line where it is short."""
    rows = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    lines = []
    for row in rows:
        lines.append(row)
        lines.extend(f"  {column:<12} {figures.get(row, '-')}" for column, figures in columns.items())
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Print the table, and write the figures as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description="Measure how this code is built.")
    parser.add_argument("revisions", nargs="*", help="git revisions to compare with")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args(arguments)
    columns = {revision[:12]: at_revision(revision) for revision in asked.revisions}
    columns["now"] = measure(read_modules(ROOT / "src"))
    sys.stdout.write(table(columns) + "\n")
    if asked.json:
        asked.json.write_text(json.dumps(columns, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
