"""The pipeline's files and the README: nothing from outside becomes shell, and what is promised exists."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from pcreconcile.cli import main
from pcreconcile.cli.program import COMMANDS

_ROOT = Path(__file__).parents[2]
_WORKFLOWS = sorted((_ROOT / ".github" / "workflows").glob("*.yml"))


def _steps(path):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [step for job in document["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.name)
def test_no_expression_stands_in_shell_and_every_action_has_a_version(path):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "permissions" in document
    for step in _steps(path):
        assert "${{" not in step.get("run", "")
        assert "@v" in step.get("uses", "@v")


def test_secrets_are_seen_by_the_two_steps_that_need_them_alone():
    steps = [step["name"] for step in _steps(_ROOT / ".github/workflows/reconcile.yml") if "secrets." in str(step)]
    assert steps == ["Plan", "Apply"]


def _bash(script, tmp_path, **environment):
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", **environment},
        check=False,
        timeout=30,
    )
    return done.returncode


@pytest.mark.parametrize(
    ("code", "ends_with"), [("0", 0), ("2", 0), ("1", 1), ("5", 5), ("9", 9), ("143", 143), ("", 1)]
)
def test_a_plan_with_changes_is_no_failure_and_a_refused_one_is(code, ends_with, tmp_path):
    judge = next(s for s in _steps(_ROOT / ".github/workflows/reconcile.yml") if s.get("name") == "Judge the plan")
    assert _bash(judge["run"], tmp_path, CODE=code) == ends_with


@pytest.mark.parametrize(
    ("text", "fence"),
    [("plain\n", "```"), ("a ``` b\n", "````"), ("`````\n# heading\n", "``````"), ("", "```")],
)
def test_nothing_inside_ends_the_fence(text, fence, tmp_path):
    file = tmp_path / "plan.txt"
    file.write_text(text)
    done = subprocess.run([_ROOT / ".ci/fence", "Plan", file], capture_output=True, text=True, check=True, timeout=30)
    lines = done.stdout.splitlines()
    assert lines[:3] == ["### Plan", "", f"{fence}text"]
    assert lines[-1] == fence
    assert fence not in lines[3:-1]


def test_the_manifest_of_the_readme_is_a_good_one(partner_folder, monkeypatch, capsys):
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    manifest = text.split("```yaml\n")[1].split("```")[0]
    (partner_folder / "manifests" / "customers" / "harbor-dental.yaml").write_text(manifest, encoding="utf-8")
    monkeypatch.chdir(partner_folder)
    assert main(["validate"]) == 0
    assert capsys.readouterr().out.startswith("manifests: 17 customers")


def test_every_command_of_the_readme_exists():
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`pcreconcile ([a-z]+)", text)) == set(COMMANDS)
