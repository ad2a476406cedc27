"""Handing archives over in a real browser: packed, the password noted, fetched, given away, signed for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlmodel import col, select

from db import engine
from db.tables import CategoryKind, EnrolmentState, Role, Student, StudentCategory
from db.transactions import transaction
from services import archives, clock
from services.exchange.packages import open_package
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; five children left in summer, of three the archive is owed."""
    location = copy_of(prepared, tmp_path_factory.mktemp("handovers"))
    make_filled_school()
    with at(9, 10), transaction() as session:
        children = session.exec(select(Student).order_by(col(Student.id)).limit(5)).all()
        archives.begin_archives(session, person(session, Role.LEAD), student_ids=[each.id or 0 for each in children])
        for place, child in enumerate(children):
            child.state, child.left_on = EnrolmentState.GRADUATED, clock.today()
            session.add(child)
            if place < 3:
                session.add(
                    StudentCategory(
                        student_id=child.id or 0, kind=CategoryKind.SPECIAL_CONDUCT, level=2, from_day=clock.today(),
                        recorded_at=clock.now(),
                    )
                )  # fmt: skip
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    engine.use(school.location)
    driver.open_page(page, f"{school.address}/handovers")
    return page


@SIZES
def test_archives_are_packed_and_signed_for(school: Server, tab: OpenTab, size: tuple[int, int], tmp_path: Path):
    page = enter(school, tab, size)
    driver.see(page, "还没做包的" if size == driver.DESKTOP else "有回执")
    driver.take_picture(page, SCREENS / f"handovers-{size[0]}.png")
    if size != driver.DESKTOP:
        page.get_by_role("button", name="打开").first.click()
        driver.see(page, "签收")
        driver.take_picture(page, SCREENS / f"handovers-package-{size[0]}.png")
        return
    driver.press(page, "做移交包")
    driver.see(page, "交给哪个学校、哪位老师")
    page.get_by_role("dialog").get_by_role("combobox").click()
    for _ in range(page.get_by_role("option").count()):
        page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").get_by_text("毕业", exact=True).click()
    page.get_by_label("交给哪个学校、哪位老师").fill("青澜县第一中学 程当归老师")
    page.get_by_label("交给哪个学校、哪位老师").press("Tab")
    driver.take_picture(page, SCREENS / "handovers-make-1280.png")
    page.get_by_role("dialog").get_by_role("button", name="人做包").click()
    driver.see(page, "只显示这一次")
    driver.take_picture(page, SCREENS / "handovers-password-1280.png")
    password = page.get_by_test_id("stCode").inner_text().strip()
    driver.press(page, "抄好了")
    driver.press(page, "下载移交包")
    driver.press(page, "取文件")
    with page.expect_download() as waiting:
        page.get_by_role("dialog").get_by_role("button", name="下载", exact=True).click()
    copy = tmp_path / "U盘.zip"
    waiting.value.save_as(copy)
    assert open_package(copy, password=password).head["移交给"] == "青澜县第一中学 程当归老师"
    driver.press(page, "关上")
    driver.press(page, "记交出去")
    page.get_by_role("dialog").get_by_text("当面交", exact=False).click()
    page.get_by_label("谁接的：单位、姓名、电话").fill("程当归 15400000188")
    page.get_by_role("dialog").get_by_role("button", name="记下").click()
    driver.press(page, "记回执")
    page.get_by_label("谁签的，说了什么").fill("程当归签收，都齐")
    page.get_by_label("谁签的，说了什么").press("Tab")
    page.get_by_role("dialog").get_by_role("button", name="记下回执").click()
    driver.see(page, "有回执")
    driver.take_picture(page, SCREENS / "handovers-package-1280.png")
