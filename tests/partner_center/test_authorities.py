"""Whose certificates are believed: what the variables may name, as a table."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import httpx
import pytest

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.partner_center.authorities import FILE, FOLDER, NOT_READ, authorities_of
from tests.partner_center.test_certificates import KEY, OURS, pem

SHIPPED = httpx.create_ssl_context


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Files and folders of all sorts, by name."""
    made = {name: tmp_path / name for name in ("good", "empty", "garbage", "folder", "rehashed")}
    made["good"].write_bytes(pem(KEY, OURS))
    made["empty"].touch()
    made["garbage"].write_bytes(b"\0\xffgarbage")
    made["folder"].mkdir()
    made["rehashed"].mkdir()
    (made["rehashed"] / "0123abcd.0").write_bytes(pem(KEY, OURS))
    return {"missing": str(tmp_path / "missing"), "not text": f"{tmp_path}/\udcff", "blank": " ", "": ""} | {
        name: str(path) for name, path in made.items()
    }


USABLE = [
    ({}, "shipped"),
    ({FILE: ""}, "shipped"),
    ({FILE: "blank"}, "shipped"),
    ({FILE: "good"}, FILE),
    ({FOLDER: "rehashed"}, FOLDER),
    ({FOLDER: "rehashed", FILE: ""}, FOLDER),
    ({FOLDER: "missing", FILE: "good"}, FILE),
    (dict.fromkeys(NOT_READ, "missing"), "shipped"),
]
UNUSABLE = [
    ({FILE: "missing"}, "No such file or directory"),
    ({FILE: "empty"}, "no certificate in PEM form in it"),
    ({FILE: "garbage"}, "no certificate in PEM form in it"),
    ({FILE: "folder"}, "Is a directory"),
    ({FILE: "not text"}, r"\\udcff: No such file"),
    ({FOLDER: "missing"}, "No such file or directory"),
    ({FOLDER: "folder"}, "as `openssl rehash` gives it"),
    ({FOLDER: "good"}, "Not a directory"),
]


def set_to(chosen: dict[str, str], places: dict[str, str]) -> dict[str, str]:
    return {variable: places[name] for variable, name in chosen.items()}


@pytest.mark.parametrize(("chosen", "by"), USABLE)
def test_what_is_believed(chosen: dict[str, str], by: str, places: dict[str, str]) -> None:
    authorities = authorities_of(set_to(chosen, places))
    assert (authorities.variable or "shipped") == by
    context = authorities.context(SHIPPED)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert min(context.cert_store_stats()["x509"], 2) == {"shipped": 2, FILE: 1, FOLDER: 0}[by]  # a folder is read late


@pytest.mark.parametrize(("chosen", "words"), UNUSABLE)
def test_what_names_no_authorities_is_named(chosen: dict[str, str], words: str, places: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=words) as refusal:
        authorities_of(set_to(chosen, places)).context(SHIPPED)
    assert f"environment variable {next(iter(chosen))} names " in str(refusal.value)
    assert "or unset it" in str(refusal.value).encode().decode("ascii", "replace")


def test_one_good_folder_of_several_is_enough(places: dict[str, str]) -> None:
    named = os.pathsep.join([places["missing"], places["rehashed"]])
    assert authorities_of({FOLDER: named}).context(SHIPPED).verify_mode is ssl.CERT_REQUIRED
