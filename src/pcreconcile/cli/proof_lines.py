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
_ENDINGS = {
    ExitCode.DONE: "proven: what was done is what was planned, and each write has been seen",
    ExitCode.INDETERMINATE: "not proven yet: apply the same plan again, which resolves it by reading",
}


def _as_text(output: Output, proofs: Sequence[Proof], code: int) -> None:
    for each in proofs:
        output.say(f"{_WORDS[each.standing]}{each.code}: {prose(each.text)}\n")
    failed = sum(each.standing is Standing.FAILED for each in proofs)
    output.say(f"\n{_ENDINGS.get(code, f'NOT PROVEN: {failed} proofs failed')}\n")


def _as_json(output: Output, proofs: Sequence[Proof], code: int) -> None:
    output.document(machine_json({"formatVersion": 1, "exitCode": code, "proofs": proofs}) + "\n")


FORMATS: Mapping[str, Callable[[Output, Sequence[Proof], int], None]] = {"terminal": _as_text, "json": _as_json}
