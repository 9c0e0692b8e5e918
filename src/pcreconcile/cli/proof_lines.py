"""Proofs to the reader: a line for each, or one JSON document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pcreconcile.cli.output import Output
from pcreconcile.model.errors import ExitCode
from pcreconcile.model.evidence import Proof, Standing
from pcreconcile.model.machine_json import machine_json
from pcreconcile.rendering.text import prose

_WORDS = {
    Standing.OK: "ok          ",
    Standing.FAILED: "FAIL        ",
    Standing.NOT_PROVEN: "not proven  ",
    Standing.NOT_CHECKED: "not checked ",
}
_PROVEN = "proven: what was done is what was planned, and each write has been seen"
_OPEN = "not proven yet: apply the same plan again, which resolves it by reading"
_SILENT = "not proven: what is missing for it is said above, and no run can add it"


def _as_text(output: Output, proofs: Sequence[Proof], code: int) -> None:
    for each in proofs:
        output.say(f"{_WORDS[each.standing]}{each.code}: {prose(each.text)}\n")
    output.say(f"\n{_ending(proofs, code)}\n")


def _ending(proofs: Sequence[Proof], code: int) -> str:
    if code == ExitCode.DONE:
        return _PROVEN
    if code == ExitCode.INDETERMINATE:
        missing = {each.code for each in proofs if each.standing is Standing.NOT_PROVEN}
        return _OPEN if missing == {"proven"} else _SILENT
    return f"NOT PROVEN: {sum(each.standing is Standing.FAILED for each in proofs)} proofs failed"


def _as_json(output: Output, proofs: Sequence[Proof], code: int) -> None:
    output.document(machine_json({"formatVersion": 1, "exitCode": code, "proofs": proofs}) + "\n")


FORMATS: Mapping[str, Callable[[Output, Sequence[Proof], int], None]] = {"terminal": _as_text, "json": _as_json}
