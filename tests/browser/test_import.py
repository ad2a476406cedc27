"""Importing the school's own roster in a real browser: upload, correct a column, confirm, take back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from db.tables import Role
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab
from tests.browser.people import NAMES, PASSWORD

pytestmark = pytest.mark.browser
SAMPLE = Path(__file__).resolve().parents[1] / "exchange" / "samples" / "roster_grade_messy.xlsx"
COUNTS = "共 281 行：新增 251，改动 0，没变 0，不能导入 27，重复跳过 3"


def choose(page: Page, path: Path | dict) -> None:
    page.locator("input[type=file]").set_input_files(path)


def come_in(tab: OpenTab, size: tuple[int, int] = driver.DESKTOP) -> Page:
    page = tab(size=size)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.open_page(page, page.url.split("?")[0].rstrip("/") + "/import_students")
    driver.see(page, "一次一份")
    return page


@pytest.mark.long
@SIZES
def test_the_preview(tab: OpenTab, size: tuple[int, int]):
    page = come_in(tab, size)
    choose(page, SAMPLE)
    driver.see(page, COUNTS)
    driver.take_picture(page, SCREENS / f"import_students-{size[0]}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.get_by_role("radio", name="要留意").click()
    driver.see(page, "下载要留意的")
    driver.take_picture(page, SCREENS / f"import_students-warnings-{size[0]}.png")


def test_a_roster_is_imported_and_taken_back(tab: OpenTab):
    page = come_in(tab)
    choose(page, SAMPLE)
    driver.see(page, COUNTS)

    page.get_by_text(re.compile("认出")).first.click()
    driver.wait_until_idle(page)
    page.get_by_role("combobox", name="是否寄宿").first.click()
    page.get_by_role("option", name="不导入", exact=True).click()
    driver.wait_until_idle(page)
    driver.see(page, COUNTS)

    driver.press(page, "确认导入 251 名学生")
    driver.see(page, "导入好了：新增 251 人")
    driver.press(page, "撤回这次导入")
    driver.see(page, "新增的 251 人会从名册里拿掉")
    driver.press(page, "撤回 251 人的导入")
    driver.see(page, "已撤回")


def test_a_reload_says_that_the_file_must_be_chosen_again(tab: OpenTab):
    page = come_in(tab)
    choose(page, SAMPLE)
    driver.see(page, COUNTS)

    page.reload()

    driver.see(page, "刚才选的文件没有留下来")


@pytest.mark.parametrize("name", ["名册.pdf", "名册.xlsx"])
def test_a_file_that_is_no_roster_is_refused_in_one_sentence(tab: OpenTab, name: str):
    page = come_in(tab)

    choose(page, {"name": name, "mimeType": "application/octet-stream", "buffer": b"%PDF-1.7 " * 40})

    driver.see(page, "这不是表格，是PDF 文件")
