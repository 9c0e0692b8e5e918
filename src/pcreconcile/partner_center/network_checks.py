"""What `doctor` says about the way out of this machine: proxies, whom they do not count for, certificate authorities.

What decides about an address of the partner and cannot be used fails; the same in a variable that decides nothing is a
warning. Credentials of a proxy are told by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.partner_center.authorities import FILE, FOLDER, NOT_READ
from pcreconcile.partner_center.check import Check, Level, fail, ok, warn
from pcreconcile.partner_center.network import Network, network_of
from pcreconcile.partner_center.proxies import NO_PROXY, VARIABLES, Proxies, read_proxy, spelled_in

_SHOWN_ENTRIES = 5


def network_checks(environment: Mapping[str, str], hosts: Sequence[str]) -> Iterator[Check]:
    """A line for each variable that is set; `hosts` are the addresses of the partner. Raises nothing."""
    network = network_of(environment)
    yield from _proxies(network.proxies, hosts)
    yield from _both_spellings(environment)
    yield from _exempt(environment, network.proxies, hosts)
    yield from _authorities(environment, network, hosts)


def _proxies(proxies: Proxies, hosts: Sequence[str]) -> Iterator[Check]:
    for spelled, text in proxies.named.values():
        deciding = [host for host in hosts if _decides(proxies, host, spelled)]
        try:
            proxy = read_proxy(spelled, text)
        except ConfigurationError as error:
            yield Check(Level.FAIL if deciding else Level.WARN, "proxy", str(error))
            continue
        known = " (with user and password)" if proxy.has_credentials else ""
        yield ok("proxy", f"{spelled}: {proxy.address}{known} for {_named(deciding)}")


def _decides(proxies: Proxies, host: str, spelled: str) -> bool:
    try:
        proxy = proxies.way(host)
    except ConfigurationError as error:
        return f" {spelled} " in str(error)
    return proxy is not None and proxy.variable == spelled


def _both_spellings(environment: Mapping[str, str]) -> Iterator[Check]:
    for name in (*VARIABLES, NO_PROXY):
        texts = {environment[spelled].strip() for spelled in (name, name.lower()) if spelled in environment}
        if len(texts) > 1:
            yield warn("proxy", f"{name} and {name.lower()} differ: {name.lower()} counts", "set one of them, or alike")


def _exempt(environment: Mapping[str, str], proxies: Proxies, hosts: Sequence[str]) -> Iterator[Check]:
    spelled, _ = spelled_in(environment, NO_PROXY) or ("", "")
    if not spelled:
        return
    direct = [host for host in hosts if proxies.exempt.holds(urlsplit(host))]
    yield ok("proxy", f"{spelled}: no proxy for {_named(direct)}")
    for entry in proxies.exempt.unread[:_SHOWN_ENTRIES]:
        shown = entry.encode("utf-8", "backslashreplace").decode()
        expected = "expected a name, .name, an address or a range such as 10.0.0.0/8, with or without a port"
        yield warn("proxy", f"{spelled}: the entry {shown} exempts nobody: {expected}")


def _authorities(environment: Mapping[str, str], network: Network, hosts: Sequence[str]) -> Iterator[Check]:
    chosen = network.authorities
    if chosen.variable:
        try:
            _ = network.context
        except ConfigurationError as error:
            needed = any(urlsplit(host).scheme == "https" for host in hosts)
            yield (fail if needed else warn)("certificates", str(error))
        else:
            yield ok("certificates", f"those of {chosen.variable} are believed, and no others")
    not_read = [FOLDER] if chosen.variable == FILE else []
    for name in (*not_read, *NOT_READ):
        if environment.get(name, "").strip():
            told = f"{name} is not read"
            if chosen.variable == FILE:
                yield ok("certificates", f"{told}: {FILE} is")
            else:
                yield warn("certificates", told, f"set {FILE} to the file of certificate authorities")


def _named(hosts: Sequence[str]) -> str:
    names = dict.fromkeys(urlsplit(host).hostname or "" for host in hosts)
    return ", ".join(names) or "no host of this partner"
