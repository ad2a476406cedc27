"""周例会 in a real browser: what turned red, a number opening its list, numbers alone for the leaders; and pictures."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from db.tables import ClauseSwitch, Role
from db.transactions import transaction
from services import clock
from services.regulations import kept_results, weeks
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person
from tests.browser.words import english_on
from tests.services.regulations.week_makers import note_use

pytestmark = [pytest.mark.browser, pytest.mark.long]
COUNTED = ("D-04", "D-05", "E-12", "E-13", "G-01", "J-01", "K-10")
TURNED_RED = "新变红的条款 2 条"  # D-05 and G-01, since the week before
CHILD = "江小满"
LEFT_BEHIND = 15
"""So many children the filled school's families left behind; none of them has a pair."""
DRAGGED = """() => [...document.querySelectorAll('.dvn-scroller')]
    .filter((each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth)
    .map((each) => each.scrollWidth - each.clientWidth)"""
"""Tables wider than their box, by how much."""


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school, seven clauses since September, two weeks frozen."""
    location = copy_of(prepared, tmp_path_factory.mktemp("weekly"))
    make_filled_school()
    with at(9, 1), transaction() as session:
        for clause_id in COUNTED:
            session.add(
                ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=clock.today(), set_at=clock.now())
            )
    for month, day in ((11, 9), (11, 16)):
        with at(month, day), transaction() as session:
            kept_results.forget_all()
            note_use(session, clock.today() - timedelta(days=4))
            assert weeks.freeze_week(session, person(session, Role.LEAD)) is not None
    kept_results.forget_all()
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab("weekly", size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    driver.see(page, "没有结对的留守孩子")
    return page


@SIZES
def test_a_number_opens_the_list_it_counted(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.LEAD, size)
    driver.see(page, "各领域做到的条款")
    driver.take_picture(page, SCREENS / f"weekly-{size[0]}.png")
    driver.see(page, TURNED_RED)
    assert english_on(page) == set()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(DRAGGED) == []
    row = page.get_by_text("没有结对的留守孩子").locator("xpath=ancestor::*[.//button][1]")
    assert f"{LEFT_BEHIND} 人" in row.inner_text()

    row.get_by_role("button", name="看名单", exact=True).first.click()

    driver.see(page, f"{LEFT_BEHIND} 人。")
    driver.take_picture(page, SCREENS / f"weekly-list-{size[0]}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    driver.press(page, "回到周例会")
    driver.see(page, "逾期的，按该谁做")


@SIZES
def test_the_leaders_read_numbers_and_no_name(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.LEADERSHIP, size)
    driver.take_picture(page, SCREENS / f"weekly-leaders-{size[0]}.png")
    assert page.evaluate(DRAGGED) == []

    assert page.get_by_role("button", name="看名单").count() == 0
    assert CHILD not in driver.visible_text(page)
    driver.open_page(page, f"{school.address}/weekly?list=unpaired")
    driver.see(page, "这里没有要看的")
    assert CHILD not in driver.visible_text(page)


def test_a_week_is_chosen_and_fetched_as_word(school: Server, tab: OpenTab, tmp_path: Path):
    page = enter(school, tab, Role.LEAD, driver.DESKTOP)
    driver.open_page(page, f"{school.address}/weekly?week=2026-11-09")
    driver.see(page, "那一周过完时定格的数")

    driver.press(page, "打印成 Word")
    driver.see(page, "写的就是这一页上的数")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").click()
    page.get_by_role("option").first.click()
    driver.press(page, "做成 Word")
    with page.expect_download() as got:
        page.get_by_role("button", name="下载周例会").click()

    got.value.save_as(tmp_path / "week.docx")
    assert (tmp_path / "week.docx").stat().st_size > 10_000
