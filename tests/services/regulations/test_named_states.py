"""How duties stand in the situations a school meets, one after another."""

from datetime import date, time, timedelta

import pytest
from sqlmodel import col, select, update

from db.tables import (
    CareKind,
    CheckKind,
    ClassMembership,
    ClauseExcuse,
    ClauseSwitch,
    EnrolmentChange,
    EnrolmentState,
    ExcuseKind,
    ExcuseState,
    Helper,
    HelperKind,
    NotReached,
    Pairing,
    PairingEnd,
    PairingRole,
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
    SchoolDayException,
    ScreeningResult,
    ScreeningRound,
    StudentCategory,
    Term,
)
from services import check_rounds, clock
from services.calendar import load_calendar
from services.regulations.deadlines import DutyState
from services.regulations.measures import measures
from tests.services.regulations.test_evaluation import left_behind, stood, talk

DAY = timedelta(days=1)
SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
NEW_YEAR = date(2026, 12, 31)


@pytest.fixture(autouse=True)
def _everything_counts(session, term):
    for clause_id in measures():
        session.add(ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=SEPTEMBER, set_at=clock.now()))
    session.flush()


@pytest.fixture
def seven(make_class):
    return make_class()


@pytest.fixture
def teacher(make_user, seven):
    return make_user(Role.HOMEROOM, homeroom_of=seven)


@pytest.fixture
def child(session, make_student, seven):
    found = make_student("江小满", in_class=seven)
    left_behind(session, found)
    return found


def states(session, clause_id: str, on: date, *, part: str | None = None) -> dict[date, DutyState]:
    """How each period, or step, of a clause stands, by its first day."""
    return {each.first: each.state for each in stood(session, clause_id, on).standings if each.part == part}


def close(session, first: date, last: date) -> None:
    day = first
    while day <= last:
        session.add(SchoolDayException(day=day, is_school_day=False, label="本校放假"))
        day += DAY
    session.flush()


def excuse(session, child, clause_id: str, kind: ExcuseKind, *, state: ExcuseState = ExcuseState.STANDING) -> None:
    answered = clock.now() if state is ExcuseState.STANDING else None
    session.add(
        ClauseExcuse(
            kind=kind, clause_id=clause_id, student_id=child.id, from_day=SEPTEMBER, to_day=date(2027, 1, 23),
            state=state, asked_at=clock.now(), answered_at=answered,
        )
    )  # fmt: skip
    session.flush()


def test_a_month_with_a_long_holiday_is_nobody_s(session, child):
    close(session, date(2026, 11, 9), date(2026, 11, 30))

    found = states(session, "K-01", NEW_YEAR)

    assert found == {SEPTEMBER: DutyState.MISSED, OCTOBER: DutyState.MISSED, DECEMBER: DutyState.DUE}


def test_a_holiday_at_a_month_s_end_brings_its_day_forward(session, child, teacher):
    close(session, date(2026, 11, 26), date(2026, 11, 30))
    talk(session, child, teacher, date(2026, 11, 27))

    [november] = [each for each in stood(session, "K-01", NEW_YEAR).standings if each.first == NOVEMBER]

    assert (november.due_on, november.state) == (date(2026, 11, 25), DutyState.MET)


def test_a_make_up_saturday_counts_for_its_week(session, child):
    week = date(2026, 11, 9)
    close(session, week, week + 2 * DAY)
    before = states(session, "K-10", NEW_YEAR)

    session.add(SchoolDayException(day=week + 5 * DAY, is_school_day=True, label="补课"))
    session.flush()

    assert week not in before
    assert states(session, "K-10", NEW_YEAR)[week] is DutyState.MISSED


def test_a_child_that_joins_late_owes_from_the_first_month_it_was_there_in(session, make_student, seven):
    child = make_student("江小满")
    session.add(ClassMembership(student_id=child.id, class_id=seven.id, from_day=date(2026, 10, 26)))
    left_behind(session, child)

    found = states(session, "K-01", NEW_YEAR)

    assert found == {NOVEMBER: DutyState.MISSED, DECEMBER: DutyState.DUE}


