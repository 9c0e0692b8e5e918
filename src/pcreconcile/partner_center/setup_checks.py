"""What can be looked at before anything is sent: the cloud's addresses, and that every credential is in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef
from pcreconcile.partner_center.check import Check, Level, fail, failure, ok, warn
from pcreconcile.partner_center.credentials import Secrets, SecretSource, secret_source
from pcreconcile.partner_center.endpoints import CLOUDS, Addresses
from pcreconcile.partner_center.refresh_tokens import REMEDY, RefreshTokens
from pcreconcile.partner_center.trust import NotAllowed, Trust
from pcreconcile.partner_center.workload_identity import variables_of

NOT_ALLOWED = "operator settings"  # the name of a check that says what the operator has not allowed

_SOON = timedelta(days=30)


def cloud_check(partner: Partner, addresses: Addresses) -> Check:
    """Whether the addresses belong together; a known host of another cloud does not fit the audience of our tokens."""
    named = partner.cloud.value
    if partner.cloud is not Cloud.CUSTOM or partner.endpoints is None:
        return ok("cloud", f"{named}: {urlsplit(addresses.partner_center).hostname}")
    clouds = {cloud for cloud, known in CLOUDS.items() if _hosts(known) & _hosts(partner.endpoints)}
    if clouds:
        fitting = " or ".join(sorted(cloud.value for cloud in clouds))
        told = f"{named}: endpoints of Microsoft's own clouds, but tokens are asked for the commercial audience"
        level = Level.FAIL if Cloud.CHINA in clouds else Level.WARN  # China's audience is another one
        return Check(level, "cloud", told, f"say cloud: {fitting} and leave endpoints out")
    return ok("cloud", f"{named}: {urlsplit(addresses.partner_center).hostname}, with the commercial audience")


def credential_checks(credentials: Credentials | None, environment: Mapping[str, str], trust: Trust) -> Iterator[Check]:
    """One check for each variable or file that the Partner document names; names are told, values never."""
    if credentials is None:
        return
    source = secret_source(credentials, environment, trust)
    for what, place in _places(credentials):
        for each in _single(place):
            yield _placed(source, what, each)


def certificate_check(secrets: Secrets, now: datetime) -> Iterator[Check]:
    """How long the certificate lasts, when there is one."""
    expires = secrets.certificate_expires
    if expires is None:
        return
    told = f"it is valid until {expires:%Y-%m-%d}"
    if expires <= now:
        yield fail("certificate", f"it ended on {expires:%Y-%m-%d}", "register a new one for the application")
    elif expires - now < _SOON:
        yield warn("certificate", told, "register a new one in time")
    else:
        yield ok("certificate", told)


def token_cache_check(kept: RefreshTokens) -> Check:
    """Whether a rotated refresh token outlives the run."""
    told = f"a new refresh token is kept in {kept.place}"
    return warn("token cache", told, REMEDY) if kept.loss else ok("token cache", told)


def _hosts(endpoints: Endpoints) -> set[str]:
    """Partner Center's and the login's: what decides whom tokens are for."""
    return {urlsplit(url).hostname or "" for url in (endpoints.partner_center, endpoints.login)}


def _places(credentials: Credentials) -> Iterator[tuple[str, SecretRef]]:
    named = {
        "clientId": credentials.client_id,
        "clientSecret": credentials.client_secret,
        "certificate": credentials.certificate,
        "certificate.passphrase": credentials.certificate_passphrase,
        "federated": credentials.federated,
        "refreshToken": credentials.refresh_token,
    }
    for name, place in named.items():
        if place is not None:
            yield f"credentials.{name}", place


def _single(place: SecretRef) -> Iterator[SecretRef]:
    if place.env is None:
        yield place
    else:
        yield from (SecretRef(env=name) for name in variables_of(place.env))


def _placed(source: SecretSource, what: str, place: SecretRef) -> Check:
    try:
        source.content(place, what)
    except NotAllowed as error:
        return failure(NOT_ALLOWED, error)
    except ConfigurationError as error:
        return failure("environment" if place.env else "file", error)
    if place.env:
        return ok("environment", f"{what}: {place.env} is set")
    return ok("file", f"{what}: {place.file} is readable")
