"""Which proxy a request goes by: texts of the environment in, a value out; nothing is opened here.

The rules are those of curl and of Python's urllib: `HTTPS_PROXY` for https, `HTTP_PROXY` for http, `ALL_PROXY` for what
has none of its own, `NO_PROXY` for whom none counts. The lower-case form wins where both are set, even when it is empty
(that takes the other one away); blank is empty. This machine is never reached by a proxy. A variable is read where it
decides something: a proxy that no request would take disturbs nobody, and its password is told to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.partner_center.endpoints import is_loopback

HTTP, HTTPS, ALL = "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"
NO_PROXY = "NO_PROXY"
VARIABLES = (HTTP, HTTPS, ALL)

EXPECTED = "expected [http|https|socks5]://[USER:PASSWORD@]HOST:PORT"

# What a proxy's address may begin with → what we speak to it. Desktops write `socks` for SOCKS 5. A SOCKS proxy always
# resolves the names of hosts itself.
_SPOKEN = {"http": "http", "https": "https", "socks5": "socks5", "socks5h": "socks5", "socks": "socks5"}
_PORTS = {"http": 80, "https": 443, "socks5": 1080}
_LONGEST_SOCKS_NAME = 255  # bytes (RFC 1929)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_BRACKETED = re.compile(r"\[(?P<ip>[^\[\]]+)\](?P<length>/[0-9]{1,3})?(?::(?P<port>[0-9]{1,5}|\*))?")
_WITH_PORT = re.compile(r"(?P<host>[^:]+):(?P<port>[0-9]{1,5}|\*)")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it. `scheme` is http, https or socks5."""

    variable: str
    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """`scheme://host:port`, without the credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def has_credentials(self) -> bool:
        """Whether it wants to know who asks."""
        return bool(self.user or self.password)


class Entry(NamedTuple):
    """Whom NO_PROXY exempts: a name with all below it, or a range of addresses; on one port or (None) on all."""

    what: str | IPv4Network | IPv6Network
    port: int | None = None

    def holds(self, host: str, port: int) -> bool:
        """Whether a host, in lower case and without brackets, is exempt."""
        if self.port not in {None, port}:
            return False
        if isinstance(self.what, str):
            return host == self.what or host.endswith(f".{self.what}")
        return _is_in(host, self.what)


@dataclass(frozen=True, slots=True)
class Exempt:
    """All that NO_PROXY says. `unread` are entries that mean nothing to us: they exempt nobody."""

    everybody: bool = False
    entries: tuple[Entry, ...] = ()
    unread: tuple[str, ...] = ()

    def holds(self, url: SplitResult) -> bool:
        """Whether a request to that address goes directly. The address has been found sound."""
        host = (url.hostname or "").rstrip(".")
        port = url.port or _PORTS.get(url.scheme, 0)
        return self.everybody or any(entry.holds(host, port) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The environment's word about proxies, by variable as it is spelled there; blank ones are left out."""

    named: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    exempt: Exempt = Exempt()

    def way(self, address: str) -> Proxy | None:
        """The proxy for a request to an address; None to go directly.

        Raises ConfigurationError, naming the variable and nothing of its text, when its proxy cannot be used.
        """
        url = urlsplit(address)
        if is_loopback(url) or self.exempt.holds(url):
            return None
        own = HTTPS if url.scheme == "https" else HTTP
        spelled, text = self.named.get(own) or self.named.get(ALL) or ("", "")
        return read_proxy(spelled, text) if text else None

    def each(self) -> Iterator[Proxy | ConfigurationError]:
        """Every proxy that is named, or why it cannot be used."""
        for spelled, text in self.named.values():
            try:
                yield read_proxy(spelled, text)
            except ConfigurationError as error:
                yield error


def proxies_of(environment: Mapping[str, str]) -> Proxies:
    """What an environment says. Raises nothing: a variable is judged where it decides something."""
    named = {name: found for name in VARIABLES if (found := spelled_in(environment, name)) is not None}
    _, text = spelled_in(environment, NO_PROXY) or ("", "")
    return Proxies(named, read_exempt(text))