def test_a_child_that_leaves_early_in_a_month_owes_it_no_more(session, child):
    left = date(2026, 11, 5)
    session.exec(update(ClassMembership).where(col(ClassMembership.student_id) == child.id).values(to_day=left))
    child.state, child.left_on = EnrolmentState.TRANSFERRED, left
    session.add(EnrolmentChange(student_id=child.id, from_state=EnrolmentState.ENROLLED,
                                to_state=EnrolmentState.TRANSFERRED, day=left, recorded_at=clock.now()))  # fmt: skip
    session.flush()

    assert states(session, "K-01", NEW_YEAR) == {SEPTEMBER: DutyState.MISSED, OCTOBER: DutyState.MISSED}
    assert stood(session, "E-12", NEW_YEAR).standings == ()  # it went on to another school


def test_who_is_on_leave_owes_nothing_but_has_not_given_up(session, child):
    session.add(
        EnrolmentChange(
            student_id=child.id, from_state=EnrolmentState.ENROLLED, to_state=EnrolmentState.ON_LEAVE,
            day=date(2026, 10, 8), recorded_at=clock.now(),
        )
    )  # fmt: skip
    child.state = EnrolmentState.ON_LEAVE
    session.flush()

    assert states(session, "K-01", NEW_YEAR) == {SEPTEMBER: DutyState.MISSED}
    assert stood(session, "E-12", NEW_YEAR).state is DutyState.MET


def test_who_was_back_the_day_it_left_was_never_away(session, child):
    for before, after in ((EnrolmentState.ENROLLED, EnrolmentState.ON_LEAVE),
                          (EnrolmentState.ON_LEAVE, EnrolmentState.ENROLLED)):  # fmt: skip
        session.add(EnrolmentChange(student_id=child.id, from_state=before, to_state=after, day=date(2026, 9, 7),
                                    recorded_at=clock.now()))  # fmt: skip
        session.flush()

    assert states(session, "K-01", date(2026, 9, 20)) == {SEPTEMBER: DutyState.DUE}


def test_when_a_category_ends_its_months_end_with_it(session, child):
    session.exec(update(StudentCategory).values(to_day=date(2026, 10, 9)))

    assert states(session, "K-01", NEW_YEAR) == {SEPTEMBER: DutyState.MISSED}


@pytest.fixture
def pair(session, make_user):
    def make(child, helper_of, first: date, last: date | None = None) -> Helper:
        helper = Helper(kind=HelperKind.STAFF, user_id=helper_of.user_id, capacity=15, from_day=SEPTEMBER,
                        recorded_at=clock.now())  # fmt: skip
        session.add(helper)
        session.flush()
        session.add(Pairing(student_id=child.id, helper_id=helper.id, role=PairingRole.MENTOR, from_day=first,
                            to_day=last, end_reason=PairingEnd.CHANGED if last else None,
                            recorded_at=clock.now()))  # fmt: skip
        session.flush()
        return helper

    return make


def test_a_pair_that_changes_hands_in_mid_month_keeps_one_duty(session, child, make_user, pair):
    before, after = make_user(Role.MENTOR), make_user(Role.MENTOR)
    turn = date(2026, 11, 16)
    first, second = pair(child, before, OCTOBER, turn), pair(child, after, turn)
    talk(session, child, before, date(2026, 11, 10))
    talk(session, child, before, date(2026, 12, 2))  # no longer theirs

    found = [each for each in stood(session, "J-13", NEW_YEAR).standings if each.part == "talk"]

    assert [(each.first, each.state, each.helper_id) for each in found] == [
        (OCTOBER, DutyState.MISSED, first.id),
        (NOVEMBER, DutyState.MET, second.id),
        (DECEMBER, DutyState.DUE, second.id),
    ]


def test_a_record_written_down_late_keeps_its_month_late(session, child, teacher):
    talk(session, child, teacher, date(2026, 9, 10), written=date(2026, 9, 15))
    talk(session, child, teacher, date(2026, 11, 10), written=date(2026, 11, 16))

    found = states(session, "K-01", NEW_YEAR)

    assert (found[SEPTEMBER], found[NOVEMBER]) == (DutyState.MET, DutyState.MET_LATE)


def test_an_attempt_is_no_talk_but_is_told(session, child, teacher):
    attempt = talk(session, child, teacher, date(2026, 11, 10), is_done=False, not_reached=NotReached.NOT_THERE)

    still_time, over = stood(session, "K-01", date(2026, 11, 20)), stood(session, "K-01", NEW_YEAR)
    [then], [now] = ([each for each in found.standings if each.first == NOVEMBER] for found in (still_time, over))

    assert (then.state, then.is_open, then.proof) == (DutyState.TRIED, True, (attempt.id,))
    assert (now.state, now.is_open) == (DutyState.TRIED, False)
    assert (still_time.totals.due, over.totals.missed) == (1, 3)


