"""Who may call what: bearer tokens, their audience, and App+User with MFA (API facts, sections 1.4 and 9.2)."""

from .messages import Refusal, Reply, odata_refusal, refusal
from .routing import Access
from .tokens import InvalidToken, Token, read_token

__all__ = ["authorize", "bearer"]

_PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
_AUDIENCES = {
    Access.GRAPH: ("https://graph.microsoft.com",),
    Access.MANAGEMENT: ("https://management.azure.com", "https://management.core.windows.net"),
}


def authorize(access: Access, authorization: str, signing_key: bytes) -> Token | None:
    """The token of a request, None where none is needed. Raises the service's 401 or 403."""
    if access is Access.CONTROL:
        return None
    token = bearer(authorization, signing_key)
    if access in _AUDIENCES:
        if token is None or token.audience not in _AUDIENCES[access]:
            raise _unauthorized(odata_refusal(401, "InvalidAuthenticationToken", "Access token validation failure."))
        return token
    if token is None:
        raise _unauthorized(refusal(401, 400, "Access denied."))
    _check_partner_token(token, access)
    return token


def _check_partner_token(token: Token, access: Access) -> None:
    if token.audience != _PARTNER_CENTER:
        raise _unauthorized(refusal(401, 900420, "The audience of the token is not supported."))
    if token.delegated and not token.has_mfa:
        raise _unauthorized(refusal(401, 900421, "The token lacks the claim of multi-factor authentication."))
    if access is Access.PARTNER_USER and not token.delegated:
        raise refusal(403, 900329, "The resource does not support application-only authentication.")


def bearer(authorization: str, signing_key: bytes) -> Token | None:
    """The token of an Authorization header; None when there is none that is valid."""
    scheme, _, text = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return read_token(text.strip(), signing_key)
    except InvalidToken:
        return None


def _unauthorized(refused: Refusal) -> Refusal:
    reply = refused.reply
    return Refusal(Reply(reply.status, reply.body, {"WWW-Authenticate": "OAuth realm=urn:cpsvc:cpid:simulator"}))
