"""Signing in and staying signed in, as a browser sees it: reload, tabs, sign-out, reset, disabling, hiding."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page
from sqlmodel import col, select, update

from db import engine
from db.tables import AppUser, Role, SignInSession
from db.transactions import reading, transaction
from tests.browser import driver
from tests.browser.conftest import SCREENS, OpenTab, Server, copy_of, serve, some_now
from tests.browser.people import NAMES, PASSWORD, SPARE, make_school
from tests.conftest import NOW
from tests.roles import may_open
from ui.navigation import HOME, existing_entries

pytestmark = pytest.mark.browser
ADVICE = "忘了密码，请找学校信息老师重设"


def signed_in(tab: OpenTab, username: str, address: str = "") -> Page:
    page = tab(address)
    driver.sign_in(page, username, PASSWORD)
    return page


def click_link(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    driver.wait_until_idle(page)


def id_of(username: str, server: Server) -> int:
    engine.use(server.location)
    with reading() as session:
        return session.exec(select(AppUser.id).where(AppUser.username == username)).one() or 0


def sees_only_the_form(page: Page) -> bool:
    driver.see(page, ADVICE)
    drawn = ("stPageLink", "stDataFrame", "stAlert", "stMenuButton")
    headings = page.get_by_role("heading").all_inner_texts()
    return headings == ["关爱室"] and not any(page.get_by_test_id(name).count() for name in drawn)


def test_a_deep_link_waits_for_the_sign_in_and_a_reload_keeps_it(server, tab: OpenTab):
    address = f"accounts?account={id_of(NAMES[Role.MENTOR][0], server)}"
    page = tab(address)
    assert sees_only_the_form(page)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.see(page, "保存陆衡之的账号")

    page.reload()

    driver.see(page, "保存陆衡之的账号")
    assert address in page.url


def test_a_wrong_password_is_told_under_its_field(server, tab: OpenTab):
    page = tab()
    driver.sign_in(page, NAMES[Role.LEAD][0], "not-this-one")

    driver.see(page, "账号或密码不对。再错 4 次")
    driver.take_picture(page, SCREENS / "sign-in-1280.png")


def test_a_second_tab_needs_no_password(server, tab: OpenTab):
    first = signed_in(tab, NAMES[Role.COUNSELLOR][0])

    second = tab("password", beside=first)

    driver.see(second, "换成新密码")


def test_signing_out_in_one_tab_ends_the_other(server, tab: OpenTab):
    first = signed_in(tab, NAMES[Role.MENTOR][0])
    second = tab("password", beside=first)
    first.get_by_role("button", name="陆衡之").click()
    first.get_by_text("退出登录").click()
    assert sees_only_the_form(first)

    click_link(second, "工作台")

    assert sees_only_the_form(second)
    first.reload()
    assert sees_only_the_form(first)


def test_a_form_in_another_tab_asks_to_sign_in_once_somebody_signed_out(server, tab: OpenTab):
    first = signed_in(tab, "xinli")
    driver.see(first, "苏念安")
    second = tab("intake", beside=first)
    driver.see(second, "急不急")
    first.get_by_role("button", name="苏念安").click()
    first.get_by_text("退出登录").click()
    assert sees_only_the_form(first)

    second.get_by_role("radio", name="着急").click()

    assert sees_only_the_form(second)


def test_a_reset_ends_the_session_at_the_next_click(server, tab: OpenTab):
    username, name = SPARE["reset"]
    person = signed_in(tab, username)
    admin = signed_in(tab, NAMES[Role.ADMIN][0], f"accounts?account={id_of(username, server)}")
    driver.press(admin, "重设密码")
    driver.press(admin, f"重设{name}的密码")
    driver.see(admin, "只显示这一次")

    click_link(person, "工作台")

    assert sees_only_the_form(person)
    driver.sign_in(person, username, PASSWORD)
    driver.see(person, "账号或密码不对")


@pytest.mark.long
def test_a_disabled_account_is_out_at_once_and_can_t_come_back(server, tab: OpenTab):
    username, name = SPARE["disabled"]
    person = signed_in(tab, username)
    lead = signed_in(tab, NAMES[Role.LEAD][0], f"accounts?account={id_of(username, server)}")
    driver.press(lead, "停用")
    driver.press(lead, "留着")
    driver.press(lead, "停用")
    driver.press(lead, f"停用{name}")
    driver.see(lead, f"{name}的账号停用了")

    click_link(person, "工作台")

    assert sees_only_the_form(person)
    driver.sign_in(person, username, PASSWORD)
    driver.see(person, "这个账号停用了")


def test_an_idle_session_ends(server, tab: OpenTab):
    username, _ = SPARE["idle"]
    page = signed_in(tab, username)
    user_id = id_of(username, server)
    with transaction() as session:
        session.exec(
            update(SignInSession)
            .where(col(SignInSession.user_id) == user_id)
            .values(last_seen_at=NOW - timedelta(minutes=31))
        )

    click_link(page, "工作台")

    driver.see(page, "您已退出登录，请重新登录")


def test_alt_h_hides_the_screen_and_a_reload_keeps_it_hidden(server, tab: OpenTab):
    page = signed_in(tab, NAMES[Role.LEAD][0], "settings")
    driver.see(page, "学校名称")
    page.keyboard.press("Alt+h")
    driver.see(page, "屏幕已隐藏")
    assert "学校名称" not in driver.visible_text(page)

    page.reload()
    driver.see(page, "屏幕已隐藏")
    assert "设置" not in driver.visible_text(page)

    page.get_by_text("回到刚才的页面").click()
    driver.see(page, "学校名称")


@pytest.mark.parametrize("role", some_now(Role, Role.LEAD, Role.HOMEROOM), ids=lambda role: role.value)
def test_each_role_is_offered_its_pages(server, tab: OpenTab, role: Role):
    page = signed_in(tab, NAMES[role][0])
    driver.see(page, NAMES[role][1])

    links = page.get_by_test_id("stSidebar").get_by_role("link").evaluate_all("all => all.map(a => a.pathname)")

    mine = [entry.name for entry in existing_entries() if entry.section and may_open(role, entry)]
    assert [link.strip("/") or HOME for link in links] == mine


@pytest.mark.long
def test_every_address_of_a_fresh_server_shows_only_the_form(prepared, tmp_path, tab: OpenTab):
    location = copy_of(prepared, tmp_path)
    make_school()
    with serve(location) as fresh:
        page = tab("accounts", on=fresh)  # the very first visitor after a start asks for a page right away
        for entry in existing_entries():
            driver.open_page(page, f"{fresh.address}/{'' if entry.name == HOME else entry.name}")
            assert sees_only_the_form(page), entry.name
