"""The Partner document into a Partner. No finding here shows a value (design, section 11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import available_timezones

from pcreconcile.manifests.addresses import address_problem, base_address
from pcreconcile.manifests.nodes import Mapping, find, plain, text_at
from pcreconcile.manifests.quoting import suggestion
from pcreconcile.manifests.values import given
from pcreconcile.model.errors import Finding
from pcreconcile.model.ids import tenant_id
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef, TokenCache

ENDPOINTS = ("partnerCenter", "login", "graph", "management")


def partner_findings(root: Mapping) -> Iterator[Finding]:
    """What the schema cannot say: addresses and time zones. Wrong types are left to the schema."""
    for name in ENDPOINTS:
        address = text_at(root, "spec", "endpoints", name)
        problem = address_problem(address.text) if address else None
        if address and problem:
            yield address.finding(*problem)
    yield from _zone_findings(root)


def _zone_findings(root: Mapping) -> Iterator[Finding]:
    zone = text_at(root, "spec", "timeZone")
    if zone is None or zone.text == "UTC":
        return
    known = available_timezones()
    if not known:
        yield zone.finding("this machine has no time zone database", "the system's or the package tzdata")
    elif zone.text not in known:
        hint = suggestion(zone.text, known)[0]
        yield zone.finding(
            f"this time zone is not known{hint}", "" if hint else "an IANA time zone such as Europe/Berlin"
        )


def partner(root: Mapping) -> Partner:
    """The Partner of a document without findings."""
    spec: dict[str, Any] = plain(find(root, ["spec"]))
    return Partner(
        name=plain(find(root, ["metadata", "name"])),
        tenant_id=tenant_id(spec["tenantId"]),
        cloud=Cloud(spec["cloud"]),
        endpoints=_endpoints(spec.get("endpoints")),
        credentials=_credentials(spec.get("credentials")),
        **given(
            time_zone=spec.get("timeZone"),
            reservations=spec.get("reservations"),
            simulator_estate=spec.get("simulator", {}).get("estate"),
            not_offered=tuple(sorted(spec.get("notOffered", ()))),
        ),
    )


def _endpoints(value: dict[str, str] | None) -> Endpoints | None:
    return Endpoints(*(base_address(value[name]) for name in ENDPOINTS)) if value else None


def _credentials(value: dict[str, Any] | None) -> Credentials | None:
    if value is None:
        return None
    certificate: dict[str, Any] = value.get("certificate", {})
    cache = value.get("tokenCache")
    return Credentials(
        client_id=SecretRef(**value["clientId"]),
        client_secret=_secret(value, "clientSecret"),
        certificate=_secret(value, "certificate"),
        certificate_passphrase=_secret(certificate, "passphrase"),
        federated=_secret(value, "federated"),
        refresh_token=_secret(value, "refreshToken"),
        **given(token_cache=TokenCache(cache) if cache else None),
    )


def _secret(value: dict[str, Any], name: str) -> SecretRef | None:
    place: dict[str, str] = value.get(name, {})
    return SecretRef(env=place.get("env"), file=place.get("file")) if place else None
