"""我结对的孩子 in a real browser: recording at one click, the month that changes, a cadre's talk, the diary."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlmodel import Session, select

from db.tables import CareKind, CarePlace, ClauseSwitch, HelperKind, PairingRole, Role, Student
from db.transactions import transaction
from services import clock, records
from services.pairing import helpers, pairs
from services.pairing.helpers import HelperEntry
from services.pairing.pairs import PairEntry
from services.records import RecordEntry
from services.regulations.measures import measures
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
CHILD, OTHER = "柳立夏", "陆青黛"
DONE = [
    (CareKind.TALK, date(2026, 9, 10), True),
    (CareKind.HOME_VISIT, date(2026, 10, 16), True),
    (CareKind.HOMEROOM_EXCHANGE, date(2026, 11, 4), True),
    (CareKind.HOMEWORK_CHECK, date(2026, 11, 12), True),
]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; the mentor has a child as proxy parent, another one has a cadre."""
    location = copy_of(prepared, tmp_path_factory.mktemp("own_children"))
    make_filled_school()
    with at(9, 1), transaction() as session:
        for clause_id in measures():
            session.add(
                ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=clock.today(), set_at=clock.now())
            )
        mentor, lead = person(session, Role.MENTOR), person(session, Role.LEAD)
        staff = HelperEntry(kind=HelperKind.STAFF, user_id=mentor.user_id)
        begin(session, helpers.register_helper(session, lead, entry=staff).id, CHILD, PairingRole.PROXY_PARENT)
        cadre = HelperEntry(kind=HelperKind.PARTY_CADRE, name="林初雪", phone="15400000137")
        begin(session, helpers.register_helper(session, lead, entry=cadre).id, OTHER, PairingRole.PARTY_CADRE)
    for kind, day, is_done in DONE:
        with at(day.month, day.day, 16), transaction() as session:
            lead = person(session, Role.LEAD)
            entry = RecordEntry(kind=kind, day=day, is_done=is_done, place=CarePlace.OFFICE, raised="说这周都好。",
                                measures="说好下周再来。", effect="笑了。", agreed_with_id=lead.user_id)  # fmt: skip
            mentor = person(session, Role.MENTOR)
            records.record_contact(session, mentor, student_ids=[child_called(session, CHILD)], entry=entry)
    with serve(location) as running:
        yield running


def begin(session: Session, helper_id: int, name: str, role: PairingRole) -> None:
    entry = PairEntry(student_id=child_called(session, name), helper_id=helper_id, role=role, from_day=clock.today())
    pairs.start_pair(session, person(session, Role.LEAD), entry=entry)


def child_called(session: Session, name: str) -> int:
    return session.exec(select(Student.id).where(Student.name == name)).one() or 0


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab("my_children", size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    driver.see(page, "每个孩子要做什么")
    return page


def november(page: Page, duty: str) -> str:
    """What a duty's row says of November, the third month."""
    row = page.get_by_test_id("stTable").locator("tr").filter(has_text=duty).first
    return row.locator("td").nth(3).inner_text().replace("\u2060", "")


def joined(text: str) -> str:
    """A text as the table keeps it on one line."""
    return "\u2060".join(text)


def test_one_click_records_and_the_month_changes(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.MENTOR, driver.DESKTOP)
    driver.take_picture(page, SCREENS / "my_children-1280.png")
    assert "待做" in november(page, joined("每月谈心"))

    page.get_by_role("button", name="记谈心", exact=True).last.click()
    driver.see(page, "孩子说了什么，主要情况")
    page.get_by_label("孩子说了什么，主要情况").fill("说想妈妈，约好周五视频。")
    driver.press(page, f"保存{CHILD}的谈心谈话")
    driver.see(page, "已保存。")

    driver.see(page, "每个孩子要做什么")
    assert "已完成" in november(page, joined("每月谈心"))


def test_it_stands_on_a_phone(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.MENTOR, driver.PHONE)
    driver.take_picture(page, SCREENS / "my_children-390.png")

    assert page.evaluate("document.documentElement.scrollWidth") <= driver.PHONE[0]
    this_month = page.get_by_test_id("stTable").first.locator("th", has_text=joined("11月")).first.bounding_box()
    assert this_month is not None
    assert this_month["x"] + this_month["width"] <= driver.PHONE[0]


@SIZES
def test_a_homeroom_teacher_writes_for_a_cadre(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    driver.see(page, "林初雪（党员干部）")
    driver.take_picture(page, SCREENS / f"my_children-class-{size[0]}.png")
    page.get_by_role("button", name="记谈心", exact=True).last.click()
    driver.see(page, "算在帮扶人的结对里")

    assert page.get_by_label("替谁记的").is_visible()
    driver.take_picture(page, SCREENS / f"record-helper-{size[0]}.png")


def test_the_diary_is_fetched(school: Server, tab: OpenTab, tmp_path: Path):
    page = enter(school, tab, Role.MENTOR, driver.DESKTOP)
    driver.press(page, "打印日记")
    driver.see(page, "打印谁的、做什么用")
    driver.take_picture(page, SCREENS / "my_children-diary-1280.png")
    page.get_by_label("做什么用").click()
    page.get_by_role("option").first.click()
    driver.press(page, "做成 Word")
    with page.expect_download() as got:
        page.get_by_role("button", name=f"下载{CHILD}的结对工作日记").click()

    got.value.save_as(tmp_path / "diary.docx")
    assert (tmp_path / "diary.docx").stat().st_size > 10_000
    assert got.value.suggested_filename.startswith("结对工作日记")
