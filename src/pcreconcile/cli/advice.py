"""The next command to type after a plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from pcreconcile.cli.exit_codes import is_refused
from pcreconcile.cli.options import DEFAULT_MANIFESTS
from pcreconcile.model.plan import NOW, Plan


def after_plan(plan: Plan, manifests: str, targets: Iterable[str], kept: Path | None) -> str:
    """How to go on; empty when there is nothing to apply, and when a guard would refuse it."""
    due = any(action.when == NOW for customer in plan.customers for action in customer.actions)
    if not due or is_refused(plan):
        return ""
    if kept is None:
        folder = [] if manifests == DEFAULT_MANIFESTS else [manifests]
        chosen = [word for target in targets for word in ("--target", target)]
        return shlex.join(["pcreconcile", "plan", *folder, *chosen, "--out", "plan.json"])
    option = [] if manifests == DEFAULT_MANIFESTS else ["--manifests", manifests]
    return shlex.join(["pcreconcile", "apply", *option, str(kept)])
