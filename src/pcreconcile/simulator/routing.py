"""Routes without case, as the service has them; the IDs in a path keep theirs (order IDs are case-sensitive)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from .messages import Call, Reply

__all__ = ["Access", "Handler", "Match", "Route", "find_route", "normal_path"]

Handler = Callable[[Call], Reply]
_PLACE = re.compile(r"\{(\w+)\}")
_SLASHES = re.compile(r"/{2,}")
_LONG_VERSION = re.compile(r"\A/v1\.0(?=/)", re.IGNORECASE)


class Access(Enum):
    """Which token a route wants."""

    PARTNER = auto()
    PARTNER_USER = auto()
    GRAPH = auto()
    MANAGEMENT = auto()
    CONTROL = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path, who may call it, what answers, and its own limit per minute if it has one."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    access: Access
    per_minute: int = 0

    @classmethod
    def of(
        cls, method: str, template: str, handler: Handler, access: Access = Access.PARTNER, per_minute: int = 0
    ) -> "Route":
        """A route from a template such as `/v1/customers/{customer}`."""
        pattern = _PLACE.sub(r"(?P<\1>[^/]+)", template.replace(".", r"\."))
        return cls(method, re.compile(pattern, re.IGNORECASE), handler, access, per_minute)


@dataclass(frozen=True, slots=True)
class Match:
    """What a path leads to: a route with its parameters, or none and the methods that would have one."""

    route: Route | None
    params: Mapping[str, str]
    allowed: tuple[str, ...]


def normal_path(path: str) -> str:
    """One slash where there are several (Java asks for `/v1//customers`), none at the end; `/v1.0` is `/v1` too."""
    return _LONG_VERSION.sub("/v1", _SLASHES.sub("/", path).rstrip("/"), count=1) or "/"


def find_route(routes: Iterable[Route], method: str, path: str) -> Match:
    """The first route for a normal path; literal routes stand before those with a parameter in their place.

    What a literal route does not allow, the parameter behind it does not allow either.
    """
    allowed: list[str] = []
    literal = False
    for route in routes:
        matched = route.pattern.fullmatch(path)
        if matched is None or (literal and route.pattern.groups):
            continue
        if route.method == method:
            return Match(route, matched.groupdict(), ())
        allowed.append(route.method)
        literal = literal or not route.pattern.groups
    return Match(None, {}, tuple(dict.fromkeys(allowed)))
