"""我结对的孩子: whose children somebody sees there, and each duty month by month as the regulations have it."""

from datetime import date, datetime, timedelta

import pytest

from db.tables import (
    CareKind,
    CareRecord,
    ClauseExcuse,
    ClauseSwitch,
    Deputy,
    EnrolmentState,
    ExcuseKind,
    ExcuseState,
    HelperKind,
    NotReached,
    PairingEnd,
    PairingRole,
    Role,
    Term,
)
from services import clock
from services.access import HOLDERS, Permission
from services.errors import NotAllowed
from services.pairing.own_children import list_own_children
from services.pairing.strips import clauses_of
from services.record_kinds import KINDS
from services.regulations.deadlines import DutyState
from services.regulations.kept_results import forget_all, whole_school
from services.regulations.measures import measures
from services.regulations.periods import Unit
from tests.services.pairing.conftest import FROM

DAY = timedelta(days=1)
TODAY = date(2026, 11, 20)
SEPTEMBER, OCTOBER, NOVEMBER, JANUARY = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1), date(2027, 1, 1)


@pytest.fixture(autouse=True)
def _everything_counts(session, term):
    forget_all()
    for clause_id in measures():
        session.add(ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=SEPTEMBER, set_at=clock.now()))
    session.flush()


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def child(make_student, school_class):
    return make_student("江小满", in_class=school_class)


@pytest.fixture
def mentor(make_user):
    return make_user(Role.MENTOR, name="温如璞")


@pytest.fixture
def pair(make_pair, make_helper, mentor, child):
    return make_pair(child, make_helper(actor=mentor))


def do(session, child, author, day: date, *, kind=CareKind.TALK, written: date | None = None, **values) -> None:
    session.add(
        CareRecord(student_id=child.id, kind=kind, day=day, author_id=author.user_id, minutes=20,
                   recorded_at=clock.at_school(written or day, clock.local(clock.now()).time()), **values)
    )  # fmt: skip
    session.flush()


def strip(session, actor, clause_id: str, part: str | None = None, *, of_class: bool = False):
    found = list_own_children(session, actor)
    [one] = found.of_class if of_class else found.own
    [strip] = [
        each
        for pair in one.pairs
        for each in pair.strips
        if (each.clause_id, each.part) == (clause_id, part)
    ]  # fmt: skip
    return strip


def states(session, actor, clause_id: str, part: str | None = None, **which) -> dict[date, DutyState]:
    return {month: cell.state for month, cell in strip(session, actor, clause_id, part, **which).cells.items()}


def test_each_month_stands_as_the_regulations_have_it(session, mentor, pair, child):
    do(session, child, mentor, date(2026, 9, 10))
    do(session, child, mentor, date(2026, 10, 12), written=date(2026, 11, 2))
    do(session, child, mentor, date(2026, 11, 5), is_done=False, not_reached=NotReached.NOT_THERE)

    assert states(session, mentor, "J-13", "talk") == {
        SEPTEMBER: DutyState.MET, OCTOBER: DutyState.MET_LATE, NOVEMBER: DutyState.TRIED,
    }  # fmt: skip
    found = list_own_children(session, mentor)
    assert found.months[0] == SEPTEMBER
    assert found.months[-1] == JANUARY
    [one] = found.own[0].pairs
    assert (one.last.day, one.last.is_done, one.is_own) == (date(2026, 11, 5), False, True)


def test_a_term_s_duty_stands_where_it_was_done_else_where_it_is_to_be_done(session, mentor, pair, child):
    do(session, child, mentor, date(2026, 10, 16), kind=CareKind.HOME_VISIT)

    assert states(session, mentor, "J-13", "visit") == {OCTOBER: DutyState.MET}
    assert states(session, mentor, "J-13", "message") == {JANUARY: DutyState.DUE}


def test_weeks_stand_together_in_their_month(session, mentor, make_helper, make_pair, child):
    make_pair(child, make_helper(actor=mentor), role=PairingRole.PROXY_PARENT)
    for day in (date(2026, 10, 14), date(2026, 10, 21)):
        do(session, child, mentor, day, kind=CareKind.HOMEWORK_CHECK)

    cell = strip(session, mentor, "J-03", "homework").cells[OCTOBER]

    assert cell.state is DutyState.MISSED
    assert (cell.kept, cell.periods) == (
        2,
        4,
    )  # of the week of the holidays too little is left


def test_what_is_due_next_is_what_is_due_first_and_children_come_by_it(
    session, mentor, make_helper, make_pair, make_student, school_class
):
    helper = make_helper(actor=mentor)
    done, owed = make_student("孟二", in_class=school_class), make_student("孟一", in_class=school_class)
    for each in (done, owed):
        make_pair(each, helper)
    do(session, done, mentor, date(2026, 11, 3))

    first, second = list_own_children(session, mentor).own

    assert (first.name, second.name) == ("孟一", "孟二")  # by name it would be 二 (er) before 一 (yi)
    duty, standing = first.pairs[0].next_due
    assert (duty.clause_id, duty.part, standing.due_on) == ("J-13", "talk", date(2026, 11, 30))
    assert second.pairs[0].next_due[1].due_on == date(2027, 1, 22)
    assert first.pairs[0].kinds == (CareKind.TALK, CareKind.HOME_VISIT, CareKind.WRITTEN_MESSAGE)


