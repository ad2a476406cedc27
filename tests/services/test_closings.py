"""Closing a case: the computed list, a second person's yes, the look afterwards, the way back, and who may."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from bench.counting import counted
from db.sealing import unseal
from db.tables import (
    AppUser,
    Case,
    CaseClosure,
    ClosingOutcome,
    ClosingState,
    EvaluationMoment,
    GoalState,
    MeasureState,
    OutwardTarget,
    PlanGoal,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Referral,
    Role,
    RoleGrant,
    SupportPlan,
    Urgency,
)
from db.transactions import transaction
from services import (
    archive_lists,
    cases,
    clock,
    closing_checks,
    closing_views,
    closings,
    conferences,
    decisions,
    home,
    measures,
    outward_referrals,
    safeguarding,
    time_line,
)
from services.case_stages import CaseClosed, CaseStage
from services.closings import ClosingEntry, ClosingOutdated, ClosingWaits, NobodyToClose
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.measures import EndEntry, NoteEntry
from tests.conftest import NOW, codes
from tests.services.test_conferences import called, conference_of, to_do, write
from tests.services.test_evaluations import evaluate
from tests.services.test_plans import ordinary, save, stage, typed
from tests.services.test_races import race
from tests.services.test_tiers import put

TODAY = NOW.date()
LATER = TODAY + timedelta(days=30)
CLOSING = {DutyKind.CLOSING_ANSWER, DutyKind.CLOSED_FOLLOW_UP, DutyKind.CASE_STALLED}


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def case(session, lead, counsellor, make_student):
    """An ordinary case of the counsellor's, with a plan in force."""
    made = ordinary(session, counsellor, make_student("江小满"))
    save(session, counsellor, made, typed(counsellor))
    return made


def entry(**values):
    fine = {
        "outcome": ClosingOutcome.BETTER,
        "reason": "连着六周每天来上学，睡得好了。",
        "follow_up_on": LATER,
        "despite": "档案开学补齐。",
    }
    return ClosingEntry(**(fine | values))


def ask(session, actor, case, **values):
    session.refresh(case)
    return closings.ask_to_close(session, actor, case_id=case.id, version=case.version, entry=entry(**values))


def answer(session, actor, closing_id, *, is_agreed=True, note=None):
    version = session.get_one(CaseClosure, closing_id).version
    closings.answer_closing(session, actor, closing_id=closing_id, version=version, is_agreed=is_agreed, note=note)


def close(session, asker, answerer, case, **values):
    number = ask(session, asker, case, **values)
    answer(session, answerer, number)
    session.refresh(case)
    return number


def reopen(session, actor, case, reason="又不来了"):
    session.refresh(case)
    closings.reopen_case(session, actor, case_id=case.id, version=case.version, reason=reason)


def seen(session, actor, case):
    return closing_views.find_closing(session, actor, case_id=case.id)


def unmet(session, actor, case):
    return {line.code for line in seen(session, actor, case).checks if not line.is_met}


def due(session, actor):
    return [duty for duty in home.list_duties(session, actor) if duty.kind in CLOSING]


# --- the list ---


def test_every_line_of_the_list_follows_from_the_records(session, counsellor, lead, case):
    assert unmet(session, counsellor, case) >= {"goals", "measures", "archive"}

    goal, measure = session.exec(select(PlanGoal)).one(), session.exec(select(PlanMeasure)).one()
    measures.judge_goal(
        session, counsellor, goal_id=goal.id, version=goal.version,
        entry=EndEntry(GoalState.REACHED, TODAY, "来了六周"),
    )  # fmt: skip
    measures.end_measure(
        session, counsellor, measure_id=measure.id, version=measure.version,
        entry=EndEntry(MeasureState.DONE, TODAY, "谈了六次"),
    )  # fmt: skip

    evaluate(session, counsellor, case, moment=EvaluationMoment.END)

    assert unmet(session, counsellor, case) == {"archive"}
    archive = seen(session, counsellor, case).checks[-1]
    assert "工作记录" in archive.missing
    assert {code for code, _ in closing_checks.LATER}.isdisjoint(archive.missing)


def test_a_severe_case_is_to_be_discussed_and_what_was_decided_done(session, counsellor, lead, make_student):
    severe = called(session, counsellor, make_student("江小满"), lead)
    assert {"conference", "plan"} <= unmet(session, counsellor, severe)

    write(session, counsellor, severe)
    assert "conference" not in unmet(session, counsellor, severe)
    number = conference_of(session, severe).id
    decisions.save_decision(session, counsellor, conference_id=number, entry=to_do(counsellor))

    assert "decisions" in unmet(session, counsellor, severe)


