"""The archive as bytes: the same every time, and any change of any of them is seen."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.applying.evidence import DamagedEvidence, exit_code, pack, unpack
from tests.applying.evidence.making import archive_of, proofs_of, two_customers, with_digests
from tests.applying.world import Desk, Microsoft


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    desk = Desk(tmp_path_factory.mktemp("journal"), Microsoft(signed_in_as="cleo@contoso.example"))
    desk.apply(two_customers(desk))
    return archive_of(desk)


def code_of(data: bytes) -> int:
    """What `verify` would end with."""
    try:
        return exit_code(proofs_of(unpack(data)))
    except DamagedEvidence:
        return 1


def test_an_archive_is_proven_as_it_is(files: dict[str, bytes]) -> None:
    assert code_of(pack(files)) == 0
    assert all(proof.standing == "ok" for proof in proofs_of(files))


def test_the_same_journal_gives_the_same_bytes(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    assert pack(archive_of(desk)) == pack(archive_of(desk))
    assert pack(archive_of(desk, redacted=True)) == pack(archive_of(desk, redacted=True))


def test_the_list_of_digests_covers_every_other_file(files: dict[str, bytes]) -> None:
    listed = dict(reversed(line.split("  ")) for line in files["digests.txt"].decode().splitlines())
    assert listed == {n: hashlib.sha256(data).hexdigest() for n, data in files.items() if n != "digests.txt"}


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(st.data())
def test_no_byte_of_the_zip_can_be_changed(files: dict[str, bytes], data: st.DataObject) -> None:
    whole = bytearray(pack(files))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    assert code_of(bytes(whole)) == 1


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(st.data())
def test_no_byte_of_any_file_can_be_changed_even_in_a_well_made_zip(
    files: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(files)))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    content = bytearray(files[name])
    content[at] ^= data.draw(st.integers(1, 255))
    assert code_of(pack(files | {name: bytes(content)})) == 1


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(st.data())
def test_a_changed_byte_is_seen_even_when_the_list_of_digests_was_made_anew(
    files: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(set(files) - {"digests.txt"})))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    content = bytearray(files[name])
    content[at] ^= data.draw(st.integers(1, 255))
    assert code_of(pack(with_digests(files | {name: bytes(content)}))) == 1


def _member(name: str, content: bytes) -> Callable[[bytes], bytes]:
    def change(whole: bytes) -> bytes:
        out = io.BytesIO(whole)
        # The warning is of a name that is there already.
        with zipfile.ZipFile(out, "a") as archive, warnings.catch_warnings(action="ignore"):
            archive.writestr(name, content)
        return out.getvalue()

    return change


def _comment(whole: bytes) -> bytes:
    out = io.BytesIO(whole)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"checked by the auditors"
    return out.getvalue()


def _compressed(whole: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return out.getvalue()


def _larger_than_it_is(whole: bytes) -> bytes:
    at = whole.index(b"PK\x01\x02")
    return whole[: at + 24] + struct.pack("<I", 2**32 - 2) + whole[at + 28 :]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda whole: whole + b"more", id="something behind the end"),
        pytest.param(lambda whole: b"more" + whole, id="something before the beginning"),
        pytest.param(lambda whole: whole[:-1], id="cut at the end"),
        pytest.param(lambda whole: whole[: len(whole) // 2], id="cut in the middle"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"not a zip at all", id="not a zip"),
        pytest.param(_comment, id="a comment"),
        pytest.param(_member("more.txt", b"more"), id="a member more"),
        pytest.param(_member("journal.ndjson", b"{}\n"), id="a second member of one name"),
        pytest.param(_member("../outside", b"more"), id="a member outside"),
        pytest.param(_compressed, id="packed by somebody else"),
        pytest.param(_larger_than_it_is, id="a member that says it is larger"),
        pytest.param(lambda whole: whole.replace(b"audit.json", b"Audit.json"), id="a member renamed"),
    ],
)
def test_a_zip_of_another_form_is_refused(files: dict[str, bytes], change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DamagedEvidence):
        unpack(change(pack(files)))


@pytest.mark.parametrize("anew", [False, True], ids=["as listed", "listed anew"])
@pytest.mark.parametrize(
    ("change", "missing"),
    [
        pytest.param({"more.txt": b"more"}, "", id="a file more"),
        pytest.param({"looks/x.json": b"{}"}, "", id="a look of no name"),
        pytest.param({}, "head.json", id="no head"),
        pytest.param({}, "journal.ndjson", id="no journal"),
        pytest.param({}, "evidence.json", id="no story"),
        pytest.param({}, "audit.json", id="no audit records"),
        pytest.param({}, "index.html", id="no page"),
        pytest.param({"journal.ndjson": b""}, "", id="an empty journal"),
        pytest.param({"journal.ndjson": b"[" * 100_000}, "", id="a deep journal"),
        pytest.param({"head.json": b"null"}, "", id="another head"),
        pytest.param({"evidence.json": b"{}"}, "", id="an empty story"),
    ],
)
def test_files_that_do_not_belong_or_are_missing(
    files: dict[str, bytes], change: dict[str, bytes], missing: str, anew: bool
) -> None:
    forged = {name: data for name, data in (files | change).items() if name != missing}
    assert exit_code(proofs_of(with_digests(forged) if anew else forged)) == 1


def test_any_missing_file_is_seen(files: dict[str, bytes]) -> None:
    for name in sorted(files):
        forged = {other: data for other, data in files.items() if other != name}
        assert exit_code(proofs_of(forged)) == 1, name
        if name != "digests.txt":
            assert exit_code(proofs_of(with_digests(forged))) == 1, name
