"""Summing up a case: the days, what the records say was done, amendments, when the next is due, and who may."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from db.tables import (
    CareKind,
    ClauseSwitch,
    EffectEvaluation,
    EvaluationMoment,
    ParameterVersion,
    Referral,
    Role,
    StageSummary,
    StageSummaryVersion,
    Student,
)
from db.transactions import transaction
from services import (
    archive_contents,
    case_paper_overviews,
    case_paper_prints,
    clock,
    closing_views,
    closings,
    evaluation_views,
    evaluations,
    home,
    records,
    safeguarding,
    summaries,
    summary_views,
    time_line,
)
from services.calendar import load_calendar
from services.case_paper_prints import comparison_words
from services.case_stages import CaseClosed
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.evaluation_kinds import Voice
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate as evaluate_clauses
from services.regulations.switches import load_switches
from services.student_exports import ExportPurpose
from services.summaries import SummaryEntry
from tests.conftest import NOW, codes
from tests.services.test_closings import ask, close, reopen
from tests.services.test_evaluations import evaluate, go, said
from tests.services.test_evaluations import typed as heard
from tests.services.test_papers import PLACEHOLDER, words_of
from tests.services.test_plans import ordinary
from tests.services.test_records import write as record

TODAY = NOW.date()
NEXT = TODAY + timedelta(days=60)
SECRET = "和同桌说得上话了"


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
def case(session, counsellor, make_student):
    return ordinary(session, counsellor, make_student("江小满"))


def typed(**values):
    fine = {"from_on": TODAY, "to_on": TODAY, "changed": SECRET, "next_steps": "每周谈一次。", "next_on": NEXT}
    return SummaryEntry(**(fine | values))


def sum_up(session, actor, case, **values):
    return summaries.write_summary(session, actor, case_id=case.id, entry=typed(**values))


def amend(session, actor, number, *, version=1, **values):
    summaries.amend_summary(session, actor, summary_id=number, version=version, entry=typed(**values))


def seen(session, actor, case):
    return summary_views.list_summaries(session, actor, case_id=case.id)


def due(session, actor):
    return [
        (duty.child, duty.group, duty.is_mine)
        for duty in home.list_duties(session, actor)
        if duty.kind is DutyKind.SUMMARY
    ]


def line_of(session, actor, case):
    found = closing_views.find_closing(session, actor, case_id=case.id).checks
    return next((line.is_met for line in found if line.code == "summary"), None)


def test_what_was_done_is_counted_from_the_records_of_its_days(session, counsellor, lead, case, make_user, monkeypatch):
    record(session, counsellor, case_child(session, case), day=TODAY)
    record(session, counsellor, case_child(session, case), kind=CareKind.COUNSELLING, day=TODAY)
    taken_back = record(session, counsellor, case_child(session, case), day=TODAY)
    records.withdraw_record(session, counsellor, record_id=taken_back, version=1, reason="记错了孩子")
    sum_up(session, counsellor, case)
    go(monkeypatch, TODAY + timedelta(days=5))
    record(session, counsellor, case_child(session, case), day=TODAY + timedelta(days=5))

    (one,) = seen(session, counsellor, case).summaries
    assert one.done == {CareKind.TALK: 1, CareKind.COUNSELLING: 1}
    later = summary_views.count_done(
        session, counsellor, case_id=case.id, from_on=TODAY, to_on=TODAY + timedelta(days=5)
    )
    assert later == {CareKind.TALK: 2, CareKind.COUNSELLING: 1}
    assert summary_views.count_done(session, counsellor, case_id=case.id, from_on=None, to_on=TODAY) is None
    assert (one.changed, one.written_by) == (SECRET, "何知微")
    assert SECRET.encode() not in session.exec(select(StageSummary)).one().changed_sealed


def wanted(session) -> list[DutyState]:
    """How each time the cases are to be summed up stands by I-04."""
    switched = ClauseSwitch(clause_id="I-04", number=1, is_on=True, from_day=TODAY, set_at=NOW)
    session.add(switched)
    session.flush()
    found = evaluate_clauses(
        session, calendar=load_calendar(session), switches=load_switches(session), on=clock.today(), clause_ids=["I-04"]
    )
    return [each.state for each in found["I-04"].standings]


def test_a_case_summed_up_on_the_day_it_began_is_summed_up_once(session, counsellor, case):
    sum_up(session, counsellor, case, from_on=TODAY, to_on=TODAY)

    assert wanted(session) == [DutyState.MET, DutyState.DUE]


def test_a_case_wants_no_summary_from_the_day_it_is_closed_on(session, counsellor, lead, case):
    sum_up(session, counsellor, case)
    close(session, counsellor, lead, case)

    assert wanted(session) == [DutyState.MET]


@pytest.mark.parametrize(("days", "is_met"), [(59, True), (60, False)], ids=["due tomorrow", "due today"])
def test_before_closing_a_case_is_summed_up_that_should_be_today(session, counsellor, case, monkeypatch, days, is_met):
    sum_up(session, counsellor, case)
    go(monkeypatch, TODAY + timedelta(days=days))

    assert line_of(session, counsellor, case) is is_met


def case_child(session, case):
    return session.get_one(Student, case.student_id)


def test_what_lacks_or_cannot_be_stands_at_its_own_field(session, counsellor, case):
    day = timedelta(days=1)
    blank = {"from_on": None, "to_on": None, "changed": " ", "next_steps": None, "next_on": None}
    for values, expected in (
        (blank, dict.fromkeys(blank, "required")),
        ({"from_on": TODAY - day}, {"from_on": "before_case"}),
        ({"to_on": TODAY + day}, {"to_on": "future"}),
        ({"to_on": TODAY - day}, {"to_on": "ends_first"}),
        ({"next_on": TODAY}, {"next_on": "not_after_today"}),
        ({"next_on": NEXT + day}, {"next_on": "next_too_late"}),
        ({"changed": "字" * 5001}, {"changed": "too_long"}),
    ):
        with pytest.raises(FieldErrors) as refused:
            sum_up(session, counsellor, case, **values)
        assert codes(refused) == expected

    sum_up(session, counsellor, case)
    with pytest.raises(FieldErrors) as refused:
        sum_up(session, counsellor, case)
    assert codes(refused) == {"from_on": "summed_up_already"}


def test_amending_keeps_how_it_stood_and_of_two_the_second_is_told(session, counsellor, lead, case):
    number = sum_up(session, counsellor, case)

    amend(session, lead, number, changed="又不说话了")

    (one,) = seen(session, counsellor, case).summaries
    assert (one.changed, one.is_amended, one.next_on) == ("又不说话了", True, NEXT)
    (before,) = summary_views.list_summary_versions(session, counsellor, summary_id=number)
    assert (before.changed, before.ended_by) == (SECRET, "秦若谷")
    assert SECRET.encode() not in session.exec(select(StageSummaryVersion)).one().content_sealed
    with pytest.raises(EditedMeanwhile) as refused:
        amend(session, counsellor, number, changed="我也改")
    assert refused.value.current["changed"] == "又不说话了"


def test_only_the_owner_and_a_head_write_and_nobody_else_reads(session, counsellor, lead, case, make_user):
    other = make_user(Role.COUNSELLOR, name="白未晞")
    number = sum_up(session, lead, case)
    for act in (
        lambda: sum_up(session, other, case),
        lambda: seen(session, other, case),
        lambda: amend(session, other, number),
        lambda: summary_views.list_summary_versions(session, other, summary_id=number),
        lambda: summary_views.count_done(session, other, case_id=case.id, from_on=TODAY, to_on=TODAY),
        lambda: case_paper_prints.print_summary(session, other, summary_id=number, purpose=ExportPurpose.MEETING),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotAllowed):
        sum_up(session, make_user(Role.HOMEROOM), case)
    version = session.get_one(Referral, case.referral_id).version
    safeguarding.mark_suspected_abuse(session, lead, referral_id=case.referral_id, version=version)
    with pytest.raises(NotFound):
        seen(session, counsellor, case)


def test_it_is_due_sixty_days_after_the_case_began_and_then_as_the_last_one_says(
    session, counsellor, lead, case, monkeypatch
):
    assert (due(session, counsellor), seen(session, counsellor, case).due.state) == ([], DutyState.DUE)
    assert line_of(session, counsellor, case) is None  # nothing is to be summed up yet
    go(monkeypatch, NEXT - timedelta(days=7))
    assert due(session, counsellor) == [("江小满", DutyGroup.UPCOMING, True)]
    assert due(session, lead) == []
    go(monkeypatch, NEXT + timedelta(days=1))
    assert due(session, counsellor) == [("江小满", DutyGroup.LATE, True)]
    assert line_of(session, counsellor, case) is False

    sum_up(session, counsellor, case, to_on=clock.today(), next_on=clock.today() + timedelta(days=10))

    assert (due(session, counsellor), line_of(session, counsellor, case)) == ([], True)
    go(monkeypatch, NEXT + timedelta(days=11))
    assert due(session, counsellor) == [("江小满", DutyGroup.TODAY, True)]
    assert seen(session, counsellor, case).begin_on == NEXT + timedelta(days=2)


def test_a_number_changed_later_moves_no_day_of_before(session, counsellor, case, monkeypatch):
    value = ParameterVersion(
        name="I-04.summary_every_days", number=1, in_force_from=TODAY + timedelta(days=5), value=20, reason="试",
        set_at=NOW,
    )  # fmt: skip
    session.add(value)
    session.flush()
    go(monkeypatch, TODAY + timedelta(days=30))

    assert due(session, counsellor) == []  # as the clause counts: by the number of the day it was opened
    assert seen(session, counsellor, case).due.due_at.date() == NEXT


def test_the_last_summary_says_when_the_next_is_due_though_one_before_named_a_later_day(
    session, counsellor, case, monkeypatch
):
    sum_up(session, counsellor, case)
    go(monkeypatch, TODAY + timedelta(days=10))
    sum_up(
        session, counsellor, case, from_on=TODAY + timedelta(days=1), to_on=clock.today(),
        next_on=TODAY + timedelta(days=20),
    )  # fmt: skip
    go(monkeypatch, TODAY + timedelta(days=25))

    assert due(session, counsellor) == [("江小满", DutyGroup.LATE, True)]


def test_a_closed_case_is_owed_none_and_takes_no_new_one_and_reopened_counts_anew(
    session, counsellor, lead, case, monkeypatch
):
    number = sum_up(session, counsellor, case)
    close(session, counsellor, lead, case)
    go(monkeypatch, NEXT + timedelta(days=30))
    assert (due(session, counsellor), seen(session, counsellor, case).due) == ([], None)
    with pytest.raises(CaseClosed):
        sum_up(session, counsellor, case, from_on=NEXT, to_on=NEXT, next_on=NEXT + timedelta(days=40))
    amend(session, counsellor, number, changed="写错了一个字")

    reopen(session, counsellor, case)

    assert due(session, counsellor) == []
    go(monkeypatch, NEXT + timedelta(days=91))
    assert due(session, counsellor) == [("江小满", DutyGroup.LATE, True)]


def test_its_paper_says_what_was_done_and_it_stands_on_the_time_line(session, counsellor, lead, case, make_user):
    record(session, counsellor, case_child(session, case), day=TODAY)
    number = sum_up(session, counsellor, case)

    made = case_paper_prints.print_summary(session, lead, summary_id=number, purpose=ExportPurpose.MEETING)

    words = words_of(made)
    for each in ("阶 段 性 总 结", "江小满", "谈心谈话 1 次", SECRET, "每周谈一次。", "2027年1月19日", "何知微"):
        assert each in words
    assert PLACEHOLDER not in words
    rows = time_line.list_time_line(session, counsellor, student_id=case.student_id).rows
    assert [row.record_id for row in rows if row.source is time_line.Source.SUMMARY] == [case.id]
    with pytest.raises(FieldErrors):
        case_paper_prints.print_summary(session, lead, summary_id=number, purpose=None)


def test_both_stand_in_the_whole_archive_for_who_may_read_the_case(session, counsellor, lead, case, make_user):
    sum_up(session, counsellor, case)
    evaluate(session, counsellor, case, said(Voice.CHILD, 2, 2, 3, None), said(Voice.CHILD, 4, 4, 4, 4))

    theirs, nobodys = (
        repr(archive_contents.read_archive(session, actor, student_id=case.student_id))
        for actor in (lead, make_user(Role.COUNSELLOR))
    )
    for each in (SECRET, "问题解决 4 分", "少一点作业", "何知微记"):
        assert each in theirs
        assert each not in nobodys


def test_the_page_of_a_case_reads_the_same_in_one_statement(session, counsellor, lead, case, statements):
    record(session, counsellor, case_child(session, case), day=TODAY)
    evaluate(session, counsellor, case, moment=EvaluationMoment.BEGINNING)
    evaluate(session, counsellor, case, said(Voice.CHILD, 4, None, None, None))
    sum_up(session, lead, case)
    apart = seen(session, counsellor, case), evaluation_views.list_evaluations(session, counsellor, case_id=case.id)

    statements.clear()
    found = case_paper_overviews.find_papers(
        session, counsellor, case_id=case.id, child="江小满", class_label=apart[0].head.class_label
    )

    assert len([each for each in statements if "complete_year" not in each]) == 1  # the calendar is asked once a run
    assert found.summaries == apart[0]
    assert [replace(each, said=()) for each in found.evaluations.evaluations] == [
        replace(each, said=()) for each in apart[1].evaluations
    ]
    assert comparison_words(found.evaluations.evaluations) == comparison_words(apart[1].evaluations)
    with pytest.raises(NotFound):
        case_paper_overviews.find_papers(session, counsellor, case_id=case.id + 1, child="", class_label=None)


def test_of_two_who_sum_up_the_same_days_at_once_one_is_told(session, counsellor, lead, case):
    case_id, barrier = case.id, Barrier(2)
    session.commit()

    def write_now(actor):
        barrier.wait(timeout=10)
        try:
            with transaction() as own:
                summaries.write_summary(own, actor, case_id=case_id, entry=typed())
                evaluations.write_evaluation(own, actor, case_id=case_id, entry=heard())
        except FieldErrors as error:
            return {name: problem.code for name, problem in error.problems.items()}
        return "written"

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(write_now, (counsellor, lead)))

    assert "written" in results
    assert {"from_on": "summed_up_already"} in results
    with transaction() as own:
        assert len(own.exec(select(StageSummary)).all()) == len(own.exec(select(EffectEvaluation)).all()) == 1


def test_of_who_closes_and_who_sums_up_at_once_nothing_new_stands_in_a_closed_case(session, counsellor, lead, case):
    number = ask(session, counsellor, case)
    case_id, barrier = case.id, Barrier(2)
    session.commit()

    def close_now():
        with transaction() as own:
            closings.answer_closing(own, lead, closing_id=number, version=1, is_agreed=True, note=None)

    def write_now():
        with transaction() as own:
            summaries.write_summary(own, counsellor, case_id=case_id, entry=typed())

    def at_once(act):
        barrier.wait(timeout=10)
        try:
            act()
        except (CaseClosed, NotFound) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(2) as pool:
        closed, written = pool.map(at_once, (close_now, write_now))

    assert closed is None
    with transaction() as own:
        assert len(own.exec(select(StageSummary)).all()) == (1 if written is None else 0)
