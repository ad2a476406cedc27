"""The lists of pairing: who waits, who is paired, who helps; each number is the length of its list, for each role."""

from datetime import date, timedelta

import pytest

from db.tables import (
    CategoryKind,
    Deputy,
    EnrolmentState,
    HelperKind,
    PairingEnd,
    PairingRole,
    Role,
    StudentCategory,
)
from services import clock
from services.errors import NotAllowed, NotFound
from services.pairing import helper_lists, pair_lists, pair_numbers, waiting
from services.pairing.helper_lists import HelperFilters, HelperState
from services.pairing.pair_lists import PairFilters, PairState
from services.pairing.waiting import WaitingFilters
from services.student_lists import CategoryGroup

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)
ANYBODY = WaitingFilters()


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def in_need(session):
    def put(child, kind=CategoryKind.LEFT_BEHIND):
        row = StudentCategory(student_id=child.id, kind=kind, from_day=date(2026, 9, 1), recorded_at=clock.now())
        session.add(row)
        session.flush()

    return put


def waits(session, actor, filters=ANYBODY):
    total = waiting.count_waiting(session, actor, filters=filters).total
    rows = waiting.list_waiting(session, actor, filters=filters, page=1, total=total, page_size=100)
    assert len(rows) == total
    return [row.name for row in rows]


def paired(session, actor, filters):
    total = pair_lists.count_pairs(session, actor, filters=filters).total
    rows = pair_lists.list_pairs(session, actor, filters=filters, page=1, total=total, page_size=100)
    assert len(rows) == total
    return [(row.child, row.role) for row in rows]


def helping(session, actor, filters):
    total = helper_lists.count_helpers(session, actor, filters=filters).total
    rows = helper_lists.list_helpers(session, actor, filters=filters, page=1, total=total, page_size=100)
    assert len(rows) == total
    return [row.name for row in rows]


def test_who_needs_it_most_stands_first_and_who_has_somebody_is_not_there(
    session, lead, make_class, make_student, make_helper, make_pair, in_need
):
    later, first = make_class(8, 1), make_class(7, 1)
    make_student("江一", in_class=first)
    poor = make_student("江二", in_class=later)
    special = make_student("江三", in_class=later)
    has_one = make_student("江四", in_class=first)
    make_student("江五", in_class=first, state=EnrolmentState.ON_LEAVE)
    in_need(poor, CategoryKind.IN_DIFFICULTY)
    in_need(special, CategoryKind.SPECIAL_CONDUCT)
    in_need(has_one)
    make_pair(has_one, make_helper())

    assert waits(session, lead) == ["江二", "江三", "江一"]
    assert waits(session, lead, WaitingFilters(group=CategoryGroup.IN_DIFFICULTY)) == ["江二"]
    assert waits(session, lead, WaitingFilters(class_id=first.id)) == ["江一"]
    count = waiting.count_waiting(session, lead, filters=ANYBODY)
    assert count.by_group == {
        CategoryGroup.LEFT_BEHIND: 0, CategoryGroup.FOUR_SPECIAL: 1, CategoryGroup.IN_DIFFICULTY: 1,
    }  # fmt: skip


def test_who_lacks_one_kind_stands_behind_who_has_nobody(session, lead, make_student, make_helper, make_pair, in_need):
    has_mentor, alone = make_student("江一"), make_student("江二")
    in_need(has_mentor)
    make_pair(has_mentor, make_helper(), role=PairingRole.MENTOR)

    assert waits(session, lead, WaitingFilters(role=PairingRole.BUDDY)) == ["江二", "江一"]
    assert waits(session, lead, WaitingFilters(role=PairingRole.MENTOR)) == [alone.name]


@pytest.mark.parametrize("change", [{"to_day": TODAY, "end_reason": PairingEnd.DONE}, {"from_day": TODAY + DAY}])
def test_a_pair_that_is_over_or_still_to_come_is_nobody_today(
    session, lead, make_student, make_helper, make_pair, change
):
    make_pair(make_student("江一"), make_helper(), **change)

    assert waits(session, lead) == ["江一"]


def test_who_is_agreed_for_later_is_told_beside_who_helps_today(session, lead, make_student, make_helper, make_pair):
    child = make_student("江一")
    make_pair(child, make_helper(), role=PairingRole.MENTOR)
    make_pair(child, make_helper(), role=PairingRole.VOLUNTEER, from_day=TODAY + 2 * DAY)
    make_pair(child, make_helper(), role=PairingRole.BUDDY, from_day=TODAY + DAY)
    lacking = WaitingFilters(role=PairingRole.LOVE_MOTHER)

    [row] = waiting.list_waiting(session, lead, filters=lacking, page=1, total=1)

    assert row.roles == (PairingRole.MENTOR,)
    assert row.agreed == ((PairingRole.BUDDY, TODAY + DAY), (PairingRole.VOLUNTEER, TODAY + 2 * DAY))


