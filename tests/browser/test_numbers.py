"""A number no field can hold reaches the server as it was typed, and is refused in Chinese."""

import pytest

from db.tables import Role
from tests.browser import driver
from tests.browser.conftest import OpenTab, Server
from tests.browser.people import NAMES, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.long]
NUMBER = "settings?view=numbers&parameter=D-06.assessment_school_days"


def test_a_number_that_can_not_be_is_refused_in_chinese_and_stays(server: Server, tab: OpenTab):
    page = tab(on=server)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.open_page(page, f"{server.address}/{NUMBER}")
    driver.see(page, "为什么改")
    field = page.get_by_label("改成多少", exact=False)
    for typed, sentence in (("1.5", "请写整数"), ("200", "可以填 0 到 20 个上课日")):
        field.fill(typed)
        page.get_by_label("为什么改").fill("领导小组定的")
        driver.press(page, "保存这个数")
        driver.see(page, sentence)
        assert field.input_value() == typed
    assert "Error" not in driver.visible_text(page)
