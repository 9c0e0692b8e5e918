"""What a command says: results on stdout, everything else on stderr, both harmless to terminals and build logs.

A reader who closes the pipe has seen enough, so that is silence and no error; an apply goes on to its end. Any other
failure to write is remembered and makes the process end with 1 (6 after a write to Partner Center), but never stops a
run between two writes.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import IO, TextIO

import msgspec

from pcreconcile.cli.writes import Writes
from pcreconcile.model.errors import ExitCode
from pcreconcile.model.machine_json import escaped_json
from pcreconcile.rendering.page import Style
from pcreconcile.rendering.text import harmless, prose

_PIPED_WIDTH = 100


class Channel:
    """One stream; after its first failure it says nothing more."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.failed = stream is None  # the caller closed the descriptor before we started
        self.silent = stream is None
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")

    @property
    def interactive(self) -> bool:
        """Whether a person looks at it."""
        return self._stream is not None and self._stream.isatty()

    def write(self, text: str) -> None:
        """Write and flush; never raises."""
        if self.silent or self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._give_up(self._stream)
        except (OSError, ValueError):
            self.failed = True
            self._give_up(self._stream)

    def _give_up(self, stream: IO[str]) -> None:
        """Point the descriptor nowhere, so that the interpreter's own last flush cannot fail again."""
        self.silent = True
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):
            return


class Output:
    """Both streams of the process, the record stream of `--json` once a command has begun it, and what a run has
    written to Partner Center (`writes`), which decides how the process ends."""

    def __init__(self, stdout: TextIO | None, stderr: TextIO | None, environment: Mapping[str, str]) -> None:
        self._stdout = Channel(stdout)
        self._stderr = Channel(stderr)
        self._environment = environment
        self._recording = False
        self._closing: dict[str, object] = {}
        self.writes = Writes()

    @classmethod
    def standard(cls) -> Output:
        """The process's own."""
        return cls(sys.stdout, sys.stderr, os.environ)

    @property
    def recording(self) -> bool:
        """Whether stdout carries NDJSON."""
        return self._recording

    @property
    def style(self) -> Style:
        """Width and colour of stdout; colour only for a person who did not refuse it."""
        width = shutil.get_terminal_size((_PIPED_WIDTH, 24)).columns
        refused = self._environment.get("NO_COLOR") or self._environment.get("TERM") == "dumb"
        return Style(width=width, colour=self._stdout.interactive and not refused)

    def say(self, text: str) -> None:
        """Text of ours on stdout, lines ended; not shown while recording."""
        if not self._recording:
            self._stdout.write(harmless(text))

    def document(self, text: str) -> None:
        """A document in a machine's format on stdout, or a piece of one, as it is.

        Whoever makes one makes it harmless: JSON by `model.machine_json`, a calendar by `rendering.ics`.
        """
        self._stdout.write(text)

    def note(self, line: str) -> None:
        """One line on stderr."""
        self._stderr.write(harmless(prose(line)) + "\n")

    def progress(self, line: str) -> None:
        """One line on stderr, for a person who waits."""
        if self._stderr.interactive and not self._recording:
            self.note(line)

    def ask(self, question: str) -> None:
        """A question on stderr; the answer comes on the same line."""
        self._stderr.write(harmless(prose(question)) + " ")

    def begin_records(self, version: str) -> None:
        """Turn stdout into NDJSON; the version record comes first."""
        if not self._recording:
            self._recording = True
            self.record("version", {"formatVersion": 1, "tool": "pcreconcile", "version": version})

    def record(self, kind: str, members: Mapping[str, object]) -> None:
        """One record; nothing when stdout carries text."""
        if self._recording:
            line = msgspec.json.encode({"type": kind, **members}).decode()
            self._stdout.write(escaped_json(line) + "\n")

    def conclude(self, **members: object) -> None:
        """What the closing record shall carry besides the exit code."""
        self._closing.update(members)

    def end(self, exit_code: int) -> int:
        """Write the one closing record; what could not be written makes a success an error.

        That of an apply that has written is 6: the journal has the whole of it.
        """
        self.record("result", {"exitCode": exit_code, **self._closing})
        self._recording = False
        if not self._stdout.failed:
            return exit_code
        told = "; the journal holds what was done: `pcreconcile history last`" if self.writes.begun else ""
        self.note(f"error: not everything could be written to standard output{told}")
        return exit_code or self.writes.code_after(ExitCode.ERROR)
