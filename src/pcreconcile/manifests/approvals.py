"""Files of approvals and withdrawals: read as strictly as every document of ours, written so that every other YAML
library reads the same.

What is signed is the document without its signature (`model.approval`). So a file is taken only when it says what it
says in exactly one way: a document that would sign other bytes than it shows is refused here already. The armour of a
signature is no part of what is signed and is brought into ssh-keygen's own form, so that one signature is one text.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from pcreconcile.manifests.nodes import ListNode, Node, find, plain, text_at
from pcreconcile.manifests.quoting import Wording, escaped
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.manifests.schema import check
from pcreconcile.model.approval import (
    Approval,
    Scope,
    SignedApproval,
    SignedWithdrawal,
    Withdrawal,
    document,
    signed_bytes,
)
from pcreconcile.model.errors import Finding, ManifestError
from pcreconcile.model.identity import canonical_json

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_Said = TypeVar("_Said", Approval, Withdrawal)
_COLUMNS = 70  # of ssh-keygen's own armour

# What a YAML library refuses to read as it stands, or takes for the end of a line.
_ESCAPED = re.compile("[\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")


def read_approval(data: bytes, shown: str) -> SignedApproval:
    """The approval in a file; findings call it `shown`. Raises ManifestError with file, line and column."""
    root = _root(data, shown, "Approval")
    return SignedApproval(_of_form(root, _approval), _armour(root), shown)


def read_signed(data: bytes, shown: str) -> SignedApproval | SignedWithdrawal:
    """The approval or withdrawal in a file, whatever the file is called. Raises ManifestError as `read_approval`."""
    if _kind(data, shown) != "Withdrawal":
        return read_approval(data, shown)
    root = _root(data, shown, "Withdrawal")
    return SignedWithdrawal(_of_form(root, _withdrawal), _armour(root), shown)


def write_signed(signed: SignedApproval | SignedWithdrawal) -> str:
    """The file's text (YAML). Raises ManifestError for what could not be read back as it is."""
    said = signed.approval if isinstance(signed, SignedApproval) else signed.withdrawal
    lines = [*_lines(document(said), ""), "signature: |"]
    lines += [f"  {line}" for line in signed.signature.splitlines()]
    text = "\n".join(lines) + "\n"
    read_signed(text.encode("utf-8", "surrogatepass"), signed.source)
    return text


def _kind(data: bytes, shown: str) -> str:
    """What the first document calls itself; "" when it does not."""
    documents = read_yaml(data, escaped(shown)).documents
    kind = text_at(documents[0], "kind") if documents else None
    return kind.text if kind else ""


def _root(data: bytes, shown: str, kind: str) -> Node:
    """The one document of a file, right by the schema of its kind."""
    reading = read_yaml(data, escaped(shown))
    findings = [*reading.findings]
    for root in reading.documents[:1]:
        findings += check(kind, root, Wording())
        findings += _second_ceilings(root)
    findings += [root.finding("a second document", "one approval in a file") for root in reading.documents[1:]]
    if findings:
        raise ManifestError(findings)
    return reading.documents[0]


def _of_form(root: Node, make: Callable[[dict[str, Any]], _Said]) -> _Said:
    """What it says, where it says it in the only form that is signed."""
    data: dict[str, Any] = plain(root)
    armour = _one_form(data.pop("signature"))
    findings = list(_value_findings(root))
    if armour is None:
        findings.append(find(root, ["signature"]).finding("this is no SSH signature", "the text that ssh-keygen made"))
    if findings:
        raise ManifestError(findings)
    said = make(data)
    if signed_bytes(said) != canonical_json(data):
        what = "an approval" if isinstance(said, Approval) else "a withdrawal"
        problem = f"{what} that says something in another form than it was signed in"
        raise ManifestError([root.finding(problem, "the file that `pcreconcile approve` wrote")])
    return said


def _armour(root: Node) -> str:
    return _one_form(plain(root)["signature"]) or ""


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


def _withdrawal(data: dict[str, Any]) -> Withdrawal:
    spec: dict[str, Any] = data["spec"]
    return Withdrawal(
        principal=data["metadata"]["name"],
        plan_id=spec["planId"],
        partner=spec["partner"],
        approval=spec["approval"],
        approver=spec["approver"],
        withdrawn_at=datetime.fromisoformat(spec["withdrawnAt"]),
        comment=spec["comment"],
    )


def _value_findings(root: Node) -> Iterator[Finding]:
    """Instants that are of the right form and do not exist."""
    for name in ("approvedAt", "expiresAt", "withdrawnAt"):
        instant = text_at(root, "spec", name)
        if instant is None:
            continue
        try:
            datetime.fromisoformat(instant.text)
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
