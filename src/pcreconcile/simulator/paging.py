"""Seek paging as the customers list and the audit records have it (API facts, section 3)."""

import base64
import binascii

from .messages import Call, refusal

__all__ = ["LARGEST_PAGE", "page_size", "read_token", "write_token"]

LARGEST_PAGE = 500


def page_size(call: Call) -> int:
    """The `size` asked for; 0 or none is the service's default, more than the largest page is the largest page."""
    text = call.query.get("size", "0").strip() or "0"
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise refusal(400, 3000, "The size is invalid.")
    return min(int(text) or call.world.options["pageSize"], LARGEST_PAGE)


def write_token(after: int) -> str:
    """An opaque token for the page behind a position."""
    return base64.b64encode(f"after:{after}".encode()).decode()


def read_token(call: Call) -> int:
    """The position behind which to go on; 0 for the first page.

    A continuation needs both `seekOperation=Next`, in any case, and the token; a token that is bad or exhausted is
    400/2000.
    """
    seek, token = call.query.get("seekoperation", "").lower(), call.headers.get("ms-continuationtoken", "")
    if seek in ("", "first") and not token:
        return 0
    if seek != "next":
        raise refusal(400, 3000, "The seekOperation is invalid.")
    try:
        kind, _, position = base64.b64decode(token, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        kind, position = "", ""
    if kind != "after" or not position.isdigit() or len(position) > 12:
        raise refusal(400, 2000, "The continuation token is invalid.")
    return int(position)