def test_what_was_done_before_the_pair_began_is_none_of_it(session, mentor, pair, child):
    do(session, child, mentor, FROM - DAY)
    assert list_own_children(session, mentor).own[0].pairs[0].last is None

    do(session, child, mentor, FROM)

    assert list_own_children(session, mentor).own[0].pairs[0].last.day == FROM


def test_a_month_somebody_else_had_the_child_is_theirs(session, mentor, make_user, make_helper, make_pair, child):
    other = make_user(Role.MENTOR)
    make_pair(child, make_helper(actor=other), to_day=date(2026, 10, 8), end_reason=PairingEnd.CHANGED)
    make_pair(child, make_helper(actor=mentor), from_day=date(2026, 10, 8))

    assert set(states(session, mentor, "J-13", "talk")) == {OCTOBER, NOVEMBER}
    assert list_own_children(session, other).own == ()


def test_an_exemption_is_told_and_asks_for_nothing(session, mentor, pair, child):
    session.add(
        ClauseExcuse(kind=ExcuseKind.EXEMPT, clause_id="J-13", part="visit", student_id=child.id, from_day=SEPTEMBER,
                     state=ExcuseState.STANDING, asked_at=clock.now(), answered_at=clock.now())
    )  # fmt: skip
    session.flush()

    assert states(session, mentor, "J-13", "visit") == {JANUARY: DutyState.EXEMPT}
    [one] = list_own_children(session, mentor).own[0].pairs
    assert CareKind.HOME_VISIT not in one.kinds


def test_in_the_second_term_the_first_is_told_as_well(session, mentor, pair, child):
    session.add(Term(school_year=2026, number=2, first_day=date(2027, 2, 22), last_day=date(2027, 7, 2)))
    session.flush()
    do(session, child, mentor, date(2026, 9, 10))
    clock.set_fixed(datetime(2027, 3, 19, 10, tzinfo=clock.SCHOOL_ZONE))
    do(session, child, mentor, date(2027, 3, 10))

    found = states(session, mentor, "J-13", "talk")

    assert found[SEPTEMBER] is DutyState.MET
    assert found[date(2026, 12, 1)] is DutyState.MISSED
    assert found[JANUARY] is DutyState.MISSED  # it is over, though no school day lay between it and the holidays
    assert states(session, mentor, "J-13", "visit") == {JANUARY: DutyState.MISSED, date(2027, 7, 1): DutyState.DUE}
    assert found[date(2027, 3, 1)] is DutyState.MET
    assert len(list_own_children(session, mentor).months) == 11


def test_what_is_not_in_force_is_not_told(session, mentor, pair, child):
    session.add(ClauseSwitch(clause_id="J-13", number=2, is_on=False, from_day=OCTOBER, set_at=clock.now()))
    session.flush()

    [one] = list_own_children(session, mentor).own[0].pairs

    assert (one.strips, one.is_counted, one.kinds) == ((), False, (CareKind.TALK,))


def test_who_stands_in_sees_them_and_whose_they_are(session, mentor, pair, child, make_user):
    deputy = make_user(Role.SUBJECT_TEACHER)
    session.add(Deputy(absent_id=mentor.user_id, deputy_id=deputy.user_id, from_day=TODAY, to_day=TODAY + DAY,
                       recorded_at=clock.now()))  # fmt: skip
    session.flush()
    do(session, child, deputy, TODAY)

    [one] = list_own_children(session, deputy).own[0].pairs

    assert (one.is_own, one.has_account, one.helper_name) == (False, True, "温如璞")
    assert states(session, deputy, "J-13", "talk")[NOVEMBER] is DutyState.MET


@pytest.mark.parametrize("role", sorted(HOLDERS[Permission.PAIRING_OWN]))
def test_nobody_sees_another_s_children(session, make_user, make_helper, make_pair, child, pair, role):
    """Not even the care room, which reads all pairs: here stand the own ones."""
    make_pair(child, make_helper("试干部", kind=HelperKind.PARTY_CADRE), role=PairingRole.PARTY_CADRE)

    found = list_own_children(session, make_user(role))
    assert (found.own, found.of_class) == ((), ())


@pytest.mark.parametrize("role", sorted(set(Role) - HOLDERS[Permission.PAIRING_OWN]))
def test_who_is_no_teacher_has_no_such_list(session, make_user, role):
    with pytest.raises(NotAllowed):
        list_own_children(session, make_user(role))


