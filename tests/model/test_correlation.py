"""Which audit records are those of our own writes, said without a journal."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcreconcile.model.correlation import correlation_of, is_ours
from pcreconcile.model.ids import is_guid


@given(st.uuids())
def test_what_is_made_of_a_request_id_is_ours_in_any_spelling(request_id: UUID) -> None:
    made = correlation_of(str(request_id))
    assert is_guid(made)
    assert made == made.lower() == correlation_of(str(request_id).upper())
    assert is_ours(made)
    assert is_ours(made.upper())
    assert UUID(made).version == 4


@given(st.uuids(), st.uuids())
def test_two_requests_have_two(one: UUID, other: UUID) -> None:
    assert (correlation_of(str(one)) == correlation_of(str(other))) is (one == other)


def test_the_mark_is_part_of_a_format_and_stays() -> None:
    """Audit records live for ninety days: what an older installation has sent must still be known."""
    assert correlation_of("00000000-0000-4000-8000-000000000001") == "69b44709-36d3-4436-9914-c70b2568fffd"


@given(st.uuids(), st.integers(0, 127))
def test_a_bit_that_differs_makes_it_somebody_else_s(request_id: UUID, bit: int) -> None:
    made = UUID(correlation_of(str(request_id)))
    assert not is_ours(str(UUID(int=made.int ^ (1 << bit))))


@pytest.mark.parametrize(
    "text", ["", "trace", "00000000-0000-0000-0000-000000000000", "é" * 36, "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"]
)
def test_other_ids_are_not_ours(text: str) -> None:
    assert not is_ours(text)
