"""Terraform's spelling of options: `-out`, `-detailed-exitcode` mean `--out`, `--detailed-exitcode`.

No command has short options of several letters in one word, so the rewriting loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

_ONE_DASH = re.compile(r"-[A-Za-z][A-Za-z0-9-]+(=.*)?", re.DOTALL)


def long_spelling(arguments: Iterable[str], valued: Collection[str]) -> list[str]:
    """The same words with two dashes; what follows an option of `valued`, or `--`, is a value and stays."""
    words: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            return [*words, word, *rest]
        spelled = f"-{word}" if _ONE_DASH.fullmatch(word) else word
        words += [spelled, *_value(rest, spelled in valued)]
    return words


def leading(arguments: Iterable[str]) -> list[str]:
    """The words before the command's name, in long spelling; the command's own words stay as they are."""
    words = list(arguments)
    first = next((place for place, word in enumerate(words) if not word.startswith("-")), len(words))
    return [*long_spelling(words[:first], ()), *words[first:]]


def _value(rest: Iterator[str], follows: object) -> list[str]:
    found = next(rest, None) if follows else None
    return [] if found is None else [found]
