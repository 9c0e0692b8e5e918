"""What a plain scalar means: YAML 1.2 core booleans and null, whole numbers, and nothing else (design, section 11).

`NO`, `on`, `0777`, `1e3`, `12:30:45` and dates are text: nobody who writes them means what YAML 1.1 makes of them.
"""

from __future__ import annotations

import re

from pcreconcile.manifests.nodes import Plain

_WORDS: dict[str, Plain] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")

# No field takes a fraction or a number of more than 18 digits. This stands in for all of them, so that no validator
# takes 5.0 for a whole number and no digit is lost on the way: messages show the text.
NOT_WHOLE = 0.5


def resolve(text: str) -> Plain:
    """The value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-0123456789":
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    return NOT_WHOLE if _NUMBER.fullmatch(text) else text


def kind_of(value: Plain) -> str:
    """The value's kind in words."""
    match value:
        case bool():
            return "a bare boolean"
        case None:
            return "a bare null"
        case int() | float():
            return "a bare number"
    return "text"
