"""Summing a case up and evaluating its effect in a real browser: written with a draft, drawn, told; with pictures."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page
from sqlmodel import col, select

from db import engine
from db.tables import Case, EffectEvaluation, EvaluationMoment, Role, StageSummary
from db.transactions import reading, transaction
from services import clock, evaluations, summaries
from services.evaluation_kinds import Dimension, Voice
from services.evaluations import EvaluationEntry, VoiceEntry
from services.summaries import SummaryEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
CHANGED = "来上学的日子多了，和同桌说得上话；数学还跟不上。每周谈一次有用，作业表没有坚持下来。"
SAID = {
    Voice.CHILD: ("孩子自己", "晚上睡得着了，数学听不懂。"),
    Voice.TEACHER: ("班主任周砚田", "举过手，作业交得上一半。"),
    Voice.PARENT: ("外婆", "在家话多了些，吃饭也香。"),
    Voice.QUESTIONNAIRE: ("SDQ 自评，总分 14", "情绪的分下来了。"),
}
SCORES = {
    EvaluationMoment.BEGINNING: {Voice.CHILD: (2, 1, 2, 3), Voice.TEACHER: (1, 2, 2, 3), Voice.PARENT: (2, 2, 3, 2)},
    EvaluationMoment.MIDWAY: {Voice.CHILD: (3, 3, 2, 3), Voice.TEACHER: (2, 3, 2, 3),
                              Voice.QUESTIONNAIRE: (None, 2, None, None)},
}  # fmt: skip


def _evaluate(case_id: int, moment: EvaluationMoment) -> None:
    said = tuple(
        VoiceEntry(voice, SAID[voice][0], clock.today(), dict(zip(Dimension, scores, strict=True)), SAID[voice][1])
        for voice, scores in SCORES[moment].items()
    )
    with transaction() as session:
        evaluations.write_evaluation(
            session, person(session, Role.COUNSELLOR), case_id=case_id, entry=EvaluationEntry(moment, said)
        )


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; one case of the counsellor's was evaluated twice and summed up once."""
    location = copy_of(prepared, tmp_path_factory.mktemp("papers"))
    make_filled_school()
    with reading() as session:
        owner = person(session, Role.COUNSELLOR).user_id
        case = session.exec(select(Case).where(Case.owner_id == owner).order_by(col(Case.id))).first()
    assert case is not None
    case_id, opened_on = case.id or 0, clock.local(case.opened_at).date()
    with at(11, 10):
        _evaluate(case_id, EvaluationMoment.BEGINNING)
    with at(11, 16), transaction() as session:
        entry = SummaryEntry(
            opened_on, clock.today(), CHANGED, "照旧每周谈一次，作业表改成一天一样。", date(2026, 11, 23)
        )
        summaries.write_summary(session, person(session, Role.COUNSELLOR), case_id=case_id, entry=entry)
    with at(11, 18):
        _evaluate(case_id, EvaluationMoment.MIDWAY)
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


def case_of(school: Server) -> int:
    engine.use(school.location)
    with reading() as session:
        return session.exec(select(StageSummary.case_id)).one()


def fill(page: Page, label: str, words: str, *, place: int = 0) -> None:
    page.get_by_label(label).nth(place).fill(words)
    page.get_by_label(label).nth(place).blur()
    driver.wait_until_idle(page)


def test_the_change_is_drawn_and_told_and_a_third_evaluation_is_written(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.COUNSELLOR, driver.DESKTOP)
    case_id = case_of(school)
    driver.see(page, "阶段性总结：")
    driver.open_page(page, f"{school.address}/cases?case={case_id}")
    driver.see(page, "照工作记录数的")
    driver.take_picture(page, SCREENS / "case-papers-1280.png")
    driver.press(page, "看变化")
    driver.see(page, "只比前后两次都说过的那几方")
    page.locator("canvas, svg.marks").first.wait_for()
    driver.take_picture(page, SCREENS / "evaluation-1280.png")
    driver.press(page, "评估一次")
    driver.see(page, "没有用到的就空着")
    page.get_by_role("radio", name="老师").first.click()
    fill(page, "姓名；问卷写名称和总分", "班主任周砚田")
    page.get_by_role("radio", name="4", exact=True).first.click()
    fill(page, "说了什么，看到什么", "上课会举手了，作业交齐。")
    driver.see(page, "草稿已在")
    driver.take_picture(page, SCREENS / "evaluation_write-1280.png")
    page.get_by_role("button", name="的评估").click()
    driver.see(page, "还没听全")
    engine.use(school.location)
    with reading() as session:
        assert len(session.exec(select(EffectEvaluation)).all()) == 3


def test_the_next_summary_is_written_from_home_on_a_phone(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.COUNSELLOR, driver.PHONE)
    case_id = case_of(school)
    driver.see(page, "阶段性总结：")
    page.get_by_role("button", name="写总结").first.click()
    driver.see(page, "照工作记录数的")
    fill(page, "有什么变化：哪里好些了，哪里还没有；哪些做法有用，哪些没用", CHANGED)
    driver.see(page, "草稿已在")
    driver.take_picture(page, SCREENS / "summary-390.png")
    fill(page, "下一步怎么做", "换到周三谈。")
    page.get_by_role("button", name="的总结").click()
    driver.see(page, "总结已记下")
    driver.open_page(page, f"{school.address}/evaluation?case={case_id}")
    driver.see(page, "只比前后两次都说过的那几方")
    page.locator("canvas, svg.marks").first.wait_for()
    driver.take_picture(page, SCREENS / "evaluation-390.png")
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    engine.use(school.location)
    with reading() as session:
        assert len(session.exec(select(StageSummary)).all()) == 2
