"""The pipeline's files and the README: nothing from outside becomes shell, and what is promised exists."""

import re
import subprocess
import tomllib
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
def test_no_expression_stands_in_shell_and_every_action_is_pinned_by_commit(path):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "permissions" in document
    for step in _steps(path):
        assert "${{" not in step.get("run", "")
        assert "uses" not in step or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", step["uses"])


@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.name)
def test_a_pinned_action_tells_people_its_version(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        assert "uses:" not in line or re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)


def _locked(name):
    lines = (_ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(match.groups() for line in lines if (match := re.match(r"([a-z0-9-]+)==([^ ;]+)", line)))


def test_a_job_that_holds_secrets_installs_what_it_runs_and_no_test_package():
    document = yaml.safe_load((_ROOT / ".github/workflows/reconcile.yml").read_text(encoding="utf-8"))
    with_secrets = [job for job in document["jobs"].values() if "secrets." in str(job)]
    assert with_secrets
    for job in with_secrets:
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert "make .venv-run/.installed" in runs
        assert not any(re.search(r"\.venv/|pip install|requirements\.lock", run) for run in runs)
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {re.split(r"[>=<\[]", each)[0] for each in project["project"]["dependencies"]}
    run, everything = _locked("requirements-run.lock"), _locked("requirements.lock")
    assert needed <= run.keys()
    assert run.items() <= everything.items(), "what runs is what is tested"
    tests_only = {re.split(r"[>=<\[]", each)[0] for each in project["dependency-groups"]["dev"]} - {"psycopg"}
    assert not tests_only & run.keys()


def test_secrets_are_seen_by_the_two_steps_that_need_them_alone():
    steps = [step["name"] for step in _steps(_ROOT / ".github/workflows/reconcile.yml") if "secrets." in str(step)]
    assert steps == ["Plan", "Apply"]


def _bash(script, tmp_path, **environment):
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", **environment},
        check=False,
        timeout=600,
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
    done = subprocess.run([_ROOT / ".ci/fence", "Plan", file], capture_output=True, text=True, check=True, timeout=600)
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
