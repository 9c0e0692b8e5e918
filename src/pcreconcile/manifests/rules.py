"""The rule pack: every window, cap and delay as dated, sourced data (model.rules).

A pack tells the history of a rule as a list of entries. Which of them holds is asked for one day; what a partner
overrides comes on top of that (`overrides`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import msgspec

from pcreconcile.manifests.nodes import ListNode, Mapping, Node, find, plain, text_at
from pcreconcile.manifests.quoting import Wording, quoted
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.manifests.schema import check
from pcreconcile.manifests.values import day, optional_day
from pcreconcile.model.errors import Finding, ManifestError
from pcreconcile.model.identity import sha256_hex
from pcreconcile.model.rules import Rule, Rules


class Pack(msgspec.Struct, frozen=True):
    """A pack as written: of each rule all entries, oldest first, and where it stands.

    `words` are globs over rule IDs, each with the words that such a rule understands.
    """

    version: str
    entries: dict[str, tuple[Rule, ...]]
    places: dict[str, Node]
    words: dict[str, tuple[str, ...]]
    stale_after_months: int
    digest: str

    def on(self, today: date) -> Rules:
        """What holds on a day (UTC). Raises ManifestError for rules of which no entry does."""
        valid = {name: _newest(entries, today) for name, entries in self.entries.items()}
        gaps = [self._gap(name, today) for name, rule in valid.items() if rule is None]
        if gaps:
            raise ManifestError(gaps)
        rules = {name: rule for name, rule in valid.items() if rule is not None}
        return Rules(self.version, rules, self.digest, stale_after_months=self.stale_after_months)

    def words_of(self, rule: Rule) -> tuple[str, ...]:
        """The words that a rule understands, by the first glob that fits its ID; without one its own alone."""
        return next((words for ids, words in self.words.items() if fnmatchcase(rule.id, ids)), (str(rule.value),))

    def _gap(self, name: str, today: date) -> Finding:
        return self.places[name].finding(f"no entry of the rule {quoted(name)} holds on {today}", "one that does")


def read_pack(text: str, file: str) -> Pack:
    """A rule pack; `file` is how findings call it, the digest is SHA-256 over its values. Raises ManifestError."""
    reading = read_yaml(text.encode("utf-8", "surrogatepass"), file)
    findings = list(reading.findings)
    for root in reading.documents[:1]:
        findings += check("RulePack", root, Wording())
        findings += _order_findings(root)
    findings += [root.finding("a second document", "one rule pack") for root in reading.documents[1:]]
    if findings:
        raise ManifestError(findings)
    return _pack(reading.documents[0])


def read_rules(text: str, file: str, on: date) -> Rules:
    """What holds of a rule pack on a day (UTC). Raises ManifestError."""
    return read_pack(text, file).on(on)


@cache
def shipped_pack() -> Pack:
    """The package's own pack: read as data, so that nothing of `exits` is known here."""
    text = (files("pcreconcile") / "exits" / "rules.yaml").read_text(encoding="utf-8")
    return read_pack(text, "rules.yaml")


def _pack(root: Node) -> Pack:
    data = plain(root)
    return Pack(
        version=data["version"],
        entries={name: tuple(_rule(name, each) for each in _listed(value)) for name, value in data["rules"].items()},
        places={name: find(root, ["rules", name]) for name in data["rules"]},
        words={rules: tuple(words) for rules, words in data.get("words", {}).items()},
        stale_after_months=data["staleAfterMonths"],
        digest=sha256_hex(data),
    )


def _listed(value: Any) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else [value]


def _rule(name: str, entry: dict[str, Any]) -> Rule:
    return Rule(
        id=name,
        value=entry["value"],
        unit=entry["unit"],
        source=entry["source"],
        valid_from=day(entry["from"]),
        confidence=entry["confidence"],
        checked=day(entry["checked"]),
        valid_until=optional_day(entry.get("until")),
        note=entry.get("note", ""),
    )


def _newest(entries: Sequence[Rule], today: date) -> Rule | None:
    """The newest entry that holds. Before the first one it is the first: `from` is often only the day of its source."""
    started = [entry for entry in entries if entry.valid_from <= today] or list(entries[:1])
    newest = started[-1]
    return newest if newest.valid_until is None or today <= newest.valid_until else None


def _order_findings(root: Node) -> Iterator[Finding]:
    """Entries of one rule that are not in the order of their days, or that meet."""
    rules = root.get("rules") if isinstance(root, Mapping) else None
    for entry in rules.entries.values() if isinstance(rules, Mapping) else ():
        entries = entry.value.items if isinstance(entry.value, ListNode) else (entry.value,)
        for one in entries:
            first, last = text_at(one, "from"), text_at(one, "until")
            if first and last and last.text < first.text:
                yield last.finding("this entry ends before it starts", "a day not before its `from`")
        for older, newer in pairwise(entries):
            last, first = text_at(older, "until"), text_at(newer, "from")
            if first and (last is None or first.text <= last.text):
                problem = "this entry begins while the one before it holds"
                yield first.finding(problem, "an `until` of that one before this day")
