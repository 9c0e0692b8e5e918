"""Usage errors end with 1 and words, never with 2 or a traceback; every option has its variable."""

import json

import click
import pytest

from pcreconcile.cli import main
from pcreconcile.cli.program import COMMANDS, Program


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "error: Missing command."),
        (["plna"], "error: no such command: plna; did you mean plan?"),
        (["plan", "-otu", "x"], "error: No such option '--otu'."),
        (["plan", "a", "b"], "error: Got unexpected extra argument (b)"),
        (["plan", "--format", "xml"], "error: Invalid value for '--format'"),
        (["plan", "--refresh=perhaps"], "error: Invalid value for '--refresh'"),
        (["plan", "one", "--manifests", "two"], "error: PATH and --manifests name two places"),
        (["plan", "--out"], "error: Option '--out' requires an argument."),
        (["plan", "--only", "everything"], "error: Invalid value for '--only'"),
        (["apply", "--wait", "soon"], "expected a duration of at most 365 days such as 90s, 15m or 2h"),
        (["apply", "--wait", "9999d"], "expected a duration of at most 365 days"),
        (["apply"], "error: nobody is there to answer"),
        (["apply", "--json"], "error: nobody is there to answer"),
        (["show"], "error: Missing argument 'PLANFILE'."),
        (["show", "no-such-plan.json"], "error: no-such-plan.json: No such file or directory"),
        (["schema", "recipe"], "error: no schema for recipe: expected one of Approval, Customer"),
        (["simulate", "--clock", "tomorrow"], "expected an instant such as 2027-03-01T00:00:00Z"),
        (["simulate", "--estate", "x.yaml", "--customers", "3"], "error: --estate and --customers go not together"),
        (["simulate", "--port", "70000"], "error: Invalid value for '--port'"),
        (["simulate", "--estate", "no-such-estate.yaml"], "error: "),
        (["validate", "no-such-folder"], "no-such-folder:1:1: "),
        (["plan", "::error::x\x1b[2J"], "\\x3a:error::x\\x1b[2J:1:1: "),
    ],
)
def test_what_a_user_can_do_wrong(arguments, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert told in said.err
    assert "Traceback" not in said.err
    assert all(json.loads(line) for line in said.out.splitlines())  # nothing, or the records of --json


@pytest.mark.parametrize("arguments", [["--help"], ["-help"], ["plan", "-h"], ["-version"], ["version"]])
def test_help_and_version_end_with_0_on_stdout(arguments, capsys):
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "pcreconcile" in said.out
    assert said.err == ""


def _options():
    program = Program("pcreconcile")
    context = click.Context(program)
    for name in COMMANDS:
        for param in program.get_command(context, name).params:
            if isinstance(param, click.Option):
                yield name, param


# What somebody does, and no machine may be set up to do: a variable that is left over must not lift a hold.
_BY_HAND = {("hold", "--why"), ("hold", "--lift")}


def test_every_option_has_its_variable_and_the_same_for_all_commands():
    for command, option in _options():
        by_hand = (command, option.opts[0]) in _BY_HAND
        name = option.opts[0].removeprefix("--").replace("-", "_").upper()
        expected = None if by_hand else f"PCRECONCILE_{name}"
        assert option.envvar == expected, command


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PCRECONCILE_WAIT", "soon", "PCRECONCILE_WAIT"),
        ("PCRECONCILE_MANIFESTS", "no-such-folder", "no-such-folder:1:1: "),
        ("PCRECONCILE_AUTO_APPROVE", "1", "manifests:1:1: "),
        ("PCRECONCILE_DATABASE", "mysql://h/d", "(PCRECONCILE_DATABASE) is not understood"),
    ],
)
def test_variables_work_like_options(variable, value, told, capsys, partner_folder, monkeypatch):
    monkeypatch.chdir(partner_folder if variable == "PCRECONCILE_DATABASE" else partner_folder / "manifests/customers")
    monkeypatch.setenv("PCRECONCILE_AUTO_APPROVE", "true")
    monkeypatch.setenv(variable, value)
    assert main(["apply"]) == 1
    assert told in capsys.readouterr().err


def test_json_writes_a_version_record_first_and_one_closing_record_even_for_a_usage_error(capsys):
    assert main(["apply", "-json", "-bogus"]) == 1
    first, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["type"], first["tool"], first["formatVersion"]) == ("version", "pcreconcile", 1)
    assert (last["type"], last["exitCode"], last["error"]["kind"]) == ("result", 1, "NoSuchOption")


def test_a_mistake_of_ours_shows_neither_traceback_nor_its_message(capsys, monkeypatch):
    def broken(*_args):
        raise KeyError("client secret")

    monkeypatch.setattr("pcreconcile.manifests.load", broken)
    assert main(["validate"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: a mistake in pcreconcile itself, please report it: KeyError in broken, line ")
    assert "client secret" not in said
