"""A new term: which one it is, what it needs, and posts and groups carried over into it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from db.tables import (
    AppUser,
    BellDayKind,
    BellPeriod,
    BellTimetable,
    CareGroup,
    ClassMembership,
    Deputy,
    GroupKind,
    GroupMember,
    GroupRole,
    Post,
    PostHolder,
    PostSpan,
    Role,
    Term,
    YearChange,
)
from db.transactions import reading, transaction
from services import carrying_over, check_rounds, clock, group_lists, groups, home, new_terms, pledges, posts, schools
from services.answers import seat_of
from services.calendar import SchoolCalendar, TermDates
from services.carrying_over import CarriedMeanwhile, Chosen
from services.duties import DutyKind
from services.errors import FieldErrors, NotFound
from services.new_term_areas import AREAS
from services.term_lines import LineKind, LineState
from services.terms_ahead import half_to_enter, lacks_dates, term_to_prepare
from tests.conftest import codes
from ui.messages import explain
from ui.new_term import WORDS

AUTUMN = TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))
SPRING = TermDates(2, 2026, 2, date(2027, 2, 22), date(2027, 7, 2))
FIRST_DAY = SPRING.first_day
DAY = timedelta(days=1)


def at(day):
    clock.set_fixed(datetime(day.year, day.month, day.day, 9, tzinfo=clock.SCHOOL_ZONE))


# Which term


@pytest.mark.parametrize(
    ("entered", "today", "half", "is_late"),
    [
        ([AUTUMN], date(2026, 11, 20), (2026, 1), False),
        ([AUTUMN], date(2027, 1, 21), (2026, 1), False),
        ([AUTUMN], date(2027, 1, 22), (2026, 2), True),
        ([AUTUMN], date(2027, 3, 30), (2026, 2), True),
        ([AUTUMN, SPRING], date(2027, 1, 25), (2026, 2), False),
        ([AUTUMN, SPRING], date(2027, 3, 1), (2026, 2), False),
        ([AUTUMN, SPRING], date(2027, 7, 10), (2027, 1), False),
        ([AUTUMN, SPRING], date(2027, 8, 10), (2027, 1), False),
        ([AUTUMN, SPRING], date(2027, 8, 11), (2027, 1), True),
        ([AUTUMN, SPRING], date(2027, 9, 5), (2027, 1), True),
        ([AUTUMN], date(2027, 11, 5), (2027, 1), True),
        ([SPRING], date(2027, 1, 5), (2026, 2), False),
        ([], date(2026, 11, 20), (2026, 1), False),
    ],
    ids=[
        "in the term", "its last day but one", "its last day", "the next should have begun", "the next is entered",
        "in the second", "early in summer", "22 days before September", "21 days before", "September has come",
        "a year nobody entered anything", "only one to come", "nothing entered: set-up asks",
    ],
)  # fmt: skip
def test_the_term_to_prepare_and_whether_its_dates_are_overdue(entered, today, half, is_late):
    calendar = SchoolCalendar(entered)

    ahead = term_to_prepare(calendar, today)

    assert (ahead.school_year, ahead.number) == half
    assert lacks_dates(calendar, today) is is_late


@given(st.lists(st.sampled_from([AUTUMN, SPRING]), unique=True), st.dates(date(2026, 1, 1), date(2029, 12, 31)))
def test_the_term_to_prepare_is_never_over(entered, today):
    ahead = term_to_prepare(SchoolCalendar(entered), today)

    assert ahead.dates is None or ahead.dates.last_day >= today
    assert ahead.before is None or ahead.before.first_day < ahead.first_day


@pytest.mark.parametrize(
    ("entered", "today", "half"),
    [
        ([AUTUMN], date(2026, 11, 20), (2026, 2)),
        ([AUTUMN], date(2027, 2, 8), (2026, 2)),
        ([AUTUMN, SPRING], date(2026, 11, 20), (2027, 1)),
        ([AUTUMN, SPRING], date(2027, 8, 12), (2027, 1)),
        ([], date(2026, 11, 20), (2026, 1)),
    ],
    ids=["the next one", "overdue", "the one after", "in summer", "the first of all"],
)
def test_the_form_begins_with_the_term_nobody_has_entered(entered, today, half):
    assert half_to_enter(SchoolCalendar(entered), today) == half


# The list


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def spring(session, term):
    found = Term(school_year=2026, number=2, first_day=FIRST_DAY, last_day=SPRING.last_day)
    session.add(found)
    session.flush()
    return found


@pytest.fixture
def holidays(term):
    """The winter holidays after the autumn term."""
    at(date(2027, 2, 8))


def lines(session, actor):
    return {line.kind: line for line in new_terms.find_checklist(session, actor).lines}


def state(session, actor, kind):
    return lines(session, actor)[kind].state


def test_every_kind_of_line_has_words_and_an_act():
    assert set(WORDS) == set(LineKind)


def test_the_whole_list_is_one_statement_beside_the_calendar(session, lead, spring, statements):
    new_terms.find_checklist(session, lead)

    assert len(statements) == 2


def test_dates_are_asked_for_until_they_are_entered_and_looked_at_where_odd(session, lead, term, holidays):
    assert lines(session, lead)[LineKind.DATES].why == "missing"
    assert state(session, lead, LineKind.HOLIDAYS) is LineState.LATER

    found = schools.save_term(session, lead, school_year=2026, number=2, first_day=FIRST_DAY, last_day=date(2027, 4, 2))
    line = lines(session, lead)[LineKind.DATES]
    assert (line.state, line.why, line.count) == (LineState.LOOK, "length", 6)

    schools.save_term(
        session, lead, school_year=2026, number=2, first_day=FIRST_DAY, last_day=SPRING.last_day,
        term_id=found.id, version=found.version,
    )  # fmt: skip
    assert state(session, lead, LineKind.DATES) is LineState.DONE


def test_home_tells_lead_and_administrator_and_nobody_else(session, make_user, term, holidays):
    for role in Role:
        told = [duty.kind for duty in home.list_duties(session, make_user(role))]
        assert (DutyKind.NEW_TERM in told) is (role in {Role.LEAD, Role.ADMIN})


def test_home_is_quiet_once_the_dates_are_there(session, lead, spring, holidays):
    assert DutyKind.NEW_TERM not in [duty.kind for duty in home.list_duties(session, lead)]


def test_a_year_of_holidays_nobody_knows_is_open(session, lead, spring, holidays):
    line = lines(session, lead)[LineKind.HOLIDAYS]

    assert (line.state, line.labels) == (LineState.OPEN, ("2027",))


def test_bell_times_count_once_they_have_a_period(session, lead, spring, holidays):
    assert state(session, lead, LineKind.BELLS) is LineState.OPEN
    found = BellTimetable(from_day=date(2026, 9, 1))
    session.add(found)
    session.flush()
    kind = BellDayKind(timetable_id=found.id, name="平日")
    session.add(kind)
    session.flush()
    assert lines(session, lead)[LineKind.BELLS].why == "empty"

    moment = datetime(2026, 1, 1, 8, tzinfo=UTC).time()
    session.add(
        BellPeriod(day_kind_id=kind.id, number=1, name="第一节", starts_at=moment, ends_at=moment.replace(hour=9),
                   is_lesson=True)
    )  # fmt: skip
    session.flush()

    line = lines(session, lead)[LineKind.BELLS]
    assert (line.state, line.first_day) == (LineState.DONE, date(2026, 9, 1))


def test_classes_without_teachers_are_named(session, lead, spring, holidays, make_class, make_user):
    taught, alone = make_class(7, 1), make_class(7, 2)
    make_user(Role.HOMEROOM, homeroom_of=taught)
    make_user(Role.SUBJECT_TEACHER, teaches=taught)

    found = lines(session, lead)

    assert alone.number == 2
    assert found[LineKind.HOMEROOM].labels == found[LineKind.SUBJECTS].labels == ("七（2）班",)


def test_in_autumn_only_the_classes_move_up_and_everybody_pledges(session, lead, spring, make_class, make_student):
    old = make_class(7, 1, school_year=2026)
    child = make_student(in_class=old)
    at(date(2027, 3, 1))
    assert not {LineKind.PROMOTION, LineKind.PLEDGES} & lines(session, lead).keys()

    at(date(2027, 8, 20))
    found = lines(session, lead)
    assert {found[kind].state for kind in (LineKind.PROMOTION, LineKind.PLEDGES, LineKind.HOMEROOM)} == {
        LineState.LATER
    }

    session.add(Term(school_year=2027, number=1, first_day=date(2027, 9, 1), last_day=date(2028, 1, 14)))
    at(date(2027, 9, 2))
    assert state(session, lead, LineKind.PROMOTION) is LineState.OPEN
    assert lines(session, lead)[LineKind.PLEDGES].count == 1
    pledges.accept_pledge(session, lead, version=pledges.find_wording(session, lead).version)
    session.exec(select(ClassMembership).where(ClassMembership.student_id == child.id)).one().to_day = date(2027, 9, 1)
    session.add(YearChange(school_year=2027, day=date(2027, 9, 1), leaving_day=date(2027, 7, 1), made_at=clock.now()))
    session.flush()

    found = lines(session, lead)
    assert found[LineKind.PROMOTION].state is found[LineKind.PLEDGES].state is LineState.DONE


def test_checks_and_lists_come_when_the_term_has_begun(session, lead, spring, make_class, make_student, holidays):
    make_student(in_class=make_class())
    assert state(session, lead, LineKind.CHECKS) is LineState.LATER
    at(date(2027, 2, 23))
    assert state(session, lead, LineKind.CHECKS) is state(session, lead, LineKind.CLASS_LISTS) is LineState.OPEN

    check_rounds.open_round(session, lead)

    assert state(session, lead, LineKind.CHECKS) is LineState.DONE


def test_documents_that_are_missing_are_named(session, lead, spring, holidays):
    line = lines(session, lead)[LineKind.DOCUMENTS]

    assert line.state is LineState.OPEN
    assert len(line.labels) > 5


def test_who_was_stood_in_for_until_the_holidays_is_looked_at(session, lead, spring, holidays, make_user):
    away, helper = make_user(name="周砚田"), make_user()
    session.add(
        Deputy(absent_id=away.user_id, deputy_id=helper.user_id, from_day=date(2026, 12, 1), to_day=date(2027, 1, 23),
               recorded_at=clock.now())
    )  # fmt: skip
    session.flush()

    line = lines(session, lead)[LineKind.DEPUTIES]

    assert (line.state, line.labels) == (LineState.LOOK, ("周砚田",))


def test_an_area_is_one_entry(session, lead, spring, monkeypatch):
    """Later areas add their lines by adding an entry: nothing else knows which areas there are."""
    monkeypatch.setattr(new_terms, "AREAS", AREAS[:1])

    assert set(lines(session, lead)) == {LineKind.DATES}


# Posts carried over


def hold(session, code, user, *, from_day=date(2026, 9, 1), to_day=date(2027, 1, 23), **place):
    post = session.exec(select(Post).where(Post.code == code)).one()
    held = PostHolder(
        post_id=post.id, user_id=user.user_id, seat=seat_of(**place), is_sole=post.is_sole, from_day=from_day,
        to_day=to_day, recorded_at=clock.now(), **place,
    )  # fmt: skip
    session.add(held)
    session.flush()
    return held


def ending(session, actor):
    return carrying_over.list_ending_posts(session, actor)


def carry(session, actor, *found, from_day=FIRST_DAY):
    chosen = [Chosen(each.id, each.version) for each in found]
    return carrying_over.carry_posts_over(session, actor, chosen=chosen, from_day=from_day)


def close_account(session, actor):
    session.get_one(AppUser, actor.user_id).is_active = False
    session.flush()


def test_a_post_that_ends_with_the_term_goes_on_from_the_first_day(session, lead, spring, holidays, make_user):
    held = hold(session, "office", make_user(name="周砚田"))
    [found] = ending(session, lead)
    assert (found.holder, found.last_day, found.is_active) == ("周砚田", date(2027, 1, 22), True)

    assert carry(session, lead, found) == 1

    rows = session.exec(select(PostHolder).order_by(col(PostHolder.id))).all()
    assert [(row.from_day, row.to_day) for row in rows] == [
        (date(2026, 9, 1), date(2027, 1, 23)),
        (FIRST_DAY, None),
    ]
    assert rows[0].id == held.id
    assert ending(session, lead) == []
    assert state(session, lead, LineKind.POSTS) is LineState.DONE


def test_it_is_taken_back_by_ending_it(session, lead, spring, holidays, make_user):
    hold(session, "office", make_user())
    carry(session, lead, *ending(session, lead))
    held = session.exec(select(PostHolder).where(col(PostHolder.to_day).is_(None))).one()

    posts.end_holding(session, lead, holder_id=held.id, version=held.version, last_day=FIRST_DAY)

    assert session.get_one(PostHolder, held.id).to_day == FIRST_DAY + DAY


def test_what_ends_later_than_the_day_goes_on_without_a_gap_and_without_doubling(session, lead, spring, make_user):
    at(date(2027, 2, 1))
    hold(session, "office", make_user(), to_day=date(2027, 2, 10))

    carry(session, lead, *ending(session, lead), from_day=date(2027, 2, 1))

    assert session.exec(select(PostHolder.from_day).where(col(PostHolder.to_day).is_(None))).one() == date(2027, 2, 10)


def test_who_left_in_the_middle_of_the_term_or_was_followed_is_not_offered(session, lead, spring, holidays, make_user):
    first, second = make_user(), make_user()
    hold(session, "office", first, to_day=date(2026, 10, 20))
    hold(session, "safety_officer", first)
    hold(session, "left_behind_coordinator", first)
    hold(session, "left_behind_coordinator", second, from_day=date(2027, 1, 23), to_day=None)

    assert [each.post_name for each in ending(session, lead)] == [
        session.exec(select(Post.name).where(Post.code == "safety_officer")).one()
    ]


def test_a_closed_account_is_shown_and_cannot_be_carried_over(session, lead, spring, holidays, make_user):
    gone = make_user(name="贺兰舟")
    hold(session, "office", gone, to_day=None)
    close_account(session, gone)

    [found] = ending(session, lead)

    assert not found.is_active
    with pytest.raises(CarriedMeanwhile):
        carry(session, lead, found)
    assert state(session, lead, LineKind.POSTS_CLOSED) is LineState.OPEN


def test_a_post_of_a_class_goes_on_in_the_class_it_becomes(session, lead, spring, make_class, make_user):
    old, new = make_class(7, 3), make_class(8, 3, school_year=2027)
    session.add(Post(code="own_class", name="班级联络员", span=PostSpan.CLASS))
    hold(session, "own_class", make_user(), class_id=old.id, to_day=None)
    session.add(Term(school_year=2027, number=1, first_day=date(2027, 9, 1), last_day=date(2028, 1, 14)))
    at(date(2027, 8, 25))

    [found] = ending(session, lead)
    carry(session, lead, found, from_day=date(2027, 9, 1))

    rows = session.exec(select(PostHolder).order_by(col(PostHolder.id))).all()
    assert [(row.class_id, row.from_day, row.to_day) for row in rows] == [
        (old.id, date(2026, 9, 1), date(2027, 9, 1)),
        (new.id, date(2027, 9, 1), None),
    ]


def test_one_of_several_that_was_changed_stops_all(session, lead, spring, holidays, make_user):
    hold(session, "office", make_user())
    hold(session, "safety_officer", make_user())
    found = ending(session, lead)
    carry(session, lead, found[0])

    with pytest.raises(CarriedMeanwhile) as refused:
        carry(session, lead, *found)

    assert len(session.exec(select(PostHolder)).all()) == 3
    assert "一处都没有改" in explain(refused.value)


@pytest.mark.parametrize("from_day", [None, date.min, date.max], ids=["none", "long ago", "far ahead"])
def test_a_day_that_cannot_be_is_said_under_the_field(session, lead, spring, holidays, make_user, from_day):
    hold(session, "office", make_user())

    with pytest.raises(FieldErrors) as refused:
        carry(session, lead, *ending(session, lead), from_day=from_day)

    assert "from_day" in codes(refused)


def test_nothing_ticked_is_refused(session, lead, spring, holidays):
    with pytest.raises(FieldErrors) as refused:
        carry(session, lead)

    assert codes(refused) == {"chosen": "required"}


def test_of_two_at_once_one_carries_over(location, session, lead, spring, holidays, make_user):
    hold(session, "office", make_user())
    found = ending(session, lead)
    session.commit()

    def act(_number):
        try:
            with transaction() as own:
                return carry(own, lead, *found)
        except CarriedMeanwhile:
            return 0

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, range(2))) == [0, 1]
    with reading() as other:
        assert len(other.exec(select(PostHolder)).all()) == 2


# Groups


@pytest.fixture
def old_group(session, lead, spring, make_class, make_user):
    """The working group of 七（3）班 of last year, with its homeroom teacher and a pupil."""
    old = make_class(7, 3)
    teacher = make_user(Role.HOMEROOM, name="周砚田", homeroom_of=old)
    groups.found_groups_of_places(session, lead)
    group = session.exec(select(CareGroup).where(CareGroup.kind == GroupKind.CLASS)).one()
    groups.add_member(session, lead, group_id=group.id, role=GroupRole.PEER_OFFICER, name="江小满", phone="15400000001")
    session.add(Term(school_year=2027, number=1, first_day=date(2027, 9, 1), last_day=date(2028, 1, 14)))
    at(date(2027, 9, 2))
    return group, teacher


def carry_groups(session, actor):
    chosen = [Chosen(each.id, each.version) for each in carrying_over.list_ending_groups(session, actor)]
    return carrying_over.carry_groups_over(session, actor, chosen=chosen)


def test_a_group_goes_on_in_the_class_it_became_with_its_people(session, lead, old_group, make_class):
    group, teacher = old_group
    new = make_class(8, 3, school_year=2027)
    [found] = carrying_over.list_ending_groups(session, lead)
    assert (found.class_id, found.target_label) == (new.id, "八（3）班")

    carry_groups(session, lead)

    stands = session.exec(
        select(CareGroup).where(CareGroup.kind == GroupKind.CLASS, col(CareGroup.to_day).is_(None))
    ).one()
    members = session.exec(select(GroupMember).where(GroupMember.group_id == stands.id)).all()
    assert (stands.class_id, stands.name) == (new.id, "八（3）班工作小组")
    assert {(member.role, member.user_id) for member in members} == {
        (GroupRole.HEAD, teacher.user_id),
        (GroupRole.PEER_OFFICER, None),
    }
    assert session.get_one(CareGroup, group.id).to_day == date(2027, 9, 2)
    names = {member.name for each in group_lists.list_groups(session, lead).groups for member in each.members}
    assert {"周砚田", "江小满"} <= names
    assert carrying_over.list_ending_groups(session, lead) == []


def test_a_group_whose_class_has_left_ends(session, lead, old_group):
    [found] = carrying_over.list_ending_groups(session, lead)
    assert found.class_id is None

    carry_groups(session, lead)

    assert session.get_one(CareGroup, old_group[0].id).to_day == date(2027, 9, 2)


def test_whose_account_is_closed_does_not_come_along(session, lead, old_group, make_class):
    make_class(8, 3, school_year=2027)
    close_account(session, old_group[1])
    assert state(session, lead, LineKind.GROUP_MEMBERS) is LineState.OPEN

    carry_groups(session, lead)

    assert state(session, lead, LineKind.GROUPS) is LineState.DONE
    assert LineKind.GROUP_MEMBERS not in lines(session, lead)


def test_a_group_carried_over_twice_is_refused(session, lead, old_group, make_class):
    make_class(8, 3, school_year=2027)
    chosen = [Chosen(each.id, each.version) for each in carrying_over.list_ending_groups(session, lead)]
    carrying_over.carry_groups_over(session, lead, chosen=chosen)

    with pytest.raises(CarriedMeanwhile):
        carrying_over.carry_groups_over(session, lead, chosen=chosen)
    with pytest.raises(FieldErrors):
        carrying_over.carry_groups_over(session, lead, chosen=[])


def test_only_a_group_of_a_class_moves(session, lead, spring, make_class):
    group_id = groups.found_group(session, lead, kind=GroupKind.LEADING)

    with pytest.raises(NotFound):
        groups.move_group(session, lead, group_id=group_id, version=1, class_id=make_class().id)
