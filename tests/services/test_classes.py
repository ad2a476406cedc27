"""Classes and their teachers."""

import pytest
from sqlmodel import select

from db.audit_chain import COLLECTED
from db.tables import ClassTeacher, Role
from services import accounts, classes
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from tests.conftest import codes

FAR_TOO_LONG = "长" * 10_000
OUTSIDERS = [role for role in Role if role not in (Role.ADMIN, Role.LEAD)]


@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_else_changes_the_classes(session, make_user, make_class, role: Role):
    outsider, found = make_user(role), make_class()

    for act in (
        lambda: classes.ensure_classes(session, outsider, school_year=2026, grade=7, count=3),
        lambda: classes.list_subject_teachers(session, outsider, school_year=2026),
        lambda: classes.assign_homeroom(session, outsider, class_id=found.id, user_id=outsider.user_id),
        lambda: classes.set_subject_teacher(
            session, outsider, class_id=found.id, user_id=outsider.user_id, subject="语文", teaches=True
        ),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_classes_are_added_once(session, make_user, make_class, term):
    lead = make_user(Role.LEAD)
    make_class(7, 2)

    assert classes.ensure_classes(session, lead, school_year=2026, grade=7, count=3) == 2
    assert classes.ensure_classes(session, lead, school_year=2026, grade=7, count=3) == 0
    assert [found.label for found in classes.list_classes(session, lead)] == ["七（1）班", "七（2）班", "七（3）班"]


@pytest.mark.parametrize(
    ("grade", "count", "expected"),
    [(0, 1, {"grade": "out_of_range"}), (13, 1, {"grade": "out_of_range"}), (7, 0, {"count": "beyond_bounds"}),
     (7, 61, {"count": "beyond_bounds"}), (7, 2.5, {"count": "not_whole"}), (7, None, {"count": "required"})],
)  # fmt: skip
def test_there_are_twelve_grades_and_sixty_classes_at_most(session, make_user, grade, count, expected):
    with pytest.raises(FieldErrors) as refused:
        classes.ensure_classes(session, make_user(Role.LEAD), school_year=2026, grade=grade, count=count)

    assert codes(refused) == expected


def test_a_class_has_one_homeroom_teacher_and_keeps_who_it_was(session, make_user, make_class, term):
    lead, found = make_user(Role.LEAD), make_class(7, 3)
    before, after = make_user(Role.HOMEROOM, name="陆衡之"), make_user(Role.HOMEROOM, name="周砚田")
    classes.assign_homeroom(session, lead, class_id=found.id, user_id=before.user_id)

    classes.assign_homeroom(session, lead, class_id=found.id, user_id=after.user_id)

    assert classes.list_classes(session, lead)[0].homeroom_name == "周砚田"
    ended = {row.user_id: row.to_day is not None for row in session.exec(select(ClassTeacher))}
    assert ended == {before.user_id: True, after.user_id: False}
    classes.assign_homeroom(session, lead, class_id=found.id, user_id=None)
    assert classes.list_classes(session, lead)[0].homeroom_name is None


def test_the_second_of_two_who_name_a_homeroom_teacher_sees_the_first(session, make_user, make_class):
    lead, found = make_user(Role.LEAD), make_class(7, 3)
    first, second = make_user(Role.HOMEROOM), make_user(Role.HOMEROOM)
    classes.replace_homeroom(session, lead, class_id=found.id, user_id=first.user_id, was_user_id=None)

    with pytest.raises(EditedMeanwhile) as refused:
        classes.replace_homeroom(session, lead, class_id=found.id, user_id=second.user_id, was_user_id=None)

    assert refused.value.current == {"user_id": first.user_id}


@pytest.mark.parametrize("teaches", [True, False])
def test_saying_of_a_subject_teacher_what_holds_already_leaves_no_event(session, make_user, make_class, teaches):
    lead, teacher, found = make_user(Role.LEAD), make_user(Role.SUBJECT_TEACHER), make_class(7, 3)
    asked = {"class_id": found.id, "user_id": teacher.user_id, "subject": "语文", "teaches": teaches}
    if teaches:
        classes.set_subject_teacher(session, lead, **asked)
    before = len(session.info[COLLECTED])

    classes.set_subject_teacher(session, lead, **asked)

    assert len(session.info[COLLECTED]) == before


def test_subject_teachers_come_change_subject_and_go(session, make_user, make_class):
    lead, teacher, found = make_user(Role.LEAD), make_user(Role.SUBJECT_TEACHER, name="贺兰舟"), make_class(7, 3)

    def teach(subject, *, teaches=True):
        classes.set_subject_teacher(
            session, lead, class_id=found.id, user_id=teacher.user_id, subject=subject, teaches=teaches
        )
        return [
            (row.display_name, row.subject) for row in classes.list_subject_teachers(session, lead, school_year=2026)
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
        classes.set_subject_teacher(
            session, make_user(Role.LEAD), class_id=make_class().id, user_id=user_id, subject=subject, teaches=True
        )

    assert codes(refused) == expected


@pytest.mark.parametrize("which", ["class", "account", "disabled"])
def test_a_class_or_teacher_that_is_not_there(session, make_user, make_class, which: str):
    lead, found, gone = make_user(Role.LEAD), make_class(), make_user(Role.HOMEROOM)
    accounts.set_active(session, lead, user_id=gone.user_id, version=1, is_active=False)
    ids = {
        "class": (999, lead.user_id),
        "account": (found.id, 999),
        "disabled": (found.id, gone.user_id),
    }
    class_id, user_id = ids[which]

    with pytest.raises(NotFound):
        classes.assign_homeroom(session, lead, class_id=class_id, user_id=user_id)
    with pytest.raises(NotFound):
        classes.set_subject_teacher(session, lead, class_id=class_id, user_id=user_id, subject="语文", teaches=True)


def test_labels_are_sorted_as_classes_stand_in_a_school():
    labels = [classes.class_label(grade, number) for grade in range(1, 13) for number in (1, 2, 10)]
    mixed = ["", *sorted(labels), "以前的班"]

    assert sorted(mixed, key=classes.label_order) == [*labels, "", "以前的班"]
