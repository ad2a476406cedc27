"""Whoever stands in does the absent one's work: the class check, the class's children, the office, a named child."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.tables import AppUser, Post, PostHolder, Role
from services import check_rounds, check_sheets, deputies, drop_out_views, drop_outs, home, sign_in, student_lists
from services.drop_outs import DropOutEntry
from services.duties import DutyKind
from services.errors import NotFound
from services.student_rights import writes_students
from tests.conftest import NOW

TODAY, DAY = NOW.date(), timedelta(days=1)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def pair(make_user, make_class, make_student):
    """七（3） with its homeroom teacher, and another one who has no class."""
    in_class = make_class(7, 3)
    make_student(in_class=in_class)
    return make_user(Role.HOMEROOM, homeroom_of=in_class), make_user(Role.HOMEROOM), in_class


def stand_in(session, lead, absent, deputy):
    deputies.name_deputy(
        session, lead, absent_id=absent.user_id, deputy_id=deputy.user_id, first_day=TODAY, last_day=TODAY + DAY
    )


def kinds(session, actor):
    return {each.kind for each in home.list_duties(session, actor)}


def test_the_class_check_of_an_absent_teacher_is_the_deputy_s(session, lead, pair):
    absent, deputy, in_class = pair
    check_rounds.open_round(session, lead)
    assert DutyKind.RETURN_CHECK not in kinds(session, deputy)
    with pytest.raises(NotFound):
        check_sheets.find_sheet(session, deputy, class_id=in_class.id)

    stand_in(session, lead, absent, deputy)

    assert DutyKind.RETURN_CHECK in kinds(session, deputy)
    assert check_sheets.find_sheet(session, deputy, class_id=in_class.id).class_id == in_class.id


def test_the_children_of_the_class_are_the_deputy_s_to_write(session, lead, pair):
    absent, deputy, in_class = pair
    assert not writes_students(deputy).covers_class(session, in_class.id)
    assert student_lists.list_writable_classes(session, deputy) == []

    stand_in(session, lead, absent, deputy)

    assert writes_students(deputy).covers_class(session, in_class.id)
    assert [each.id for each in student_lists.list_writable_classes(session, deputy)] == [in_class.id]


def test_who_stands_in_for_the_office_holds_it_for_those_days(session, lead, make_user):
    absent, deputy = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    office = session.exec(select(Post).where(Post.code == sign_in.OFFICE)).one()
    session.add(
        PostHolder(
            post_id=office.id, user_id=absent.user_id, seat="school", is_sole=True, from_day=date(2026, 9, 1),
            recorded_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    held = select(AppUser.id).where(sign_in._holds_office(NOW.date())).order_by(AppUser.id)
    assert session.exec(held).all() == [absent.user_id]

    stand_in(session, lead, absent, deputy)

    assert session.exec(held).all() == [absent.user_id, deputy.user_id]


def test_a_child_somebody_is_named_for_is_the_deputy_s_meanwhile(session, lead, make_user, make_student):
    child = make_student()
    named, deputy = make_user(Role.SUBJECT_TEACHER), make_user(Role.SUBJECT_TEACHER)
    number = drop_outs.register_drop_out(
        session, lead, student_id=child.id, version=child.version,
        entry=DropOutEntry(noticed_on=date(2026, 11, 18), noticed_by="周砚田", words="说不想读了"),
    )  # fmt: skip
    drop_outs.name_owner(session, lead, drop_out_id=number, version=1, owner_id=named.user_id)
    assert DutyKind.BRING_BACK not in kinds(session, deputy)

    stand_in(session, lead, named, deputy)

    assert DutyKind.BRING_BACK in kinds(session, deputy)
    assert drop_out_views.find_drop_out(session, deputy, drop_out_id=number).may_settle
    drop_outs.name_owner(session, deputy, drop_out_id=number, version=2, owner_id=None)
