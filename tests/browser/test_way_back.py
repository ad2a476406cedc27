"""The browser's own back and reload, in a real browser: a list stands as it was left, in the address and on screen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from db.tables import Role
from tests.browser import driver
from tests.browser.conftest import SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import make_filled_school

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, whose school has children and worries in every state."""
    location = copy_of(prepared, tmp_path_factory.mktemp("way_back"))
    make_filled_school()
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, address: str, size: tuple[int, int]) -> Page:
    page = tab(address, size=size, on=school)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    return page


def click_first_name(page: Page) -> None:
    table = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert table is not None
    page.mouse.move(table["x"] + 30, table["y"] + 50)
    page.wait_for_timeout(200)
    page.mouse.click(table["x"] + 30, table["y"] + 52)


@SIZES
def test_back_from_a_child_the_register_stands_as_it_was_left(school: Server, tab: OpenTab, size):
    page = enter(school, tab, "students", size)
    driver.see(page, "42 人，第 1 页")
    numbers = page.get_by_test_id(re.compile("stPaginationPage"))
    assert [each.inner_text() for each in numbers.all()] == ["1", "2", "3"]  # all of them, not “1 … 3”
    page.get_by_test_id("stButtonGroup").get_by_text("留守").click()
    driver.see(page, "15 人。")
    listed = page.url
    assert listed.endswith("category=left_behind")
    click_first_name(page)
    page.wait_for_url("**/child?student=*")
    driver.wait_until_idle(page)

    page.go_back()

    driver.see(page, "15 人。")
    assert page.url == listed
    page.reload()
    driver.see(page, "15 人。")


@SIZES
def test_back_from_a_referral_the_list_stands_as_it_was_left(school: Server, tab: OpenTab, size):
    page = enter(school, tab, "referrals", size)
    page.get_by_role("button", name="评估中", exact=True).click()
    driver.wait_until_idle(page)
    listed = page.url
    assert listed.endswith("states=in_assessment")
    page.get_by_role("button", name="打开", exact=True).first.click()
    page.wait_for_url("**referral=*")
    driver.wait_until_idle(page)

    page.go_back()

    page.wait_for_url(listed)
    driver.see(page, "受理清单")
    pressed = page.get_by_test_id("stButtonGroup").locator("[aria-pressed=true]")
    assert pressed.inner_text() == "评估中"
    page.reload()
    driver.see(page, "受理清单")
    assert page.url == listed
    assert pressed.inner_text() == "评估中"


@SIZES
def test_a_page_stands_as_high_after_signing_in_as_after_a_reload(school: Server, tab: OpenTab, size):
    """The component that gives the browser its cookie leaves no gap above the page."""
    page = enter(school, tab, "students", size)
    heading = page.get_by_role("heading", name="学生名册")
    after_signing_in = heading.bounding_box()
    page.reload()
    driver.wait_until_idle(page)

    assert heading.bounding_box() == after_signing_in