def test_what_is_exempt_is_neither_kept_nor_missed(session, child):
    excuse(session, child, "K-01", ExcuseKind.EXEMPT)

    result = stood(session, "K-01", NEW_YEAR)

    assert result.state is DutyState.EXEMPT
    assert (result.totals.required, result.totals.exempt) == (0, 4)


@pytest.mark.parametrize(
    ("state", "expected"),
    [(ExcuseState.WAITING, DutyState.MISSED), (ExcuseState.STANDING, DutyState.EXEMPT)],
    ids=["while it waits for the second yes", "once it has it"],
)
def test_an_orphan_owes_no_family_video(session, child, state, expected):
    excuse(session, child, "K-10", ExcuseKind.EXEMPT, state=state)

    assert states(session, "K-10", NEW_YEAR)[date(2026, 11, 9)] is expected


def test_a_share_kept_otherwise_is_told_as_that(session, child):
    excuse(session, child, "J-01", ExcuseKind.DONE_OTHERWISE)

    [standing] = stood(session, "J-01", NEW_YEAR).standings

    assert standing.state is DutyState.DONE_OTHERWISE


def test_a_step_can_be_excused_too(session, child):
    excuse(session, child, "E-05", ExcuseKind.EXEMPT)

    assert set(states(session, "E-05", NEW_YEAR).values()) == {DutyState.EXEMPT}


def test_nothing_that_reaches_the_family_is_asked_while_abuse_is_suspected(session, child, teacher):
    marked = clock.at_school(SEPTEMBER, time(12))
    session.add(Referral(student_id=child.id, channel=ReferralChannel.TEACHER, registered_by_id=teacher.user_id,
                         noticed_on=SEPTEMBER, received_at=marked, recorded_at=marked, is_suspected_abuse=True,
                         abuse_marked_at=marked))  # fmt: skip
    session.flush()

    assert {clause: stood(session, clause, NEW_YEAR).state for clause in ("K-04", "K-10", "E-05", "K-01")} == {
        "K-04": DutyState.EXEMPT, "K-10": DutyState.EXEMPT, "E-05": DutyState.EXEMPT, "K-01": DutyState.MISSED,
    }  # fmt: skip


def test_a_baseline_of_the_year_before_is_not_asked_for_again(session, child):
    session.exec(update(StudentCategory).values(from_day=date(2025, 9, 10)))

    assert stood(session, "E-05", NEW_YEAR).standings == ()


@pytest.mark.parametrize(
    ("on", "expected"),
    [(OCTOBER, DutyState.DUE), (OCTOBER + DAY, DutyState.EXEMPT)],
    ids=["the day before", "the day itself"],
)
def test_from_the_day_abuse_is_suspected_on_nobody_need_visit_the_family(session, child, teacher, on, expected):
    marked = clock.at_school(OCTOBER + DAY, time(12))
    session.add(Referral(student_id=child.id, channel=ReferralChannel.TEACHER, registered_by_id=teacher.user_id,
                         noticed_on=OCTOBER, received_at=marked, recorded_at=marked, is_suspected_abuse=True,
                         abuse_marked_at=marked))  # fmt: skip
    session.flush()

    assert states(session, "E-05", on) == {SEPTEMBER: expected}


@pytest.mark.parametrize(
    ("day", "expected"),
    [(SEPTEMBER - DAY, DutyState.OVERDUE), (SEPTEMBER, DutyState.MET)],
    ids=["the day before", "the day it was registered"],
)
def test_a_baseline_is_a_visit_since_the_child_was_registered(session, child, teacher, day, expected):
    talk(session, child, teacher, day).kind = CareKind.HOME_VISIT
    session.flush()

    assert states(session, "E-05", NEW_YEAR) == {SEPTEMBER: expected}


def test_what_a_teacher_writes_down_for_a_helper_is_not_the_teacher_s_talk(session, child, teacher):
    helper = Helper(kind=HelperKind.VOLUNTEER, name="试志愿者", capacity=3, from_day=SEPTEMBER, recorded_at=clock.now())
    session.add(helper)
    session.flush()
    talk(session, child, teacher, date(2026, 11, 10), helper_id=helper.id)

    assert states(session, "K-01", NEW_YEAR)[NOVEMBER] is DutyState.MISSED


