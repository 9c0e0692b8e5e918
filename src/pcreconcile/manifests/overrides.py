"""The Rules document: single rules of the shipped pack that the partner knows better, each with a reason.

An override that has run out is not applied, and what was shipped holds again: nobody is kept from working by a date
that has passed, and the plan names only what is overridden on its day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec

from pcreconcile.manifests.nodes import Mapping, Node, Scalar, find, plain
from pcreconcile.manifests.quoting import quoted, suggestion
from pcreconcile.manifests.rules import Pack
from pcreconcile.manifests.values import optional_day
from pcreconcile.model.errors import Finding
from pcreconcile.model.identity import sha256_hex
from pcreconcile.model.rules import Override, Rule, Rules

# The most that a number of a unit may be, so that no date leaves the calendar and no share exceeds the whole.
_MOST = {"days": 3660, "hours": 87840, "months": 120, "percent": 100, "usd": 1_000_000_000}


class OverrideWish(msgspec.Struct, frozen=True):
    """Another value for one rule; `until` is the last day (UTC) on which it holds, None for ever."""

    id: str
    value: int | str
    reason: str
    until: date | None = None


def override_findings(root: Mapping, pack: Pack) -> Iterator[Finding]:
    """What the schema cannot say: rules that do not exist, values that are none of theirs."""
    overrides = find(root, ["spec", "overrides"])
    entries = overrides.entries if isinstance(overrides, Mapping) else {}
    for name, entry in entries.items():
        if name not in pack.entries:
            hint, _ = suggestion(name, pack.entries)
            yield entry.key.finding(f"unknown rule {quoted(name)}{hint}", "" if hint else "a rule of the shipped pack")
        elif isinstance(entry.value, Mapping):
            yield from _value_findings(entry.value.get("value"), pack.entries[name][-1], pack)


def _value_findings(node: Node | None, rule: Rule, pack: Pack) -> Iterator[Finding]:
    """A value of the rule's unit; what is neither number nor text is told by the schema."""
    value = node.value if isinstance(node, Scalar) else None
    if not isinstance(node, Scalar) or isinstance(value, bool) or not isinstance(value, int | str):
        return
    if rule.unit in _MOST:
        yield from _number_findings(node, value, rule.unit)
    elif isinstance(value, int):
        yield node.finding("a bare number stands where text is wanted", "quotes around it")
    elif rule.unit == "word":
        yield from _word_findings(node, pack.words_of(rule))


def _number_findings(node: Scalar, value: int | str, unit: str) -> Iterator[Finding]:
    most = _MOST[unit]
    if isinstance(value, str):
        yield node.finding(f"{quoted(value)} is no number of {unit}", f"a whole number from 0 to {most}")
    elif value > most:
        yield node.finding(f"{value} {unit} are too many", f"at most {most}")


def _word_findings(node: Scalar, words: Sequence[str]) -> Iterator[Finding]:
    """Any other word would be read as nothing that anybody meant."""
    if node.text not in words:
        hint, expected = suggestion(node.text, words)
        yield node.finding(f"{quoted(node.text)} is no value of this rule{hint}", expected)


def overrides(root: Mapping) -> tuple[OverrideWish, ...]:
    """What a document without findings overrides, by rule."""
    written: dict[str, dict[str, Any]] = plain(find(root, ["spec", "overrides"]))
    return tuple(
        OverrideWish(name, item["value"], item["reason"], optional_day(item.get("until")))
        for name, item in sorted(written.items())
    )


def overridden(rules: Rules, wishes: Sequence[OverrideWish], today: date) -> Rules:
    """The rules with what is overridden on a day (UTC). The digest is then also that of the overrides."""
    held = [wish for wish in wishes if wish.until is None or today <= wish.until]
    if not held:
        return rules
    named = tuple(Override(wish.id, wish.value, rules.rules[wish.id].value, wish.reason) for wish in held)
    changed = {wish.id: _changed(rules.rules[wish.id], wish) for wish in held}
    return msgspec.structs.replace(
        rules,
        rules={**rules.rules, **changed},
        overridden=named,
        digest=sha256_hex({"pack": rules.digest, "overridden": named}),
    )


def _changed(rule: Rule, wish: OverrideWish) -> Rule:
    """The partner answers for the value from now on; when somebody last looked at the shipped one stays known."""
    note = f"the shipped pack says {rule.value} ({rule.source})"
    source = f"override: {wish.reason}"
    return msgspec.structs.replace(rule, value=wish.value, source=source, confidence="ours", note=note)
