"""Names of one person, in the forms in which tokens give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcreconcile.model.people import forms_of, joined, names_in, shown

ALICE = "alice@example.com"


@pytest.mark.parametrize(
    "name",
    [
        *("Alice@Example.com", " alice@example.com\t", "alice@example.com.", "alice@example.com\r\n"),
        *(
            "alice\u200b@example.com",
            "\ufeffalice@example.com",
            "ａｌｉｃｅ@example.com",
            "\u202ealice@example.com\u202c",
        ),
        *(
            "live.com#alice@example.com",
            "google.com#ALICE@example.com",
            "alice_example.com#EXT#@contoso.onmicrosoft.com",
        ),
    ],
)
def test_a_form_of_the_name_is_the_same_person(name: str):
    assert ALICE in forms_of(name)


@pytest.mark.parametrize(
    "name",
    [
        *("alice@example.com.evil", "malice@example.com", "alice+x@example.com", "alice", "@example.com"),
        *("alice@example.co", "аlice@example.com", "alice_example.org#EXT#@contoso.onmicrosoft.com"),
    ],
)
def test_another_name_is_another_person(name: str):
    assert ALICE not in forms_of(name)


def test_a_guest_whose_name_holds_an_underscore():
    assert "a_b@example.com" in forms_of("a_b_example.com#EXT#@contoso.onmicrosoft.com")


@pytest.mark.parametrize("name", ["", " ", ".", "\u200b", "\n\0"])
def test_a_name_in_which_nothing_can_be_seen_is_nobody_s(name: str):
    assert forms_of(name) == frozenset()


@given(
    st.lists(st.sampled_from([ALICE, "Alice@example.com", "bob@example.com", "live.com#bob@example.com"]), max_size=4)
)
def test_every_name_of_a_user_can_be_found_again(names: list[str]):
    assert names_in(joined(names)) == frozenset(form for name in names for form in forms_of(name))


@given(st.text())
def test_what_is_shown_is_one_line(text: str):
    assert len(f"x{shown(text)}".splitlines()) == 1
