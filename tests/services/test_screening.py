"""Following results up, coverage by class, rounds, and what each role knows (H-01…H-04)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import (
    CareKind,
    CarePlace,
    CategoryKind,
    ClassMembership,
    ClauseSwitch,
    ConsentAnswer,
    ConsentPurpose,
    EnrolmentState,
    NotReached,
    Role,
    ScreeningResult,
    Student,
    StudentCategory,
    TierColour,
    TierSuggestion,
)
from services import clock, home, merges, tier_views, tiers
from services.calendar import load_calendar
from services.consents import record_consent
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.records import RecordEntry, amend_record, record_contact, withdraw_record
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate
from services.regulations.switches import load_switches
from services.screening import coverage, follow_ups, results, rounds, suggestions
from services.screening.coverage import Standing
from services.screening.results import ResultKind
from services.screening.rounds import RoundEmpty, RoundThere, Term
from services.tier_kinds import tier_order
from tests.conftest import NOW, codes
from tests.services.test_screening_imports import FLAGGED, ROW, URGENT, stored, take

TODAY = NOW.date()


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="周砚田")


@pytest.fixture
def school_class(make_class, term):
    return make_class(7, 1)


@pytest.fixture
def child(make_student, school_class):
    return make_student(in_class=school_class)


def talk(session, actor, child, *, day=TODAY, kind=CareKind.TALK, **more):
    values = {"kind": kind, "day": day, "place": CarePlace.OFFICE, "raised": "说这周睡得好些。"} | more
    return record_contact(session, actor, student_ids=[child.id], entry=RecordEntry(**values))[0]


def only(session, actor):
    (row,) = results.list_to_follow_up(session, actor)
    return row


def lines(session, actor):
    return [duty for duty in home.list_duties(session, actor) if duty.kind is DutyKind.SCREENING]


# --- due, whose, and what counts (H-04) ---


def test_who_waits_for_an_older_result_hears_that_another_asks_for_the_child_today(
    session, make_user, lead, counsellor, child
):
    other = make_user(Role.COUNSELLOR, name="陆青禾")
    take(session, counsellor, FLAGGED)
    take(session, other, URGENT | {"测评日期": "2026-11-20"})

    (line,) = lines(session, counsellor)
    assert (line.is_first, line.owner_name, line.is_mine) == (True, "陆青禾", False)
    assert [each.is_mine for each in lines(session, other)] == [True]


def test_of_a_term_the_round_most_were_asked_in_stands_first(session, lead, make_student, school_class, child):
    make_student("霍半夏", in_class=school_class)
    take(session, lead, ROW, ROW | {"姓名": "霍半夏"})
    take(session, lead, {"PHQ-9总分": "", "PHQ-9第9题": "", "GAD-7总分": "3"})  # begun later

    assert [each.scale for each in rounds.list_rounds(session, lead)] == ["phq9", "gad7"]


def test_a_flag_is_due_after_ten_school_days_and_a_crisis_item_the_same_day(session, counsellor, child):
    take(session, counsellor, FLAGGED)
    (flag,) = lines(session, counsellor)
    assert clock.local(flag.due_at).date() == date(2026, 12, 4)
    assert (flag.group, flag.is_first, flag.is_mine) == (DutyGroup.UPCOMING, False, True)

    take(session, counsellor, URGENT | {"测评日期": "2026-11-20"})
    (urgent,) = lines(session, counsellor)  # one line a child, the gravest
    assert (urgent.group, urgent.is_first) == (DutyGroup.TODAY, True)
    assert clock.local(urgent.due_at) == datetime(2026, 11, 20, 17, tzinfo=clock.SCHOOL_ZONE)


def test_an_urgent_result_stands_with_the_head_too_and_so_does_what_nobody_follows(
    session, lead, counsellor, child, make_student, school_class
):
    other = make_student("霍半夏", in_class=school_class)
    take(session, counsellor, URGENT, FLAGGED | {"姓名": "霍半夏"})
    assert [(each.child, each.is_mine) for each in lines(session, lead)] == [("江小满", False)]
    assert len(lines(session, counsellor)) == 2

    row = session.exec(select(ScreeningResult).where(ScreeningResult.student_id == other.id)).one()
    row.owner_id = None
    session.flush()
    assert {each.child for each in lines(session, lead)} == {"江小满", "霍半夏"}


def test_a_flag_alone_opens_no_case_and_a_calm_or_void_result_asks_for_nobody(session, lead, child):
    from db.tables import Case, Referral

    take(session, lead, ROW, FLAGGED | {"测评日期": "2026-10-13"})

    assert len(lines(session, lead)) == 1
    assert session.exec(select(Case)).all() == session.exec(select(Referral)).all() == []


def test_an_attempt_is_no_contact_and_a_talk_is(session, counsellor, child):
    take(session, counsellor, FLAGGED)
    row = only(session, counsellor)
    tried = talk(session, counsellor, child, is_done=False, not_reached=NotReached.NOT_THERE)
    follow_ups.note_saved_record(session, counsellor, result_id=row.id, record_ids=[tried])
    assert only(session, counsellor).state is DutyState.TRIED
    assert lines(session, counsellor)[0].has_begun

    done = talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=done)
    assert only(session, counsellor).state is DutyState.MET
    assert only(session, counsellor).waits_for_decision
    assert lines(session, counsellor) == []


@pytest.mark.parametrize("is_newest_first", [False, True])
def test_a_contact_covers_every_open_result_of_the_child_up_to_that_day(session, counsellor, child, is_newest_first):
    rows = [FLAGGED | {"GAD-7总分": "12"}, FLAGGED | {"测评日期": "2026-11-20"}]
    take(session, counsellor, *(reversed(rows) if is_newest_first else rows))
    row = only(session, counsellor)  # one line a child, of what is due together the oldest
    follow_ups.note_contact(
        session, counsellor, result_id=row.id, record_id=talk(session, counsellor, child, day=date(2026, 11, 19))
    )

    open_ones = [each for each in results.list_to_follow_up(session, counsellor) if not each.waits_for_decision]
    assert [str(each.taken_on) for each in open_ones] == ["2026-11-20"]


def test_a_withdrawn_record_is_no_contact_any_more(session, counsellor, child):
    take(session, counsellor, FLAGGED)
    row, record_id = only(session, counsellor), talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=record_id)
    withdraw_record(session, counsellor, record_id=record_id, version=1, reason="记错孩子了")

    assert len(lines(session, counsellor)) == 1
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=talk(session, counsellor, child))
    assert lines(session, counsellor) == []


@pytest.mark.parametrize(
    ("after", "state"), [(timedelta(0), DutyState.TRIED), (timedelta(seconds=1), DutyState.OVERDUE)]
)
def test_an_attempt_counts_as_one_up_to_the_instant_the_talk_is_due(session, counsellor, child, after, state):
    take(session, counsellor, FLAGGED)
    row = only(session, counsellor)
    tried = talk(session, counsellor, child, is_done=False, not_reached=NotReached.NOT_THERE)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=tried)

    clock.set_fixed(row.due_at + after)

    assert only(session, counsellor).state is state


def test_a_talk_on_the_day_of_the_test_itself_is_the_contact(session, counsellor, child):
    take(session, counsellor, URGENT | {"测评日期": f"{TODAY}"})
    row = only(session, counsellor)

    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=talk(session, counsellor, child))

    assert lines(session, counsellor) == []


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_a_contact_after_an_attempt_or_a_withdrawn_record_covers_all_of_the_child(
    session, counsellor, child, is_withdrawn
):
    take(session, counsellor, FLAGGED | {"GAD-7总分": "12"})
    row = only(session, counsellor)
    before = {} if is_withdrawn else {"is_done": False, "not_reached": NotReached.NOT_THERE}
    first = talk(session, counsellor, child, **before)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=first)
    if is_withdrawn:
        withdraw_record(session, counsellor, record_id=first, version=1, reason="记错孩子了")
    assert {each.contact_id for each in stored(session)} == {first}
    assert len(lines(session, counsellor)) == 1

    talked = talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=talked)
    assert [each.contact_id for each in stored(session)] == [talked, talked]
    assert lines(session, counsellor) == []


def test_what_was_talked_about_stays_so_whatever_is_noted_later(session, counsellor, child):
    take(session, counsellor, FLAGGED)
    row = only(session, counsellor)
    first = talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=first)

    tried = talk(session, counsellor, child, is_done=False, not_reached=NotReached.NOT_THERE)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=tried)
    clock.set_fixed(NOW + timedelta(days=40))
    later = talk(session, counsellor, child, day=clock.today())
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=later)

    after = only(session, counsellor)
    assert (after.contact_id, after.state, after.is_met) == (first, DutyState.MET, True)


def test_a_talk_that_was_taken_back_or_moved_before_the_test_is_to_be_held_again(session, counsellor, child):
    take(session, counsellor, URGENT)
    row, record_id = only(session, counsellor), talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=record_id)
    assert (only(session, counsellor).waits_for_decision, lines(session, counsellor)) == (True, [])

    earlier = RecordEntry(kind=CareKind.TALK, day=date(2026, 9, 10), place=CarePlace.OFFICE, raised="说这周睡得好些。")
    amend_record(session, counsellor, record_id=record_id, version=1, entry=earlier)
    session.expire_all()
    moved = only(session, counsellor)
    assert (moved.is_met, moved.waits_for_decision, len(lines(session, counsellor))) == (False, False, 1)

    again = talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=again)
    assert only(session, counsellor).waits_for_decision
    withdraw_record(session, counsellor, record_id=again, version=1, reason="记错孩子了")
    session.expire_all()
    assert (only(session, counsellor).waits_for_decision, len(lines(session, counsellor))) == (False, 1)


def test_what_was_proposed_after_a_talk_that_is_withdrawn_waits_for_the_next_talk(session, counsellor, child):
    take(session, counsellor, FLAGGED)
    row, record_id = only(session, counsellor), talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=record_id)
    withdraw_record(session, counsellor, record_id=record_id, version=1, reason="记错孩子了")
    assert tier_views.find_archive(session, counsellor, student_id=child.id).suggestions == ()
    (line,) = home.list_duties(session, counsellor)
    assert (line.kind, line.has_begun) == (DutyKind.SCREENING, False)  # a talk with another child was no attempt

    clock.set_fixed(NOW + timedelta(days=3))
    again = talk(session, counsellor, child, day=clock.today())
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=again)
    (proposed,) = tier_views.find_archive(session, counsellor, student_id=child.id).suggestions
    assert f"{clock.today():%Y-%m-%d} 谈过" in (proposed.reason or "")
    assert DutyKind.DECIDE_TIER in {each.kind for each in home.list_duties(session, counsellor)}


def test_what_met_nobody_or_another_child_or_came_before_is_no_contact(
    session, counsellor, lead, child, make_student, school_class
):
    take(session, counsellor, FLAGGED)
    row = only(session, counsellor)
    before = talk(session, counsellor, child, day=date(2026, 10, 11))
    call = talk(session, counsellor, child, kind=CareKind.CALL, agreed_with_id=lead.user_id)
    other = talk(session, counsellor, make_student("霍半夏", in_class=school_class))

    assert follow_ups.list_contacts(session, counsellor, result_id=row.id) == []
    for record_id in (before, call):
        with pytest.raises(FieldErrors) as refused:
            follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=record_id)
        assert codes(refused) == {"record": "unknown_choice"}
    with pytest.raises(NotFound):
        follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=other)
    follow_ups.note_saved_record(session, counsellor, result_id=row.id, record_ids=[before, call, other])
    assert len(lines(session, counsellor)) == 1


def test_late_is_late_and_met_late(session, counsellor, child):
    take(session, counsellor, URGENT)
    clock.set_fixed(NOW + timedelta(days=3))
    assert lines(session, counsellor)[0].group is DutyGroup.LATE
    row = only(session, counsellor)
    today = talk(session, counsellor, child, day=clock.today())
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=today)
    assert only(session, counsellor).state is DutyState.MET_LATE


def test_a_talk_in_time_written_down_later_was_in_time_here_as_in_the_regulations(session, counsellor, child):
    take(session, counsellor, URGENT)
    clock.set_fixed(NOW + timedelta(days=3))
    row = only(session, counsellor)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=talk(session, counsellor, child))

    assert only(session, counsellor).state is DutyState.MET
    assert in_the_regulations(session) == [DutyState.MET]


def test_a_talk_moved_to_before_the_test_is_none_in_the_regulations_either(session, counsellor, child):
    take(session, counsellor, URGENT)
    row, record_id = only(session, counsellor), talk(session, counsellor, child)
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=record_id)
    assert in_the_regulations(session) == [DutyState.MET]
    moved = RecordEntry(kind=CareKind.TALK, day=date(2026, 9, 10), place=CarePlace.OFFICE, raised="说这周睡得好些。")
    amend_record(session, counsellor, record_id=record_id, version=1, entry=moved)

    assert only(session, counsellor).state is DutyState.DUE
    assert in_the_regulations(session) == [DutyState.DUE]


@pytest.mark.parametrize(("left_on", "owed"), [(NOW.date(), []), (NOW.date() + timedelta(days=1), [DutyState.OVERDUE])])
def test_with_a_child_that_left_before_it_was_due_nobody_has_to_talk(session, counsellor, child, left_on, owed):
    take(session, counsellor, URGENT)
    row = session.get_one(Student, child.id)
    row.state, row.left_on = EnrolmentState.TRANSFERRED, left_on
    session.flush()
    clock.set_fixed(NOW + timedelta(days=3))

    assert in_the_regulations(session) == owed


def in_the_regulations(session) -> list[DutyState]:
    if session.exec(select(ClauseSwitch.id)).first() is None:
        session.add(ClauseSwitch(clause_id="H-04", number=1, is_on=True, from_day=date(2026, 9, 1), set_at=NOW))
        session.flush()
    found = evaluate(
        session, calendar=load_calendar(session), switches=load_switches(session), on=clock.today(),
        clause_ids=["H-04"],
    )  # fmt: skip
    return [each.state for each in found["H-04"].standings]


def test_of_those_due_at_the_same_moment_the_graver_one_stands_first(session, lead, child, make_student, school_class):
    other = make_student("霍半夏", in_class=school_class)
    take(session, lead, ROW | {"PHQ-9总分": "11"}, FLAGGED | {"姓名": "霍半夏", "测评日期": "2026-10-13"})

    assert [each.student_id for each in results.list_to_follow_up(session, lead)] == [other.id, child.id]


# --- a person decides ---


def test_a_tier_is_proposed_after_the_talk_and_a_person_decides(session, counsellor, child):
    take(session, counsellor, FLAGGED)
    row = only(session, counsellor)
    assert session.exec(select(TierSuggestion)).all() == []
    follow_ups.note_contact(session, counsellor, result_id=row.id, record_id=talk(session, counsellor, child))
    (suggestion,) = session.exec(select(TierSuggestion)).all()
    orange = next(each for each in tier_order(session).offered if each.colour is TierColour.ORANGE)
    assert (suggestion.tier_id, suggestion.student_id) == (orange.id, child.id)
    assert "PHQ-9 中重度" in unseal(suggestion, "reason_sealed")
    assert [each.kind for each in home.list_duties(session, counsellor)] == [DutyKind.DECIDE_TIER]
    assert only(session, counsellor).waits_for_decision

    tiers.leave_suggestion(
        session, counsellor, suggestion_id=suggestion.id, version=suggestion.version, note="考试前紧张，没有别的。"
    )
    assert results.list_to_follow_up(session, counsellor) == []
    assert home.list_duties(session, counsellor) == []


def test_the_suggested_tier_is_of_the_result_s_colour_or_the_nearest(session, term):
    order = tier_order(session)
    assert [suggestions.tier_for(order, rank).colour.value for rank in (1, 2, 3)] == ["yellow", "orange", "red"]
    assert suggestions.tier_for(order, 0) is None
    two = replace(order, kinds=tuple(each for each in order.kinds if each.colour.value not in ("orange", "yellow")))
    assert {suggestions.tier_for(two, rank).colour.value for rank in (1, 2, 3)} == {"red"}


def test_two_editors_of_one_result_meet(session, lead, counsellor, child):
    take(session, counsellor, FLAGGED)
    row = only(session, counsellor)
    follow_ups.ask_homeroom(session, counsellor, result_id=row.id, version=row.version, asks=True)
    with pytest.raises(EditedMeanwhile):
        follow_ups.hand_over(session, lead, result_id=row.id, version=row.version, owner_id=lead.user_id)


def test_it_can_be_handed_to_who_can_follow_it_up(session, lead, counsellor, child, make_user):
    take(session, lead, FLAGGED)
    row = only(session, lead)
    for owner_id, code in ((None, "required"), (make_user(Role.HOMEROOM).user_id, "unknown_choice")):
        with pytest.raises(FieldErrors) as refused:
            follow_ups.hand_over(session, lead, result_id=row.id, version=row.version, owner_id=owner_id)
        assert codes(refused) == {"owner": code}
    follow_ups.hand_over(session, lead, result_id=row.id, version=row.version, owner_id=counsellor.user_id)

    assert lines(session, lead) == []
    assert [each.child for each in lines(session, counsellor)] == ["江小满"]


# --- who knows ---


def test_a_homeroom_teacher_sees_no_score_only_whom_to_look_after(session, make_user, counsellor, child, school_class):
    homeroom = make_user(Role.HOMEROOM, homeroom_of=school_class)
    take(session, counsellor, URGENT)
    assert results.list_to_look_after(session, homeroom) == []
    assert lines(session, homeroom) == []
    row = only(session, counsellor)
    follow_ups.ask_homeroom(session, counsellor, result_id=row.id, version=row.version, asks=True)

    (asked,) = results.list_to_look_after(session, homeroom)
    assert (asked.name, asked.since) == ("江小满", TODAY)
    assert results.list_to_look_after(session, make_user(Role.HOMEROOM)) == []
    assert results.list_to_look_after(session, counsellor) == []
    for read in (
        lambda: results.find_child_results(session, homeroom, student_id=child.id),
        lambda: results.list_to_follow_up(session, homeroom),
        lambda: results.list_results(session, homeroom, round_id=1, kind=ResultKind.ALL),
        lambda: follow_ups.ask_homeroom(session, homeroom, result_id=row.id, version=1, asks=False),
    ):
        with pytest.raises(NotAllowed):
            read()


def test_opening_scores_is_noted_once(session, lead, child):
    take(session, lead, ROW)
    assert not results.find_child_results(session, lead, student_id=child.id).is_opening_noted
    results.note_opening(session, lead, student_id=child.id)
    assert results.find_child_results(session, lead, student_id=child.id).is_opening_noted


def test_leadership_reads_numbers_with_small_groups_held_back(session, lead, make_user, make_student, school_class):
    names = ["立夏", "小满", "芒种", "夏至", "小暑", "大暑", "立秋"]
    children = [make_student(f"柳{name}", in_class=school_class) for name in names]
    take(session, lead, *(ROW | {"姓名": each.name} for each in children[:6]))
    (found,) = rounds.list_rounds(session, lead)
    leader = make_user(Role.LEADERSHIP)

    told = coverage.find_numbers(session, leader, round_id=found.id)
    assert told.standings[Standing.SCREENED] is None  # one is missing: subtraction would tell whom
    assert told.standings[Standing.MISSING] is None
    assert told.pupils == 7
    assert told.levels["没有明显症状"] is None  # all six of one level: that would tell the same
    with pytest.raises(NotAllowed):
        coverage.list_coverage(session, leader, round_id=found.id)
    assert [each.results for each in rounds.list_rounds(session, leader)] == [0]


# --- coverage and rounds ---


def test_every_child_of_a_class_stands_somewhere(session, lead, make_user, make_student, make_class, school_class):
    names = ["测了", "没来", "不同意", "没结果", "留守"]
    screened, _away, refusing, _missing, left_behind = (
        make_student(f"柳{name}", in_class=school_class) for name in names
    )
    make_student("霍半夏", in_class=make_class(7, 2))
    for child, answer in ((screened, ConsentAnswer.GIVEN), (refusing, ConsentAnswer.REFUSED)):
        record_consent(
            session, lead, student_id=child.id, purpose=ConsentPurpose.SCREENING, answer=answer,
            day=date(2026, 9, 5), by_whom="母亲",
        )  # fmt: skip
    session.add(
        StudentCategory(
            student_id=left_behind.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1), found_by="list",
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    take(session, lead, ROW | {"姓名": "柳测了"}, {"姓名": "柳没来", "PHQ-9总分": "缺考", "PHQ-9第9题": ""})
    found = next(each for each in rounds.list_rounds(session, lead) if each.scale == "phq9")

    first, second = coverage.list_coverage(session, lead, round_id=found.id)
    assert {standing: first.counts[standing] for standing in Standing} == {
        Standing.SCREENED: 1, Standing.VOID: 0, Standing.EXEMPT: 1, Standing.ABSENT: 1, Standing.MISSING: 2,
    }  # fmt: skip
    assert (first.owed, first.share, first.left_behind_missing, first.consented, first.unconsented) == (3, 25, 1, 1, 0)
    assert second.counts[Standing.MISSING] == 1
    homeroom = make_user(Role.HOMEROOM, homeroom_of=school_class)
    assert [each.class_id for each in coverage.list_coverage(session, homeroom, round_id=found.id)] == [school_class.id]
    waiting = coverage.list_not_screened(session, homeroom, round_id=found.id, class_id=school_class.id)
    assert waiting[0].name == "柳留守"
    assert len(waiting) == 4
    assert coverage.list_not_screened(session, homeroom, round_id=found.id, class_id=second.class_id) == []


def test_whose_family_refuses_is_not_to_be_tested_again_after_a_void_result(session, lead, child):
    take(session, lead, ROW)
    (void,) = stored(session)
    void.is_valid = False
    record_consent(
        session, lead, student_id=child.id, purpose=ConsentPurpose.SCREENING, answer=ConsentAnswer.REFUSED,
        day=TODAY, by_whom="母亲",
    )  # fmt: skip

    (only_class,) = coverage.list_coverage(session, lead, round_id=void.round_id)

    assert (only_class.counts[Standing.EXEMPT], only_class.counts[Standing.VOID], only_class.owed) == (1, 0, 0)
    assert only_class.unconsented == 1  # it was tested all the same


def test_an_old_round_counts_the_classes_of_its_term(session, lead, child, school_class):
    take(session, lead, ROW)
    stay = session.exec(select(ClassMembership)).one()
    stay.to_day = date(2027, 2, 20)
    session.flush()
    clock.set_fixed(datetime(2027, 4, 1, 9, tzinfo=clock.SCHOOL_ZONE))

    (found,) = [each for each in rounds.list_rounds(session, lead) if each.scale == "phq9"]
    (only_class,) = coverage.list_coverage(session, lead, round_id=found.id)
    assert only_class.counts[Standing.SCREENED] == 1


def test_one_round_a_term_and_scale_ended_and_begun_again(session, lead, child):
    round_id = rounds.open_round(session, lead, scale="mht")
    with pytest.raises(RoundThere):
        rounds.open_round(session, lead, scale="mht")
    with pytest.raises(FieldErrors):
        rounds.open_round(session, lead, scale="nobody")
    with pytest.raises(RoundEmpty):
        rounds.close_round(session, lead, round_id=round_id, version=1)
    (found,) = rounds.list_rounds(session, lead)
    assert (found.term, found.label) == (Term(2026, 1), "2026–2027学年第一学期 MHT")


@pytest.mark.parametrize(
    ("day", "term"),
    [
        (date(2026, 9, 1), Term(2026, 1)),
        (date(2027, 1, 31), Term(2026, 1)),
        (date(2026, 2, 20), Term(2025, 2)),
        (date(2026, 8, 31), Term(2025, 2)),
    ],
)
def test_a_day_counts_for_a_term_also_where_none_is_entered(session, day, term):
    from services.calendar import SchoolCalendar

    assert rounds.term_on(SchoolCalendar(), day) == term
    assert day <= rounds.last_day_of(SchoolCalendar(), term)


def test_a_list_is_paged_and_shows_what_stands_out_first(session, lead, make_student, school_class):
    names = [f"柳{sign}" for sign in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳"]
    for name in names:
        make_student(name, in_class=school_class)
    take(session, lead, *(ROW | {"姓名": name, "PHQ-9总分": str(n)} for n, name in enumerate(names)))
    found = next(each for each in rounds.list_rounds(session, lead) if each.scale == "phq9")

    page = results.list_results(session, lead, round_id=found.id, kind=ResultKind.ALL)
    assert (page.total, len(page.rows), page.rows[0].level_name) == (16, 15, "中重度")
    flagged = results.list_results(session, lead, round_id=found.id, kind=ResultKind.FLAGGED)
    assert {row.level_name for row in flagged.rows} == {"中度", "中重度"}
    assert results.list_results(session, lead, round_id=found.id, kind=ResultKind.VOID).total == 0


# --- merging ---


def test_two_entries_merged_keep_every_result(session, lead, child, make_student, school_class):
    other = make_student("江晓满", in_class=school_class)
    take(session, lead, FLAGGED, URGENT | {"姓名": "江晓满"})
    shown = merges.compare_entries(session, lead, kept_id=child.id, other_id=other.id)
    merges.merge_entries(
        session, lead, kept_id=child.id, other_id=other.id, digest=shown.digest,
        choices={each.key: each.proposed for each in shown.differences}, is_one_child=True,
    )  # fmt: skip

    found = results.find_child_results(session, lead, student_id=child.id).results
    assert sorted(each.row.rank for each in found) == [2, 3]
    assert len(lines(session, lead)) == 1
