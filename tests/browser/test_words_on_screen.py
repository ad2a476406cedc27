"""What a person reads in a real browser is Chinese, and what tells that something was saved covers no act."""

import re

import pytest
from playwright.sync_api import Page

from db.tables import Role
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab
from tests.browser.people import NAMES, PASSWORD, SPARE
from ui.navigation import existing_entries

pytestmark = pytest.mark.browser
# Commands, keys on a keyboard, endings of files, addresses of folders, user names: no Chinese word stands for them.
FILE_NAME = re.compile(r"\S+\.(?:xlsx|xls|ods|csv)\b")  # lists other tests have brought in
NOT_WORDS = re.compile(
    r"manage\.py( [a-z-]+)*|--https|Alt( \+ H)?|Ctrl\+P|/\S+|care-\S+\.db"
    r"|\b(xlsx|xlsm|xls|ods|csv|tsv|txt|html|Word|PDF|pdf|docx)\b"
)
READABLE = """() => {
  const found = [];
  const seen = (each) => {
    const box = each.getBoundingClientRect(), style = getComputedStyle(each);
    return box.width > 0 && box.height > 0 && style.visibility !== 'hidden' && parseFloat(style.fontSize) > 0;
  };
  const clipped = (each) => {  // kept for screen readers, whose words can't be changed from here
    for (let above = each; above; above = above.parentElement) {
      const style = getComputedStyle(above);
      if (style.clip === 'rect(0px, 0px, 0px, 0px)' || style.clipPath === 'inset(50%)') return true;
    }
    return false;
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const owner = walk.currentNode.parentElement;
    if (['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(owner.tagName)) continue;
    if (owner.closest('[data-testid="stIconMaterial"], [translate="no"]')) continue;  // icons are ligatures
    if (seen(owner) && !clipped(owner)) found.push(walk.currentNode.textContent);
  }
  for (const each of document.querySelectorAll('[placeholder]')) {
    if (seen(each) && !each.value) found.push(each.placeholder);
  }
  return found;
}"""


def english_on(page: Page, *, known: set[str]) -> set[str]:
    """Words of Latin letters that a person can read on the page."""
    texts = [NOT_WORDS.sub("", FILE_NAME.sub("", text)) for text in page.evaluate(READABLE)]
    words = {word for text in texts for word in re.findall(r"[A-Za-z]{3,}", text)}
    return {word for word in words if word.lower() not in known}


@pytest.mark.long
@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMIN, Role.HOMEROOM, Role.SUBJECT_TEACHER])
def test_no_page_speaks_english(tab: OpenTab, role: Role):
    page = tab()
    found = {"sign-in": english_on(page, known=set())}
    page.get_by_role("textbox", name="密码").fill("x")
    found["the hint below a field"] = english_on(page, known=set())
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    people = {name for name, _ in [*NAMES.values(), *SPARE.values()]} | {"usb", "mnt", "backup"}
    address = page.url.rstrip("/")
    for entry in existing_entries():
        driver.open_page(page, f"{address}/{entry.name}")
        for each in page.locator('[data-testid="stExpander"] summary').all():
            each.click()
        found[entry.name] = english_on(page, known=people)

    assert {name: words for name, words in found.items() if words} == {}


def test_what_is_drawn_only_when_it_goes_wrong_is_chinese_too(tab: OpenTab):
    page = tab("intake")
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    page.get_by_role("combobox", name="谁说的").fill("zzz")
    driver.wait_until_idle(page)
    assert english_on(page, known={"zzz"}) == set()
    page.keyboard.press("Escape")
    day = page.get_by_test_id("stDateInput").first
    day.get_by_role("spinbutton").first.click()
    page.keyboard.type("16660101")
    page.get_by_test_id("stDateInputError").hover()
    page.get_by_test_id("stTooltipErrorContent").wait_for()

    assert english_on(page, known={"zzz"}) == set()


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
