"""How a command ends: every error becomes words for the one who can act, and an exit code. Nobody sees a traceback."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import click

from pcreconcile.cli.interrupts import Terminated
from pcreconcile.cli.output import Output
from pcreconcile.model.errors import ExitCode, ManifestError, PcreconcileError
from pcreconcile.rendering.text import prose

MOST_TOLD = 100  # lines of one error, for people and for machines

_SIGNALS = frozenset({ExitCode.INTERRUPTED, ExitCode.TERMINATED})
_DATABASES = frozenset({"sqlite3", "psycopg"})


def settle(call: Callable[[], object], output: Output) -> int:
    """Run the command; return its exit code, or that of what it raised. After the first write neither is 1."""
    try:
        result = call()
    except (Exception, KeyboardInterrupt, Terminated, SystemExit) as error:
        return output.end(_failed(error, output))
    return output.end(output.writes.code_after(result if isinstance(result, int) else ExitCode.DONE))


def _failed(error: BaseException, output: Output) -> int:
    code, said = _told(error)
    writes = output.writes
    if writes.begun and code not in _SIGNALS:
        code, said = writes.exit_code, said or ["error: the run was cut off"]
    if writes.begun or code == ExitCode.ERROR:
        said = [*said, *writes.in_words]
    lines = [prose(line) for line in _bounded(said)]
    for line in lines:
        output.note(line)
    if lines:
        output.conclude(error={"kind": type(error).__name__, "lines": lines, "total": len(said)})
    return code


def _bounded(lines: list[str]) -> list[str]:
    """All are counted, the first of them told; the last line is the sum, which always is."""
    rest = len(lines) - 1 - MOST_TOLD
    if rest <= 0:
        return lines
    return [*lines[:MOST_TOLD], f"… and {rest} more", lines[-1]]


def _told(error: BaseException) -> tuple[int, list[str]]:
    match error:
        case PcreconcileError():
            return error.exit_code, _reasons(error)
        case click.Abort() | KeyboardInterrupt():
            return ExitCode.INTERRUPTED, ["interrupted"]
        case Terminated():
            return ExitCode.TERMINATED, ["terminated"]
        case SystemExit() | BrokenPipeError():  # click's own answer to a closed pipe
            return ExitCode.DONE, []
        case _:
            return ExitCode.ERROR, _plain(error)


def _plain(error: BaseException) -> list[str]:
    match error:
        case click.ClickException():
            return _usage(error)
        case OSError():
            return [f"error: {_system(error)}"]
        case MemoryError():
            return ["error: this machine has no memory left for it"]
        case _ if type(error).__module__.partition(".")[0] in _DATABASES:
            return [f"error: the database fails ({type(error).__name__})"]
        case _:
            return [_ours(error)]


def _reasons(error: PcreconcileError) -> list[str]:
    if isinstance(error, ManifestError):
        return _findings(error)
    return [f"error: {line}" for line in _lines(str(error))]


def _lines(text: str) -> list[str]:
    return text.splitlines() or ["failed"]


def _findings(error: ManifestError) -> list[str]:
    count = len(error.findings)
    told = f"error: {count} finding{'' if count == 1 else 's'} in the manifests; no request was sent"
    return [*(str(finding) for finding in error.findings), told]


def _usage(error: click.ClickException) -> list[str]:
    lines = [f"error: {line}" for line in _lines(error.format_message())]
    context = getattr(error, "ctx", None)
    return [*lines, f"try '{context.command_path} --help'"] if context else lines


def _system(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _ours(error: BaseException) -> str:
    """Where our own mistake is. Its message stays unsaid: nobody knows what is in it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"error: a mistake in pcreconcile itself, please report it: {type(error).__name__}{place}"
