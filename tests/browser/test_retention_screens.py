"""Records that have reached their term, in a real browser: asked for by one, agreed to by another."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import select

from db import engine
from db.tables import AppUser, EnrolmentState, Role, Student
from db.transactions import reading, transaction
from services import retention
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school, a few of whose children left years ago; one is to be kept."""
    location = copy_of(prepared, tmp_path_factory.mktemp("retention"))
    make_filled_school()
    with transaction() as session:
        leader = session.exec(select(AppUser).where(AppUser.username == NAMES[Role.LEADERSHIP][0])).one()
        leader.is_protection_leader = True
        children = session.exec(select(Student).order_by(Student.id)).all()[-6:]  # type: ignore[arg-type]
        for child in children:
            child.state, child.left_on = EnrolmentState.GRADUATED, date(2022, 7, 1)
        lead = person(session, Role.LEAD)
        retention.hold_child(session, lead, student_id=children[0].id or 0, reason="法院还在审")
    with serve(location) as running:
        yield running


@SIZES
def test_what_is_due_and_what_is_kept(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.open_page(page, f"{school.address}/retention")
    driver.see(page, "负责人要留着")
    driver.take_picture(page, SCREENS / f"retention-{size[0]}.png")


def test_one_asks_and_the_other_agrees(school: Server, tab: OpenTab):
    page = tab(size=driver.DESKTOP, on=school)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.open_page(page, f"{school.address}/retention")
    driver.press(page, "请人点头，清掉这些")
    page.get_by_role("dialog").get_by_role("button", name="点头").click()
    driver.see(page, "等第二个人点头")

    other = tab(size=driver.DESKTOP, on=school)
    driver.sign_in(other, NAMES[Role.LEADERSHIP][0], PASSWORD)
    driver.see(other, "等您点头")
    driver.open_page(other, f"{school.address}/retention")
    driver.press(other, "看清楚了，同意")
    driver.see(other, "找不回来")
    driver.take_picture(other, SCREENS / f"retention-agree-{driver.DESKTOP[0]}.png")
    other.get_by_role("dialog").get_by_role("button", name="同意，清掉").click()
    driver.see(other, "清过一次")

    engine.use(school.location)
    with reading() as session:
        left = session.exec(select(Student).where(Student.state == EnrolmentState.GRADUATED)).all()
    assert sorted(child.name for child in left) == ["秦霜降", "郑寒露"]  # a serious case, and the one to be kept
