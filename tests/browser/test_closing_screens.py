"""Closing a case in a real browser: asked beside the case, answered on home by the head, then looked after."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page
from sqlmodel import col, select

from db import engine
from db.tables import Case, CaseClosure, ClosingOutcome, Role
from db.transactions import reading, transaction
from services import closings
from services.closings import ClosingEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
REASON = "连着六周每天来上学，睡得好了，同桌也说他爱说话了。"
DESPITE = "档案里的学习情况等期中成绩出来，班主任补；别的不用再做。"


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; closing one of its cases was asked for and agreed to, and it was opened again."""
    location = copy_of(prepared, tmp_path_factory.mktemp("closing"))
    make_filled_school()
    with at(11, 2), transaction() as session:
        counsellor, lead = person(session, Role.COUNSELLOR), person(session, Role.LEAD)
        case = session.exec(select(Case).where(Case.owner_id == counsellor.user_id).order_by(col(Case.id))).first()
        assert case is not None
        number = closings.ask_to_close(
            session, counsellor, case_id=case.id or 0, version=case.version,
            entry=ClosingEntry(ClosingOutcome.BETTER, REASON, date(2026, 12, 2), DESPITE),
        )  # fmt: skip
        closings.answer_closing(session, lead, closing_id=number, version=1, is_agreed=True, note=None)
    with at(11, 9), transaction() as session:
        counsellor = person(session, Role.COUNSELLOR)
        version = session.get_one(Case, case.id).version
        closings.reopen_case(
            session, counsellor, case_id=case.id or 0, version=version, reason="这两周又不愿意来，妈妈又出去打工了。"
        )
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


@SIZES
def test_a_case_is_asked_to_be_closed_and_answered(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.COUNSELLOR, size)
    engine.use(school.location)
    with reading() as session:
        case_id = session.exec(select(CaseClosure.case_id).order_by(col(CaseClosure.id))).first()
    driver.open_page(page, f"{school.address}/cases?case={case_id}")
    if size == driver.DESKTOP:
        driver.press(page, "提出结案")
        driver.see(page, "看到什么、谁说的")
        page.get_by_text("明显好转，不用再专门帮", exact=True).last.click()
        page.get_by_label("看到什么、谁说的").fill(REASON)
        page.get_by_label("没做完的为什么不做了").fill(DESPITE)
        page.get_by_label("看到什么、谁说的").click()
        driver.take_picture(page, SCREENS / "closing_ask-1280.png")
        page.get_by_role("dialog").get_by_role("button", name=re.compile("^提出.+结案$")).click()
    driver.see(page, "答复以前照常帮扶")
    driver.take_picture(page, SCREENS / f"closing-{size[0]}.png")
    if size == driver.DESKTOP:
        return
    page = enter(school, tab, Role.LEAD, size)
    driver.see(page, "结案，等您答复")
    page.get_by_role("button", name="看看，答复").first.click()
    driver.see(page, "同意结案")
    driver.take_picture(page, SCREENS / "closing_answer-390.png")
    driver.press(page, "同意结案")
    driver.see(page, "结案了。")
