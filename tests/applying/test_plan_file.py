"""Plan files: what this program wrote is accepted, and nothing else."""

from __future__ import annotations

import copy
import io
import json
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.applying import check_plan, json_stream, read_plan_file
from pcreconcile.model.errors import PlanFileError
from pcreconcile.model.identity import canonical_json, seal
from pcreconcile.model.plan import Plan
from pcreconcile.rendering import plan_json
from pcreconcile.rendering.plan_json import file_pieces
from tests.applying.large_plans import large_plan
from tests.applying.world import (
    NOW,
    ONE,
    PARTNER,
    Microsoft,
    cancel,
    plan_of,
    planned,
    remove,
    subscription,
    tenant,
    wanted,
)


def make() -> Plan:
    microsoft = Microsoft()
    microsoft.add(ONE, subscription("s1", commitment_end=NOW), subscription("s2"))
    first = cancel("s1", window_closes_at=NOW + timedelta(days=1, microseconds=1))
    desired = wanted(ONE, labels={"book": "emea"}, settle=timedelta(days=3), not_before=NOW.date())
    return plan_of(planned(microsoft, [first, remove(first)], desired=desired))


PLAN = make()
DATA = canonical_json(PLAN)
FORMAT_1 = Path(__file__).with_name("format_1")
DOCUMENT: dict[str, Any] = json.loads(DATA)


def resealed(change: Callable[[dict[str, Any]], Any]) -> bytes:
    """A document that was changed by somebody who knows how digests are made."""
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return canonical_json(seal(msgspec.convert(document, Plan)))


def edited(change: Callable[[dict[str, Any]], Any]) -> bytes:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return json.dumps(document).encode()