def test_a_homeroom_teacher_sees_the_own_class_alone(
    session, term, make_user, make_class, make_student, make_helper, make_pair
):
    own, other = make_class(7, 1), make_class(7, 2)
    teacher = make_user(Role.HOMEROOM, homeroom_of=own)
    make_student("江一", in_class=own)
    make_student("江二", in_class=other)
    mine, theirs = make_helper("试家长甲"), make_helper("试家长乙")
    pair = make_pair(make_student("江四", in_class=other), theirs)
    make_pair(make_student("江三", in_class=own), mine)

    assert waits(session, teacher) == ["江一"]
    assert paired(session, teacher, PairFilters()) == [("江三", PairingRole.MENTOR)]
    assert helping(session, teacher, HelperFilters()) == ["试家长甲"]
    assert [each.id for each in waiting.list_pair_classes(session, teacher)] == [own.id]
    with pytest.raises(NotFound):
        pair_lists.find_pair_view(session, teacher, pairing_id=pair.id)
    assert helper_lists.find_helper_row(session, teacher, helper_id=theirs.id) is None


def test_who_stands_in_for_a_homeroom_teacher_has_that_class_s_lists(
    session, term, make_user, make_class, make_student, make_helper, make_pair
):
    own, other = make_class(7, 1), make_class(7, 2)
    absent = make_user(Role.HOMEROOM, homeroom_of=own)
    deputy = make_user(Role.HOMEROOM, homeroom_of=other)
    make_student("江一", in_class=own)
    make_pair(make_student("江二", in_class=own), make_helper())
    assert waits(session, deputy) == []

    session.add(
        Deputy(
            absent_id=absent.user_id, deputy_id=deputy.user_id, from_day=TODAY, to_day=TODAY + DAY,
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()

    assert waits(session, deputy) == ["江一"]
    assert paired(session, deputy, PairFilters()) == [("江二", PairingRole.MENTOR)]


@pytest.mark.parametrize("role", [Role.MENTOR, Role.SUBJECT_TEACHER, Role.LEADERSHIP, Role.SUPERVISOR, Role.ADMIN])
def test_others_get_no_list(session, term, make_user, role):
    for act in (waiting.count_waiting, pair_lists.count_pairs, helper_lists.count_helpers):
        with pytest.raises(NotAllowed):
            act(session, make_user(role), filters=None)


def test_pairs_are_counted_by_kind_and_by_where_they_stand(session, lead, make_student, make_helper, make_pair):
    helper, child = make_helper(), make_student("江一")
    make_pair(child, helper)
    make_pair(child, helper, role=PairingRole.BUDDY)
    make_pair(make_student("江二"), helper, from_day=TODAY + DAY)
    make_pair(make_student("江三"), helper, to_day=TODAY, end_reason=PairingEnd.DONE)
    make_pair(make_student("江四", state=EnrolmentState.TRANSFERRED), helper)

    count = pair_lists.count_pairs(session, lead, filters=PairFilters())
    assert count.by_state == {
        PairState.RUNNING: 3, PairState.CHILD_GONE: 1, PairState.AHEAD: 1, PairState.ENDED: 1,
    }  # fmt: skip
    assert (count.by_role[PairingRole.MENTOR], count.by_role[PairingRole.BUDDY]) == (2, 1)
    for state in PairState:
        for role in (None, *PairingRole):
            paired(session, lead, PairFilters(state=state, role=role))
    assert paired(session, lead, PairFilters(state=PairState.CHILD_GONE)) == [("江四", PairingRole.MENTOR)]


def test_a_pair_s_box_tells_what_was_before_and_the_phone_only_where_it_may_be_read(
    session, lead, make_user, make_class, make_student, make_helper, make_pair
):
    own = make_class(7, 1)
    child = make_student("江一", in_class=own)
    old = make_pair(child, make_helper("试旧人"), to_day=TODAY, end_reason=PairingEnd.CHANGED)
    pair = make_pair(child, make_helper("试新人"), from_day=TODAY, continues_id=old.id)

    for actor in (lead, make_user(Role.HOMEROOM, homeroom_of=own)):
        view = pair_lists.find_pair_view(session, actor, pairing_id=pair.id)
        assert [row.helper for row in view.earlier] == ["试旧人"]
        assert view.may_write
    assert pair_lists.find_pair_view(session, lead, pairing_id=old.id).is_over


def test_helpers_say_what_is_missing_and_each_number_is_its_list(session, lead, make_student, make_helper, make_pair):
    make_helper("试志愿", kind=HelperKind.VOLUNTEER, capacity=1)
    make_helper("试党员", kind=HelperKind.PARTY_CADRE, trained_until=TODAY - DAY, pledged_on=TODAY)
    full = make_helper("试家长", pledged_on=TODAY, capacity=1)
    make_helper("试离开", to_day=TODAY)
    make_pair(make_student(), full)

    rows = {
        row.name: row
        for row in helper_lists.list_helpers(session, lead, filters=HelperFilters(), page=1, total=3, page_size=9)
    }
    assert rows["试志愿"].lacks == (HelperState.NOT_VETTED, HelperState.UNTRAINED, HelperState.NO_PLEDGE)
    assert rows["试党员"].lacks == (HelperState.UNTRAINED,)
    assert (rows["试家长"].states, rows["试家长"].room) == ((HelperState.FULL,), 0)
    for kind in (None, *HelperKind):
        for state in (None, *HelperState):
            names = helping(session, lead, HelperFilters(kind=kind, state=state))
            told = {name for name, row in rows.items() if kind in (None, row.kind) and state in (None, *row.states)}
            assert set(names) == told
    assert helping(session, lead, HelperFilters(has_left=True)) == ["试离开"]
    assert helper_lists.list_loads(session, lead, filters=HelperFilters())[0].name == "试家长"


def test_only_who_can_take_a_child_is_offered(session, lead, make_student, make_helper, make_pair):
    free = make_helper("试有空", kind=HelperKind.VOLUNTEER, vetted_on=TODAY)
    make_helper("试没审", kind=HelperKind.VOLUNTEER)
    make_helper("试过期", kind=HelperKind.VOLUNTEER, vetted_on=TODAY, trained_until=TODAY - DAY)
    full = make_helper("试满", kind=HelperKind.VOLUNTEER, vetted_on=TODAY, capacity=1)
    make_pair(make_student(), full, role=PairingRole.VOLUNTEER)

    offered = helper_lists.list_choices(session, lead, role=PairingRole.VOLUNTEER)
    assert [(each.name, each.room) for each in offered] == [("试有空", 3)]
    assert helper_lists.list_choices(session, lead, role=PairingRole.MENTOR) == []
    assert helper_lists.list_choices(session, lead, role=PairingRole.VOLUNTEER, except_id=free.id) == []


def test_the_leaders_numbers_hold_small_groups_back(
    session, term, make_user, make_student, make_helper, make_pair, in_need
):
    helper, leader = make_helper(capacity=60), make_user(Role.LEADERSHIP)
    children = [make_student(f"江{number}") for number in range(30)]
    for child in children[:12]:
        in_need(child)
    for child in children[:6] + children[12:24]:
        make_pair(child, helper)
    make_pair(children[0], helper, role=PairingRole.LOVE_MOTHER)

    told = pair_numbers.find_numbers(session, leader)

    assert (told.paired, told.waiting) == (18, 12)
    assert (told.left_behind_paired, told.left_behind_waiting) == (6, 6)
    assert told.by_role[PairingRole.MENTOR] == 18
    assert told.by_role[PairingRole.LOVE_MOTHER] is None
    assert told.helpers[HelperKind.PARENT] == 1
    make_pair(children[6], helper)
    make_pair(children[7], helper)
    told = pair_numbers.find_numbers(session, leader)
    assert told.left_behind_waiting is None  # four
    assert None in (told.waiting, told.paired)


def test_no_kind_is_told_that_leaves_few_of_those_paired(
    session, term, make_user, make_student, make_helper, make_pair
):
    helper, leader = make_helper(capacity=60), make_user(Role.LEADERSHIP)
    children = [make_student(f"江{number}") for number in range(30)]
    for child in children[:20]:
        make_pair(child, helper)
    for child in children[:17]:
        make_pair(child, helper, role=PairingRole.LOVE_MOTHER)

    told = pair_numbers.find_numbers(session, leader)

    assert (told.paired, told.by_role[PairingRole.MENTOR]) == (20, 20)
    assert told.by_role[PairingRole.LOVE_MOTHER] is None  # three have another kind alone


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.MENTOR, Role.ADMIN])
def test_the_leaders_numbers_are_for_them(session, term, make_user, role):
    with pytest.raises(NotAllowed):
        pair_numbers.find_numbers(session, make_user(role))


