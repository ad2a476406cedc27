"""A list from civil affairs in a real browser: received, its differences decided, with the pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from db import engine
from db.tables import CategoryKind, DifferenceState, ExchangeBody, ListDifference, Role
from db.transactions import reading, transaction
from services import clock, list_receipts
from services.imports.authorities import Scope
from services.list_receipts import ReceiptDetails
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person
from tests.exchange.makers import xlsx

pytestmark = [pytest.mark.browser, pytest.mark.long]
HEADER = ["序号", "儿童姓名", "身份证号码", "就读学校", "班级", "留守类型", "认定日期", "联系电话"]


def a_list(*, month: int) -> bytes:
    rows = [
        [f"青澜县留守儿童信息表（2026年{month}月）"],
        ["填报单位：青澜县民政局"],
        HEADER,
        [1, "江小满", None, "望舒中心学校", "七（3）班", "父母均外出", "2026年9月10日", "15400009901"],
        [2, "霍半夏", None, "望舒中心学校", "七（3）班", "父亲外出", None, None],
        [3, "沈*冬", None, "望舒中心学校", "七（3）班", "母亲外出", None, None],
        [4, "孟紫苏", None, None, None, "父亲外出", None, None],
        [5, "谷雨生", None, "石桥小学", "六（2）班", "父亲外出", None, None],
        ["说明：本表内容请注意保密。"],
    ]
    return xlsx({"留守儿童": rows})


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school, with one list received."""
    location = copy_of(prepared, tmp_path_factory.mktemp("exchanges"))
    make_filled_school()
    with at(11, 16), transaction() as session:
        lead = person(session, Role.LEAD)
        file = list_receipts.read_authority(a_list(month=10), file_name="名单.xlsx")
        scope = Scope(CategoryKind.LEFT_BEHIND)
        seen = list_receipts.preview_receipt(session, lead, file=file, scope=scope)
        details = ReceiptDetails(body=ExchangeBody.WOMEN, day=clock.today())
        list_receipts.confirm_receipt(session, lead, preview=seen, details=details, ticked=seen.comparison.ticked_first)
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    return page


@SIZES
def test_the_lists_and_their_differences(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, size)
    driver.see(page, "处差别没定")
    driver.open_page(page, f"{school.address}/exchanges?exchange=1")
    driver.see(page, "名单上有，我们没登记")
    driver.take_picture(page, SCREENS / f"exchanges-{size[0]}.png")


@SIZES
def test_a_list_is_chosen_and_looked_at(school: Server, tab: OpenTab, size: tuple[int, int], tmp_path: Path):
    path = tmp_path / "名单.xlsx"
    path.write_bytes(a_list(month=11))
    page = enter(school, tab, size)
    driver.open_page(page, f"{school.address}/exchange_receive")
    page.locator("input[type=file]").set_input_files(path)
    driver.see(page, "对上")
    driver.wait_until_idle(page)
    driver.take_picture(page, SCREENS / f"exchange_receive-{size[0]}.png")


def test_a_difference_is_adopted_in_the_browser(school: Server, tab: OpenTab):
    page = enter(school, tab, driver.DESKTOP)
    driver.open_page(page, f"{school.address}/exchanges?exchange=1&side=list")
    page.get_by_text("霍半夏").first.click()
    driver.wait_until_idle(page)
    driver.press(page, "照名单登记 1 人")
    driver.see(page, "从哪天起")
    driver.take_picture(page, SCREENS / f"exchange_adopt-{driver.DESKTOP[0]}.png")
    page.get_by_role("dialog").get_by_role("button", name="照名单登记 1 人").click()
    driver.see(page, "照名单改了 1 处")

    engine.use(school.location)
    with reading() as session:
        states = [row.state for row in session.exec(select(ListDifference))]
    assert states.count(DifferenceState.ADOPTED) == 1