def test_not_after_the_child_has_left_or_the_pair_is_over(session, mentor, make_helper, make_pair, make_student):
    helper = make_helper(actor=mentor)
    make_pair(make_student("孟一", state=EnrolmentState.GRADUATED), helper)
    make_pair(make_student("孟二"), helper, to_day=TODAY, end_reason=PairingEnd.DONE)
    make_pair(make_student("孟三"), helper, from_day=TODAY + DAY)

    assert list_own_children(session, mentor).own == ()


def test_a_homeroom_teacher_writes_for_helpers_without_an_account_of_the_own_class(
    session, make_user, make_helper, make_pair, make_student, school_class, make_class, child, pair
):
    homeroom = make_user(Role.HOMEROOM, homeroom_of=school_class)
    cadre = make_helper("试干部", kind=HelperKind.PARTY_CADRE)
    make_pair(child, cadre, role=PairingRole.PARTY_CADRE)
    make_pair(make_student("孟二", in_class=make_class(8, 1)), cadre, role=PairingRole.PARTY_CADRE)
    do(session, child, homeroom, date(2026, 11, 4), helper_id=cadre.id)
    do(session, child, homeroom, date(2026, 10, 14))  # the teacher's own talk

    found = list_own_children(session, homeroom)

    assert found.own == ()
    [one] = found.of_class
    assert [(each.role, each.has_account, each.helper_name) for each in one.pairs] == [
        (PairingRole.PARTY_CADRE, False, "试干部")
    ]
    assert states(session, homeroom, "J-15", of_class=True) == {
        SEPTEMBER: DutyState.MISSED, OCTOBER: DutyState.MISSED, NOVEMBER: DutyState.MET,
    }  # fmt: skip
    assert one.pairs[0].last.day == date(2026, 11, 4)


def test_the_check_of_a_study_helper_is_the_teacher_s_own_record(
    session, make_user, make_helper, make_pair, school_class, child
):
    homeroom = make_user(Role.HOMEROOM, homeroom_of=school_class)
    make_pair(child, make_helper("试同学", kind=HelperKind.PUPIL), role=PairingRole.EXCELLENT_STUDENT)
    do(session, child, homeroom, date(2026, 11, 4), kind=CareKind.PAIR_CHECK)

    assert states(session, homeroom, "J-18", of_class=True)[NOVEMBER] is DutyState.MET
    [one] = list_own_children(session, homeroom).of_class[0].pairs
    assert one.kinds == (CareKind.PAIR_CHECK, CareKind.TUTORING)
    assert not KINDS[CareKind.PAIR_CHECK].is_for_helpers


def test_statements_do_not_grow_with_the_children(session, mentor, make_helper, make_pair, make_student, statements):
    helper = make_helper(actor=mentor, capacity=20)
    make_pair(make_student("孟一"), helper)
    session.flush()
    statements.clear()
    list_own_children(session, mentor)
    few = len(statements)
    for number in range(6):
        make_pair(make_student(f"孟{number}"), helper, role=PairingRole.PROXY_PARENT)
    session.flush()
    statements.clear()
    list_own_children(session, mentor)

    assert len(statements) <= few <= 8


def test_every_duty_of_a_pair_has_a_record_that_proves_it():
    found = {role: [duty for each in clauses_of(role) for duty in each.duties] for role in PairingRole}

    assert {role for role, duties in found.items() if duties} == {
        PairingRole.MENTOR, PairingRole.PROXY_PARENT, PairingRole.PARTY_CADRE, PairingRole.EXCELLENT_STUDENT,
    }  # fmt: skip
    assert {duty.unit for duties in found.values() for duty in duties} <= {Unit.WEEK, Unit.MONTH, Unit.TERM}
    assert FROM == SEPTEMBER


def test_the_strips_hold_what_the_clauses_count_and_nothing_else(
    session, make_user, make_helper, make_pair, make_student, school_class
):
    homeroom = make_user(Role.HOMEROOM, homeroom_of=school_class)
    children = [make_student(f"孟{number}", in_class=school_class) for number in range(3)]
    helpers = [make_helper(actor=homeroom), make_helper("林初雪", kind=HelperKind.PARTY_CADRE)]
    for child, role in zip(children, (PairingRole.MENTOR, PairingRole.PROXY_PARENT, PairingRole.MENTOR), strict=True):
        make_pair(child, helpers[0], role=role)
        make_pair(child, helpers[1], role=PairingRole.PARTY_CADRE)
        do(session, child, homeroom, date(2026, 10, 14))

    found = list_own_children(session, homeroom)
    told = [
        standing
        for each in (*found.own, *found.of_class)
        for pair in each.pairs
        for strip in pair.strips
        for standing in strip.standings
    ]

    wanted = {each.clause_id for role in PairingRole for each in clauses_of(role)}
    counted = whole_school(session, on=TODAY, clause_ids=wanted)
    assert sorted(told, key=repr) == sorted((one for each in counted.values() for one in each.standings), key=repr)
    assert sum(len(strip.cells) > 0 for each in found.own for pair in each.pairs for strip in pair.strips) == 13
