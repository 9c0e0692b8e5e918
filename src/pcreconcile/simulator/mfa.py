"""The self-test of multi-factor authentication: a request with `ValidateMfa: true` is told whether its token complies.

Where the answer carries it, no source says (API facts, section 1.4): here both in a header and, where the answer is an
object, in a member. Application-only calls are not subject to it and are told nothing.
"""

from collections.abc import Mapping

from .access import bearer
from .messages import Reply
from .routing import Access

__all__ = ["self_tested"]

_MEMBER = "isMfaCompliant"


def self_tested(reply: Reply, headers: Mapping[str, str], access: Access | None, signing_key: bytes) -> Reply:
    """The answer, with the result of the test where one was asked for."""
    if access not in (Access.PARTNER, Access.PARTNER_USER) or headers.get("validatemfa", "").lower() != "true":
        return reply
    token = bearer(headers.get("authorization", ""), signing_key)
    if token is None or not token.delegated:
        return reply
    body = reply.body | {_MEMBER: token.has_mfa} if isinstance(reply.body, dict) else reply.body
    return Reply(reply.status, body, {**reply.headers, _MEMBER: str(token.has_mfa).lower()})
