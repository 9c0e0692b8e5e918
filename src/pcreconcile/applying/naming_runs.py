"""How people name a run: by its ID, by the beginning of it, or as the last one."""

from __future__ import annotations

from collections.abc import Iterable

from pcreconcile.model.errors import UsageError
from pcreconcile.model.ids import RunId
from pcreconcile.model.run import NO_RUN

LAST = "last"
SHORTEST = 4  # characters of an ID that name a run

_NO_RUN_YET = (
    "the journal knows no run of that ID, nor any other; one that ended before its first event was recorded has "
    "written nothing"
)


def run_named(runs: Iterable[RunId], text: str) -> RunId:
    """The run of that ID, or the only one whose ID begins so, in any letter case; `last` is the last that began.

    `runs` in the order in which they began, each any number of times. Raises UsageError when there is none, or several.
    """
    known, wanted = [run for run in dict.fromkeys(runs) if run != NO_RUN], text.strip().lower()
    if wanted == LAST and known:
        return known[-1]
    found = [run for run in known if run.lower().startswith(wanted)] if len(wanted) >= SHORTEST else []
    if len(found) == 1:
        return found[0]
    if not known:
        raise UsageError(f"{text}: {_NO_RUN_YET}")
    if not found:
        raise UsageError(f"{text}: the journal knows no run of that ID; `pcreconcile history` lists them")
    some = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
    raise UsageError(f"{text}: {len(found)} runs begin so ({some}); give more of the ID")
