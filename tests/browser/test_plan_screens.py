"""A support plan in a real browser: written with a draft, approved by the lead, carried out, changed; with pictures."""

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from db import engine
from db.tables import (
    CaseConference,
    MeasureDomain,
    MeasureNote,
    MeasureRhythm,
    PlanState,
    PlanVersion,
    Role,
    SupportPlan,
)
from db.transactions import reading, transaction
from services import conferences, plan_views, plans
from services.conferences import RecordEntry
from services.plan_contents import GoalEntry, MeasureEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person
from tests.browser.test_conference_screens import CHILD, _conference

pytestmark = [pytest.mark.browser, pytest.mark.long]
REVIEW = date(2026, 12, 18)


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; one child was discussed yesterday, and its plan is to be written."""
    location = copy_of(prepared, tmp_path_factory.mktemp("plans"))
    make_filled_school()
    with at(11, 19), transaction() as session:
        conference = session.exec(_conference()).one()
        conferences.record_conference(
            session, person(session, Role.LEAD), conference_id=conference.id or 0, version=conference.version,
            entry=RecordEntry(date(2026, 11, 19), time(9, 0), frozenset(), ("社区的柳主任", "周老师"),
                              "三天没有和人说话，夜里在等电话。", "先把晚上的照看安排好。"),
        )  # fmt: skip
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


def case_of(school: Server) -> int:
    engine.use(school.location)
    with reading() as session:
        found: CaseConference = session.exec(_conference()).one()
        return found.case_id


def choose(page: Page, label: str, name: str, *, place: int = 0) -> None:
    page.get_by_label(label).nth(place).press_sequentially(name)
    page.get_by_role("option", name=name).click()
    driver.wait_until_idle(page)


def enter_day(page: Page, label: str, figures: str, *, place: int = 0) -> None:
    page.get_by_label(label).nth(place).get_by_role("spinbutton").first.click()
    page.keyboard.type(figures)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")  # the calendar, which would stand before half of the picture
    driver.wait_until_idle(page)


def write(page: Page, label: str, words: str, *, place: int = 0) -> None:
    page.get_by_label(label).nth(place).fill(words)
    page.get_by_label(label).nth(place).blur()
    driver.wait_until_idle(page)


def test_a_plan_is_kept_while_it_is_typed_approved_and_carried_out(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.COUNSELLOR, driver.DESKTOP)
    driver.open_page(page, f"{school.address}/plan_edit?case={case_of(school)}")
    write(page, "目标", "每天来上学，午饭有人一起吃")
    write(page, "怎么看出达到了", "连着四周不缺课")
    write(page, "做什么", "每周谈一次，先谈睡得好不好。")
    choose(page, "谁做", NAMES[Role.HOMEROOM][1])
    enter_day(page, "到哪天", "20261218")
    driver.see(page, "草稿已在")
    page.reload()
    driver.see(page, "草稿已在")
    assert page.get_by_label("做什么").first.input_value() == "每周谈一次，先谈睡得好不好。"
    enter_day(page, "哪天复查", "20261218")
    driver.take_picture(page, SCREENS / "plan_edit-1280.png")
    driver.press(page, f"提交{CHILD}的方案")
    driver.see(page, "点头以前照原来的做")

    page = enter(school, tab, Role.LEAD, driver.DESKTOP)
    driver.see(page, f"方案等您点头：{CHILD}")
    driver.press(page, "看方案")
    driver.see(page, "每天来上学")
    driver.press(page, "答复")
    page.get_by_text("同意，开始照着做").click()
    driver.wait_until_idle(page)
    driver.take_picture(page, SCREENS / "plan_answer-1280.png")
    page.get_by_role("dialog").get_by_role("button", name="答复").click()
    driver.see(page, "第 1 版在用")

    page = enter(school, tab, Role.HOMEROOM, driver.DESKTOP)
    driver.see(page, f"帮扶措施：{CHILD}")
    driver.press(page, "记进展")
    driver.see(page, "每周谈一次，先谈睡得好不好。")
    driver.take_picture(page, SCREENS / "home-measure-1280.png")
    page.get_by_label("做了什么，孩子怎样").fill("中午谈了十分钟，说昨晚睡着了。")
    driver.press(page, "记下")
    driver.see(page, "已记下")
    with reading() as session:
        assert session.exec(select(PlanVersion.state)).all() == [PlanState.IN_FORCE]
        assert len(session.exec(select(MeasureNote)).all()) == 1


@SIZES
def test_a_plan_shows_what_came_of_it_and_every_version(school: Server, tab: OpenTab, size: tuple[int, int]):
    if size == driver.DESKTOP:
        change(school)
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/cases?case={case_of(school)}")
    driver.see(page, "集体研讨")
    driver.take_picture(page, SCREENS / f"case-plan-{size[0]}.png")
    driver.press(page, "打开方案")
    driver.see(page, "中午谈了十分钟")
    page.get_by_text("第 2 版，等审批").last.click()
    driver.see(page, "连着六周不缺课")
    driver.take_picture(page, SCREENS / f"plan-{size[0]}.png")
    if size != driver.DESKTOP:
        page = enter(school, tab, Role.COUNSELLOR, size)
        driver.open_page(page, f"{school.address}/plan_edit?student=3&kind=care")
        driver.see(page, "目标")
        driver.take_picture(page, SCREENS / f"plan_edit-{size[0]}.png")


def change(school: Server) -> None:
    """The counsellor submits a second version."""
    engine.use(school.location)
    with transaction() as session:
        counsellor = person(session, Role.COUNSELLOR)
        plan = session.exec(select(SupportPlan)).one()
        entry = plan_views.find_plan(session, counsellor, plan_id=plan.id or 0).versions[0].entry
        goal, measure = entry.goals[0], entry.measures[0]
        community = MeasureEntry(MeasureDomain.LIFE, "联系社区，晚上请邻居照看。", counsellor.id_of_staff,
                                 date(2026, 11, 20), REVIEW, MeasureRhythm.ONCE)  # fmt: skip
        changed = type(entry)(
            (GoalEntry(goal.text, "连着六周不缺课", goal.id),),
            (measure, community),
            REVIEW + timedelta(days=14), entry.basis, "奶奶要住院到月底，晚上没有人。",
        )  # fmt: skip
        plans.save_case_plan(session, counsellor, case_id=plan.case_id or 0, version=plan.version, entry=changed,
                             is_final=True)  # fmt: skip
