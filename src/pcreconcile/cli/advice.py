"""The next command to type after a plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from pcreconcile.cli.exit_codes import is_refused
from pcreconcile.cli.options import DEFAULT_MANIFESTS
from pcreconcile.cli.seeing import Wanted
from pcreconcile.model.plan import NOW, Plan
from pcreconcile.rendering.words import counted


def after_plan(plan: Plan, manifests: str, wanted: Wanted, kept: Path | None) -> str:
    """How to go on; empty when there is nothing to apply, and when it would be refused."""
    due = any(action.when == NOW for customer in plan.customers for action in customer.actions)
    if not due or is_refused(plan) or plan.projected_from is not None:
        return ""
    if kept is None:
        folder = [] if manifests == DEFAULT_MANIFESTS else [manifests]
        return shlex.join(["pcreconcile", "plan", *folder, *_narrowing(wanted), "--out", "plan.json"])
    option = [] if manifests == DEFAULT_MANIFESTS else ["--manifests", manifests]
    apply = shlex.join(["pcreconcile", "apply", *option, str(kept)])
    if not plan.approvals.required:
        return apply
    people = counted(plan.approvals.required, "person", "people")
    return f"{shlex.join(['pcreconcile', 'approve', *option, str(kept)])} ({people}), then {apply}"


def _narrowing(wanted: Wanted) -> Iterator[str]:
    """The options that made this plan smaller than the fleet's."""
    for target in wanted.targets:
        yield from ("--target", target)
    if wanted.base is not None:
        yield from ("--base", wanted.base)
    if wanted.only is not None:
        yield from ("--only", wanted.only)
