"""What docs/adding-a-family.md promises: one module, rules and a case file, in a copy of the package, and it works.

The three files are taken out of the page itself. The copy runs in processes of its own, so that nothing of the
imaginary family stays behind in this one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-family.md"

MANIFEST = """
apiVersion: pcreconcile/v1
kind: Partner
metadata: {name: contoso-csp}
spec: {tenantId: 9f10aa00-0000-4000-8000-0000000000aa, cloud: simulator}
---
apiVersion: pcreconcile/v1
kind: Customer
metadata: {name: aspen-books}
spec:
  tenantId: 6b2e0b0c-0000-4000-8000-000000000021
  domain: aspenbooks.onmicrosoft.com
  relationship: removed
  reason: moves away
  subscriptions:
    - {match: {family: FAMILY}, desired: cancel, reason: sent back}
"""


def blocks() -> list[tuple[str, str]]:
    """The fenced blocks of the page, each with its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and of the tests of its exits, with the family of the page added and nothing else."""
    place = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", place / "src", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "exits", place / "tests" / "exits", ignore=ignored)
    shutil.copy(ROOT / "tests" / "__init__.py", place / "tests" / "__init__.py")
    shutil.copy(ROOT / "pyproject.toml", place / "pyproject.toml")
    (module, rules, cases) = (text for language, text in blocks() if language in {"python", "yaml"})
    (place / "src/pcreconcile/exits/device_lease.py").write_text(module, encoding="utf-8")
    with (place / "src/pcreconcile/exits/rules.yaml").open("a", encoding="utf-8") as pack:
        pack.write(rules)
    (place / "tests/exits/cases/device_leases.yaml").write_text(cases, encoding="utf-8")
    return place


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process that sees the copy instead of the package."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PCRECONCILE_HOME": str(copy / "state")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )


def test_its_cases_pass_and_every_rule_is_named(copy: Path) -> None:
    wanted = "device_leases or every_rule or names_only_what_exists"
    ran = run(copy, "-m", "pytest", "-p", "no:cacheprovider", "tests/exits/test_cases.py", "-k", wanted, "-n", "0")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_case_of_it_can_fail(copy: Path) -> None:
    """The cases run the module: with another rule they no longer hold."""
    pack = copy / "src/pcreconcile/exits/rules.yaml"
    shipped = pack.read_text(encoding="utf-8")
    changed = re.sub(r"(device-lease\.minimum:\n\s+\{value: )90", r"\g<1>80", shipped)
    assert changed != shipped
    pack.write_text(changed, encoding="utf-8")
    try:
        ran = run(copy, "-m", "pytest", "-p", "no:cacheprovider", "tests/exits/test_cases.py", "-k", "device_leases")
    finally:
        pack.write_text(shipped, encoding="utf-8")
    assert ran.returncode == 1
    assert "a young lease is waited for" in ran.stdout


def test_it_has_its_place_in_the_order(copy: Path) -> None:
    code = (
        "from pcreconcile.planning.order import families_before\n"
        "from pcreconcile.model.family import Family\n"
        "assert Family('device-lease') in families_before(Family.AZURE_PLAN)\n"
    )
    ran = run(copy, "-c", code)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(("family", "code"), [("device-lease", 0), ("device-leese", 1)])
def test_a_manifest_may_name_it(copy: Path, tmp_path: Path, family: str, code: int) -> None:
    (tmp_path / "all.yaml").write_text(MANIFEST.replace("FAMILY", family), encoding="utf-8")
    ran = run(copy, "-m", "pcreconcile", "validate", str(tmp_path))
    assert ran.returncode == code, ran.stdout + ran.stderr
    if code:
        assert "did you mean 'device-lease'" in ran.stderr.replace('"', "'")


def test_the_shipped_package_does_not_know_it(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(MANIFEST.replace("FAMILY", "device-lease"), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pcreconcile", "validate", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "device-lease" in ran.stderr
