"""The first day: from the code on the console to a team that can sign in."""

import re

import pytest
from playwright.sync_api import Page

from services import setup
from tests.browser import driver
from tests.browser.conftest import SCREENS, copy_of, serve

pytestmark = pytest.mark.browser
SCHOOL = "青澜县望舒中心学校"
HOME_LINE = "先做逾期的"
PASSWORD = "Wangshu-2026"


def put_date(page: Page, label: str, figures: str) -> None:
    page.get_by_label(label).get_by_role("spinbutton").first.click()
    page.keyboard.type(figures)
    page.keyboard.press("Tab")
    driver.wait_until_idle(page)


def slip_on(page: Page) -> tuple[str, str]:
    """The account and the first password a person would write down."""
    driver.see(page, "第一次密码")
    texts = [text.strip() for text in page.locator("[data-testid=stCode] code").all_inner_texts()]
    return texts[0], texts[1]


def change_first_password(page: Page, first: str, new: str = PASSWORD) -> None:
    page.get_by_role("textbox", name="现在的密码").fill(first)
    page.get_by_role("textbox", name="新密码", exact=True).fill(new)
    page.get_by_role("textbox", name="新密码，再写一遍").fill(new)
    driver.press(page, "换成新密码")


def accept_pledge(page: Page, name: str) -> None:
    driver.see(page, "先看一遍保密承诺")
    driver.press(page, f"{name}承诺做到")


def add_account(page: Page, name: str, username: str, role: str) -> str:
    driver.press(page, "新增账号")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    dialog.get_by_label("姓名").fill(name)
    dialog.get_by_label("账号", exact=True).fill(username)
    dialog.get_by_role("button", name=role, exact=True).click()
    driver.wait_until_idle(page)
    dialog.get_by_role("button", name=re.compile("^加上")).click()
    driver.wait_until_idle(page)
    account, password = slip_on(page)
    assert account == username
    return password


def copy_sheet(page: Page) -> None:
    """Copy the recovery sheet from the screen and write the two groups asked back."""
    driver.see(page, "抄好恢复单")
    page.wait_for_timeout(300)
    groups = page.locator("[data-testid=stTable] td strong").all_inner_texts()
    assert len(groups) == 16
    page.evaluate(
        """() => document.querySelectorAll('[data-testid=stTable] td strong').forEach((cell, place) => {
            const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
            walker.nextNode().nodeValue = 'AB' + String(place + 10) + 'X'; })"""
    )  # made-up groups on the picture
    for size in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        driver.wait_until_idle(page)
        driver.take_picture(page, SCREENS / f"recovery-sheet-{size[0]}.png")
    page.set_viewport_size({"width": 1280, "height": 900})
    driver.press(page, "抄好了，核对两组")
    for label in page.get_by_label(re.compile(r"^第 \d+ 组$")).all():
        name = label.get_attribute("aria-label") or ""
        label.fill(groups[int(re.findall(r"\d+", name)[0]) - 1].lower())
        driver.wait_until_idle(page)
    driver.press(page, "核对")


@pytest.fixture
def code(prepared, tmp_path):
    """A server nobody has set up yet, and the code on its console."""
    location = copy_of(prepared, tmp_path)
    announced = setup.announce_claim_code(location)
    with serve(location) as server:
        yield server, announced


def page_with_sample(page: Page) -> None:
    """Put a made-up password on the slip, or its picture would be another one every time."""
    script = "() => { document.querySelectorAll('[data-testid=stCode] code')[1].innerText = 'wang-shu2-026x'; }"
    page.evaluate(script)


@pytest.mark.long
def test_who_goes_on_by_tab_keeps_the_password(code, tab):
    server, announced = code
    page = tab(on=server)
    page.get_by_label("一次性启用码").fill(announced)
    driver.press(page, "继续")
    page.get_by_label("学校名称").fill(SCHOOL)
    put_date(page, "放假前最后一天", "20270122")
    page.get_by_label("姓名").first.fill("方信")
    page.get_by_label("账号", exact=True).first.fill("fangxin")

    page.get_by_role("textbox", name="密码", exact=True).focus()
    for typed in (PASSWORD, PASSWORD, "何知微"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
        if typed == PASSWORD:
            page.keyboard.press("Tab")  # past the button that shows the password
    page.keyboard.type("hezhiwei")
    page.keyboard.press("Tab")
    driver.wait_until_idle(page)
    driver.press(page, "设好这所学校")

    driver.see(page, "抄好恢复单")


def test_the_first_day(code, tab):
    server, announced = code
    page = tab(on=server)
    driver.see(page, "一次性启用码")
    page.get_by_label("一次性启用码").fill("AAAA-AAAA")
    driver.press(page, "继续")
    driver.see(page, "启用码不对")
    assert "学校名称" not in driver.visible_text(page)
    driver.take_picture(page, SCREENS / "set-up-code-1280.png")

    page.get_by_label("一次性启用码").fill(announced)
    driver.press(page, "继续")
    page.get_by_label("学校名称").fill(SCHOOL)
    put_date(page, "放假前最后一天", "20270122")
    for place, (name, username) in enumerate([("方信", "fangxin"), ("何知微", "hezhiwei")]):
        page.get_by_label("姓名").nth(place).fill(name)
        page.get_by_label("账号", exact=True).nth(place).fill(username)
    page.get_by_role("textbox", name="密码", exact=True).fill(PASSWORD)
    page.get_by_role("textbox", name="密码，再写一遍").fill("Wangshu-2062")
    driver.press(page, "设好这所学校")
    driver.see(page, "两次写的不一样")
    driver.take_picture(page, SCREENS / "set-up-1280.png")
    page.set_viewport_size({"width": 390, "height": 844})
    driver.wait_until_idle(page)
    driver.take_picture(page, SCREENS / "set-up-390.png")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("textbox", name="密码，再写一遍").fill(PASSWORD)
    driver.press(page, "设好这所学校")
    copy_sheet(page)
    driver.see(page, "都设好了")
    lead_account, lead_first = slip_on(page)
    driver.press(page, "抄好了，去登录")
    driver.see(page, "忘了密码")

    driver.sign_in(page, "fangxin", PASSWORD)
    driver.see(page, HOME_LINE)

    lead = tab(on=server)
    driver.sign_in(lead, lead_account, lead_first)
    driver.see(lead, "先换一个自己的密码")
    driver.take_picture(lead, SCREENS / "first-password-1280.png")
    change_first_password(lead, lead_first)
    accept_pledge(lead, "何知微")
    driver.see(lead, HOME_LINE)

    lead.get_by_role("link", name="账号").click()
    driver.wait_until_idle(lead)
    counsellor_first = add_account(lead, "苏念安", "sunianan", "专职心理教师")
    page_with_sample(lead)
    driver.take_picture(lead, SCREENS / "first-password-slip-1280.png")
    driver.press(lead, "收好了，回到账号")
    add_account(lead, "周砚田", "zhouyantian", "班主任")
    driver.press(lead, "收好了，回到账号")

    counsellor = tab(on=server)
    driver.sign_in(counsellor, "sunianan", counsellor_first)
    change_first_password(counsellor, counsellor_first)
    accept_pledge(counsellor, "苏念安")
    driver.see(counsellor, HOME_LINE)
    assert not counsellor.get_by_role("link", name="账号").is_visible()
