"""`--base GITREF`: which customers the manifests want otherwise than at a commit, and that none has just vanished.

Absence is never intent (design, section 3): who is no longer to be managed is told so by a manifest. The whole partner
folder counts, whatever part of it PATH names, so that a document may move anywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pcreconcile.cli.former import Former, customers_of, folders_of
from pcreconcile.cli.repository import Repository
from pcreconcile.manifests import Loaded
from pcreconcile.manifests.gather import gather
from pcreconcile.manifests.nodes import text_at
from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.errors import Finding, ManifestError
from pcreconcile.model.ids import TenantId
from pcreconcile.rendering.text import outside


@dataclass(frozen=True, slots=True)
class Base:
    """Where HEAD parted from the commit of that name; the names of the customers that are new or differ since."""

    name: str
    commit: str
    changed: frozenset[str]


def since(loaded: Loaded, name: str, folder: str | None = None) -> Base:
    """What has changed since HEAD parted from the commit of this name (their merge base).

    `folder` is where the partner folder stood then, None where that is not known.

    Raises ManifestError for every managed customer that vanished, UsageError when git cannot tell.
    """
    repository = Repository(loaded.home)
    commit = repository.merge_base(name)
    partner = loaded.partner.tenant_id
    folders = (folder,) if folder is not None else folders_of(repository, commit, partner)
    former = customers_of(repository, commit, str(loaded.home), folders)
    vanished = tuple(_vanished(former, loaded, name))
    if vanished:
        raise ManifestError(vanished)
    return Base(name, commit, frozenset(_changed(loaded.fleet.customers, former)))


def _changed(customers: Iterable[DesiredCustomer], former: Iterable[Former]) -> Iterator[str]:
    wishes: dict[TenantId, list[DesiredCustomer | None]] = {}
    for one in former:
        wishes.setdefault(one.tenant_id, []).append(one.wish)
    # Two documents of one tenant were an error, so neither said what was wanted.
    return (each.name for each in customers if wishes.get(each.tenant_id) != [each])


def _vanished(former: Iterable[Former], loaded: Loaded, base: str) -> Iterator[Finding]:
    present = {each.tenant_id for each in loaded.fleet.customers}
    missing = [one for one in former if one.managed and one.tenant_id not in present]
    if missing:
        folder = dict(_tenants(loaded.home))
        names = {name: tenant for tenant, name in folder.items()}
        yield from (_told(one, names, base) for one in missing if one.tenant_id not in folder)


def _tenants(home: Path) -> Iterator[tuple[str, str]]:
    """Tenant ID and name of every Customer document of the partner folder, those that PATH leaves out included."""
    for document in gather(str(home)).named:
        tenant, name = text_at(document.root, "spec", "tenantId"), text_at(document.root, "metadata", "name")
        if document.kind == "Customer" and tenant:
            yield tenant.text.lower(), name.text if name else ""


def _told(one: Former, names: Mapping[str, str], base: str) -> Finding:
    who = f"customer {outside(one.name)} (tenant ID {one.tenant_id})"
    if one.name in names:
        problem = f"{who} stood here at {outside(base)}, and that name now has the tenant ID {outside(names[one.name])}"
    else:
        problem = f"{who} stood here at {outside(base)} and is in no manifest any more"
    return one.finding(problem, "its manifest, or one for that tenant ID with relationship: unmanaged")
