"""Where a rotated refresh token goes: a keyring, a private file after an explicit word, or nowhere with a warning."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import TokenCache
from pcreconcile.partner_center import refresh_tokens
from pcreconcile.partner_center.refresh_tokens import RefreshTokens, open_refresh_tokens

TENANT = "9f10aa00-0000-4000-8000-0000000000aa"
SYSTEM, FILE, MEMORY = TokenCache


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_location: Path) -> Any:
        raise ImportError("no gi here")

    monkeypatch.setattr(refresh_tokens, "_keyring", missing)


def opened(home: Path, wanted: TokenCache = FILE, client: str = "client", **more: str) -> RefreshTokens:
    return open_refresh_tokens(TENANT, client, wanted, {"HOME": str(home), **more})


def test_a_file_is_kept_for_its_owner_alone_and_replaced_as_a_whole(tmp_path: Path) -> None:
    assert opened(tmp_path).load() is None
    assert opened(tmp_path).save("one")
    assert opened(tmp_path).save("two")
    assert opened(tmp_path, client="CLIENT").load() == "two"
    assert opened(tmp_path, client="other").load() is None
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600]
    assert files[0].parent.stat().st_mode & 0o777 == 0o700
    assert "two" not in repr(opened(tmp_path))


def test_a_file_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    opened(tmp_path).save("one")
    file = next(path for path in tmp_path.rglob("*.json"))
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        opened(tmp_path).load()


def test_an_interrupted_write_leaves_the_old_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path).save("one")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    assert not opened(tmp_path).save("two")
    assert opened(tmp_path).load() == "one"


PLACES = [
    # wanted, environment, keeps, warns
    (SYSTEM, {}, False, True),
    (SYSTEM, {"PCRECONCILE_TOKEN_CACHE": "file"}, True, False),
    (FILE, {}, True, False),
    (FILE, {"PCRECONCILE_TOKEN_CACHE": "memory"}, False, False),
    (MEMORY, {}, False, False),
]


@pytest.mark.parametrize(("wanted", "environment", "keeps", "warns"), PLACES)
def test_where_it_goes(
    wanted: TokenCache,
    environment: dict[str, str],
    keeps: bool,
    warns: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = opened(tmp_path, wanted, **environment)
    assert store.keeps is keeps
    assert [store.save("t0k3n"), store.save("t0k3n")] == [keeps, keeps]
    assert len(caplog.records) == (1 if warns else 0)
    assert "t0k3n" not in caplog.text
    assert bool([path for path in tmp_path.rglob("*") if path.is_file()]) is keeps


def test_a_keyring_is_taken_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyring:
        content = ""

        def load(self) -> str:
            return self.content

        def save(self, content: str) -> None:
            self.content = content

    keyring = Keyring()
    monkeypatch.setattr(refresh_tokens, "_keyring", lambda _location: keyring)
    store = opened(tmp_path, SYSTEM)
    assert (store.save("one"), store.load(), store.place) == (True, "one", "this machine's keyring")
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"PCRECONCILE_TOKEN_CACHE": "disk", "HOME": "/x"}, "expected one of system, file, memory"),
        ({"PCRECONCILE_TOKEN_CACHE": "file"}, "HOME"),
    ],
)
def test_what_cannot_be_done_is_said(environment: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        open_refresh_tokens(TENANT, "client", SYSTEM, environment)
