"""What a pair shows: the own children and no others, for as long as it runs, also to who stands in (access table)."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.tables import (
    CareKind,
    CarePlace,
    CategoryKind,
    Deputy,
    EnrolmentState,
    PairingEnd,
    PairingRole,
    Role,
    Student,
    StudentCategory,
)
from services import clock, records, student_files, student_lists
from services.access import Subject
from services.errors import NotAllowed, NotFound
from services.records import RecordEntry
from services.row_filters import Grounds, grounds_for, sees_students
from services.student_rights import writes_students

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


def seen(session, actor, subject=Subject.IDENTITY):
    return {row.name for row in session.exec(select(Student).where(sees_students(actor, subject)))}


@pytest.fixture
def mentor(make_user, term):
    return make_user(Role.MENTOR)


@pytest.fixture
def helper(make_helper, mentor):
    return make_helper(actor=mentor)


@pytest.mark.parametrize("subject", [Subject.IDENTITY, Subject.CONTACT, Subject.INCIDENT])
def test_a_mentor_sees_the_own_children_and_nobody_else(
    session, mentor, helper, make_user, make_student, make_pair, subject
):
    make_pair(make_student("江一"), helper)
    make_student("江二")

    assert seen(session, mentor, subject) == {"江一"}
    assert seen(session, make_user(Role.MENTOR), subject) == set()


@pytest.mark.parametrize(
    "subject", [Subject.CATEGORY, Subject.TIER, Subject.SCREENING, Subject.NOTE, Subject.REFERRAL, Subject.CASE]
)
def test_a_pair_shows_nothing_more_than_the_table_says(session, mentor, helper, make_student, make_pair, subject):
    make_pair(make_student("江一"), helper)
    assert seen(session, mentor, subject) == set()


@pytest.mark.parametrize(
    "days",
    [
        {"from_day": TODAY + DAY},
        {"from_day": TODAY - 9 * DAY, "to_day": TODAY, "end_reason": PairingEnd.DONE},
        {"from_day": TODAY, "to_day": TODAY, "end_reason": PairingEnd.MISTAKE},
    ],
    ids=["not begun", "ended today", "a mistake"],
)
def test_only_while_the_pair_runs(session, mentor, helper, make_student, make_pair, days):
    make_pair(make_student("江一"), helper, **days)
    assert seen(session, mentor) == set()


def test_not_after_the_child_has_left_for_good(session, mentor, helper, make_student, make_pair):
    make_pair(make_student("江一", state=EnrolmentState.GRADUATED), helper)
    assert seen(session, mentor) == set()


def test_who_stands_in_sees_them_as_long_as_the_absence_lasts(
    session, mentor, helper, make_user, make_student, make_pair
):
    make_pair(make_student("江一"), helper)
    deputy = make_user(Role.MENTOR)
    row = Deputy(absent_id=mentor.user_id, deputy_id=deputy.user_id, from_day=TODAY, to_day=TODAY + DAY,
                 recorded_at=clock.now())  # fmt: skip
    session.add(row)
    session.flush()
    assert seen(session, deputy) == {"江一"}

    row.from_day, row.to_day = TODAY - DAY, TODAY
    session.add(row)
    session.flush()
    assert seen(session, deputy) == set()


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER])
def test_whatever_else_a_teacher_teaches_the_pair_shows_its_child(
    session, make_user, make_helper, make_student, make_pair, make_class, role
):
    teacher = make_user(role, homeroom_of=make_class(7, 1), teaches=make_class(7, 2))
    make_pair(make_student("江一", in_class=make_class(8, 1)), make_helper(actor=teacher))

    assert seen(session, teacher) == seen(session, teacher, Subject.CONTACT) == {"江一"}
    writable = select(Student.id).where(writes_students(teacher).condition)
    assert session.exec(writable).all() == []  # to see, not to write


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
def test_who_is_no_teacher_sees_no_child_through_a_pair(session, make_user, make_helper, make_student, make_pair, role):
    actor = make_user(role)
    make_pair(make_student("江一"), make_helper(actor=actor))
    assert seen(session, actor) == set()


def test_the_file_says_why_it_may_be_opened_and_shows_the_card_but_no_category(
    session, mentor, helper, make_student, make_pair
):
    child = make_student("江一")
    make_pair(child, helper)
    session.add(
        StudentCategory(student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=TODAY, recorded_at=clock.now())
    )
    session.flush()

    file = student_files.find_student(session, mentor, student_id=child.id)

    assert file.grounds is Grounds.PAIR
    assert file.card is not None
    assert (file.categories, file.needs_care) == (None, True)
    assert grounds_for(session, mentor, student_id=child.id) is Grounds.PAIR
    assert student_lists.needs_care(session, mentor, child.id)


def test_a_mentor_writes_records_about_the_own_children_alone(session, mentor, helper, make_student, make_pair):
    child, other = make_student("江一"), make_student("江二")
    make_pair(child, helper)
    entry = RecordEntry(
        kind=CareKind.TALK, day=TODAY, place=CarePlace.CLASSROOM, raised="作业", measures="一起订计划", effect="好"
    )

    records.record_contact(session, mentor, student_ids=[child.id], entry=entry)
    with pytest.raises(NotFound):
        records.record_contact(session, mentor, student_ids=[other.id], entry=entry)


def test_a_mentor_has_no_permission_for_pairs_of_the_school(session, mentor):
    from services.pairing import pairs

    with pytest.raises(NotAllowed):
        pairs.find_pair(session, mentor, pairing_id=1)


def test_a_pair_in_which_one_is_a_name_shows_nobody_anything(session, mentor, make_helper, make_student, make_pair):
    make_pair(make_student("江一"), make_helper("试家长"), role=PairingRole.PEER_PARENT)
    assert seen(session, mentor) == set()
