"""Stage summaries and evaluations as each role meets them: written, put right, drawn, printed, and owed on home."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.tables import CareKind, EffectEvaluation, EvaluationMoment, Role, StageSummary
from db.transactions import reading, transaction
from services import clock
from services.evaluation_kinds import Voice
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.test_closings import close
from tests.services.test_evaluations import amend, evaluate, said
from tests.services.test_plans import ordinary
from tests.services.test_records import write
from tests.services.test_summaries import sum_up

TODAY = NOW.date()
CHANGED = "和同桌说得上话了。"


@pytest.fixture
def case(session, world):
    """An ordinary case of the counsellor's, about 江小满, with a talk on record."""
    counsellor = world.staff[Role.COUNSELLOR]
    made = ordinary(session, counsellor, world.students[0])
    write(session, counsellor, world.students[0], kind=CareKind.TALK, day=TODAY)
    commit(session)
    return made


def keys(screen):
    return {str(button.key) for button in screen.button}


def stored(table):
    with reading() as session:
        return session.exec(select(table)).all()


def test_the_owner_sums_up_and_the_records_are_counted_for_them(open_page: OpenPage, world: World, case):
    counsellor = world.staff[Role.COUNSELLOR]
    assert "case_summary_write" in keys(open_page("cases", counsellor, case=case.id))
    screen = open_page("summary", counsellor, case=case.id)
    assert "谈心谈话 1 次" in words_on(screen)
    form = f"summary_{case.id}_0"
    screen.button(key=f"{form}_save").click().run()
    assert words_on(screen).count("这一项要填") == 2
    screen.text_area(key=f"{form}_changed").set_value(CHANGED)
    screen.text_area(key=f"{form}_next_steps").set_value("每周谈一次。")
    screen.run()
    again = open_page("summary", counsellor, case=case.id)  # left half-typed: the draft is put back
    assert again.text_area(key=f"{form}_changed").value == CHANGED
    again.button(key=f"{form}_save").click().run()

    assert not again.exception
    (row,) = stored(StageSummary)
    assert (row.from_on, row.to_on, row.next_on) == (TODAY, TODAY, TODAY + timedelta(days=60))
    words = words_on(open_page("cases", counsellor, case=case.id))
    for each in ("阶段性总结", CHANGED, "谈心谈话 1 次"):
        assert each in words


def test_putting_it_right_shows_how_it_stood_before(open_page: OpenPage, world: World, session, case):
    number = sum_up(session, world.staff[Role.COUNSELLOR], case, changed=CHANGED)
    commit(session)
    form = f"summary_{case.id}_{number}"
    screen = open_page("summary", world.staff[Role.LEAD], case=case.id, summary=number)
    screen.text_area(key=f"{form}_changed").set_value("又不说话了。")
    screen.button(key=f"{form}_save").click().run()
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    assert "又不说话了。" in words_on(screen)
    screen.button(key=f"summary_versions_{number}").click().run()

    assert not screen.exception
    assert CHANGED in words_on(screen)


def test_an_evaluation_is_written_voice_by_voice_and_then_drawn(open_page: OpenPage, world: World, session, case):
    counsellor = world.staff[Role.COUNSELLOR]
    evaluate(session, counsellor, case, moment=EvaluationMoment.BEGINNING)
    commit(session)
    screen = open_page("evaluation", counsellor, case=case.id)
    assert "再评估一次" in words_on(screen)
    screen.button(key="evaluation_write").click().run()
    form = f"evaluation_{case.id}_0"
    screen.button(key=f"{form}_save").click().run()
    assert "至少写一方" in words_on(screen)
    screen.segmented_control(key=f"{form}_moment").set_value(EvaluationMoment.END)
    screen.segmented_control(key=f"{form}_voice_0_voice").set_value(Voice.CHILD)
    screen.text_input(key=f"{form}_voice_0_who").set_value("江小满")
    screen.button(key=f"{form}_save").click().run()
    assert "至少要有一个分" in words_on(screen)
    screen.segmented_control(key=f"{form}_voice_0_problem").set_value(4)
    screen.text_area(key=f"{form}_voice_0_words").set_value("睡得着了。")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert [(row.moment, row.voices, row.dimensions) for row in stored(EffectEvaluation)] == [
        (EvaluationMoment.BEGINNING, 2, 4), (EvaluationMoment.END, 1, 1),
    ]  # fmt: skip
    words = words_on(screen)
    for each in ("问题解决 2 分到 4 分，好些了", "心理状态没有同一方说过两次", "还没听全", "睡得着了。"):
        assert each in words


def test_who_may_not_write_reads_or_is_told_why(open_page: OpenPage, world: World, session, case):
    counsellor = world.staff[Role.COUNSELLOR]
    evaluate(session, counsellor, case)
    close(session, counsellor, world.staff[Role.LEAD], case)
    commit(session)

    assert "结案以后不再写新的" in words_on(open_page("summary", counsellor, case=case.id))
    screen = open_page("evaluation", counsellor, case=case.id)
    assert "evaluation_write" not in keys(screen)
    assert "少一点作业" in words_on(screen)
    assert "没有这一条" in words_on(open_page("evaluation", counsellor, case=9999))


def test_both_stand_on_home_when_they_are_due(open_page: OpenPage, world: World, case, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=61))
    screen = open_page("home", world.staff[Role.COUNSELLOR])
    words = words_on(screen)
    assert "阶段性总结：江小满" in words
    assert "评估帮扶效果：江小满" in words


def test_a_paper_can_be_made_of_them(open_page: OpenPage, world: World, session, case):
    evaluate(session, world.staff[Role.COUNSELLOR], case, said(Voice.CHILD, 1, 1, 1, 1))
    commit(session)
    screen = open_page("evaluation", world.staff[Role.COUNSELLOR], case=case.id)
    screen.button(key="evaluation_print").click().run()
    assert not screen.exception
    assert "做成 Word" in {button.label for button in screen.button}


def test_of_two_editors_the_second_keeps_the_words(open_page: OpenPage, world: World, session, case):
    counsellor = world.staff[Role.COUNSELLOR]
    number = evaluate(session, counsellor, case)
    commit(session)
    screen = open_page("evaluation", counsellor, case=case.id, evaluation=number)
    form = f"evaluation_{case.id}_{number}"
    screen.text_area(key=f"{form}_voice_0_words").set_value("我写的")
    with transaction() as other:
        amend(other, world.staff[Role.LEAD], number, said(Voice.CHILD, 5, 5, 5, 5))
    screen.button(key=f"{form}_save").click().run()

    assert screen.text_area(key=f"{form}_voice_0_words").value == "我写的"
    assert "两份都在下面" in words_on(screen)


def test_a_closed_case_asks_for_no_more_summaries_and_says_so(open_page: OpenPage, world: World, session, case):
    counsellor, lead = world.staff[Role.COUNSELLOR], world.staff[Role.LEAD]
    sum_up(session, counsellor, case)
    commit(session)
    assert "再总结" in words_on(open_page("cases", counsellor, case=case.id))
    close(session, counsellor, lead, case)
    commit(session)

    screen = open_page("cases", counsellor, case=case.id)

    assert "再总结" not in words_on(screen)
    assert "写过 1 次总结；结案了，不用再写。" in words_on(screen)
