"""How single proofs are told: one line when all is well, else one for each thing that is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcreconcile.model.errors import ExitCode
from pcreconcile.model.evidence import Proof, Standing

MOST = 20  # lines for one proof


def proof(code: str, problems: Iterable[str], well: str, standing: Standing = Standing.FAILED) -> Iterator[Proof]:
    """OK with `well`, or each problem with that standing, at most twenty of them."""
    found = list(dict.fromkeys(problems))
    if not found:
        yield Proof(code, Standing.OK, well)
    yield from (Proof(code, standing, text) for text in found[:MOST])
    if len(found) > MOST:
        yield Proof(code, standing, f"and {len(found) - MOST} more")


def unchecked(code: str, text: str) -> Proof:
    """What could not be asked."""
    return Proof(code, Standing.NOT_CHECKED, text)


def exit_code(proofs: Iterable[Proof]) -> int:
    """1 when anything failed, 7 when all that is wrong is something not yet proven, else 0."""
    standings = {each.standing for each in proofs}
    if Standing.FAILED in standings:
        return ExitCode.ERROR
    return ExitCode.INDETERMINATE if Standing.NOT_PROVEN in standings else ExitCode.DONE
