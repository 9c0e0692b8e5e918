"""Names out, IDs in: company names, domains, addresses, display names and people's texts become stable placeholders.

Placeholders are numbered by tenant and by ID, so that one archive calls one thing by one name throughout. What the plan
ID is made from (preconditions and postconditions) holds no names and is never touched, so it can be made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LEFT_OUT = "(left out)"

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_ACTS = frozenset({"precondition", "postcondition", "seen", "keeps"})
_TEXTS = frozenset({"text", "how", "message", "reason", "problem", "problems", "service", "reasons", "note", "lines"})
_INITIAL = ".onmicrosoft.com"
_SHORTEST = 3  # characters of a name that is looked for inside of texts


class Masks:
    """The placeholders of one archive. `open_names` are addresses that stay: those of who approved and who applied."""

    def __init__(self, documents: Iterable[Mapping[str, Any]], open_names: Iterable[str]) -> None:
        documents = list(documents)
        self._open = {name.casefold() for name in open_names}
        self._companies: dict[str, str] = {}
        self._domains: dict[str, str] = {}
        self._customers: dict[str, str] = {}
        self._things: dict[tuple[str, str], str] = {}
        self._display: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._learn(documents)
        names = self._display | self._customers | self._companies | self._domains
        self._known = {name.casefold(): shown for name, shown in names.items() if len(name) >= _SHORTEST}
        longest_first = sorted(self._known, key=lambda name: (-len(name), name))
        self._pattern = re.compile(
            "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first) or r"(?!)", re.IGNORECASE
        )

    def text(self, text: str) -> str:
        """A text with every known name and every address replaced."""
        shown = _ADDRESS.sub(self._address, text)
        return self._pattern.sub(lambda match: self._known.get(match[0].casefold(), LEFT_OUT), shown)

    def document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A plan, a look or a record without names."""
        return {name: self._member(name, value, document) for name, value in document.items()}

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """An event's body: only its texts can hold names."""
        return {name: self.text(value) if name == "message" else value for name, value in body.items()}

    def _member(self, name: str, value: Any, owner: Mapping[str, Any]) -> Any:
        if name in _ACTS or value is None:
            return value
        if name == "labels":
            return dict.fromkeys(value, LEFT_OUT)
        if _by_people(name, owner):
            return LEFT_OUT
        if isinstance(value, str):
            return self._text_member(name, value, owner)
        return self._part(name, value)

    def _text_member(self, name: str, value: str, owner: Mapping[str, Any]) -> str:
        if name == "companyName":
            return self._companies.get(value, LEFT_OUT)
        if name == "domain":
            return self._domains.get(value.casefold(), LEFT_OUT)
        if name == "name":
            return self._name(value, owner)
        return self.text(value) if name in _TEXTS else _ADDRESS.sub(self._address, value)

    def _name(self, value: str, owner: Mapping[str, Any]) -> str:
        if "type" in owner and "id" in owner:
            return self._things.get((str(owner["type"]), str(owner["id"])), LEFT_OUT)
        return value if "cloud" in owner else self._customers.get(value, LEFT_OUT)

    def _part(self, name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.document(value)
        if not isinstance(value, list | tuple):
            return value
        if name == "customDomains":
            return [self._domains.get(str(each).casefold(), LEFT_OUT) for each in value]
        return [
            self._text_member(name, each, {}) if isinstance(each, str) else self._part(name, each) for each in value
        ]

    def _address(self, match: re.Match[str]) -> str:
        address = match[0].casefold()
        if address in self._open:
            return match[0]
        return self._addresses.setdefault(address, f"address-{len(self._addresses) + 1}")

    def _learn(self, documents: list[Mapping[str, Any]]) -> None:
        found = sorted(set(_parties(documents)))
        numbers = {tenant: number for number, tenant in enumerate(sorted({who for who, _, _ in found}), start=1)}
        for tenant, sort, name in found:
            self._learn_name(numbers[tenant], sort, name)
        self._things |= {("customer", tenant): f"customer-{number}" for tenant, number in numbers.items()}
        for key, name in sorted({((str(o["type"]), str(o["id"])), o["name"]) for o in _things(documents)}):
            shown = self._things.get(key) or f"{key[0]}-{sum(other[0] == key[0] for other in self._things) + 1}"
            self._things[key] = shown
            self._display.setdefault(name, shown)
        self._display |= dict.fromkeys(_people_said(documents), LEFT_OUT)

    def _learn_name(self, number: int, sort: str, name: str) -> None:
        if sort == "name":
            self._customers.setdefault(name, f"customer-{number}")
        elif sort == "companyName":
            self._companies.setdefault(name, f"company-{number}")
        else:
            shown = self._domains.setdefault(name.casefold(), f"domain-{len(self._domains) + 1}")
            if name.casefold().endswith(_INITIAL):  # its first part alone names the company too
                self._display.setdefault(name[: -len(_INITIAL)], shown)


def _by_people(name: str, owner: Mapping[str, Any]) -> bool:
    """Texts that people wrote, or that quote theirs whole: reasons, comments, guards and warnings with the policy's."""
    if name == "reason":  # of a manifest, one of its lines, or an overridden rule
        return bool({"relationship", "match", "shipped"} & owner.keys())
    warning = name == "text" and "code" in owner and "at" not in owner
    return name == "comment" or warning or (name == "message" and "passed" in owner)


def _parties(documents: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """(tenant ID, sort of name, name), whatever calls a customer anything."""
    for owner in _objects(documents):
        tenant = owner.get("tenantId")
        if not isinstance(tenant, str) or "cloud" in owner:
            continue
        for part in (owner, owner.get("desired"), owner.get("observed")):
            if isinstance(part, Mapping):
                yield from ((tenant, sort, name) for sort, name in _names(part))


def _people_said(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The reasons that people wrote into manifests, which a plan repeats inside of its own sentences."""
    for owner in _objects(documents):
        reason = owner.get("reason")
        if isinstance(reason, str) and ("relationship" in owner or "match" in owner):
            yield reason


def _names(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for sort in ("name", "companyName", "domain"):
        if isinstance(part.get(sort), str) and part[sort]:
            yield sort, part[sort]
    for each in part.get("customDomains") or ():
        yield "domain", str(each)


def _things(documents: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (o for o in _objects(documents) if {"type", "id", "name"} <= o.keys() and isinstance(o["name"], str))


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _objects(part)
