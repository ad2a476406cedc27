"""Entries of a term: who may, what can't be, two editors, history (E-14, F-14, I-12, I-22)."""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from db.tables import CategoryKind, HealthState, Role, StudyLevel, Term, TermEntry, Vaccination
from services import categories, promises, term_entries
from services.errors import FieldErrors, NotAllowed, NotFound
from services.term_entries import EntriesChanged, EntryInput, EntryValues
from tests.conftest import codes

FULL = EntryValues(
    study=StudyLevel.GOOD, health=HealthState.WATCH, checked_up_on=date(2026, 10, 9), height_cm=152, weight_kg=43.5,
    vaccination=Vaccination.COMPLETE, note="这学期爱说话了",
)  # fmt: skip


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    one, two = make_class(7, 1), make_class(7, 2)
    children = [make_student(name, in_class=one) for name in ("江小满", "霍半夏")]
    lead = make_user(Role.LEAD)
    categories.add_category(
        session, lead, student_id=children[0].id, kind=CategoryKind.LEFT_BEHIND,
        details=categories.CategoryDetails(), from_day=date(2026, 9, 1),
    )  # fmt: skip
    return SimpleNamespace(
        one=one, term=term, lead=lead, children=children, outside=make_student("柳立夏", in_class=two),
        teacher=make_user(Role.HOMEROOM, homeroom_of=one), other=make_user(Role.HOMEROOM, homeroom_of=two),
    )  # fmt: skip


def table(session, school, actor=None):
    return term_entries.find_class_entries(
        session, actor or school.teacher, class_id=school.one.id, term_id=school.term.id
    )


def save(session, school, *rows, actor=None):
    return term_entries.save_class_entries(
        session, actor or school.teacher, class_id=school.one.id, term_id=school.term.id, rows=rows
    )


def row(school, place=0, version=0, **values):
    return EntryInput(
        student_id=school.children[place].id, version=version, values=EntryValues(**values) if values else FULL
    )


def test_a_class_is_entered_and_read_back(session, school):
    assert save(session, school, row(school), row(school, 1, study=StudyLevel.PASS)) == 2

    found = table(session, school)

    assert {each.name: (each.version, each.values) for each in found.rows} == {
        "江小满": (1, FULL), "霍半夏": (1, EntryValues(study=StudyLevel.PASS)),
    }  # fmt: skip
    assert (found.without_study, found.without_check_up) == (0, 1)


def test_saving_the_same_again_changes_nothing(session, school):
    save(session, school, row(school))

    assert save(session, school, row(school, version=1)) == 0
    assert [each.version for each in table(session, school).rows if each.name == "江小满"] == [1]


def test_blank_is_nothing(session, school):
    assert save(session, school, row(school, note=" \u3000")) == 0
    assert session.exec(select(TermEntry)).all() == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"height_cm": 59}, {"height_cm": "outside"}),
        ({"height_cm": 231}, {"height_cm": "outside"}),
        ({"weight_kg": 7.9}, {"weight_kg": "outside"}),
        ({"weight_kg": 1e9}, {"weight_kg": "outside"}),
        ({"checked_up_on": date(2026, 12, 1)}, {"checked_up_on": "future"}),
        ({"checked_up_on": date.min}, {"checked_up_on": "too_early"}),
        ({"note": "长" * 6000}, {"note": "too_long"}),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_half_written(session, school, values, problem):
    with pytest.raises(FieldErrors) as refused:
        save(session, school, row(school, 1), row(school, **values))

    child = school.children[0].id
    assert codes(refused) == {f"{name}_{child}": code for name, code in problem.items()}
    assert session.exec(select(TermEntry)).all() == []


