"""The rule pack: every window, cap and delay as dated, sourced data (model.rules)."""

from __future__ import annotations

from typing import Any

from pcreconcile.manifests.nodes import plain
from pcreconcile.manifests.quoting import Wording
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.manifests.schema import check
from pcreconcile.manifests.values import day
from pcreconcile.model.errors import ManifestError
from pcreconcile.model.identity import sha256_hex
from pcreconcile.model.rules import Rule, Rules


def read_rules(text: str, file: str) -> Rules:
    """A rule pack; `file` is how findings call it, the digest is SHA-256 over its values. Raises ManifestError."""
    reading = read_yaml(text.encode("utf-8", "surrogatepass"), file)
    findings = list(reading.findings)
    for root in reading.documents[:1]:
        findings += check("Rules", root, Wording())
    findings += [root.finding("a second document", "one rule pack") for root in reading.documents[1:]]
    if findings:
        raise ManifestError(findings)
    data = plain(reading.documents[0])
    rules = {name: _rule(name, value) for name, value in data["rules"].items()}
    stale_after = data["staleAfterMonths"]
    return Rules(version=data["version"], rules=rules, digest=sha256_hex(data), stale_after_months=stale_after)


def _rule(name: str, value: dict[str, Any]) -> Rule:
    days = {"from": "valid_from", "until": "valid_until", "checked": "checked"}
    members = {days.get(key, key): day(member) if key in days else member for key, member in value.items()}
    return Rule(id=name, **members)
