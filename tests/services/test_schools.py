"""The school: its name, terms, days off and on, classes and their teachers."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import ClassTeacher, Role, Term
from services import accounts, schools
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.schools import DayRange

FAR_TOO_LONG = "长" * 10_000
OUTSIDERS = [role for role in Role if role not in (Role.ADMIN, Role.LEAD)]
AUTUMN = {"school_year": 2026, "number": 1, "first_day": date(2026, 9, 1), "last_day": date(2027, 1, 22)}
SPRING = {"school_year": 2026, "number": 2, "first_day": date(2027, 2, 22), "last_day": date(2027, 7, 9)}


def codes(refused) -> dict[str, str]:
    return {name: problem.code for name, problem in refused.value.problems.items()}


@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_else_changes_the_school(session, make_user, make_class, role: Role):
    outsider, found = make_user(role), make_class()

    for act in (
        lambda: schools.rename_school(session, outsider, name="别的学校", version=0),
        lambda: schools.save_term(session, outsider, **AUTUMN),
        lambda: schools.save_day_exception(
            session, outsider, day=date(2026, 11, 27), is_school_day=False, label="运动会"
        ),
        lambda: schools.remove_day_exception(session, outsider, day=date(2026, 11, 27)),
        lambda: schools.ensure_classes(session, outsider, school_year=2026, grade=7, count=3),
        lambda: schools.list_subject_teachers(session, outsider, school_year=2026),
        lambda: schools.assign_homeroom(session, outsider, class_id=found.id, user_id=outsider.user_id),
        lambda: schools.set_subject_teacher(
            session, outsider, class_id=found.id, user_id=outsider.user_id, subject="语文", teaches=True
        ),
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
    assert schools.find_calendar(session, lead).is_school_day(first)


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


def test_classes_are_added_once(session, make_user, make_class, term):
    lead = make_user(Role.LEAD)
    make_class(7, 2)

    assert schools.ensure_classes(session, lead, school_year=2026, grade=7, count=3) == 2
    assert schools.ensure_classes(session, lead, school_year=2026, grade=7, count=3) == 0
    assert [found.label for found in schools.list_classes(session, lead)] == ["七（1）班", "七（2）班", "七（3）班"]


@pytest.mark.parametrize(
    ("grade", "count", "expected"),
    [(0, 1, {"grade": "out_of_range"}), (13, 1, {"grade": "out_of_range"}), (7, 0, {"count": "out_of_range"}),
     (7, 61, {"count": "out_of_range"})],
)  # fmt: skip
def test_there_are_twelve_grades_and_sixty_classes_at_most(session, make_user, grade, count, expected):
    with pytest.raises(FieldErrors) as refused:
        schools.ensure_classes(session, make_user(Role.LEAD), school_year=2026, grade=grade, count=count)

    assert codes(refused) == expected


def test_a_class_has_one_homeroom_teacher_and_keeps_who_it_was(session, make_user, make_class, term):
    lead, found = make_user(Role.LEAD), make_class(7, 3)
    before, after = make_user(Role.HOMEROOM, name="陆衡之"), make_user(Role.HOMEROOM, name="周砚田")
    schools.assign_homeroom(session, lead, class_id=found.id, user_id=before.user_id)

    schools.assign_homeroom(session, lead, class_id=found.id, user_id=after.user_id)

    assert schools.list_classes(session, lead)[0].homeroom_name == "周砚田"
    ended = {row.user_id: row.to_day is not None for row in session.exec(select(ClassTeacher))}
    assert ended == {before.user_id: True, after.user_id: False}
    schools.assign_homeroom(session, lead, class_id=found.id, user_id=None)
    assert schools.list_classes(session, lead)[0].homeroom_name is None


def test_subject_teachers_come_change_subject_and_go(session, make_user, make_class):
    lead, teacher, found = make_user(Role.LEAD), make_user(Role.SUBJECT_TEACHER, name="贺兰舟"), make_class(7, 3)

    def teach(subject, *, teaches=True):
        schools.set_subject_teacher(
            session, lead, class_id=found.id, user_id=teacher.user_id, subject=subject, teaches=teaches
        )
        return [
            (row.display_name, row.subject) for row in schools.list_subject_teachers(session, lead, school_year=2026)
        ]

    assert teach("语文") == [("贺兰舟", "语文")]
    assert teach("数学") == [("贺兰舟", "数学")]
    assert teach(None, teaches=False) == []


@pytest.mark.parametrize(
    ("user_id", "subject", "expected"),
    [(None, "语文", {"user_id": "required"}), (1, FAR_TOO_LONG, {"subject": "too_long"})],
)
def test_a_subject_teacher_needs_a_name_and_a_short_subject(session, make_user, make_class, user_id, subject, expected):
    with pytest.raises(FieldErrors) as refused:
        schools.set_subject_teacher(
            session, make_user(Role.LEAD), class_id=make_class().id, user_id=user_id, subject=subject, teaches=True
        )

    assert codes(refused) == expected


@pytest.mark.parametrize("which", ["class", "account", "disabled"])
def test_a_class_or_teacher_that_is_not_there(session, make_user, make_class, which: str):
    lead, found, gone = make_user(Role.LEAD), make_class(), make_user(Role.HOMEROOM)
    accounts.set_active(session, lead, user_id=gone.user_id, is_active=False)
    ids = {
        "class": (999, lead.user_id),
        "account": (found.id, 999),
        "disabled": (found.id, gone.user_id),
    }
    class_id, user_id = ids[which]

    with pytest.raises(NotFound):
        schools.assign_homeroom(session, lead, class_id=class_id, user_id=user_id)
    with pytest.raises(NotFound):
        schools.set_subject_teacher(session, lead, class_id=class_id, user_id=user_id, subject="语文", teaches=True)