# --- asking and answering ---


def test_only_the_second_persons_yes_closes_a_case_and_its_plan_ends_with_it(session, counsellor, lead, case):
    number = ask(session, counsellor, case)
    assert (case.closed_at, stage(session, counsellor, case)) == (None, CaseStage.SUPPORT)

    answer(session, lead, number)

    session.refresh(case)
    row = session.get_one(CaseClosure, number)
    assert (case.closed_at, row.state, row.decided_by_id) == (NOW, ClosingState.AGREED, lead.user_id)
    assert stage(session, counsellor, case) is CaseStage.CLOSURE
    version = session.exec(select(PlanVersion)).one()
    assert (version.state, unseal(version, "end_reason_sealed")) == (PlanState.ENDED, closings.PLAN_ENDED)


def test_nobody_says_yes_to_the_own_request(session, lead, make_user, make_student):
    case = ordinary(session, lead, make_student("江小满"))
    other = make_user(Role.LEAD, name="柳惊蛰")

    number = ask(session, lead, case)

    with pytest.raises(NotFound):
        answer(session, lead, number)
    answer(session, other, number)
    session.refresh(case)
    assert case.closed_at == NOW


def test_where_a_head_asks_and_there_is_no_other_the_second_person_says_it(session, lead, make_user, make_student):
    case = ordinary(session, lead, make_student("江小满"))
    with pytest.raises(NobodyToClose):
        ask(session, lead, case)

    leader = make_user(Role.LEADERSHIP, name="方正行")
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    session.flush()
    number = ask(session, lead, case)

    assert [(duty.kind, duty.child) for duty in due(session, leader)] == [(DutyKind.CLOSING_ANSWER, None)]
    assert closing_views.find_request(session, leader, closing_id=number).child is None
    answer(session, leader, number)
    assert stage(session, lead, case) is CaseStage.CLOSURE


def test_what_is_missing_is_answered_for_in_words_that_the_second_person_reads(session, counsellor, lead, case):
    with pytest.raises(FieldErrors) as refused:
        ask(session, counsellor, case, reason=" ", follow_up_on=None, despite=None, outcome=None)
    assert codes(refused) == {
        "outcome": "choice_needed", "reason": "required", "follow_up_on": "required", "despite": "required",
    }  # fmt: skip
    for day, code in ((TODAY, "not_after_today"), (TODAY + timedelta(days=400), "too_far")):
        with pytest.raises(FieldErrors) as refused:
            ask(session, counsellor, case, follow_up_on=day)
        assert codes(refused) == {"follow_up_on": code}

    number = ask(session, counsellor, case, outcome=ClosingOutcome.LEFT, follow_up_on=None)

    read = closing_views.find_request(session, lead, closing_id=number).closure
    assert "方案的目标" in read.missing
    assert (read.despite, read.follow_up_on) == ("档案开学补齐。", None)
    row = session.get_one(CaseClosure, number)
    assert "睡得好了".encode() not in row.reason_sealed


def test_what_came_up_since_it_was_asked_is_not_closed_over(session, counsellor, lead, case):
    goal, measure = session.exec(select(PlanGoal)).one(), session.exec(select(PlanMeasure)).one()
    measures.judge_goal(
        session, counsellor, goal_id=goal.id, version=goal.version,
        entry=EndEntry(GoalState.REACHED, TODAY, "来了"),
    )  # fmt: skip
    number = ask(session, counsellor, case)
    assert "goals" not in session.get_one(CaseClosure, number).missing
    goal.state, goal.judged_on = GoalState.OPEN, None
    session.flush()

    with pytest.raises(ClosingOutdated):
        answer(session, lead, number)
    assert measure.state is MeasureState.OPEN
    answer(session, lead, number, is_agreed=False, note="目标又打开了")
    session.refresh(case)
    assert case.closed_at is None


def test_a_no_wants_its_reason_and_it_can_be_asked_again(session, counsellor, lead, case):
    number = ask(session, counsellor, case)
    with pytest.raises(ClosingWaits):
        ask(session, counsellor, case)
    with pytest.raises(FieldErrors) as refused:
        answer(session, lead, number, is_agreed=False)
    assert codes(refused) == {"note": "required"}

    answer(session, lead, number, is_agreed=False, note="再看一个月")

    found = seen(session, counsellor, case)
    assert [(each.state, each.note) for each in found.closures] == [(ClosingState.DECLINED, "再看一个月")]
    close(session, counsellor, lead, case)
    assert len(seen(session, counsellor, case).closures) == 2


