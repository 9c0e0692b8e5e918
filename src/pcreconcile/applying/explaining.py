"""Where two versions of a thing differ, down to the element, in words. Explains only: whether they differ was decided
before, without this library, and nothing depends on the form of its answer."""

from __future__ import annotations

from typing import Any

from pcreconcile.model.observed import Fields

NOTHING = "nothing"


def explained(old: Fields, new: Fields) -> str:
    """For instance `status: active → suspended, scheduledActions[0]: TermEnd/Cancel → nothing`, by path."""
    from deepdiff import DeepDiff  # late: it takes a tenth of a second, and most runs have nothing to explain

    tree = DeepDiff(old, new, view="tree")
    found = {_path(each.path(output_format="list")): each for kind in tree for each in tree[kind]}
    return ", ".join(f"{path}: {_said(each.t1)} → {_said(each.t2)}" for path, each in sorted(found.items()))


def _path(steps: list[Any]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _said(value: Any) -> str:
    return NOTHING if type(value).__name__ == "NotPresent" else str(value)
