"""The pages of some cases in full, for a person to read and for a change of one word to be seen.

Every tenth case of each file, with what its page says beyond the plan: what is held and why, the ways out, the rules.
`python -m tests.planning.explaining` writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pcreconcile.model.explanation import Explanation
from pcreconcile.model.identity import canonical_json
from pcreconcile.planning.explanation import explain
from tests.exits.estates import (
    Words,
    case_now,
    desired,
    memory,
    partner,
    policy,
    prices,
    rules_with,
    snapshot,
)
from tests.exits.wording import case_files

PAGES = Path(__file__).parent / "explanations.txt"
TOLD_ELSEWHERE = frozenset({"customer", "leaving"})  # plans, as in tests/exits/wording
EACH = 10


def explained(case: Words) -> Explanation:
    """The page of a case."""
    return explain(
        desired(case.get("wants", {})),
        snapshot(case),
        memory(case.get("memory", {})),
        rules_with(case.get("rules", {})),
        policy(case.get("policy", {})),
        case_now(case),
        partner=partner(case.get("zone", "UTC")),
        prices=prices(case.get("prices", ())),
    )


def page_of(case: Words) -> dict[str, Any]:
    """What the page says, without what is empty."""
    found = explained(case)
    return {name: each for name, each in msgspec.to_builtins(found).items() if name not in TOLD_ELSEWHERE}


def pages() -> str:
    """All chosen pages."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for path in case_files():
        cases: list[Words] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in cases[::EACH]:
            yield f"# {path.stem}: {case['case']}"
            for name, value in page_of(case).items():
                for each in value if isinstance(value, list | tuple) else [value]:
                    yield f"{name} {canonical_json(_full(each)).decode()}"
            yield ""


def _full(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _full(each) for name, each in value.items() if each not in (None, "", [], {})}
    return [_full(each) for each in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    PAGES.write_text(pages(), encoding="utf-8")
