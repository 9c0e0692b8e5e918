"""The rule pack: every window, cap and delay as dated, sourced data. Read from `exits/rules.yaml` by `manifests`."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """One fact about how things end. `value` is a number of `unit`, or a word such as blocks, free or probe."""

    id: str
    value: int | str
    unit: str
    source: str
    dated: date
    confidence: str
    note: str = ""


class Rules(msgspec.Struct, frozen=True, rename="camel"):
    """A pack with its version; asking for a rule that it does not have is a mistake of ours, so it raises KeyError."""

    version: str
    rules: dict[str, Rule]
    digest: str = ""

    def word(self, rule: str) -> str:
        """A rule whose value is a word."""
        return str(self.rules[rule].value)

    def days(self, rule: str) -> timedelta:
        """A rule whose value is a number of days or hours, as a duration."""
        found = self.rules[rule]
        unit = {"days": timedelta(days=1), "hours": timedelta(hours=1)}[found.unit]
        return unit * int(found.value)
