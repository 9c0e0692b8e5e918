"""Which credential an action needs: one table, for what the plan says and for what the writer does."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcreconcile.manifests import load
from pcreconcile.model.credential import Credential, credential_line, credential_of, user_kinds
from pcreconcile.model.errors import ManifestError
from pcreconcile.model.partner import Partner, SecretRef, TokenCache
from pcreconcile.model.plan import ActionKind, Verdict
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.writer import WRITABLE, identity_of
from tests.rendering import sample_plan

USER = {
    ActionKind.REMOVE_RELATIONSHIP,
    ActionKind.REMOVE_DELEGATED_ADMIN,
    ActionKind.REQUEST_RELATIONSHIP,
    ActionKind.RETURN_RESERVATION,
}


@pytest.mark.parametrize("kind", ActionKind)
def test_every_kind(kind: ActionKind) -> None:
    assert credential_of(kind) is (Credential.APP_USER if kind in USER else Credential.APP)
    assert identity_of(kind) is (Identity.USER if kind in USER else Identity.APPLICATION)


def test_what_this_version_writes_as_a_user() -> None:
    assert {ActionKind.REMOVE_DELEGATED_ADMIN, ActionKind.REMOVE_RELATIONSHIP} <= set(user_kinds(WRITABLE))
    assert ActionKind.CANCEL_SUBSCRIPTION not in user_kinds(WRITABLE)


def planned(kind: ActionKind, when: str = "now") -> str:
    target = sample_plan.Target("customer", "x", "x")
    act = sample_plan.action(kind, target, when)
    customer = sample_plan.customer("one", 1, Verdict.READY, actions=(act,))
    return credential_line(sample_plan.sample(customers=(customer,)))


def test_the_plan_says_what_apply_will_need() -> None:
    assert planned(ActionKind.CANCEL_SUBSCRIPTION) == "app-only credentials"
    assert planned(ActionKind.REMOVE_RELATIONSHIP).startswith("App+User credentials")
    assert planned(ActionKind.REMOVE_RELATIONSHIP).endswith("for remove-relationship")
    assert planned(ActionKind.REMOVE_RELATIONSHIP, "2027-01-01") == ""


DOCUMENT = """\
apiVersion: pcreconcile/v1
kind: Partner
metadata: {name: contoso-csp}
spec:
  tenantId: 9f10aa00-0000-4000-8000-0000000000aa
  cloud: commercial
  credentials:
    clientId: {env: PC_CLIENT_ID}
"""


def read(folder: Path, credentials: str) -> Partner:
    (folder / "partner.yaml").write_text(DOCUMENT + credentials)
    return load(str(folder)).partner


@pytest.mark.parametrize(
    ("certificate", "passphrase"),
    [
        ("{file: client.pfx, passphrase: {env: PC_PASSPHRASE}}", SecretRef(env="PC_PASSPHRASE")),
        ("{env: PC_CERTIFICATE, passphrase: {file: secret}}", SecretRef(file="secret")),
        ("{file: client.pem}", None),
    ],
)
def test_a_certificate_may_have_a_passphrase(tmp_path: Path, certificate: str, passphrase: SecretRef | None) -> None:
    found = read(tmp_path, f"    certificate: {certificate}\n    tokenCache: file\n").credentials
    assert found is not None
    assert found.certificate_passphrase == passphrase
    assert found.token_cache is TokenCache.FILE


def test_without_a_word_the_token_goes_to_the_keyring(tmp_path: Path) -> None:
    found = read(tmp_path, "    clientSecret: {env: S}\n").credentials
    assert found is not None
    assert found.token_cache is TokenCache.SYSTEM


@pytest.mark.parametrize(
    ("credentials", "text"),
    [
        ("    certificate: {passphrase: {env: A}}\n", "expected either {env: NAME} or {file: PATH}"),
        ("    certificate: {file: a, env: B}\n", "expected either {env: NAME} or {file: PATH}"),
        ("    certificate: {file: a, passphrase: hunter2}\n", "where a mapping is wanted"),
        ("    certificate: {file: a, passphrase: {env: hunter2}}\n", "not allowed here"),
        ("    clientSecret: {env: S, passphrase: {env: A}}\n", "unknown field"),
        ("    clientSecret: {env: S}\n    tokenCache: hunter2\n", "expected one of file, memory, system"),
    ],
)
def test_what_a_document_may_not_say(tmp_path: Path, credentials: str, text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, credentials)
    assert text in str(caught.value)
    assert "hunter2" not in str(caught.value)
