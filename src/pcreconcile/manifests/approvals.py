"""Approval files: read as strictly as every document of ours, written so that every other YAML library reads the same.

What is signed is the document without its signature (`model.approval`). So a file is taken only when it says what it
says in exactly one way: a document that would sign other bytes than it shows is refused here already. The armour of a
signature is no part of what is signed and is brought into ssh-keygen's own form, so that one signature is one text.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.manifests.nodes import ListNode, Node, find, plain, text_at
from pcreconcile.manifests.quoting import Wording, escaped
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.manifests.schema import check
from pcreconcile.model.approval import Approval, Scope, SignedApproval, document, signed_bytes
from pcreconcile.model.errors import Finding, ManifestError
from pcreconcile.model.identity import canonical_json

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_COLUMNS = 70  # of ssh-keygen's own armour

# What a YAML library refuses to read as it stands, or takes for the end of a line.
_ESCAPED = re.compile("[\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")


def read_approval(data: bytes, shown: str) -> SignedApproval:
    """The approval in a file; findings call it `shown`. Raises ManifestError with file, line and column."""
    reading = read_yaml(data, escaped(shown))
    findings = [*reading.findings]
    for root in reading.documents[:1]:
        findings += check("Approval", root, Wording())
        findings += _second_ceilings(root)
    findings += [root.finding("a second document", "one approval in a file") for root in reading.documents[1:]]
    if findings:
        raise ManifestError(findings)
    return _signed(reading.documents[0], shown)


def write_approval(signed: SignedApproval) -> str:
    """The file's text (YAML). Raises ManifestError for what could not be read back as it is."""
    lines = [*_lines(document(signed.approval), ""), "signature: |"]
    lines += [f"  {line}" for line in signed.signature.splitlines()]
    text = "\n".join(lines) + "\n"
    read_approval(text.encode("utf-8", "surrogatepass"), signed.source)
    return text


def _signed(root: Node, shown: str) -> SignedApproval:
    data: dict[str, Any] = plain(root)
    armour = _one_form(data.pop("signature"))
    findings = list(_value_findings(root))
    if armour is None:
        findings.append(find(root, ["signature"]).finding("this is no SSH signature", "the text that ssh-keygen made"))
    if findings or armour is None:
        raise ManifestError(findings)
    approval = _approval(data)
    if signed_bytes(approval) != canonical_json(data):
        problem = "an approval that says something in another form than it was signed in"
        raise ManifestError([root.finding(problem, "the file that `pcreconcile approve` wrote")])
    return SignedApproval(approval, armour, shown)


def _approval(data: dict[str, Any]) -> Approval:
    spec: dict[str, Any] = data["spec"]
    return Approval(
        principal=data["metadata"]["name"],
        plan_id=spec["planId"],
        partner=spec["partner"],
        consequences=spec["consequences"],
        scope=msgspec.convert(spec["scope"], Scope),
        approved_at=datetime.fromisoformat(spec["approvedAt"]),
        expires_at=datetime.fromisoformat(spec["expiresAt"]),
        comment=spec["comment"],
    )


def _value_findings(root: Node) -> Iterator[Finding]:
    """Instants that are of the right form and do not exist."""
    for name in ("approvedAt", "expiresAt"):
        instant = text_at(root, "spec", name)
        try:
            datetime.fromisoformat(instant.text if instant else "")
        except ValueError:
            yield find(root, ["spec", name]).finding("there is no such instant", "an instant in UTC")


def _second_ceilings(root: Node) -> Iterator[Finding]:
    """A second amount in one currency would leave it open which of them is meant."""
    money = find(root, ["spec", "scope", "money"])
    seen: set[str] = set()
    for entry in money.items if isinstance(money, ListNode) else ():
        currency = text_at(entry, "currency")
        if currency and currency.text in seen:
            yield currency.finding("a second amount in this currency", "each currency once")
        seen |= {currency.text} if currency else set()


def _one_form(armour: str) -> str | None:
    """The signature as ssh-keygen writes it; None when it is none."""
    lines = [line.strip() for line in armour.strip().splitlines()]
    if len(lines) < 3 or (lines[0], lines[-1]) != (_BEGIN, _END):
        return None
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError):
        return None
    text = base64.b64encode(blob).decode()
    body = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return "\n".join([_BEGIN, *body, _END, ""])


def _lines(value: dict[str, Any], indent: str) -> Iterator[str]:
    """Block mappings, everything below a list in JSON's form, which is YAML too."""
    for name, member in value.items():
        if isinstance(member, dict):
            yield f"{indent}{name}:"
            yield from _lines(member, f"{indent}  ")
        else:
            yield f"{indent}{name}: {_scalar(member)}"


def _scalar(value: Any) -> str:
    """A list, a number or a text, quoted whatever it says: instants, `no` and `1_000` mean other things elsewhere."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
