"""Warning groups: the regulation's members, and what a seat gives before, during and after, role by role (G-07)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlmodel import col, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    CareKind,
    CarePlace,
    Deputy,
    EnrolmentState,
    Role,
    WarningGroup,
    WarningMember,
    WarningRole,
)
from db.transactions import transaction
from services import (
    archives,
    clock,
    home,
    merges,
    records,
    student_exports,
    student_files,
    student_lists,
    students,
    tier_views,
    warning_group_views,
    warning_groups,
)
from services.duties import DutyGroup, DutyKind
from services.errors import FieldErrors, NotAllowed, NotFound
from services.records import RecordEntry
from services.row_filters import Grounds
from services.student_lists import StudentFilters
from services.warning_groups import BY_NAME, REQUIRED, GroupStands, MemberEntry, NotKeyChild
from tests.conftest import NOW, codes
from tests.services.test_tiers import NONE, ORANGE, RED, YELLOW, put

TODAY = NOW.date()


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def child(session, lead, make_class, make_student):
    found = make_student("方惊蛰", in_class=make_class(7, 1))
    put(session, lead, found, RED)
    return found


@pytest.fixture
def group(session, lead, child) -> int:
    return warning_groups.found_group(session, lead, student_id=child.id)


def seat(session, lead, group: int, role=WarningRole.SUBJECT_TEACHER, user=None, **words) -> int:
    entry = MemberEntry(role=role, user_id=user.user_id if user else None, **words)
    return warning_groups.add_member(session, lead, group_id=group, entry=entry)


def sees(session, actor, child) -> bool:
    """Whether somebody finds the child, opens its file, and may write a talk with it down; all of it or none."""
    session.flush()
    session.expire_all()
    found = [each.id for each in students.find_students(session, actor, text=child.name)] == [child.id]
    listed = student_lists.count_students(session, actor, filters=StudentFilters()).total == 1
    try:
        opened = student_files.find_student(session, actor, student_id=child.id)
        known = opened.grounds is Grounds.WARNING_GROUP
        assert opened.card is None
        assert opened.categories is None
        assert (opened.may_write, opened.may_write_categories, opened.cases) == (False, False, ())
    except NotFound:
        known = False
    assert found is listed is known
    return known


STAFF = [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR]


@pytest.mark.parametrize("role", STAFF)
def test_a_seat_shows_the_child_for_as_long_as_it_stands(session, lead, make_user, child, group, role):
    member, outsider = make_user(role), make_user(role)
    assert not sees(session, member, child)
    seat_id = seat(session, lead, group, user=member)

    assert sees(session, member, child)
    assert not sees(session, outsider, child)
    (view,) = warning_group_views.list_groups(session, member)
    assert view.tier is not None
    assert (view.child, view.tier.rank, view.may_write) == (child.name, RED, False)
    assert warning_group_views.list_groups(session, outsider) == ()

    warning_groups.end_member(session, lead, member_id=seat_id, version=1)
    assert not sees(session, member, child)
    assert warning_group_views.list_groups(session, member) == ()


@pytest.mark.parametrize("role", STAFF)
def test_the_group_s_end_ends_what_its_seats_gave(session, lead, make_user, child, group, role):
    member = make_user(role)
    seat(session, lead, group, user=member)
    assert sees(session, member, child)

    warning_groups.end_group(session, lead, group_id=group, version=1)

    assert not sees(session, member, child)
    with pytest.raises(NotFound):
        warning_group_views.find_group(session, member, group_id=group)
    rows = session.exec(select(WarningMember)).all()
    assert [(row.from_day, row.to_day) for row in rows] == [(TODAY, TODAY)]


def test_a_seat_gives_no_reason_no_writing_and_nothing_to_take_out(session, lead, make_user, make_class, child, group):
    other_class = make_class(8, 2)
    member = make_user(Role.HOMEROOM, homeroom_of=other_class)
    seat(session, lead, group, user=member)

    for act in (
        lambda: tier_views.find_archive(session, member, student_id=child.id),
        lambda: archives.begin_archives(session, member, student_ids=[child.id]),
        lambda: archives.note_opening(session, member, student_id=child.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert student_exports.count_exported(session, member, filters=StudentFilters()) == 0
    for act in (
        lambda: warning_groups.found_group(session, member, student_id=child.id),
        lambda: seat(session, member, group, user=lead),
        lambda: warning_groups.end_group(session, member, group_id=group, version=1),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_member_writes_down_what_it_did_and_reads_nobody_else_s(session, lead, make_user, child, group):
    member = make_user(Role.SUBJECT_TEACHER)
    entry = RecordEntry(kind=CareKind.TALK, day=TODAY, raised="聊了物理课", place=CarePlace.OFFICE)
    with pytest.raises(NotFound):
        records.record_contact(session, member, student_ids=[child.id], entry=entry)
    seat(session, lead, group, user=member)
    assert records.record_contact(session, member, student_ids=[child.id], entry=entry)


def test_a_deputy_stands_in_for_a_seat(session, lead, make_user, child, group):
    member, deputy = make_user(Role.SUBJECT_TEACHER), make_user(Role.SUBJECT_TEACHER)
    seat(session, lead, group, user=member)
    session.add(
        Deputy(
            absent_id=member.user_id, deputy_id=deputy.user_id, from_day=TODAY, to_day=TODAY + timedelta(days=1),
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    assert sees(session, deputy, child)


def test_a_leader_who_sits_in_it_reads_the_group_alone(session, lead, make_user, child, group):
    leader = make_user(Role.LEADERSHIP)
    seat(session, lead, group, role=WarningRole.PARTY_CADRE, user=leader)
    assert warning_group_views.find_group(session, leader, group_id=group).child == child.name
    with pytest.raises(NotAllowed):
        student_files.find_student(session, leader, student_id=child.id)


def test_the_seven_roles_pupils_and_parents_by_name(session, lead, make_user, child, group):
    staff = {role: make_user(Role.SUBJECT_TEACHER) for role in REQUIRED if role not in BY_NAME}
    for role in REQUIRED:
        missing = warning_group_views.find_group(session, lead, group_id=group).missing
        assert role in missing
        if role in staff:
            seat(session, lead, group, role=role, user=staff[role])
        else:
            seat(session, lead, group, role=role, name="柳谷雨", phone="15400001111", was_asked=True)

    view = warning_group_views.find_group(session, lead, group_id=group)
    assert view.missing == ()
    assert [each.phone for each in view.seats if each.role is WarningRole.FRIEND] == ["15400001111"]
    row = session.exec(select(WarningMember).where(WarningMember.role == WarningRole.FRIEND)).one()
    assert (row.user_id, unseal(row, "name_sealed")) == (None, "柳谷雨")
    assert "group" in [part.code for part in tier_views.find_archive(session, lead, student_id=child.id).row.there]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ({"role": None}, {"role": "choice_needed", "user_id": "required"}),
        ({"role": WarningRole.FRIEND}, {"name": "required"}),
        ({"role": WarningRole.FRIEND, "name": "柳谷雨"}, {"was_asked": "ask_first"}),
        ({"role": WarningRole.HOMEROOM, "name": "柳谷雨", "was_asked": True}, {"user_id": "required"}),
        ({"role": WarningRole.PARENT, "name": "柳", "was_asked": True, "phone": "12"}, {"phone": "phone_shape"}),
    ],
)
def test_what_can_t_be_is_said_at_its_field(session, lead, group, words, refused):
    with pytest.raises(FieldErrors) as error:
        seat(session, lead, group, **words)
    assert codes(error) == refused


def test_a_parent_is_asked_after_a_head_agreed_whoever_s_child_it_is(session, lead, make_user, group):
    """0018: the question is asked about every child, and depends on nothing known of this one."""
    counsellor = make_user(Role.COUNSELLOR)
    words = {"role": WarningRole.PARENT, "name": "方外婆", "was_asked": True}
    with pytest.raises(FieldErrors) as error:
        seat(session, counsellor, group, **words)
    assert codes(error) == {"agreed_with_id": "agreement_needed"}
    assert seat(session, counsellor, group, agreed_with_id=lead.user_id, **words)


def test_who_works_with_no_children_sits_in_none(session, lead, make_user, group):
    for role in (Role.FINANCE, Role.ADMIN, Role.SUPERVISOR):
        with pytest.raises(FieldErrors):
            seat(session, lead, group, user=make_user(role))
    member = make_user(Role.MENTOR)
    seat(session, lead, group, user=member)
    with pytest.raises(FieldErrors) as error:
        seat(session, lead, group, user=member)
    assert codes(error) == {"user_id": "already_member"}


def test_only_key_children_have_one_and_one_each(session, lead, make_student, child, group):
    with pytest.raises(GroupStands):
        warning_groups.found_group(session, lead, student_id=child.id)
    lighter = make_student("陆青黛")
    for rank in (NONE, YELLOW):
        put(session, lead, lighter, rank)
        with pytest.raises(NotKeyChild):
            warning_groups.found_group(session, lead, student_id=lighter.id)


def test_two_founders_at_once_found_one(session, location, lead, make_user, child):
    other = make_user(Role.COUNSELLOR)
    session.commit()
    barrier = Barrier(2)

    def act(actor) -> bool:
        barrier.wait()
        try:
            with transaction() as own:
                warning_groups.found_group(own, actor, student_id=child.id)
        except GroupStands:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, [lead, other])) == [False, True]


def test_home_asks_for_it_three_school_days_after_the_child_became_key(session, make_user, term, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    child = make_student("方惊蛰")
    put(session, counsellor, child, YELLOW, day=date(2026, 9, 1))
    put(session, counsellor, child, RED, day=date(2026, 9, 2))
    put(session, counsellor, child, RED)  # looked at again: it has been a key child since 2 September

    def due():
        return [each for each in home.list_duties(session, counsellor) if each.kind is DutyKind.FOUND_GROUP]

    (line,) = due()
    assert (line.group, line.is_mine, line.due_at.date()) == (DutyGroup.LATE, True, date(2026, 9, 7))
    warning_groups.found_group(session, counsellor, student_id=child.id)
    assert due() == []


def test_a_graver_tier_makes_nobody_a_key_child_anew(session, make_user, term, make_student):
    counsellor, child = make_user(Role.COUNSELLOR), make_student("方惊蛰")
    put(session, counsellor, child, ORANGE, day=date(2026, 9, 2))
    put(session, counsellor, child, RED)

    [line] = [each for each in home.list_duties(session, counsellor) if each.kind is DutyKind.FOUND_GROUP]

    assert line.due_at.date() == date(2026, 9, 7)


def test_home_asks_to_end_the_group_of_a_child_that_left(session, lead, make_user, child, group):
    def lines(actor):
        return [each for each in home.list_duties(session, actor) if each.kind is DutyKind.END_GROUP]

    assert lines(lead) == []
    child.state = EnrolmentState.DROPPED_OUT  # who stays away is looked after on
    session.flush()
    assert lines(lead) == []
    child.state, child.left_on = EnrolmentState.TRANSFERRED, TODAY
    session.flush()

    (line,) = lines(lead)
    assert (line.child, line.target_id, lines(make_user(Role.COUNSELLOR))) == ("方惊蛰", child.id, [])
    warning_groups.end_group(session, lead, group_id=group, version=1)
    assert lines(lead) == []


def test_a_merge_keeps_one_group_with_everybody_in_it(session, lead, make_user, make_class, make_student, child, group):
    other, teacher, second = make_student("方惊蛰", student_no=None), make_user(Role.MENTOR), make_user(Role.MENTOR)
    put(session, lead, other, RED)
    theirs = warning_groups.found_group(session, lead, student_id=other.id)
    seat(session, lead, group, user=teacher)
    seat(session, lead, theirs, user=teacher)
    seat(session, lead, theirs, user=second)
    found = merges.compare_entries(session, lead, kept_id=child.id, other_id=other.id)
    merges.merge_entries(
        session, lead, kept_id=child.id, other_id=other.id, digest=found.digest, is_one_child=True,
        choices={each.key: each.proposed or merges.Side.KEPT for each in found.differences},
    )  # fmt: skip

    standing = session.exec(select(WarningGroup).where(col(WarningGroup.to_day).is_(None))).all()
    assert [(row.id, row.student_id) for row in standing] == [(group, child.id)]
    view = warning_group_views.find_group(session, lead, group_id=group)
    assert sorted(each.user_id for each in view.seats) == [teacher.user_id, second.user_id]


@pytest.mark.parametrize("state", [EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED])
def test_a_seat_gives_nothing_once_the_child_left_for_good(session, lead, make_user, child, group, state):
    member = make_user(Role.SUBJECT_TEACHER)
    seat(session, lead, group, user=member)
    assert sees(session, member, child)

    students.change_state(
        session, lead, student_id=child.id, version=child.version, state=state, day=TODAY, place="二中"
    )

    assert not sees(session, member, child)
    assert warning_group_views.list_groups(session, member) == ()
    view = warning_group_views.find_group(session, lead, group_id=group)
    assert not view.is_key  # the head is told that it can be ended
    warning_groups.end_group(session, lead, group_id=group, version=1)


def test_a_seat_whose_account_was_closed_is_missing(session, lead, make_user, child, group):
    staff = {role: make_user(Role.SUBJECT_TEACHER) for role in REQUIRED if role not in BY_NAME}
    for role in REQUIRED:
        words = {} if role in staff else {"name": "柳谷雨", "was_asked": True}
        seat(session, lead, group, role=role, user=staff.get(role), **words)

    def whole() -> bool:
        return "group" in [part.code for part in tier_views.find_archive(session, lead, student_id=child.id).row.there]

    assert whole()
    session.get_one(AppUser, staff[WarningRole.SUBJECT_TEACHER].user_id).is_active = False
    session.flush()
    view = warning_group_views.find_group(session, lead, group_id=group)
    assert view.missing == (WarningRole.SUBJECT_TEACHER,)
    assert [each.role for each in view.seats if each.is_closed] == [WarningRole.SUBJECT_TEACHER]
    assert not whole()


def test_a_merge_seats_a_parent_of_both_groups_once(session, lead, make_student, child, group):
    other = make_student("方惊蛰", student_no=None)
    put(session, lead, other, RED)
    theirs = warning_groups.found_group(session, lead, student_id=other.id)
    for each, phone in ((group, "15400001111"), (theirs, "15400001111"), (theirs, "15400002222")):
        seat(session, lead, each, role=WarningRole.PARENT, name="方外婆", phone=phone, was_asked=True)
    found = merges.compare_entries(session, lead, kept_id=child.id, other_id=other.id)
    merges.merge_entries(
        session, lead, kept_id=child.id, other_id=other.id, digest=found.digest, is_one_child=True,
        choices={each.key: each.proposed or merges.Side.KEPT for each in found.differences},
    )  # fmt: skip

    view = warning_group_views.find_group(session, lead, group_id=group)
    assert [each.phone for each in view.seats] == ["15400001111", "15400002222"]
