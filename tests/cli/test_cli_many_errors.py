"""A hundred thousand errors are counted, and the first hundred told: to people and to machines alike."""

from __future__ import annotations

import json
from io import StringIO

import click
import pytest

from pcreconcile.cli.ending import MOST_TOLD, settle
from pcreconcile.cli.output import Output
from pcreconcile.model.errors import ConfigurationError, Finding, ManifestError, Refused, UsageError
from tests.cli.guarded import Guarded, guarded

__all__ = ["guarded"]

MANY = 100_000


def ended(error: BaseException) -> tuple[list[str], dict[str, object]]:
    """What is told to people, and the record that ends the stream of a machine."""
    stdout, stderr = StringIO(), StringIO()

    def fail() -> None:
        raise error

    people = Output(StringIO(), stderr, {})
    settle(fail, people)
    machine = Output(stdout, StringIO(), {})
    machine.begin_records("1")
    settle(fail, machine)
    return stderr.getvalue().splitlines(), json.loads(stdout.getvalue().splitlines()[-1])["error"]


def findings(count: int) -> ManifestError:
    return ManifestError([Finding("m.yaml", line, 1, "wrong") for line in range(1, count + 1)])


KINDS: dict[type[BaseException], BaseException] = {
    # every way in which many lines can come about
    ManifestError: findings(MANY),
    **{
        kind: kind("\n".join(f"line {number}" for number in range(MANY)))
        for kind in (Refused, UsageError, ConfigurationError, click.UsageError)
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_many_lines_are_counted_and_the_first_told(kind: type[BaseException]) -> None:
    lines, record = ended(KINDS[kind])
    total = MANY + (kind is ManifestError)
    assert len(lines) == MOST_TOLD + 2
    assert lines[MOST_TOLD] == f"… and {total - MOST_TOLD - 1} more"
    assert record["lines"] == lines
    assert record["total"] == total


def test_the_sum_of_the_findings_is_told_last() -> None:
    assert ended(findings(MANY))[0][-1] == f"error: {MANY} findings in the manifests; no request was sent"


@pytest.mark.parametrize("count", [1, 2, MOST_TOLD])
def test_few_are_all_told(count: int) -> None:
    lines, record = ended(findings(count))
    assert len(lines) == count + 1 == record["total"]
    assert not any(line.startswith("…") for line in lines)


def test_findings_of_many_files(guarded: Guarded) -> None:
    folder = guarded.folder / "manifests" / "customers"
    for number in range(400):
        (folder / f"bad-{number:03}.yaml").write_text("kind: Customer\nspec: {a: 1, b: 2}\n", encoding="utf-8")
    code, _, errors = guarded("validate")
    lines = errors.splitlines()
    assert (code, len(lines)) == (1, MOST_TOLD + 2)
    assert int(lines[-1].split()[1]) == int(lines[-2].split()[2]) + MOST_TOLD
