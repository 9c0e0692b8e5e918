"""Plan files: what this program wrote is accepted, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.applying import check_plan, plan_file, read_plan_file
from pcreconcile.model.errors import PlanFileError
from pcreconcile.model.identity import canonical_json, seal
from pcreconcile.model.plan import Plan
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


def nested(levels: int) -> bytes:
    return b'{"formatVersion": 2, "x": ' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    "data", [DATA, json.dumps(DOCUMENT, indent=2).encode(), b"\xef\xbb\xbf" + DATA, DATA + b"\r\n"]
)
def test_our_own_files_in_any_layout(data: bytes):
    assert read_plan_file(data) == PLAN


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "cut": (DATA[:-20], "cut off"),
    "two documents": (DATA + DATA, "not JSON"),
    "not UTF-8": (DATA.replace(b"because", b"\xff\xfe"), "not UTF-8"),
    "UTF-16": (DATA.decode().encode("utf-16"), "not UTF-8"),
    "a list": (b"[]", "not a plan"),
    "no format": (edited(lambda d: d.pop("formatVersion")), "not a plan"),
    "a newer format": (edited(lambda d: d.update(formatVersion=3, new="x")), "made by a newer pcreconcile"),
    "an older format": (edited(lambda d: d.update(formatVersion=1)), "format 1 is not known"),
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
    "very deep": (nested(100_000), "nested deeper"),
    "half a character": (edited(lambda d: action(d).update(reason="\ud800")), "plan"),
    "an edited act": (edited(lambda d: action(d)["target"].update(id="s2")), "planId does not fit"),
    "an edited precondition": (edited(lambda d: action(d).update(precondition={})), "planId does not fit"),
    "an edited wording": (edited(lambda d: action(d).update(reason="no reason")), "digest does not fit"),
    "an edited digest": (edited(lambda d: d.update(digest="0" * 64)), "digest does not fit"),
    "an edited plan ID": (edited(lambda d: d.update(planId="0" * 64)), "planId does not fit"),
    "a dropped guard": (edited(lambda d: d["guards"].append({})), "guards"),
    "a customer twice": (resealed(lambda d: d["customers"].append(d["customers"][0])), "appears twice"),
    "an action twice": (resealed(lambda d: d["customers"][0]["actions"].append(action(d))), "appears twice"),
    "an item without an ID": (resealed(lambda d: d["customers"][0]["observed"]["items"][0].pop("id")), "type or ID"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_ours_is_refused_in_clear_words(name: str):
    data, told = BAD[name]
    with pytest.raises(PlanFileError) as caught:
        read_plan_file(data)
    assert told in str(caught.value)


def test_a_file_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan_file, "LARGEST", len(DATA) - 1)
    with pytest.raises(PlanFileError, match="larger than"):
        read_plan_file(DATA)
    monkeypatch.setattr(plan_file, "LARGEST", len(DATA))
    assert read_plan_file(DATA) == PLAN


def test_the_limit_is_64_mib():
    assert plan_file.LARGEST == 64 * 1024 * 1024


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
