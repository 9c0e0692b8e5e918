"""`--base REF`: what judges a change, as it stood before it: the Policy and `allowed_signers` (design, section 12).

A pull request is a proposal, and one that changes the guards is judged by those that it found too. Without a Policy at
the base the built-in defaults stood there; one that the reader of today cannot read refuses, since nobody knows then
what it forbade.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pcreconcile.cli.base_folder import partner_folder_at
from pcreconcile.cli.former import manifests_in
from pcreconcile.cli.guard_changes import Guards, notices_between, of_documents
from pcreconcile.cli.repository import Kept, Repository
from pcreconcile.manifests import Loaded
from pcreconcile.manifests.documents import Document
from pcreconcile.manifests.files import MAX_BYTES, FoundFile, join
from pcreconcile.manifests.gather import standing_in
from pcreconcile.manifests.nodes import Mapping, find, plain, text_at
from pcreconcile.manifests.policies import policy, policy_findings
from pcreconcile.manifests.quoting import Wording, escaped
from pcreconcile.manifests.reader import Reading, read_yaml
from pcreconcile.manifests.schema import check
from pcreconcile.model.errors import Finding, Refused
from pcreconcile.model.policies_in_force import PolicyAtBase
from pcreconcile.model.policy import Policy

_NOWHERE = Path("base")  # what was has no place on the disk of today
_TOLD = 5  # findings of an unreadable policy that a refusal names
_REMEDY = "repair the policy in a change of its own and plan that one without --base"


@dataclass(frozen=True, slots=True)
class Base:
    """What judges as it stood at the base.

    `signers` is the content of `allowed_signers`, None where there was none; `signers_file` how the policy at the base
    calls it. `folder` is where in the repository at `top` the partner folder stood; None where nothing judged.
    `not_offered` is what the Partner document there said is refused to the partner for good.
    """

    commit: str
    at: PolicyAtBase
    signers: bytes | None
    signers_file: str
    top: Path
    folder: str | None
    not_offered: frozenset[str] = frozenset()

    @property
    def judges_approvals(self) -> bool:
        """Whether an approval must count under the list at the base too.

        Where there was none and nothing was to be approved, there is nothing that a change could have loosened.
        """
        return self.signers is not None or self.at.policy.approvals.required > 0


def read_base(loaded: Loaded, name: str, signers_now: bytes | None) -> Base:
    """What judged where this branch parted from the commit of this name.

    `signers_now` is the list of today, for what has changed since.

    Raises Refused where the policy at the base cannot be read or nobody can tell which one held, UsageError when git
    does not answer.
    """
    repository = Repository(loaded.home)
    commit = repository.merge_base(name)
    folder = partner_folder_at(repository, commit, loaded.partner.tenant_id, name)
    files = repository.files(commit, folder) if folder is not None else ()
    shown = folder or "." if folder != repository.prefix else str(loaded.home)
    then = of_documents(_documents(repository, files, shown, name), None)
    there = _policy(then.policy, name)
    signers = _content(repository, files, there.approvals.allowed_signers)
    now = of_documents(standing_in(loaded.home), signers_now)
    notices = notices_between(Guards(then.policy, then.partner, signers), now, name)
    at, listed = PolicyAtBase(name, there, notices), there.approvals.allowed_signers
    return Base(commit, at, signers, listed, repository.top, folder, _not_offered(then.partner))


def _documents(repository: Repository, files: tuple[Kept, ...], shown: str, name: str) -> Iterator[Document]:
    """The documents directly in the partner folder. Raises Refused where one that cannot be read may be a Policy."""
    for path, data in manifests_in(repository, files, _stands_directly):
        file = FoundFile(_NOWHERE / path, join(shown, path))
        reading = read_yaml(data, escaped(file.shown))
        if reading.findings and "Policy" in reading.source.text:
            raise _unreadable(name, reading.findings)
        yield from _of_kind(reading, file)


def _of_kind(reading: Reading, file: FoundFile) -> Iterator[Document]:
    for root in reading.documents:
        kind = text_at(root, "kind")
        if kind is not None and isinstance(root, Mapping):
            yield Document(kind.text, root, file)


def _stands_directly(file: Kept) -> bool:
    return "/" not in file.path


def _policy(root: Mapping | None, name: str) -> Policy:
    if root is None:
        return Policy()
    findings = (*check("Policy", root, Wording()), *policy_findings(root))
    if findings:
        raise _unreadable(name, findings)
    return policy(root)


def _not_offered(root: Mapping | None) -> frozenset[str]:
    """What cannot be read was not said: then a change may not say it by itself, and the read must succeed."""
    said = plain(find(root, ["spec", "notOffered"])) if root is not None else ()
    return frozenset(each for each in said if isinstance(each, str)) if isinstance(said, list) else frozenset()


def _unreadable(name: str, findings: tuple[Finding, ...]) -> Refused:
    more = f" and {len(findings) - _TOLD} more" if len(findings) > _TOLD else ""
    told = "; ".join(str(finding) for finding in sorted(findings)[:_TOLD])
    return Refused(f"the policy at {name} cannot be read, so what it forbade is unknown: {told}{more}; {_REMEDY}")


def _content(repository: Repository, files: tuple[Kept, ...], path: str) -> bytes | None:
    """A file of the partner folder; None where there was none. A link is no list of who may approve."""
    found = next((file for file in files if file.path == posixpath.normpath(path)), None)
    if found is None or found.is_link or found.size > MAX_BYTES:
        return None
    (content,) = repository.contents([found])
    return content
