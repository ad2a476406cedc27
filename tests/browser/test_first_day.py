"""The first day: from the code on the console to a team that can sign in."""

import pytest

from tests.browser import driver
from tests.browser.conftest import SCREENS

pytestmark = pytest.mark.browser
SCHOOL = "青澜县望舒中心学校"


def test_the_first_day(server, tab):
    page = tab()
    assert "一次性启用码" in driver.visible_text(page)
    page.get_by_label("一次性启用码").fill("AAAA-AAAA")
    page.get_by_role("button", name="继续").click()
    driver.wait_until_idle(page)
    assert "启用码不对" in driver.visible_text(page)
    driver.take_picture(page, SCREENS / "set-up-code-1280.png")
    page.get_by_label("一次性启用码").fill(server.code)
    page.get_by_role("button", name="继续").click()
    driver.wait_until_idle(page)
    driver.take_picture(page, SCREENS / "set-up-1280.png")