def test_a_request_can_be_taken_back_and_is_answered_no_more(session, counsellor, lead, case):
    number = ask(session, counsellor, case)

    closings.withdraw_closing(session, counsellor, closing_id=number, version=1)

    with pytest.raises(NotFound):
        answer(session, lead, number)
    with pytest.raises(NotFound):
        closings.withdraw_closing(session, counsellor, closing_id=number, version=2)
    assert due(session, lead) == []


@pytest.mark.parametrize("asks_first", [Role.COUNSELLOR, Role.LEAD])
def test_home_asks_no_more_where_many_requests_wait(session, lead, counsellor, make_user, make_student, asks_first):
    leader = make_user(Role.LEADERSHIP, name="方正行")
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    session.flush()
    asker, answerer = (counsellor, lead) if asks_first is Role.COUNSELLOR else (lead, leader)

    def statements_with(name: str) -> int:
        ask(session, asker, ordinary(session, asker, make_student(name)))
        session.expire_all()
        with counted(session.get_bind()) as tally:
            due(session, answerer)
        return tally.total

    first = statements_with("江小满")
    assert [statements_with(name) for name in ("苏小满", "陆小满", "方小满")] == [first] * 3
    assert len(due(session, answerer)) == 4


def test_who_only_came_to_the_conference_does_not_close(session, counsellor, lead, make_user, make_student):
    member = make_user(Role.COUNSELLOR, name="穆清川")
    severe = called(session, counsellor, make_student("江小满"), lead, member)

    with pytest.raises(NotAllowed):
        ask(session, member, severe)
    assert seen(session, member, severe).may_close is False
    with pytest.raises(NotFound):
        ask(session, make_user(Role.COUNSELLOR, name="白未晞"), severe)


def test_a_case_of_suspected_abuse_waits_for_nobody_who_may_not_know(session, lead, make_user, make_student):
    case = ordinary(session, lead, make_student("江小满"))
    safeguarding.mark_suspected_abuse(session, lead, referral_id=case.referral_id, version=_version(session, case))
    make_user(Role.LEADERSHIP, name="方正行")

    with pytest.raises(NobodyToClose):
        ask(session, lead, case)


def _version(session, case):
    return session.get_one(Referral, case.referral_id).version


# --- afterwards ---


def _write_due(session, actor):
    return next(duty.due_at for duty in home.list_duties(session, actor) if duty.kind is DutyKind.PLAN_WRITE)


def test_a_reopened_case_wants_a_plan_anew_and_can_be_closed_again(session, counsellor, lead, case, monkeypatch):
    close(session, counsellor, lead, case)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=20))
    with pytest.raises(FieldErrors):
        reopen(session, counsellor, case, reason="")

    reopen(session, counsellor, case)

    session.refresh(case)
    assert (case.closed_at, stage(session, counsellor, case)) == (None, CaseStage.REOPENED)
    assert _write_due(session, counsellor) == cases.find_case(session, counsellor, case_id=case.id).row.plan.due_at
    assert _write_due(session, counsellor) > NOW + timedelta(days=20)
    assert seen(session, lead, case).closures[0].reopen_reason == "又不来了"
    assert "plan" in unmet(session, counsellor, case)  # the earlier one ended with the case
    save(session, counsellor, case, typed(counsellor, reason="换个办法"), version=_plan_version(session, case))
    assert stage(session, counsellor, case) is CaseStage.SUPPORT
    assert "plan" not in unmet(session, counsellor, case)
    assert cases.find_case(session, counsellor, case_id=case.id).plans_in_force == 2
    close(session, counsellor, lead, case)
    assert stage(session, counsellor, case) is CaseStage.CLOSURE


def test_the_archive_keeps_the_plan_that_ended_with_its_case(session, counsellor, lead, case):
    def missing():
        filters = archive_lists.ArchiveFilters()
        (row,) = archive_lists.list_archives(session, counsellor, filters=filters, page=1, total=1).rows
        return {part.code for part in row.missing}

    before = missing()
    assert "plan" not in before
    close(session, counsellor, lead, case)
    assert missing() == before
    reopen(session, counsellor, case)
    assert missing() == before | {"plan"}  # helped again: by a plan of now


def _plan_version(session, case):
    return session.exec(select(SupportPlan.version).where(SupportPlan.case_id == case.id)).one()


