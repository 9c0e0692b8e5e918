"""Where a partner's guards stood at a base: beside its Partner document, wherever in the repository that was.

Where the partner folder stands today is the change's own word. A change that moves the Partner document would choose
which Policy judges it, and with the folder of state which journal is believed. So the whole tree of the base is
searched for the document, by its tenant ID.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path

from pcreconcile.cli import settings
from pcreconcile.cli.former import manifests_in
from pcreconcile.cli.repository import Repository
from pcreconcile.manifests.gather import standing_in
from pcreconcile.manifests.nodes import Node, text_at
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.model.errors import Refused
from pcreconcile.model.ids import TenantId
from pcreconcile.rendering.text import outside

__all__ = ["partner_folder_at", "require_same_state"]

_OURS = "pcreconcile/"  # what the apiVersion of every manifest begins with
_KINDS = ("Partner", "Policy")
_REMEDY = "land that by itself, planned and applied without --base, and make this change afterwards"


def partner_folder_at(repository: Repository, commit: str, partner: TenantId, base: str) -> str | None:
    """The folder of the repository in which the partner's guards stood at the commit that is called `base`.

    None where nothing judged: the whole tree holds neither a Partner nor a Policy document. Raises Refused where nobody
    can tell which guards held, UsageError when git does not answer.
    """
    holding = _holding(repository, commit, partner)
    if not holding:
        _require_no_guards(repository, commit, base)
        return None
    judging = [each for each in holding if each == repository.prefix or not _is_there(repository, each, partner)]
    folders = judging if repository.prefix in holding else holding
    if len(folders) > 1:
        raise Refused(
            f"at {outside(base)} several folders hold this partner's document ({_listed(folders)}), so nobody knows"
            f" which policy held; where this change moves or removes one: {_REMEDY}"
        )
    (folder,) = folders
    if folder != repository.prefix:
        _require_its_policy(repository, commit, folder, base)
    return folder


def require_same_state(repository_top: Path, folder: str, state: Path, base: str, *, chosen: bool) -> None:
    """Raise Refused where a change has moved the partner folder so that its state would be looked for elsewhere.

    `chosen`: the operator says where the journal is, so that no checkout does.
    """
    then = (repository_top / folder).parent / settings.STATE_FOLDER
    if chosen or then == state:
        return
    raise Refused(
        f"at {outside(base)} this partner's document stood in {outside(folder) or 'the top of the repository'}, with"
        f" its state in {then}; now {state} would be taken, and no change decides which journal, holds and budgets are"
        f" believed: move {settings.STATE_FOLDER} along where it is kept, and set {settings.HOME} to its folder for"
        " this run (or PCRECONCILE_DATABASE to the database)"
    )


def _holding(repository: Repository, commit: str, partner: TenantId) -> list[str]:
    """Every folder that held a Partner document of this tenant; of one that cannot be read it is assumed."""
    found = {
        posixpath.dirname(path)
        for path, data in _named(repository, commit, [partner])
        if _is_partner(data, partner, assumed=True)
    }
    if any(_is_partner(data, partner) for data in _linked(repository, commit)):
        found.add(repository.prefix)
    return sorted(found)


def _linked(repository: Repository, commit: str) -> list[bytes]:
    """What links in today's partner folder led to: such a document counts where the link is."""
    files = repository.files(commit, repository.prefix)
    return [data for _, data in manifests_in(repository, files, lambda file: file.is_link and "/" not in file.path)]


def _named(repository: Repository, commit: str, texts: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Path and content of every YAML file of the tree that holds one of these texts."""
    paths = list(dict.fromkeys(path for text in texts for path in repository.naming(commit, text)))
    kept = [each for each in repository.at([(commit, path) for path in paths]) if each is not None] if paths else []
    return zip((each.path for each in kept), repository.contents(kept), strict=True) if kept else iter(())


def _is_partner(data: bytes, partner: TenantId, *, assumed: bool = False) -> bool:
    reading = read_yaml(data, "")
    if assumed and reading.findings and "Partner" in reading.source.text:
        return True
    return any(_is_of(root, partner) for root in reading.documents)


def _is_of(root: Node, partner: TenantId) -> bool:
    kind, tenant = text_at(root, "kind"), text_at(root, "spec", "tenantId")
    return bool(kind and tenant and kind.text == "Partner" and tenant.text.lower() == partner.lower())


def _is_there(repository: Repository, folder: str, partner: TenantId) -> bool:
    """Whether a folder holds the partner's document in the working tree, at that very place and over no link."""
    place = repository.top / folder
    if Path(os.path.realpath(place)) != place or not place.is_dir():
        return False
    return any(_is_of(document.root, partner) for document in standing_in(place))


def _require_no_guards(repository: Repository, commit: str, base: str) -> None:
    guards = sorted(path for path, data in _named(repository, commit, _KINDS) if _kinds(data))
    if guards:
        raise Refused(
            f"{outside(base)} holds no Partner document of this tenant, and others that judge ({_listed(guards)}), so"
            f" nobody knows which policy held: a change does not bring its partner and use it at once; {_REMEDY}"
        )


def _require_its_policy(repository: Repository, commit: str, folder: str, base: str) -> None:
    """A folder that has moved and had no Policy, where another stood: over a link, it may have been its own."""
    policies = sorted(path for path, data in _named(repository, commit, ["Policy"]) if "Policy" in _kinds(data))
    if policies and folder not in map(posixpath.dirname, policies):
        raise Refused(
            f"at {outside(base)} this partner's document stood in {outside(folder) or '.'} without a Policy, and there"
            f" are others ({_listed(policies)}), so nobody knows which one held; {_REMEDY}"
        )


def _kinds(data: bytes) -> frozenset[str]:
    """Which of the kinds that judge a file holds; those that it names, where it cannot be read."""
    reading = read_yaml(data, "")
    if reading.findings:
        text = reading.source.text
        return frozenset(kind for kind in _KINDS if _OURS in text and f"kind: {kind}" in text)
    return frozenset(kind for root in reading.documents if (kind := _kind(root)) in _KINDS)


def _kind(root: Node) -> str:
    version, kind = text_at(root, "apiVersion"), text_at(root, "kind")
    return kind.text if version and kind and version.text.startswith(_OURS) else ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(outside(name) or "." for name in names[:3]) + more
