"""Pictures of the system pages at both widths; rewritten only when they differ."""

from collections.abc import Iterator

import pytest

from db.tables import Role
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD, make_bells, make_documents, make_numbers, make_school
from tests.browser.test_sessions import id_of

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture
def untouched(prepared, tmp_path) -> Iterator[Server]:
    """A server of its own: on the shared one, who was last seen when depends on the tests before."""
    location = copy_of(prepared, tmp_path)
    make_school()
    make_bells()
    make_numbers()
    make_documents()
    with serve(location) as server:
        yield server


@SIZES
def test_the_system_pages(untouched: Server, tab: OpenTab, size: tuple[int, int]):
    server = untouched
    page = tab(size=size, on=server)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    shots = {
        f"accounts?account={id_of(NAMES[Role.HOMEROOM][0], server)}": ("account", "保存周砚田的账号"),
        "settings": ("settings", "保存学校名称"),
        "settings?view=terms": ("settings-terms", "改日期"),
        "settings?view=days": ("settings-days", "为什么"),
        "settings?view=bells": ("settings-bells", "哪天不一样"),
        "settings?view=numbers&parameter=D-06.assessment_school_days": ("settings-numbers", "为什么改"),
        "settings?view=classes&class=3": ("settings-classes", "保存班主任"),
        "documents?kind=left_behind_plan": ("documents", "旧的一版"),
        "audit": ("audit", "导出这些记录"),
        "password": ("password", "换成新密码"),
    }
    for address, (name, awaited) in shots.items():
        driver.open_page(page, f"{server.address}/{address}")
        driver.see(page, awaited)
        driver.take_picture(page, SCREENS / f"{name}-{size[0]}.png")

    driver.open_page(page, f"{server.address}/accounts")
    driver.see(page, "点姓名")
    driver.press(page, "新增账号")
    driver.see(page, "第一次密码")
    driver.press(page, "任课教师")
    driver.see(page, "教哪些班")
    driver.take_picture(page, SCREENS / f"account-new-{size[0]}.png")


def test_a_document_is_filed_opened_and_looked_through(untouched: Server, tab: OpenTab, tmp_path):
    """The main act of the page, with a real file through a real browser."""
    page = tab(on=untouched)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.open_page(page, f"{untouched.address}/documents")
    driver.see(page, "六有")
    driver.press(page, "存一份文件")
    page.get_by_role("combobox", name="哪一类").fill("工作流程")
    page.get_by_role("option", name="工作流程").click()
    driver.wait_until_idle(page)
    page.get_by_label("叫什么").fill("接待流程")
    page.keyboard.press("Tab")  # as who goes on to the file does: it leaves the field
    driver.wait_until_idle(page)
    paper = tmp_path / "孩子的名字不该留下.pdf"
    paper.write_bytes(b"%PDF-1.7\n% invented\n%%EOF\n")
    page.locator("input[type=file]").set_input_files(str(paper))
    driver.wait_until_idle(page)
    driver.press(page, "存好")
    driver.see(page, "接待流程")
    driver.press(page, "今天看过一遍")
    driver.see(page, "11月20日看过")
    driver.press(page, "打开")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载").click()

    assert waiting.value.suggested_filename == "工作流程20261120.pdf"
    assert "不该留下" not in driver.visible_text(page)
