"""How a run ends by an error, before and after its first write: a table over the errors, and the real means.

After the first write no ending is 1 (design, section 12); before it the words say that nothing was written.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import psycopg
import pytest

from pcreconcile.cli import ending
from pcreconcile.cli.interrupts import Terminated
from pcreconcile.cli.output import Output
from pcreconcile.model import errors
from pcreconcile.model.errors import ExitCode, PcreconcileError
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId, TenantId
from pcreconcile.model.run import Event, EventKind


def _of_ours() -> Iterator[BaseException]:
    """One of every type that we raise on purpose; a new one is in the table by itself."""
    special = {
        errors.ManifestError: lambda kind: kind([errors.Finding("x.yaml", 1, 1, "wrong")]),
        errors.RemoteError: lambda kind: kind("no", status=400),
        errors.AuthenticationError: lambda kind: kind("no", status=401),
        errors.Held: lambda kind: kind((), "audit"),
    }
    for name in sorted(vars(errors)):
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, PcreconcileError):
            yield special.get(kind, lambda each: each("what is wrong"))(kind)


OTHERS: list[BaseException] = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/state/journal.db"),
    OSError(errno.EFBIG, os.strerror(errno.EFBIG)),
    OSError(errno.EROFS, os.strerror(errno.EROFS), "/state"),
    FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/state"),
    BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)),
    sqlite3.OperationalError("database or disk is full"),
    sqlite3.DatabaseError("malformed"),
    psycopg.OperationalError("server closed the connection unexpectedly"),
    psycopg.InterfaceError("the connection is closed"),
    MemoryError(),
    RecursionError(),
    UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range"),
    KeyError("x"),
    click.UsageError("wrong"),
    SystemExit(1),
    SystemExit(0),
]
SIGNALS = {KeyboardInterrupt(): 130, click.Abort(): 130, Terminated(): 143}
EVERY = [*_of_ours(), *OTHERS]
NAMES = [f"{type(error).__name__}-{place}" for place, error in enumerate(EVERY)]


def event(kind: EventKind, action: str = "a") -> Event:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Event(1, RunId("r"), PlanId("p"), at, kind, TenantId("t"), ActionId(action), RequestId("q"), {}, "", "")


INTENT, ANSWERED, VERIFIED = EventKind.INTENT, EventKind.ANSWERED, EventKind.VERIFIED
REFUSED, NO_ANSWER = EventKind.REFUSED, EventKind.NO_ANSWER
STORIES: dict[str, tuple[list[EventKind], int]] = {
    "between intent and answer": ([INTENT], 7),
    "answered, and no read has shown it": ([INTENT, ANSWERED], 7),
    "no answer": ([INTENT, NO_ANSWER], 7),
    "refused after no answer": ([INTENT, NO_ANSWER, INTENT, REFUSED], 7),
    "refused": ([INTENT, REFUSED], 6),
    "verified": ([INTENT, ANSWERED, VERIFIED], 6),
    "verified after no answer": ([INTENT, NO_ANSWER, VERIFIED], 6),
}


def ended(error: BaseException, *, story: list[EventKind], expected: bool = True) -> tuple[int, str]:
    stderr = io.StringIO()
    output = Output(io.StringIO(), stderr, {})
    output.writes.expected = expected
    for kind in story:
        output.writes.watch(event(kind))

    def call() -> object:
        raise error

    code = ending.settle(call, output)
    said = stderr.getvalue()
    assert "Traceback" not in said
    return code, said


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("error", EVERY, ids=NAMES)
def test_after_the_first_write_nothing_ends_otherwise_than_with_6_or_7(error: BaseException, story: str) -> None:
    events, code = STORIES[story]
    ending_code, said = ended(error, story=events)
    assert ending_code == code
    assert "writing had begun" in said
    assert "apply the same plan again" in said
    assert "mistake in pcreconcile" not in said or isinstance(error, RecursionError | UnicodeError | KeyError)


@pytest.mark.parametrize("error", EVERY, ids=NAMES)
def test_before_the_first_write_it_ends_by_its_own_code_and_1_says_that_nothing_was_written(
    error: BaseException,
) -> None:
    own = error.exit_code if isinstance(error, PcreconcileError) else ExitCode.ERROR
    silent = isinstance(error, SystemExit | BrokenPipeError)
    code, said = ended(error, story=[])
    assert code == (0 if silent else own)
    assert ("this run has written nothing to Partner Center" in said) is (code == 1)
    _, plain = ended(error, story=[], expected=False)
    assert "written nothing" not in plain, "a command that never writes says nothing of it"


@pytest.mark.parametrize(("error", "code"), SIGNALS.items(), ids=[type(each).__name__ for each in SIGNALS])
@pytest.mark.parametrize("story", [[], [INTENT], [INTENT, ANSWERED, VERIFIED]])
def test_a_signal_keeps_its_code_and_says_how_to_go_on(error: BaseException, code: int, story: list[EventKind]) -> None:
    ending_code, said = ended(error, story=story)
    assert ending_code == code
    assert ("apply the same plan again" in said) is bool(story)


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(("story", "code"), [([], 1), ([INTENT, ANSWERED, VERIFIED], 6), ([INTENT], 7)])
@pytest.mark.parametrize("result", [0, 1])
def test_a_result_that_cannot_be_written(story: list[EventKind], code: int, result: int) -> None:
    output = Output(Full(), stderr := io.StringIO(), {})
    for kind in story:
        output.writes.watch(event(kind))

    def call() -> object:
        output.say("done\n")
        return result

    assert ending.settle(call, output) == code
    assert ("pcreconcile history last" in stderr.getvalue()) is bool(story)
