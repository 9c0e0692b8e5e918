"""From PATH to what the manifests say: everything is read, all findings are told at once, nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pcreconcile.manifests import schema
from pcreconcile.manifests.customers import customer_findings
from pcreconcile.manifests.defaults import by_folder, merged
from pcreconcile.manifests.digests import digest_of
from pcreconcile.manifests.documents import Document
from pcreconcile.manifests.families import SHIPPED
from pcreconcile.manifests.fleet import fleet, repeated
from pcreconcile.manifests.folders import Folder, between
from pcreconcile.manifests.gather import Gathered, gather
from pcreconcile.manifests.nodes import Mapping, text_at
from pcreconcile.manifests.overrides import OverrideWish, override_findings, overrides
from pcreconcile.manifests.partners import partner, partner_findings
from pcreconcile.manifests.policies import policy, policy_findings, ticket_rule
from pcreconcile.manifests.prices import price_findings, prices
from pcreconcile.manifests.quoting import DiscreetWording, Wording
from pcreconcile.manifests.rules import Pack, shipped_pack
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import Finding, ManifestError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Partner
from pcreconcile.model.policy import Policy
from pcreconcile.model.prices import NO_PRICES, Prices


class Loaded(msgspec.Struct, frozen=True):
    """What the manifests say. `home` is the partner folder; `policy_digest` is SHA-256 over the Policy's values.

    `overrides` are all that the Rules document says, those included whose last day has passed.
    """

    partner: Partner
    policy: Policy
    fleet: DesiredFleet
    policy_digest: str
    home: Path
    overrides: tuple[OverrideWish, ...] = ()
    prices: Prices = NO_PRICES


class Sorted(msgspec.Struct, frozen=True):
    """The documents of a load by kind; customers with their folders' defaults under them."""

    partner: Mapping | None
    policy: Mapping | None
    rules: Mapping | None
    prices: Mapping | None
    customers: tuple[Mapping, ...]
    defaults: tuple[Mapping, ...]


def load(path: str, families: frozenset[str] = SHIPPED, pack: Pack | None = None) -> Loaded:
    """Partner, Policy, Rules and Prices of the partner folder and the customers below PATH, a folder or one file.

    `families` are those that a selector may name; `pack` (None: the shipped one) holds the rules that may be
    overridden. Raises ManifestError with all findings of all files; their files are named as PATH was given.
    """
    gathered = gather(path)
    findings = list(gathered.findings)
    roots = sort(gathered, findings)
    findings.extend(_all_findings(roots, families))
    if roots.rules:
        findings.extend(_rule_findings(roots.rules, pack or shipped_pack()))
    if findings or gathered.home is None or roots.partner is None:
        raise ManifestError(findings)
    guards = policy(roots.policy) if roots.policy else Policy()
    return Loaded(
        partner=partner(roots.partner),
        policy=guards,
        fleet=fleet(roots.customers),
        policy_digest=digest_of(guards),
        home=gathered.home.path,
        overrides=overrides(roots.rules) if roots.rules else (),
        prices=prices(roots.prices) if roots.prices else NO_PRICES,
    )


def sort(gathered: Gathered, findings: list[Finding]) -> Sorted:
    """Documents by kind; seconds and strays go to `findings`."""
    documents = (*gathered.named, *gathered.beside)
    defaults = by_folder((each for each in documents if each.kind == "CustomerDefaults"), findings)
    return Sorted(
        partner=_only("Partner", documents, gathered.home, findings),
        policy=_only("Policy", documents, gathered.home, findings),
        rules=_only("Rules", documents, gathered.home, findings),
        prices=_only("Prices", documents, gathered.home, findings),
        customers=_customers(gathered, defaults),
        defaults=tuple(defaults.values()),
    )


def _only(kind: str, documents: Iterable[Document], home: Folder | None, findings: list[Finding]) -> Mapping | None:
    """The partner folder's one document of a kind."""
    first: Mapping | None = None
    for document in documents:
        if document.kind != kind or home is None:
            continue
        if document.file.folder != home.path:
            findings.append(document.at_kind(f"a {kind} document below the partner folder", f"it in {home.shown}"))
        elif first is not None:
            problem = f"a second {kind} document, the first is at {first.where}"
            findings.append(document.at_kind(problem, "one in a partner folder"))
        else:
            first = document.root
    return first


def _customers(gathered: Gathered, defaults: dict[Path, Mapping]) -> tuple[Mapping, ...]:
    found = (document for document in gathered.named if document.kind == "Customer")
    if gathered.home is None or not defaults:
        return tuple(document.root for document in found)
    home = gathered.home.path
    return tuple(merged(document.root, _above(document.file.folder, home, defaults)) for document in found)


def _above(folder: Path, home: Path, defaults: dict[Path, Mapping]) -> Iterator[Mapping]:
    return (defaults[upper] for upper in between(home, folder) if upper in defaults)


def _all_findings(roots: Sorted, families: frozenset[str]) -> Iterator[Finding]:
    for defaults in roots.defaults:
        yield from schema.check("CustomerDefaults", defaults, Wording())
    if roots.partner:
        yield from schema.check("Partner", roots.partner, DiscreetWording())
        yield from partner_findings(roots.partner)
    if roots.policy:
        yield from schema.check("Policy", roots.policy, Wording())
        yield from policy_findings(roots.policy)
    if roots.prices:
        yield from schema.check("Prices", roots.prices, Wording())
        yield from price_findings(roots.prices, families)
    yield from repeated(roots.customers)
    own, tickets = _own_tenant(roots.partner), _tickets(roots.policy)
    for customer in roots.customers:
        yield from schema.check("Customer", customer, Wording())
        yield from customer_findings(customer, own, tickets, families)


def _rule_findings(root: Mapping, pack: Pack) -> Iterator[Finding]:
    yield from schema.check("Rules", root, Wording())
    yield from override_findings(root, pack)


def _own_tenant(root: Mapping | None) -> TenantId | None:
    tenant = text_at(root, "spec", "tenantId") if root else None
    return TenantId(tenant.text.lower()) if tenant else None


def _tickets(root: Mapping | None) -> str | None:
    return ticket_rule(root) if root else None
