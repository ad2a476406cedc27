"""What a person reads in a real browser is Chinese, and what tells that something was saved covers no act."""

import pytest

from db.tables import Role
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab
from tests.browser.people import NAMES, PASSWORD
from tests.browser.words import english_on

pytestmark = pytest.mark.browser


@pytest.mark.long  # the pages behind it: test_care_screens, where every role opens them
def test_the_sign_in_page_speaks_no_english(tab: OpenTab):
    page = tab()
    found = english_on(page)
    page.get_by_role("textbox", name="密码").fill("x")

    assert found | english_on(page) == set()


def test_what_is_drawn_only_when_it_goes_wrong_is_chinese_too(tab: OpenTab):
    page = tab("intake")
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    page.get_by_role("combobox", name="谁说的").fill("zzz")
    driver.wait_until_idle(page)
    assert english_on(page, known=frozenset({"zzz"})) == set()
    page.keyboard.press("Escape")
    day = page.get_by_test_id("stDateInput").first
    day.get_by_role("spinbutton").first.click()
    page.keyboard.type("16660101")
    page.get_by_test_id("stDateInputError").hover()
    page.get_by_test_id("stTooltipErrorContent").wait_for()

    assert english_on(page, known=frozenset({"zzz"})) == set()


@SIZES
def test_a_toast_covers_no_act(tab: OpenTab, size: tuple[int, int]):
    page = tab("settings", size=size)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    page.get_by_role("textbox", name="学校名称").wait_for()
    page.get_by_role("button", name="保存学校名称").click()
    toast = page.get_by_test_id("stToast").first
    toast.wait_for()
    driver.take_picture(page, SCREENS / f"toast-{size[0]}.png")

    told = toast.bounding_box()
    assert told is not None
    buttons = [each.bounding_box() for each in page.get_by_test_id("stMain").get_by_role("button").all()]
    assert not [box for box in buttons if box and overlap(told, box)]
    assert told["y"] > size[1] / 2
    if size == driver.PHONE:
        assert told["x"] + told["width"] < size[0] - 110  # the rows' buttons at the right edge stay free


def overlap(one, other) -> bool:
    """Whether two boxes share a point."""
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def test_filters_are_whole_on_a_phone(tab: OpenTab):
    page = tab("referrals", size=driver.PHONE)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    last = page.get_by_role("button", name="已合并")
    last.wait_for()

    box = last.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= driver.PHONE[0]
