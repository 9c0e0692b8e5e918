"""What a change does to what judges it: Policy, `allowed_signers` and Partner document, member by member.

Of the Partner document only the names of members are told: its values may be credentials. Of a signer the fingerprint
is told in place of the key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pcreconcile.cli.allowed_signers import AllowedSigners, Line, fingerprint
from pcreconcile.manifests.documents import Document
from pcreconcile.manifests.nodes import Mapping, find, plain
from pcreconcile.model.plan import Notice

SINCE_BASE = "since-base"
MOST_TOLD = 100

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Guards:
    """The documents that judge, and the content of `allowed_signers`; None for what there is not."""

    policy: Mapping | None
    partner: Mapping | None
    signers: bytes | None


def of_documents(documents: Iterable[Document], signers: bytes | None) -> Guards:
    """The first Policy and the first Partner of a folder: a second one is an error elsewhere."""
    roots: dict[str, Mapping] = {}
    for document in documents:
        roots.setdefault(document.kind, document.root)
    return Guards(roots.get("Policy"), roots.get("Partner"), signers)


def notices_between(then: Guards, now: Guards, base: str) -> tuple[Notice, ...]:
    """What has changed since the base called `base`, bounded in number; nothing where nothing has."""
    told = [
        *_policy_changes(then.policy, now.policy),
        *_signer_changes(then.signers, now.signers),
        *_partner_changes(then.partner, now.partner),
    ]
    rest = len(told) - MOST_TOLD
    more = [f"{rest} more changes of what judges it"] if rest > 0 else []
    return tuple(Notice(SINCE_BASE, f"since {base}: {text}") for text in (*told[:MOST_TOLD], *more))


def _policy_changes(then: Mapping | None, now: Mapping | None) -> Iterator[str]:
    if then is None and now is not None:
        yield "the Policy document is new; before it the built-in defaults held"
    elif now is None and then is not None:
        yield "the Policy document is gone; without one the built-in defaults hold"
    for path, old, new in _differences(_spec(then), _spec(now), ""):
        if isinstance(old, list) or isinstance(new, list):
            yield from (f"Policy {path}: {text}" for text in _items(old, new))
        else:
            yield f"Policy {path}: {_text(old)} → {_text(new)}"


def _partner_changes(then: Mapping | None, now: Mapping | None) -> Iterator[str]:
    """Names alone. A Partner document that is new is told as such, and not every member of it."""
    if then is None:
        yield from ["the Partner document is new"] if now is not None else []
        return
    for path, _, _ in _differences(_spec(then), _spec(now), ""):
        yield f"Partner {path} has changed (its values are not shown)"


def _spec(root: Mapping | None) -> Any:
    spec = root.get("spec") if root is not None else None
    return plain(find(root, ["spec"])) if root is not None and isinstance(spec, Mapping) else {}


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Members that differ, by their path, in the order of the old document and then of the new one."""
    if not (isinstance(old, dict) or isinstance(new, dict)):
        if old != new or type(old) is not type(new):
            yield path, old, new
        return
    old, new = (each if isinstance(each, dict) else {} for each in (old, new))
    for name in dict.fromkeys((*old, *new)):
        yield from _differences(old.get(name, _ABSENT), new.get(name, _ABSENT), f"{path}.{name}".lstrip("."))


def _items(old: Any, new: Any) -> Iterator[str]:
    """Entries of a list that came or went; one that only moved is told as such."""
    was, now = ([_text(each) for each in (value if isinstance(value, list) else [])] for value in (old, new))
    gone, come = set(was) - set(now), set(now) - set(was)
    yield from (f"{text} is gone" for text in dict.fromkeys(was) if text in gone)
    yield from (f"{text} is new" for text in dict.fromkeys(now) if text in come)
    if not gone and not come:
        yield "its entries stand in another order or number"


def _text(value: Any) -> str:
    return "not written" if value is _ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _signer_changes(then: bytes | None, now: bytes | None) -> Iterator[str]:
    if then == now:
        return
    was, is_now = ({_line(each): None for each in AllowedSigners(content or b"").lines} for content in (then, now))
    gone, come = [each for each in was if each not in is_now], [each for each in is_now if each not in was]
    yield from (f"allowed_signers: {text} is gone" for text in gone)
    yield from (f"allowed_signers: {text} is new" for text in come)
    if not gone and not come:
        yield "allowed_signers: only lines that name no key of a person have changed"


def _line(line: Line) -> str:
    text = line.raw.decode("utf-8", "replace").strip()
    return text.replace(base64.b64encode(line.key).decode(), fingerprint(line.key))
