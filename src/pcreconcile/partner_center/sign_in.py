"""What tokens and refusals of the login service say about how somebody signed in (API facts, sections 1.3 and 1.4)."""

from __future__ import annotations

import base64
import json
import re

_ADVICE = {
    ("AADSTS700082", "AADSTS70008", "AADSTS50173", "AADSTS70000", "AADSTS50076", "AADSTS50078", "AADSTS50079"): (
        "sign in again with multi-factor authentication and store the new refresh token"
    ),
    ("AADSTS7000215", "AADSTS7000222"): "store the client secret's value again, or a new one",
    ("AADSTS700016", "AADSTS90002"): "check credentials.clientId and tenantId",
}
_AADSTS = re.compile(r"AADSTS\d+", re.ASCII)


def code_of(text: str) -> str:
    """The AADSTS code in a refusal's text, or ""."""
    found = _AADSTS.search(text)
    return found.group() if found else ""


def advice(code: str) -> str:
    """What to do about an AADSTS code, to be put after the message; "" when nothing is known."""
    return next((f"; {text}" for codes, text in _ADVICE.items() if code in codes), "")


def lacks_mfa(token: str) -> bool:
    """Whether the token says how the user signed in, and multi-factor is not in it; an opaque token says nothing."""
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return False
    methods = claims.get("amr") if isinstance(claims, dict) else None
    return isinstance(methods, list) and "mfa" not in methods
