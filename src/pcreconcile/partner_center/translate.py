"""From a refusal to words: what it means, who must act and how (the tables: `meanings`, `meanings_beyond`).

Codes are ambiguous, so the status, the code and sometimes the message must fit together; what fits nothing is shown raw
and nothing is added.
"""

from __future__ import annotations

import re

from pcreconcile.partner_center.meanings import MEANINGS, Meaning, Who
from pcreconcile.partner_center.meanings_beyond import MEANINGS_BEYOND

__all__ = ["TABLE", "Meaning", "Who", "remedy_of", "translate"]

# A refusal in a customer's tenant means something else than the same one in the partner's, so those rows stand first.
TABLE = (*MEANINGS_BEYOND, *MEANINGS)


def translate(status: int, code: str, message: str) -> Meaning | None:
    """The meaning of a refusal, or None when it is not known."""
    return next((meaning for meaning in TABLE if _fits(meaning, status, code, message)), None)


def remedy_of(status: int, code: str, message: str) -> str:
    """Cause, who must act and what to do, in one line; "" when it is not known."""
    meaning = translate(status, code, message)
    return "" if meaning is None else told(meaning)


def told(meaning: Meaning) -> str:
    """A meaning in one line."""
    return f"{meaning.cause}; {meaning.who}: {meaning.remedy}"


def _fits(meaning: Meaning, status: int, code: str, message: str) -> bool:
    if meaning.status not in {0, status} or meaning.code.casefold() not in {"", code.casefold()}:
        return False
    return re.search(meaning.pattern, message, re.IGNORECASE) is not None
