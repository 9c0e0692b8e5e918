"""Endpoints of a Partner document: https anywhere, http for loopback hosts alone (design, section 11).

Stricter than the URL standard on purpose: what two parsers might read differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

_PRINTABLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def address_problem(text: str) -> tuple[str, str] | None:
    """What is wrong with an endpoint and what was expected; None when it is sound. Never quotes it."""
    if not text:
        return "this address is empty", "https://host/path"
    if not _PRINTABLE.fullmatch(text) or "\\" in text:
        return "this address holds a character that no address may hold", "https://host/path"
    if "?" in text or "#" in text:
        return "an endpoint has neither query nor fragment", "https://host/path"
    try:
        return next(_part_problems(urlsplit(text)), None)
    except ValueError:
        return "this is no address", "https://host/path"


def base_address(text: str) -> str:
    """The address without a trailing slash."""
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """127.0.0.0/8, ::1 and localhost; 0.0.0.0 is not."""
    if host == "localhost":
        return True
    try:
        return IPv4Address(host).is_loopback
    except AddressValueError:
        return host == "::1"


def _part_problems(parts: SplitResult) -> Iterator[tuple[str, str]]:
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https"):
        yield "this address has no scheme that is spoken here", "https://host/path"
    if "@" in parts.netloc:
        yield "an address holds no user information", "https://host/path"
    if not _is_host(host, parts.netloc):
        yield "this address has no host", "https://host/path"
    if parts.netloc.endswith(":") or not _has_sound_port(parts):
        yield "this address has a bad port", "a port from 1 to 65535"
    if parts.scheme == "http" and not is_loopback(host):
        yield "http is for loopback hosts alone", "https"


def _has_sound_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_host(host: str, netloc: str) -> bool:
    if not netloc.startswith("["):
        return _HOST_NAME.fullmatch(host) is not None
    try:
        return IPv6Address(host).scope_id is None
    except AddressValueError:
        return False
