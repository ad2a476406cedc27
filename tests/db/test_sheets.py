"""The recovery sheet: what is copied wrongly is named, by its group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.errors import SheetForeign, SheetWrong
from db.keys import MASTER_BYTES, Keys
from db.sheets import ALPHABET, GROUPS, SIGNS, check_groups, read_groups, split_groups, write_groups

masters = st.binary(min_size=MASTER_BYTES, max_size=MASTER_BYTES).map(Keys)
places = st.integers(0, GROUPS - 1)


@given(masters)
def test_what_is_written_is_read_again_however_it_was_typed(keys):
    groups = write_groups(keys)

    assert read_groups(groups) == keys
    assert len(groups) == GROUPS
    assert {len(group) for group in groups} == {SIGNS}
    typed = "\n".join(groups).lower().replace("0", "o").replace("1", "l")
    assert read_groups(split_groups(typed)) == keys
    assert read_groups(split_groups("".join(groups))) == keys


@given(masters, places, st.integers(0, SIGNS - 1), st.sampled_from(ALPHABET))
def test_one_wrong_sign_names_its_group(keys, place, position, sign):
    groups = list(write_groups(keys))
    wrong = groups[place][:position] + sign + groups[place][position + 1 :]
    if wrong == groups[place]:
        return
    groups[place] = wrong

    with pytest.raises(SheetWrong) as refused:
        read_groups(groups)

    assert refused.value.places == str(place + 1)


@given(masters, places, st.integers(0, SIGNS - 2))
def test_two_neighbours_that_changed_places_name_their_group(keys, place, position):
    groups = list(write_groups(keys))
    signs = list(groups[place])
    signs[position], signs[position + 1] = signs[position + 1], signs[position]
    if "".join(signs) == groups[place]:
        return
    groups[place] = "".join(signs)

    with pytest.raises(SheetWrong) as refused:
        read_groups(groups)

    assert refused.value.places == str(place + 1)


@given(masters, places, places)
def test_two_groups_that_changed_places_are_both_named(keys, one, other):
    groups = list(write_groups(keys))
    groups[one], groups[other] = groups[other], groups[one]
    if one == other:
        return

    with pytest.raises(SheetWrong) as refused:
        read_groups(groups)

    assert refused.value.places == "、".join(map(str, sorted({one + 1, other + 1})))


@pytest.mark.parametrize("typed", ["", "AAAAA", "江小满", "=1+1", "A" * 10_000, "０" * 80], ids=repr)
def test_what_is_no_sheet_is_refused_not_read(typed):
    with pytest.raises(SheetWrong):
        read_groups(split_groups(typed))


def test_a_missing_group_is_named():
    with pytest.raises(SheetWrong) as refused:
        read_groups(write_groups(Keys(b"k" * MASTER_BYTES))[:-2])

    assert refused.value.places == "15、16"


def test_another_key_s_sheet_is_told_from_a_slip_of_the_pen():
    own, other = Keys(b"a" * MASTER_BYTES), Keys(b"b" * MASTER_BYTES)

    check_groups(own, {3: write_groups(own)[2].lower(), 9: write_groups(own)[8]})
    with pytest.raises(SheetForeign):
        check_groups(own, {3: write_groups(other)[2]})
    with pytest.raises(SheetWrong) as refused:
        check_groups(own, {3: write_groups(own)[2], 9: "AAAAA"})
    assert refused.value.places == "9"
