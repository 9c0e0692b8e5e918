"""What tokens and refusals of the login service say about how somebody signed in (API facts, sections 1.3 and 1.4)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from pcreconcile.model.people import forms_of, joined

_FOR_EVER = 10 * 365 * 86400.0  # seconds
_AADSTS = re.compile(r"AADSTS\d+", re.ASCII)


def code_of(text: str) -> str:
    """The AADSTS code in a refusal's text, or ""."""
    found = _AADSTS.search(text)
    return found.group() if found else ""


def claims_of(token: str) -> dict[str, Any]:
    """The claims that an access token shows; empty for an opaque one. They are looked at and never trusted."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def lifetime(value: Any) -> float | None:
    """Seconds for which something of the login service lasts (`expires_in`); None for what is no such number.

    Some services write it as text; more than a few years nobody means.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if abs(seconds) <= _FOR_EVER else None


def has_mfa(claims: Mapping[str, Any]) -> bool | None:
    """Whether multi-factor is among the ways in which the person signed in; None when the token does not say."""
    methods = claims.get("amr")
    return "mfa" in methods if isinstance(methods, list) else None


def user_of(claims: Mapping[str, Any]) -> str:
    """Whom the token speaks for: every name that it gives (`people.joined`), "" when it gives none.

    An object ID (`oid`) is no name: nobody could see whether it is an approver's.
    """
    names = (claims.get(name) for name in ("upn", "preferred_username", "unique_name", "email"))
    return joined(name for name in names if isinstance(name, str) and forms_of(name))


def first_line(text: str, limit: int = 300) -> str:
    """What is worth showing of an Entra message: trace IDs and times follow on further lines."""
    lines = text.splitlines()
    return lines[0][:limit] if lines else "no reason given"