def spelled_in(environment: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """A variable's name as it is spelled, and its text; None when it is not set or blank. Lower case wins."""
    for spelled in (name.lower(), name):
        if spelled in environment:
            text = environment[spelled].strip()
            return (spelled, text) if text else None
    return None


def read_proxy(variable: str, text: str) -> Proxy:
    """The proxy that a variable's text names. Raises ConfigurationError, which quotes nothing but the scheme."""
    scheme, url = _split(variable, text)
    try:
        port = url.port
    except ValueError:
        raise _unusable(variable, f"its port is no number from 1 to 65535{_hint(text)}") from None
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise _unusable(variable, f"something follows the port{_hint(text)}")
    if port == 0 or not _is_host(url):
        raise _unusable(variable, "it names no host")
    user, password = unquote(url.username or ""), unquote(url.password or "")
    if scheme == "socks5" and max(len(user.encode()), len(password.encode())) > _LONGEST_SOCKS_NAME:
        raise _unusable(variable, f"user and password for SOCKS have {_LONGEST_SOCKS_NAME} bytes at most")
    return Proxy(variable, scheme, url.hostname or "", port or _PORTS[scheme], user, password)


def _split(variable: str, text: str) -> tuple[str, SplitResult]:
    """What is spoken to the proxy, and its address; without a scheme it is http."""
    said, separator, rest = text.partition("://")
    if not separator:
        said, rest = "http", text.removeprefix("//")
    scheme = _SPOKEN.get(said.lower())
    if scheme is None:
        named = f"a proxy of the kind {said.lower()}" if _SCHEME.fullmatch(said) else "its kind"
        raise _unusable(variable, f"{named} is not supported")
    if not text.isprintable() or " " in text:
        raise _unusable(variable, "it holds blanks or characters that cannot be seen")
    try:
        return scheme, urlsplit(f"http://{rest}")
    except ValueError:
        raise _unusable(variable, "it is no address") from None


def _unusable(variable: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"environment variable {variable} names no proxy that can be used: {why}; {EXPECTED}, or unset it"
    )


def _hint(text: str) -> str:
    return " (in a password, write # / ? and % as %23 %2F %3F and %25)" if "@" in text else ""


def _is_host(url: SplitResult) -> bool:
    host = url.hostname or ""
    if not url.netloc.rpartition("@")[2].startswith("["):
        return _HOST.fullmatch(host) is not None
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False


def read_exempt(text: str) -> Exempt:
    """What a NO_PROXY means: entries separated by commas or blanks. Raises nothing."""
    texts = [each for each in re.split(r"[,\s]+", text) if each]
    read = [(each, _entry(each)) for each in texts if each != "*"]
    return Exempt(
        everybody="*" in texts,
        entries=tuple(entry for _, entry in read if entry is not None),
        unread=tuple(each for each, entry in read if entry is None),
    )


def _entry(text: str) -> Entry | None:
    """A name, `.name`, `*.name`, an address or a range of them, each also with a port (`*`: any); None otherwise."""
    bare = re.sub(r"\A[A-Za-z]+://|/\Z", "", text).lower()
    if bracketed := _BRACKETED.fullmatch(bare):
        return _range(bracketed["ip"] + (bracketed["length"] or ""), _port(bracketed["port"]))
    if (alone := _range(bare, None)) is not None:
        return alone
    with_port = _WITH_PORT.fullmatch(bare)
    host, port = (with_port["host"], _port(with_port["port"])) if with_port else (bare, None)
    if (address := _range(host, port)) is not None:
        return address
    name = host.removeprefix("*").removeprefix(".").rstrip(".")
    return Entry(name, port) if _HOST.fullmatch(name) and not _looks_like_an_address(name) else None


def _range(text: str, port: int | None) -> Entry | None:
    """Bits of a range beyond its length do not matter, nor does the interface after `%`."""
    try:
        return Entry(ip_network(re.sub(r"%[^/]*", "", text), strict=False), port)
    except ValueError:
        return None


def _looks_like_an_address(name: str) -> bool:
    return re.fullmatch(r"[0-9.]+", name) is not None


def _port(text: str | None) -> int | None:
    return None if text in {None, "*"} else int(str(text))


def _is_in(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(each in network for each in (address, mapped) if each is not None and each.version == network.version)