def test_a_child_s_pairs_stand_together_and_are_read_by_whoever_reads_the_child_s(
    session, term, lead, make_user, make_class, make_student, make_helper, make_pair
):
    here, there = make_class(7, 3), make_class(7, 4)
    child, other = make_student("江小满", in_class=here), make_student("江别人", in_class=there)
    helper = make_helper(capacity=9)
    ended = make_pair(
        child, helper, role=PairingRole.MENTOR, to_day=TODAY, end_reason=PairingEnd.CHANGED, ended_by_id=lead.user_id
    )
    running = make_pair(child, helper, role=PairingRole.LOVE_MOTHER)
    ahead = make_pair(child, helper, role=PairingRole.BUDDY, from_day=TODAY + DAY)
    make_pair(other, helper, role=PairingRole.MENTOR)

    found = pair_lists.list_child_pairs(session, lead, student_id=child.id)

    assert [(each.id, each.state) for each in found] == [
        (ahead.id, PairState.AHEAD), (running.id, PairState.RUNNING), (ended.id, PairState.ENDED),
    ]  # fmt: skip
    homeroom = make_user(Role.HOMEROOM, homeroom_of=here)
    assert pair_lists.list_child_pairs(session, homeroom, student_id=child.id) == found
    assert pair_lists.list_child_pairs(session, homeroom, student_id=other.id) == []
    for state in PairState:  # the row says of itself what the lists filter by
        filters = PairFilters(state=state)
        total = pair_lists.count_pairs(session, lead, filters=filters).total
        rows = pair_lists.list_pairs(session, lead, filters=filters, page=1, total=total)
        assert {each.state for each in rows} <= {state}
