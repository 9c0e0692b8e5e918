"""All customers together: none twice, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcreconcile.manifests.customers import customer, place_of
from pcreconcile.manifests.digests import digest_of
from pcreconcile.manifests.nodes import Mapping, Scalar, text_at
from pcreconcile.manifests.quoting import quoted
from pcreconcile.model.desired import DesiredCustomer, DesiredFleet, Source
from pcreconcile.model.errors import Finding


def repeated(roots: Iterable[Mapping]) -> Iterator[Finding]:
    """Names used twice and tenant IDs used twice, compared without case; each finding names both places."""
    names: dict[str, Scalar] = {}
    tenants: dict[str, Scalar] = {}
    for root in roots:
        name, tenant = text_at(root, "metadata", "name"), text_at(root, "spec", "tenantId")
        if name:
            yield from _second("name", name, names.setdefault(name.text, name))
        if tenant:
            yield from _second("tenant ID", tenant, tenants.setdefault(tenant.text.lower(), tenant))


def _second(what: str, scalar: Scalar, first: Scalar) -> Iterator[Finding]:
    if first is not scalar:
        yield scalar.finding(f"{what} {quoted(scalar.text)} is used twice, first at {first.where}", f"each {what} once")


def fleet(roots: Iterable[Mapping]) -> DesiredFleet:
    """The customers of documents without findings, by name, with places and the digest of what they say.

    The digest is SHA-256 over the canonical form of the wishes: formatting, comments and file names do not count.
    """
    pairs = sorted(((customer(root), root) for root in roots), key=_name)
    customers = tuple(wish for wish, _ in pairs)
    sources = {wish.name: _source(root) for wish, root in pairs}
    return DesiredFleet(customers=customers, sources=sources, digest=digest_of(customers))


def _name(pair: tuple[DesiredCustomer, Mapping]) -> str:
    return pair[0].name


def _source(root: Mapping) -> Source:
    place = place_of(root)
    return Source(file=place.source.file, line=place.source.place(place.at)[0])
