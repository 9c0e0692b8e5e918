"""The policy's ticket rule: a regular expression out of a pull request, matched in time that grows with the text alone.

RE2 builds an automaton and never backtracks, so `^(a+)+$` costs no more than `^a+$`. It has no lookaround and no
backreference, which cannot be had at that price; an expression that needs one is refused where it stands. The automaton
is bounded too, and so is the text: what is matched costs at most some ten million steps, whatever both say.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

MAX_TICKET = 1000  # characters; a longer one satisfies no expression
_MAX_MEMORY = 1 << 18  # bytes of an automaton: about ten thousand instructions


class BadExpression(ValueError):
    """Text that is no ticket rule; says why, in the engine's words."""


@lru_cache(maxsize=16)
def _compiled(expression: str) -> Any:
    import re2  # type: ignore[import-untyped,unused-ignore]

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(expression, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise BadExpression(_reason(error)) from error


def check_expression(expression: str) -> None:
    """Raises BadExpression for what cannot be a ticket rule."""
    _compiled(expression)


def accepts(expression: str, ticket: str) -> bool:
    """Whether a ticket satisfies an expression anywhere in it. Raises BadExpression."""
    return len(ticket) <= MAX_TICKET and _compiled(expression).search(ticket) is not None


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args and not isinstance(error, UnicodeEncodeError) else "not text"
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
