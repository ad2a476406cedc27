"""A case's conference in a real browser: planned, written down with a draft, a decision done on home; with pictures."""

from collections.abc import Iterator
from datetime import date, time

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from db import engine
from db.tables import AppUser, Case, CaseConference, CaseDecision, DecisionState, Role, Student
from db.transactions import reading, transaction
from services import conferences
from services.conferences import PlanEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
CHILD = "秦霜降"


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; the conference about one child is this afternoon."""
    location = copy_of(prepared, tmp_path_factory.mktemp("conferences"))
    make_filled_school()
    with at(11, 19), transaction() as session:
        lead = person(session, Role.LEAD)
        conference = session.exec(_conference()).one()
        people = frozenset(person(session, role).id_of_staff for role in (Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM))
        conferences.plan_conference(
            session, lead, conference_id=conference.id or 0, version=conference.version,
            entry=PlanEntry(date(2026, 11, 20), time(15, 30), "三楼小会议室", people, ("社区的柳主任",)),
        )  # fmt: skip
    with serve(location) as running:
        yield running


def _conference():
    return (
        select(CaseConference)
        .join(Case, CaseConference.case_id == Case.id)
        .join(Student, Student.id == Case.student_id)
        .where(Student.name == CHILD)
    )


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


def case_of(school: Server) -> int:
    engine.use(school.location)
    with reading() as session:
        return session.exec(_conference()).one().case_id


@SIZES
def test_who_is_asked_reads_when_and_where(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    if size == driver.DESKTOP:
        driver.see(page, "今天 15:30，三楼小会议室")
        driver.take_picture(page, SCREENS / f"home-invited-{size[0]}.png")
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/cases?case={case_of(school)}")
    if size == driver.DESKTOP:
        driver.press(page, "定时间和人")
        driver.see(page, "请的人在工作台上看得到时间和地点")
        driver.take_picture(page, SCREENS / f"conference_plan-{size[0]}.png")
        driver.press(page, "不要了")


@SIZES
def test_a_record_is_kept_while_it_is_typed_and_saved_with_what_was_decided(
    school: Server, tab: OpenTab, size: tuple[int, int]
):
    case_id = case_of(school)
    page = enter(school, tab, Role.COUNSELLOR, size)
    driver.open_page(page, f"{school.address}/conference?case={case_id}")
    if size != driver.DESKTOP:  # the desk has saved it: amended on the phone
        driver.see(page, "定下的事不在这里改")
        driver.take_picture(page, SCREENS / f"conference-{size[0]}.png")
        return
    page.get_by_text("社区的柳主任", exact=True).click()
    page.get_by_text(NAMES[Role.COUNSELLOR][1], exact=True).last.click()
    driver.wait_until_idle(page)
    page.get_by_label("情况：大家说了什么，看到什么").fill(
        "三天没有和人说话。\n同桌说他夜里在等电话；奶奶住院，家里只有他和妹妹。"
    )
    page.get_by_label("结论：怎么看，往哪里走").fill("先把晚上的照看安排好，再谈上课的事。")
    page.get_by_label("结论：怎么看，往哪里走").blur()
    driver.see(page, "草稿已在")
    page.reload()
    driver.see(page, "草稿已在")
    assert "三天没有和人说话" in page.get_by_label("情况：大家说了什么，看到什么").input_value()
    page.get_by_label("决定做什么").first.fill("家访一次，看看晚上谁照看，带上联系卡。")
    page.get_by_label("决定做什么").first.blur()
    driver.wait_until_idle(page)
    page.get_by_label("谁做").first.press_sequentially(NAMES[Role.HOMEROOM][1])
    page.get_by_role("option", name=NAMES[Role.HOMEROOM][1]).click()
    driver.wait_until_idle(page)
    page.get_by_label("最晚哪天").first.get_by_role("spinbutton").first.click()
    page.keyboard.type("20261125")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")  # the calendar, which would stand before half of the picture
    driver.wait_until_idle(page)
    driver.take_picture(page, SCREENS / f"conference-{size[0]}.png")
    driver.press(page, f"保存{CHILD}的研讨记录")
    driver.see(page, "还有 1 件没做完")
    with reading() as session:
        assert len(session.exec(select(CaseDecision)).all()) == 1


@SIZES
def test_the_case_shows_the_record_and_home_gets_it_done(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/cases?case={case_of(school)}")
    driver.see(page, "先把晚上的照看安排好")
    driver.take_picture(page, SCREENS / f"case-conference-{size[0]}.png")
    page = enter(school, tab, Role.HOMEROOM, size)
    if size == driver.DESKTOP:
        driver.see(page, "研讨定的事")
        driver.press(page, "做完了")
        driver.see(page, "家访一次，看看晚上谁照看")
        driver.take_picture(page, SCREENS / f"home-decision-{size[0]}.png")
        page.get_by_label("怎么做的").fill("去过了，邻居答应晚上过来。")
        driver.press(page, "记下")
        driver.see(page, "已记下")
        with reading() as session:
            row = session.exec(select(CaseDecision)).one()
            doer = session.get_one(AppUser, row.ended_by_id)
        assert (row.state, doer.display_name) == (DecisionState.DONE, NAMES[Role.HOMEROOM][1])
