"""The place where it runs: every odd environment × plan, apply, doctor and login, as processes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.environment.conftest import COMMANDS, SECRETS, Done, Place, Services, Warm
from tests.environment.rows import ON_THIS_MACHINE, PLACES, PROXIES, Row


def environment_of(row: Row, place: Place, services: Services) -> dict[str, str]:
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = {"PROXY": services.proxy.place, "FOLDER": str(place.folder), "LATER": later}
    sets = {name: None if text is None else text.format(**known) for name, text in row.sets.items()}
    return {name: text for name, text in {**place.environment, **sets}.items() if text is not None}


def started(arguments: list[str], environment: dict[str, str], place: Place) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "pcreconcile", *arguments],
        cwd=place.folder,
        env={"PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=600,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def wrong(command: str, row: Row, done: Done) -> list[str]:
    """What is not as the row says."""
    shown = "stdout" not in row.child.get("closed", ())
    rules = {
        f"exit {row.codes[command]}": done.code == row.codes[command],
        "no mistake of ours": "itself" not in done.errors and "Traceback" not in done.errors,
        "no secret": not any(secret in done.said for secret in SECRETS),
        "doctor's line": command != "doctor" or row.line in done.out,
        "what to do": done.code == 0 or command == "doctor" or row.says in done.said,
        "doctor fails by a line": not (shown and command == "doctor" and done.code) or "fail  " in done.out,
    }
    return [rule for rule, holds in rules.items() if not holds]


@pytest.mark.parametrize("row", [*PROXIES, *ON_THIS_MACHINE, *PLACES], ids=lambda row: row.name)
def test_a_place_where_it_runs(row: Row, request: pytest.FixtureRequest, warm: Warm, services: Services) -> None:
    place: Place = request.getfixturevalue(row.place)
    environment = environment_of(row, place, services)
    row.prepare(place.folder)
    problems = []
    for command in COMMANDS:
        cwd = place.folder / "home" if row.child.get("deletes_cwd") else place.folder
        cwd.mkdir(exist_ok=True)
        arguments = place.arguments(command)
        done = started(arguments, environment, place) if row.fresh else warm(arguments, environment, cwd, **row.child)
        problems += [f"{command}: {rule}\n{done.said}" for rule in wrong(command, row, done)]
    assert not problems, "\n".join(problems)