def test_the_slower_of_two_is_told_and_overwrites_nobody(session, school):
    save(session, school, row(school), actor=school.lead)

    with pytest.raises(EntriesChanged) as refused:
        save(session, school, row(school, study=StudyLevel.BELOW), row(school, 1, study=StudyLevel.BELOW))

    assert [(each.name, each.version, each.values) for each in refused.value.rows] == [("江小满", 1, FULL)]
    assert [each.values.study for each in table(session, school).rows if each.name == "霍半夏"] == [None]


def test_only_the_own_class_and_its_children(session, school):
    with pytest.raises(NotFound):
        table(session, school, actor=school.other)
    with pytest.raises(NotFound):
        save(session, school, EntryInput(student_id=school.outside.id, version=0, values=FULL))


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.ADMIN])
def test_others_have_no_table(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        table(session, school, actor=make_user(role))


def test_a_term_to_come_has_no_entries(session, school):
    later = Term(school_year=2026, number=2, first_day=date(2027, 2, 22), last_day=date(2027, 7, 2))
    session.add(later)
    session.flush()

    with pytest.raises(NotFound):
        term_entries.find_class_entries(session, school.lead, class_id=school.one.id, term_id=later.id)
    assert [each.id for each in term_entries.list_entry_terms(session, school.lead)] == [school.term.id]


def test_a_left_behind_child_owes_a_promise(session, school):
    assert {each.name: each.promise for each in table(session, school).rows} == {"江小满": False, "霍半夏": None}
    promises.record_promise(
        session, school.teacher, student_id=school.children[0].id, signed_on=date(2026, 9, 5), signer="江远山"
    )
    assert {each.name: each.promise for each in table(session, school).rows} == {"江小满": True, "霍半夏": None}


def test_the_years_of_a_child_stand_one_below_the_other(session, school):
    before = Term(school_year=2025, number=2, first_day=date(2026, 2, 23), last_day=date(2026, 7, 3))
    session.add(before)
    session.flush()
    save(session, school, row(school))
    term_entries.save_class_entries(
        session, school.teacher, class_id=school.one.id, term_id=before.id,
        rows=[row(school, study=StudyLevel.PASS)],
    )  # fmt: skip

    found = term_entries.list_child_entries(session, school.teacher, student_id=school.children[0].id)

    assert [each.values.study for each in found] == [StudyLevel.GOOD, StudyLevel.PASS]
    assert term_entries.list_child_entries(session, school.other, student_id=school.children[0].id) == ()


def test_words_are_sealed(session, school):
    save(session, school, row(school))

    assert "爱说话".encode() not in (session.exec(select(TermEntry)).one().note_sealed or b"")


def test_the_table_takes_as_many_statements_for_many(session, school, make_student, statements):
    table(session, school)
    few = len(statements)
    for place in range(40):
        make_student(f"试{place}", in_class=school.one)
    statements.clear()

    assert len(table(session, school).rows) == 42
    assert len(statements) == few <= 5


VALUES = st.builds(
    EntryValues,
    study=st.none() | st.sampled_from(StudyLevel),
    health=st.none() | st.sampled_from(HealthState),
    checked_up_on=st.none() | st.dates(date(2020, 1, 1), date(2026, 11, 20)),
    height_cm=st.none() | st.integers(60, 230),
    weight_kg=st.none() | st.integers(8000, 200_000).map(lambda grams: grams / 1000),
    vaccination=st.none() | st.sampled_from(Vaccination),
    note=st.none() | st.text("字词句 a", min_size=1, max_size=9).map(str.strip).map(lambda text: text or None),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=VALUES, second=VALUES)
def test_what_is_saved_is_read_back_to_the_gram(session, school, first, second):
    nested = session.begin_nested()
    try:
        for version, values in enumerate((first, second)):
            current = next(each.version for each in table(session, school).rows if each.name == "江小满")
            save(
                session, school,
                EntryInput(student_id=school.children[0].id, version=current, values=values),
            )  # fmt: skip
            assert current <= version
            assert [each.values for each in table(session, school).rows if each.name == "江小满"] == [values]
    finally:
        nested.rollback()
        session.expire_all()