def test_the_look_afterwards_is_on_home_from_its_day_until_it_is_written_down(
    session, counsellor, lead, case, monkeypatch
):
    number = close(session, counsellor, lead, case)
    for days, groups in ((29, []), (30, [DutyGroup.TODAY])):
        monkeypatch.setattr(clock, "now", lambda days=days: NOW + timedelta(days=days))
        assert [duty.group for duty in due(session, counsellor)] == groups

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=31))
    assert [(duty.kind, duty.group, duty.target_id) for duty in due(session, counsellor)] == [
        (DutyKind.CLOSED_FOLLOW_UP, DutyGroup.LATE, case.id)
    ]
    with pytest.raises(FieldErrors) as refused:
        follow_up(session, counsellor, number, day=TODAY - timedelta(days=1))
    assert codes(refused) == {"day": "before_closing"}
    follow_up(session, counsellor, number)

    assert due(session, counsellor) == []
    assert seen(session, counsellor, case).standing.follow_up == "每天来，说还好"
    with pytest.raises(EditedMeanwhile):
        closings.record_follow_up(session, counsellor, closing_id=number, version=2, day=TODAY, words="又写")
    with pytest.raises(EditedMeanwhile):  # not even with the version as it stands: the first would be lost
        follow_up(session, counsellor, number)


def follow_up(session, actor, number, *, day=TODAY):
    version = session.get_one(CaseClosure, number).version
    closings.record_follow_up(session, actor, closing_id=number, version=version, day=day, words="每天来，说还好")


def test_nothing_new_is_written_into_a_closed_case_but_what_is_there_can_be_put_right(
    session, counsellor, lead, make_student
):
    severe = called(session, counsellor, make_student("江小满"), lead)
    write(session, counsellor, severe)
    number = conference_of(session, severe).id
    decisions.save_decision(session, counsellor, conference_id=number, entry=to_do(counsellor))
    close(session, counsellor, lead, severe)

    with pytest.raises(CaseClosed):
        decisions.save_decision(session, counsellor, conference_id=number, entry=to_do(counsellor))
    with pytest.raises(CaseClosed):
        conferences.plan_conference(
            session, counsellor, conference_id=number, version=2,
            entry=conferences.PlanEntry(None, None, None, frozenset()),
        )  # fmt: skip
    with pytest.raises(NotFound):
        save(session, counsellor, severe, typed(counsellor))
    with pytest.raises(CaseClosed):
        outward_referrals.refer_out(
            session, counsellor, student_id=severe.student_id, case_id=severe.id,
            entry=outward_referrals.OutwardEntry(
                target_kind=OutwardTarget.HOSPITAL, urgency=Urgency.DANGER, referred_on=TODAY
            ),
        )  # fmt: skip
    write(session, counsellor, severe)  # the record of what was said is put right
    assert DutyKind.DECISION in [duty.kind for duty in home.list_duties(session, counsellor)]


def test_the_time_line_tells_of_closing_and_of_the_way_back(session, counsellor, lead, case):
    close(session, counsellor, lead, case)
    reopen(session, counsellor, case)

    page = time_line.list_time_line(session, counsellor, student_id=case.student_id)

    told = [(row.state, row.person) for row in page.rows if row.source is time_line.Source.CLOSING]
    assert sorted(told) == [("closed", "秦若谷"), ("reopened", "何知微")]


def test_lists_tell_open_and_closed_cases_apart(session, counsellor, lead, case, make_student):
    other = ordinary(session, counsellor, make_student("谷雨生"))
    close(session, counsellor, lead, case)

    by = {closed: [row.id for row in cases.list_cases(session, counsellor, is_closed=closed).rows]
          for closed in (True, False, None)}  # fmt: skip

    assert by == {True: [case.id], False: [other.id], None: [other.id, case.id]}


def test_of_closed_cases_the_latest_stands_first(session, counsellor, lead, case, make_student, monkeypatch):
    other = ordinary(session, counsellor, make_student("谷雨生"))
    close(session, counsellor, lead, case)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))
    close(session, counsellor, lead, other)

    assert [row.id for row in cases.list_cases(session, counsellor, is_closed=True).rows] == [other.id, case.id]


def test_the_list_says_where_closing_waits_for_a_yes(session, counsellor, lead, case):
    def is_asked():
        (row,) = cases.list_cases(session, counsellor).rows
        return row.is_closing_asked

    assert not is_asked()
    number = ask(session, counsellor, case)
    assert is_asked()
    answer(session, lead, number, is_agreed=False, note="再看看。")
    assert not is_asked()


# --- nobody wrote anything ---


@pytest.mark.parametrize(("rank", "days"), [(None, 30), (0, 30), (1, 30), (2, 14), (3, 7)])
def test_a_case_stalls_after_as_many_days_as_its_childs_tier_allows(
    session, counsellor, lead, make_student, monkeypatch, rank, days
):
    child = make_student("江小满")
    made = ordinary(session, counsellor, child)
    if rank is not None:
        put(session, counsellor, child, rank)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=days))
    assert due(session, counsellor) == []

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=days + 1))

    assert [(duty.kind, duty.target_id, duty.since.date()) for duty in due(session, counsellor)] == [
        (DutyKind.CASE_STALLED, made.id, TODAY)
    ]
    assert due(session, lead) == []


