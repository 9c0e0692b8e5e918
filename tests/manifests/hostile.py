"""Every place where a pattern meets a text of a document, given what makes a backtracking engine hang.

Run as a process of its own (`python -m tests.manifests.hostile PLACE`), which the caller lets use so many seconds of
processor time and no more: nothing here takes one of them, and a matcher that backtracks takes years.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

from pcreconcile.cli.allowed_signers import AllowedSigners, matches
from pcreconcile.manifests.lines import _glob_within, _offer_within
from pcreconcile.manifests.schema import SCHEMA_KINDS, _compiled
from pcreconcile.model.ids import TenantId
from pcreconcile.model.policy import Protected
from pcreconcile.model.protection import Identity, names
from pcreconcile.model.tickets import BadExpression, accepts, check_expression
from pcreconcile.planning.lines import _fits_name
from pcreconcile.planning.offers import fits_offer

EXPRESSIONS = [
    "^(a+)+$",
    "^(a|a)*$",
    "^(a|aa)+$",
    "^(.*)*$",
    "(x+x+)+y",
    "^([a-z]+)*[0-9]$",
    "((a?){30}){30}b",
    "(a*)*(a*)*(a*)*b",
    "((a{1,30}){1,30})b",
    "[^b]*" * 60 + "b",
    "\\p{L}*\\p{L}*\\p{L}*!",
]
TEXTS = ["a" * 40 + "!", "a" * 900 + "!", "x" * 900, "ab" * 400, "", "\u00e4" * 900, "a" * 10**6, " " * 10**6 + "\n"]
GLOBS = ["*a" * 30 + "*b", "*" * 60 + "b", "a*" * 40 + "!", "[!b]*" * 30 + "b", "?*" * 40 + "b", "[a-" * 30]
NAMES = ["a" * 63, "ab" * 31, "-".join("a" * 20), "a" * 4000]


def tickets() -> Iterator[object]:
    for expression in EXPRESSIONS:
        try:
            check_expression(expression)
        except BadExpression as error:
            yield error
        else:
            yield from (accepts(expression, text) for text in TEXTS)


def globs(matcher: Callable[[str, str], object]) -> Callable[[], Iterator[object]]:
    return lambda: (matcher(name, glob) for glob in GLOBS for name in NAMES)


def schema_patterns() -> Iterator[object]:
    for kind in SCHEMA_KINDS:
        text = (files("pcreconcile") / "schemas" / f"{kind.lower()}.schema.json").read_text(encoding="utf-8")
        for pattern in sorted(set(_patterns(json.loads(text)))):
            yield from (_compiled(pattern).search(text) for text in SCHEMA_TEXTS)


SCHEMA_TEXTS = [
    *(character * 2**20 + end for character in "a.-/0 \t?" for end in ("", "\n", "!", "\x00", "\n\n")),
    "a." * 2**19 + "@",
    "../" * 2**18 + "\x00",
    "a/" * 2**19 + "\x00",
    "a-" * 2**19 + "!",
]


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from (value for key, value in schema.items() if key == "pattern" and isinstance(value, str))
    for value in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _patterns(value)


def signer_lines() -> Iterator[object]:
    for text in ('"' + '\\"' * 30_000, '\\"' * 30_000 + '"', 'a="' + '\\"' * 30_000, "a," * 30_000 + '"', "*" * 60_000):
        yield AllowedSigners(f"{text} ssh-ed25519 AAAA\nx {text} ssh-ed25519 AAAA\n".encode()).lines


PLACES: dict[str, Callable[[], Iterator[object]]] = {
    "policy.require.ticket": tickets,
    "policy.protected": globs(lambda name, glob: names(Protected(name=glob), Identity(TenantId(""), name))),
    "customer.match.sku": globs(lambda name, glob: fits_offer(f"{name}:{name}:{name}", glob)),
    "customer.match.publisher": globs(_fits_name),
    "customer.match: one within another": globs(_glob_within),
    "customer.match: one offer within another": globs(_offer_within),
    "allowed_signers: namespaces": globs(matches),
    "allowed_signers: lines": signer_lines,
    "schema patterns": schema_patterns,
}

if __name__ == "__main__":
    print(sum(1 for _ in PLACES[sys.argv[1]]()))
