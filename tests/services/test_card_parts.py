"""What a contact card lacks: dense, and without a database."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.tables import CARD_PARTS, GuardianKind, Whereabouts
from services.card_parts import (
    CardPart,
    PersonParts,
    find_main_guardian,
    missing_of,
    missing_parts,
    read_missing,
    write_missing,
)

PARENT = PersonParts(frozenset({"name", "workplace", "phone"}))
GUARDIAN = PersonParts(frozenset({"name", "relation", "age", "occupation", "health", "address", "phone"}))
WHOLE = {"has_address": True, "father": PARENT, "mother": PARENT, "guardian": GUARDIAN}


def person(kind, **values):
    plain = {"id": 1, "kind": kind, "is_primary": False, "name": None, "relation": None, "birth_year": None}
    sealed = {f"{part}_sealed": None for part in ("phone", "workplace", "address", "occupation", "health")}
    return SimpleNamespace(**(plain | sealed | {"whereabouts": None} | values))


def test_the_tables_and_the_parts_name_the_same_fourteen():
    assert tuple(part.value for part in CardPart) == CARD_PARTS
    assert len(CARD_PARTS) == 14


def test_a_whole_card_lacks_nothing_and_a_blank_one_everything():
    assert missing_parts(**WHOLE) == ()
    assert missing_parts(has_address=False) == tuple(CardPart)


@pytest.mark.parametrize("part", CardPart, ids=lambda part: part.value)
def test_each_part_is_missed_by_its_name(part):
    who, _, what = part.value.partition("_")
    card = WHOLE | (
        {"has_address": False} if part is CardPart.HOME_ADDRESS else {who: PersonParts(WHOLE[who].filled - {what})}
    )

    assert missing_parts(**card) == (part,)


@pytest.mark.parametrize("whereabouts", Whereabouts, ids=lambda each: each.value)
def test_only_a_parent_who_died_or_cannot_be_found_owes_nothing(whereabouts):
    father = person(GuardianKind.FATHER, whereabouts=whereabouts)

    missing = missing_of(has_address=True, people=[father])

    is_gone = whereabouts in (Whereabouts.DECEASED, Whereabouts.MISSING)
    assert (CardPart.FATHER_PHONE in missing) is not is_gone
    assert CardPart.MOTHER_PHONE in missing


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([], None),
        ([("father", False), ("mother", False)], None),
        ([("father", False), ("mother", True)], 1),
        ([("mother", True), ("other", False)], 0),
        ([("mother", False), ("other", False)], 1),
        ([("other", True), ("statutory", False)], 1),
        ([("statutory", True), ("entrusted", False)], 1),
        ([("entrusted", False), ("entrusted", True)], 1),
        ([("entrusted", False), ("entrusted", False)], 0),
    ],
)
def test_who_looks_after_the_child(people, expected):
    rows = [person(GuardianKind(kind), id=place + 1, is_primary=main) for place, (kind, main) in enumerate(people)]

    found = find_main_guardian(rows)

    assert (rows.index(found) if found else None) == expected


def test_a_mother_who_is_the_guardian_needs_no_word_for_her_relation():
    mother = person(GuardianKind.MOTHER, is_primary=True, name="林初雪")

    assert CardPart.GUARDIAN_RELATION not in missing_of(has_address=True, people=[mother])


@given(st.sets(st.sampled_from(list(CardPart))))
def test_what_is_missing_is_read_as_it_was_written(parts):
    ordered = tuple(part for part in CardPart if part in parts)

    assert read_missing(write_missing(ordered)) == ordered


@given(st.frozensets(st.sampled_from(sorted(GUARDIAN.filled))), st.booleans())
def test_filling_something_never_makes_a_card_lack_more(filled, has_address):
    fewer = missing_parts(has_address=has_address, guardian=PersonParts(filled))

    for part in GUARDIAN.filled:
        assert set(missing_parts(has_address=has_address, guardian=PersonParts(filled | {part}))) <= set(fewer)