def action(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["customers"][0]["actions"][0]
    return found


def in_a_circle(members: int) -> bytes:
    """Many actions, each of which requires the one before it, and the first the last."""
    first = PLAN.customers[0].actions[0]
    names = [f"{n:012x}" for n in range(members)]
    ring = tuple(replace(first, id=name, requires=(names[n - 1],)) for n, name in enumerate(names))
    return canonical_json(seal(replace(PLAN, customers=(replace(PLAN.customers[0], actions=ring),))))


def requiring(number: int) -> Callable[[dict[str, Any]], Any]:
    """The first action requires that one; the second, the removal, requires the first."""

    def change(document: dict[str, Any]) -> None:
        action(document)["requires"] = [document["customers"][0]["actions"][number]["id"]]

    return change


def nested(levels: int) -> bytes:
    return b'{"formatVersion": 2, "aftercare": [' + b"[" * levels + b"]" * levels + b"]}"


@pytest.mark.parametrize(
    "data", [DATA, json.dumps(DOCUMENT, indent=2).encode(), b"\xef\xbb\xbf" + DATA, DATA + b"\r\n"]
)
def test_our_own_files_in_any_layout(data: bytes):
    assert read_plan_file(data) == PLAN


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty"),
    "cut": (DATA[:-20], "cut off"),
    "two documents": (DATA + DATA, "not JSON"),
    "not UTF-8": (DATA.replace(b"because", b"\xff\xfe"), "not UTF-8"),
    "UTF-16": (DATA.decode().encode("utf-16"), "not UTF-8"),
    "a list": (b"[]", "not a plan"),
    "no format": (edited(lambda d: d.pop("formatVersion")), "not a plan"),
    "a newer format": (edited(lambda d: d.update(formatVersion=3, new="x")), "made by a newer pcreconcile"),
    "an older format": (edited(lambda d: d.update(formatVersion=1)), "make a new plan and have it approved anew"),
    "a format in words": (edited(lambda d: d.update(formatVersion="2")), "formatVersion"),
    "a member twice": (DATA.replace(b'{"aftercare"', b'{"planId":"x","aftercare"'), "'planId' twice"),
    "NaN": (DATA.replace(b'"seats":0', b'"seats":NaN'), "NaN"),
    "Infinity": (DATA.replace(b'"seats":0', b'"seats":-Infinity'), "Infinity"),
    "a fraction": (DATA.replace(b'"seats":0', b'"seats":0.0'), "0.0"),
    "a large number": (DATA.replace(b'"seats":0', b'"seats":' + b"9" * 5000), "too large"),
    "an unknown member": (edited(lambda d: d.update(extra=1)), "unknown member 'extra' in plan"),
    "an unknown member inside": (edited(lambda d: action(d).update(force=True)), "unknown member 'force' in plan.cust"),
    "a missing member": (edited(lambda d: d.pop("digest")), "digest"),
    "a missing default": (edited(lambda d: action(d).pop("instructions")), "'instructions' is missing"),
    "a wrong type": (edited(lambda d: d.update(customers={})), "customers"),
    "a number for a truth": (edited(lambda d: d["totals"].update(seats=True)), "seats"),
    "an unknown kind": (edited(lambda d: action(d).update(kind="delete-everything")), "kind"),
    "another spelling of a time": (edited(lambda d: d.update(createdAt="2026-11-22T13:00:00+01:00")), "digest"),
    "deep": (nested(100), "nested deeper"),
    "very deep": (nested(3_000), "nested deeper"),
    "hardly anything but brackets": (nested(100_000), "brackets"),
    "a top-level member twice": (DATA[:-1] + b',"warnings":[]}', "'warnings' twice"),
    "a customer that is cut": (DATA[: DATA.index(b'"tenantId"')], "cut off"),
    "half a character": (edited(lambda d: action(d).update(reason="\ud800")), "plan"),
    "an edited act": (edited(lambda d: action(d)["target"].update(id="s2")), "planId does not fit"),
    "an edited precondition": (edited(lambda d: action(d).update(precondition={})), "planId does not fit"),
    "an edited wording": (edited(lambda d: action(d).update(reason="no reason")), "digest does not fit"),
    "an edited digest": (edited(lambda d: d.update(digest="0" * 64)), "digest does not fit"),
    "an edited plan ID": (edited(lambda d: d.update(planId="0" * 64)), "planId does not fit"),
    "a dropped guard": (edited(lambda d: d["guards"].append({})), "guards"),
    "a customer twice": (resealed(lambda d: d["customers"].append(d["customers"][0])), "appears twice"),
    "an action twice": (resealed(lambda d: d["customers"][0]["actions"].append(action(d))), "appears twice"),
    "an unknown requirement": (
        resealed(lambda d: action(d).update(requires=["0" * 12])),
        "requires 000000000000",
    ),
    "an action that requires itself": (resealed(requiring(0)), "in a circle: "),
    "two actions that require each other": (resealed(requiring(1)), "in a circle: "),
    "a long circle": (in_a_circle(3000), "in a circle: "),
    "an item without an ID": (resealed(lambda d: d["customers"][0]["observed"]["items"][0].pop("id")), "type or ID"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_ours_is_refused_in_clear_words(name: str):
    data, told = BAD[name]
    with pytest.raises(PlanFileError) as caught:
        read_plan_file(data)
    assert told in str(caught.value)


def test_every_refusal_names_the_file_once_and_the_customer():
    for data, _ in BAD.values():
        with pytest.raises(PlanFileError) as caught:
            read_plan_file(data, "plans/monday.json")
        assert str(caught.value).startswith("plans/monday.json: ")
        assert str(caught.value).count("plans/monday.json") == 1
    with pytest.raises(PlanFileError, match=r"plan\.customers\[0\]\.actions\[0\] \(customer-1\); make a new plan"):
        read_plan_file(BAD["an unknown member inside"][0])
    with pytest.raises(PlanFileError, match=r"plan\.customers\[0\]: the number 0\.0, .*; make a new plan"):
        read_plan_file(BAD["a fraction"][0])


def test_one_part_has_a_bound_and_the_fleet_has_none(monkeypatch: pytest.MonkeyPatch):
    large = large_plan(3, 300, 2)
    data = b"".join(file_pieces(large))
    longest = max(len(canonical_json(customer)) for customer in large.customers)
    monkeypatch.setattr(json_stream, "_CHUNK", 512)
    monkeypatch.setattr(json_stream, "LARGEST_PART", 2 * longest)
    assert len(data) > 20 * longest
    assert read_plan_file(data) == large
    monkeypatch.setattr(json_stream, "LARGEST_PART", longest // 2)
    with pytest.raises(PlanFileError, match=r"plan\.customers\[0\]: larger than"):
        read_plan_file(data)


def test_what_no_reader_takes_no_writer_writes(monkeypatch: pytest.MonkeyPatch):
    assert b"".join(file_pieces(PLAN)) == DATA + b"\n"
    monkeypatch.setattr(plan_json, "LARGEST_PART", 1000)
    with pytest.raises(PlanFileError, match="customer-1 alone takes more than"):
        list(file_pieces(PLAN))


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 1000])
@pytest.mark.parametrize("data", [DATA, json.dumps(DOCUMENT, indent=1, ensure_ascii=False).encode()])
def test_it_does_not_matter_where_the_text_is_cut_while_reading(
    chunk: int, data: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    assert read_plan_file(data) == PLAN


@pytest.mark.parametrize("levels", [1, 50])
def test_a_file_of_brackets_takes_no_memory(levels: int):
    data = b'{"formatVersion": 2, "customers": [' + b",".join([b"[" * levels + b"]" * levels] * 400_000) + b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(PlanFileError, match="brackets"):
            read_plan_file(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * json_stream._CHUNK


def test_reading_takes_a_small_multiple_of_the_file():
    data = b"".join(file_pieces(large_plan(200, 0, 10)))
    tracemalloc.start()
    try:
        read_plan_file(io.BytesIO(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(data) > 3 * json_stream._CHUNK
    assert peak < 6 * len(data)


OTHER_FORMATS = {  # what stands behind it is not understood, and the format is what is told
    1: "make a new plan and have it approved anew",
    3: "made by a newer pcreconcile (format 3",
    0: "format 0 is not known",
}


@pytest.mark.parametrize("version", OTHER_FORMATS)
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("strange", [True, False])
def test_another_format_is_told_as_that(version: int, first: bool, strange: bool):
    document = copy.deepcopy(DOCUMENT)
    if strange:
        document["customers"][0] = {"of": "another world"}
    del document["formatVersion"]
    members = [("formatVersion", version), *document.items()]
    with pytest.raises(PlanFileError) as caught:
        read_plan_file(json.dumps(dict(members if first else reversed(members))).encode())
    assert OTHER_FORMATS[version] in str(caught.value)


def test_the_file_that_format_1_wrote_is_refused():
    with pytest.raises(PlanFileError, match=r"plan\.json: this is a plan of format 1, .* approved anew"):
        read_plan_file((FORMAT_1 / "plan.json").read_bytes(), "plan.json")


def test_a_plan_of_another_partner():
    check_plan(PLAN, PARTNER)
    with pytest.raises(PlanFileError, match="is a plan for partner tenant"):
        check_plan(PLAN, tenant(5))


def test_a_plan_in_hand_is_checked_like_a_file():
    with pytest.raises(PlanFileError, match="newer"):
        check_plan(seal(replace(PLAN, format_version=3)), PARTNER)
    with pytest.raises(PlanFileError, match="does not fit"):
        check_plan(replace(PLAN, customers=()), PARTNER)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_hurt_byte_is_refused(data: st.DataObject):
    at = data.draw(st.integers(0, len(DATA) - 1))
    hurt = DATA[:at] + bytes([data.draw(st.integers(0, 255))]) + DATA[at + 1 :]
    try:
        assert read_plan_file(hurt) == PLAN
    except PlanFileError:
        assert hurt != DATA