def test_a_note_on_a_measure_keeps_a_case_going_and_a_closed_one_never_stalls(
    session, counsellor, lead, case, monkeypatch
):
    late = NOW + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: late)
    measure = session.exec(select(PlanMeasure)).one()
    assert [duty.kind for duty in due(session, counsellor)] == [DutyKind.CASE_STALLED]

    measures.note_progress(session, counsellor, measure_id=measure.id, entry=NoteEntry(late.date(), "谈过了"))
    assert due(session, counsellor) == []

    monkeypatch.setattr(clock, "now", lambda: late + timedelta(days=31))
    assert [duty.kind for duty in due(session, counsellor)] == [DutyKind.CASE_STALLED]
    close(session, counsellor, lead, case, follow_up_on=clock.today() + timedelta(days=9))
    assert due(session, counsellor) == []


@pytest.mark.parametrize("change", ["account disabled", "post given up"])
def test_what_nobody_owns_any_more_falls_to_the_head(session, counsellor, lead, case, monkeypatch, change):
    if change == "account disabled":
        session.get_one(AppUser, counsellor.user_id).is_active = False
    else:
        session.exec(select(RoleGrant).where(RoleGrant.user_id == counsellor.user_id)).one().ended_at = NOW
    session.flush()
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=31))

    assert [(duty.kind, duty.is_mine) for duty in due(session, lead)] == [(DutyKind.CASE_STALLED, False)]


# --- two at once ---


def test_of_two_who_say_yes_at_once_exactly_one_closes(session, counsellor, lead, make_user, case):
    number, other = ask(session, counsellor, case), make_user(Role.LEAD, name="柳惊蛰")
    case_id, barrier = case.id, Barrier(2)
    session.commit()

    def say_yes(actor):
        barrier.wait(timeout=10)
        try:
            with transaction() as own:
                closings.answer_closing(own, actor, closing_id=number, version=1, is_agreed=True, note=None)
        except (EditedMeanwhile, NotFound) as error:
            return type(error)
        return "closed"

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(say_yes, (lead, other)))

    assert sorted(map(str, results)).count("closed") == 1
    with transaction() as own:
        rows = own.exec(select(CaseClosure)).all()
        assert [row.state for row in rows] == [ClosingState.AGREED]
        assert own.get_one(Case, case_id).closed_at is not None


def test_of_two_who_ask_at_once_one_asks(session, counsellor, lead, make_user, case):
    make_user(Role.LEAD, name="柳惊蛰")
    case_id, version, barrier = case.id, case.version, Barrier(2)
    session.commit()

    def ask_now(actor):
        barrier.wait(timeout=10)
        try:
            with transaction() as own:
                closings.ask_to_close(own, actor, case_id=case_id, version=version, entry=entry())
        except (EditedMeanwhile, ClosingWaits) as error:
            return type(error)
        return "asked"

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(ask_now, (counsellor, lead)))

    assert results.count("asked") == 1
    with transaction() as own:
        assert len(own.exec(select(CaseClosure)).all()) == 1


@pytest.mark.parametrize("what", ["note", "end", "goal"])
def test_nothing_is_written_into_a_case_that_is_being_closed(session, lead, counsellor, case, what):
    goal, measure = session.exec(select(PlanGoal)).one(), session.exec(select(PlanMeasure)).one()
    number = ask(session, counsellor, case)
    version, drawn = session.get_one(CaseClosure, number).version, (goal.version, measure.version)
    goal_id, measure_id = goal.id, measure.id
    session.commit()
    written = {
        "note": lambda own: measures.note_progress(
            own, counsellor, measure_id=measure_id, entry=NoteEntry(TODAY, "谈过了")
        ),
        "end": lambda own: measures.end_measure(
            own, counsellor, measure_id=measure_id, version=drawn[1], entry=EndEntry(MeasureState.DONE, TODAY, "做完了")
        ),
        "goal": lambda own: measures.judge_goal(
            own, counsellor, goal_id=goal_id, version=drawn[0], entry=EndEntry(GoalState.REACHED, TODAY, "来了")
        ),
    }

    def agree(own):
        closings.answer_closing(own, lead, closing_id=number, version=version, is_agreed=True, note=None)

    assert race(agree, written[what]) == ["done", "NotFound"]