def test_a_check_returned_after_its_term_was_never_returned(session, child, term):
    result = stood(session, "E-02", term.last_day + 2 * DAY)

    assert [(each.state, each.is_open) for each in result.standings] == [(DutyState.MISSED, False)]


@pytest.mark.parametrize(("clause_id", "kind"), [("E-02", CheckKind.CLASS_CHECK), ("G-01", CheckKind.SPECIAL_CHECK)])
def test_a_check_is_late_by_the_day_home_tells_however_late_its_round_was_opened(
    session, child, make_user, clause_id, kind
):
    assert stood(session, clause_id, date(2026, 12, 4)).state is DutyState.OVERDUE  # nobody has opened one
    clock.set_fixed(clock.at_school(date(2026, 12, 7), time(9)))
    lead = make_user(Role.LEAD)
    check_rounds.open_round(session, lead, kind=kind)
    due_on = clock.local(check_rounds.find_round(session, lead, kind=kind).due_at).date()

    assert stood(session, clause_id, due_on).state is DutyState.DUE
    assert stood(session, clause_id, due_on + DAY).state is DutyState.OVERDUE


def test_a_term_may_run_into_a_year_whose_holidays_nobody_knows(session, child, term):
    assert load_calendar(session).unknown_years() == [2027]

    found = states(session, "K-10", date(2027, 1, 31))

    assert found[date(2027, 1, 11)] is DutyState.MISSED  # Monday to Friday count
    assert max(found) == date(2027, 1, 18)


def test_a_video_in_its_week_keeps_it(session, child, teacher):
    talk(session, child, teacher, date(2027, 1, 12)).kind = CareKind.FAMILY_VIDEO
    session.flush()

    assert states(session, "K-10", date(2027, 1, 31))[date(2027, 1, 11)] is DutyState.MET
    assert session.exec(select(Term)).one().last_day.year == 2027


def test_a_talk_after_a_screening_that_is_withdrawn_was_none(session, child, teacher):
    known = clock.at_school(date(2026, 11, 2), time(9))
    screening = ScreeningRound(school_year=2026, half=1, scale="mht", opened_at=known)
    contact = talk(session, child, teacher, date(2026, 11, 3))
    session.add(screening)
    session.flush()
    session.add(
        ScreeningResult(
            round_id=screening.id, student_id=child.id, taken_on=date(2026, 11, 2), number=1, is_valid=True,
            level="high", rank=2, needs_contact=True, recorded_at=known, contact_id=contact.id,
        )
    )  # fmt: skip
    session.flush()
    before = stood(session, "H-04", NEW_YEAR).state

    contact.withdrawn_at = known
    session.flush()

    assert (before, stood(session, "H-04", NEW_YEAR).state) == (DutyState.MET, DutyState.OVERDUE)


@pytest.mark.parametrize(("clause_id", "channel"), [("D-09", ReferralChannel.TEACHER), ("D-05", ReferralChannel.SELF)])
def test_of_two_referrals_made_one_only_that_one_is_counted(session, child, teacher, clause_id, channel):
    at = clock.at_school(date(2026, 11, 2), time(9))
    values = {
        "student_id": child.id, "channel": channel, "registered_by_id": teacher.user_id,
        "noticed_on": date(2026, 11, 2), "received_at": at, "recorded_at": at,
    }  # fmt: skip
    kept = Referral(**values)
    session.add(kept)
    session.flush()
    session.add(Referral(**values | {"state": ReferralState.MERGED, "merged_into_id": kept.id}))
    session.flush()

    assert [each.proof for each in stood(session, clause_id, NEW_YEAR).standings] == [(kept.id,)]


@pytest.mark.parametrize(("to_day", "state"), [(NEW_YEAR, DutyState.OVERDUE), (NEW_YEAR + DAY, DutyState.MET)])
def test_a_teacher_has_a_child_up_to_the_day_the_pair_ends(session, child, teacher, to_day, state):
    helper = Helper(
        kind=HelperKind.STAFF, user_id=teacher.user_id, capacity=3, from_day=SEPTEMBER, recorded_at=clock.now()
    )
    session.add(helper)
    session.flush()
    session.add(
        Pairing(student_id=child.id, helper_id=helper.id, role=PairingRole.MENTOR, from_day=SEPTEMBER, to_day=to_day,
                end_reason=PairingEnd.DONE, recorded_at=clock.now())
    )  # fmt: skip
    session.flush()

    assert [each.state for each in stood(session, "J-09", NEW_YEAR).standings] == [state]
