"""The school: its name, terms, days off and on."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import Role, Term
from services import schools
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.schools import DayRange
from tests.conftest import codes

FAR_TOO_LONG = "长" * 10_000
OUTSIDERS = [role for role in Role if role not in (Role.ADMIN, Role.LEAD)]
AUTUMN = {"school_year": 2026, "number": 1, "first_day": date(2026, 9, 1), "last_day": date(2027, 1, 22)}
SPRING = {"school_year": 2026, "number": 2, "first_day": date(2027, 2, 22), "last_day": date(2027, 7, 9)}


@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_else_changes_the_school(session, make_user, role: Role):
    outsider = make_user(role)

    for act in (
        lambda: schools.rename_school(session, outsider, name="别的学校", version=0),
        lambda: schools.save_term(session, outsider, **AUTUMN),
        lambda: schools.save_day_exception(
            session, outsider, day=date(2026, 11, 27), is_school_day=False, label="运动会"
        ),
        lambda: schools.remove_day_exception(session, outsider, day=date(2026, 11, 27)),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_the_school_s_name_is_one_that_was_seen(session, make_user):
    lead, admin = make_user(Role.LEAD), make_user(Role.ADMIN)
    drawn_from = schools.find_school_name(session, admin)
    schools.rename_school(session, lead, name=" 青澜县望舒中心学校 ", version=drawn_from.version)

    with pytest.raises(EditedMeanwhile) as refused:
        schools.rename_school(session, admin, name="别的名字", version=drawn_from.version)

    assert refused.value.current.school_name == "青澜县望舒中心学校"
    assert schools.school_name(session) == "青澜县望舒中心学校"


@pytest.mark.parametrize(
    ("name", "code"), [("", "required"), (" \u200b \n".replace("\u200b", ""), "required"), (FAR_TOO_LONG, "too_long")]
)
def test_a_name_that_can_t_be_used(session, make_user, name: str, code: str):
    with pytest.raises(FieldErrors) as refused:
        schools.rename_school(session, make_user(Role.ADMIN), name=name, version=0)

    assert codes(refused) == {"school_name": code}


@pytest.mark.parametrize("name", ["🙂学校", "=HYPERLINK(1)", "<script>", "'; DROP TABLE term; --"])
def test_an_odd_name_stays_text(session, make_user, name: str):
    schools.rename_school(session, make_user(Role.ADMIN), name=name, version=0)

    assert schools.school_name(session) == name


def test_terms_may_touch_and_are_listed_newest_first(session, make_user):
    lead = make_user(Role.LEAD)
    schools.save_term(session, lead, **AUTUMN)
    schools.save_term(session, lead, **SPRING | {"first_day": date(2027, 1, 23)})

    assert [term.number for term in schools.list_terms(session, lead)] == [2, 1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"first_day": None, "last_day": None}, {"first_day": "required", "last_day": "required"}),
        ({"last_day": date(2027, 2, 1)}, {"last_day": "before_start"}),
        ({"last_day": date(2027, 3, 1)}, {"last_day": "term_length"}),
        ({"last_day": date(2028, 3, 1)}, {"last_day": "term_length"}),
        ({"first_day": date(2027, 1, 20)}, {"first_day": "overlaps"}),
        ({"number": 1}, {"number": "term_exists"}),
        ({"school_year": 1900}, {"school_year": "out_of_range", "first_day": "other_school_year"}),
        ({"school_year": 2030}, {"first_day": "other_school_year"}),
        ({"first_day": date(2027, 8, 1), "last_day": date(2027, 12, 22)}, {"first_day": "other_term"}),
        ({"number": 1, "school_year": 2027}, {"first_day": "other_term"}),
    ],
)
def test_impossible_terms_are_refused_at_their_field(session, make_user, changes, expected):
    lead = make_user(Role.LEAD)
    schools.save_term(session, lead, **AUTUMN)

    with pytest.raises(FieldErrors) as refused:
        schools.save_term(session, lead, **SPRING | changes)

    assert codes(refused) == expected
    assert len(session.exec(select(Term)).all()) == 1


def test_a_term_is_changed_only_as_it_was_seen(session, make_user):
    lead = make_user(Role.LEAD)
    term = schools.save_term(session, lead, **AUTUMN)
    schools.save_term(session, lead, **AUTUMN | {"last_day": date(2027, 1, 15)}, term_id=term.id, version=1)

    with pytest.raises(EditedMeanwhile):
        schools.save_term(session, lead, **AUTUMN | {"last_day": date(2027, 1, 20)}, term_id=term.id, version=1)

    assert session.exec(select(Term.last_day)).one() == date(2027, 1, 15)


def test_days_that_differ_count_and_stand_together(session, make_user, term):
    lead = make_user(Role.LEAD)
    first, last = date(2026, 11, 26), date(2026, 11, 27)
    schools.save_day_exception(session, lead, day=first, last_day=last, is_school_day=False, label="秋季运动会")
    schools.save_day_exception(session, lead, day=date(2026, 11, 28), is_school_day=True, label="补周五的课")

    calendar = schools.find_calendar(session, lead)

    assert [calendar.is_school_day(date(2026, 11, day)) for day in (25, 26, 27, 28)] == [True, False, False, True]
    assert schools.list_day_exceptions(session, lead) == [
        DayRange(date(2026, 11, 28), date(2026, 11, 28), True, "补周五的课"),
        DayRange(first, last, False, "秋季运动会"),
    ]
    schools.remove_day_exception(session, lead, day=first, last_day=last)
    calendar = schools.find_calendar(session, lead)
    assert [calendar.is_school_day(day) for day in (first, last)] == [True, True]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"day": None}, {"day": "required"}),
        ({"label": "  "}, {"label": "required"}),
        ({"label": FAR_TOO_LONG}, {"label": "too_long"}),
        ({"last_day": date(2026, 11, 1)}, {"last_day": "before_start"}),
        ({"last_day": date(2027, 11, 27)}, {"last_day": "too_many_days"}),
    ],
)
def test_impossible_days_are_refused_at_their_field(session, make_user, changes, expected):
    values = {"day": date(2026, 11, 27), "is_school_day": False, "label": "秋季运动会"}

    with pytest.raises(FieldErrors) as refused:
        schools.save_day_exception(session, make_user(Role.LEAD), **values | changes)

    assert codes(refused) == expected


def test_a_day_nothing_was_said_about_can_t_be_removed(session, make_user):
    with pytest.raises(NotFound):
        schools.remove_day_exception(session, make_user(Role.LEAD), day=date(2026, 11, 27))
