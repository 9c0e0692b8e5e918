"""Writing: a closed pipe is silence, any other failure an error, and neither stops the work."""

import io
import json

import pytest

from pcreconcile.cli import main
from pcreconcile.cli.output import Output


class _Failing(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    def fileno(self):
        raise OSError


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stdout", "code", "ends_with"),
    [
        (_Failing(BrokenPipeError()), 0, 0),
        (_Failing(BrokenPipeError()), 2, 2),
        (_Failing(OSError(28, "No space left on device")), 0, 1),
        (_Failing(OSError(28, "No space left on device")), 6, 6),
        (None, 0, 1),
        (io.StringIO(), 0, 0),
    ],
)
def test_what_cannot_be_written(stdout, code, ends_with):
    output = Output(stdout, io.StringIO(), {})
    output.say("one\n")
    output.say("two\n")
    assert output.end(code) == ends_with


@pytest.mark.parametrize(
    ("stream", "environment", "colour"),
    [
        (_Terminal, {}, True),
        (_Terminal, {"NO_COLOR": "1"}, False),
        (_Terminal, {"NO_COLOR": ""}, True),
        (_Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {}, False),
    ],
)
def test_colour_is_for_a_person_who_did_not_refuse_it(stream, environment, colour):
    assert Output(stream(), io.StringIO(), environment).style.colour is colour


@pytest.mark.parametrize(("stream", "shown"), [(_Terminal, "reading\n"), (io.StringIO, "")])
def test_progress_is_for_a_person(stream, shown):
    stderr = stream()
    Output(io.StringIO(), stderr, {}).progress("reading")
    assert stderr.getvalue() == shown


def test_notes_are_harmless_lines():
    stderr = io.StringIO()
    Output(io.StringIO(), stderr, {}).note("::error::\x1b[2J\nsecond")
    assert stderr.getvalue() == "\\x3a:error::\\x1b[2J\\nsecond\n"


def test_records_replace_text_and_close_once():
    stdout = io.StringIO()
    output = Output(stdout, io.StringIO(), {})
    output.begin_records("0.1.0")
    output.begin_records("0.1.0")
    output.say("text for people\n")
    output.record("event", {"event": {"seq": 1}})
    output.conclude(receipt={"run": "r"})
    assert output.end(6) == 6
    assert [json.loads(line) for line in stdout.getvalue().splitlines()] == [
        {"type": "version", "formatVersion": 1, "tool": "pcreconcile", "version": "0.1.0"},
        {"type": "event", "event": {"seq": 1}},
        {"type": "result", "exitCode": 6, "receipt": {"run": "r"}},
    ]


def test_what_no_encoding_can_say_is_escaped():
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, encoding="ascii")
    Output(stdout, io.StringIO(), {}).say("Söhne \udcff\n")
    assert raw.getvalue() == "Söhne \\udcff\n".encode()


def test_help_into_a_closed_pipe_is_silence(monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stdout", _Failing(BrokenPipeError(32, "Broken pipe")))
    monkeypatch.setattr("sys.stderr", stderr)
    assert (main(["--help"]), stderr.getvalue()) == (0, "")
