"""Pairs in a real browser: somebody is found for a child, the pair opens, children are handed over; and pictures."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page
from sqlmodel import Session, select

from db import engine
from db.tables import AppUser, HelperKind, Pairing, PairingRole, Role, Student
from db.transactions import reading, transaction
from services.pairing import helpers, pairs
from services.pairing.helpers import HelperEntry
from services.pairing.pairs import PairEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
PAIRED = ("霍半夏", "柳立夏", "孟紫苏")


def id_of(session: Session, role: Role) -> int:
    return session.exec(select(AppUser.id).where(AppUser.username == NAMES[role][0])).one() or 0


@pytest.fixture
def school(prepared, tmp_path) -> Iterator[Server]:
    """The filled school with a tutor, a volunteer without training, and three pairs."""
    location = copy_of(prepared, tmp_path)
    make_filled_school()
    with at(9, 10), transaction() as session:
        lead = person(session, Role.LEAD)
        tutor = helpers.register_helper(
            session, lead, entry=HelperEntry(kind=HelperKind.STAFF, user_id=id_of(session, Role.MENTOR), capacity=15)
        ).id
        helpers.register_helper(
            session, lead, entry=HelperEntry(kind=HelperKind.STAFF, user_id=id_of(session, Role.SUBJECT_TEACHER))
        )
        angel = helpers.register_helper(
            session, lead,
            entry=HelperEntry(
                kind=HelperKind.VOLUNTEER, name="邢秋水", phone="15400003210", pledged_on=date(2026, 9, 9)
            ),
        ).id  # fmt: skip
        helpers.vet_helper(session, lead, helper_id=angel, version=1, day=date(2026, 9, 10))
        for name in PAIRED:
            child = session.exec(select(Student.id).where(Student.name == name)).first()
            entry = PairEntry(student_id=child, helper_id=tutor, role=PairingRole.MENTOR, content="每月谈一次心。")
            pairs.start_pair(session, lead, entry=entry)
    with serve(location) as server:
        yield server


def click_cell(page: Page, *, x: int, y: int) -> None:
    """Click a cell as a hand does: the table is drawn on canvas and first follows the mouse."""
    table = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert table is not None
    for step in (8, 4, 0):
        page.mouse.move(table["x"] + x - step, table["y"] + y)
        page.wait_for_timeout(100)
    page.mouse.down()
    page.mouse.up()


@SIZES
def test_somebody_is_found_for_a_child(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[Role.COUNSELLOR][0], PASSWORD)
    driver.open_page(page, f"{school.address}/pairing")
    driver.see(page, "还缺谁")
    driver.take_picture(page, SCREENS / f"pairing-{size[0]}.png")
    click_cell(page, x=135, y=52)
    driver.see(page, "从哪天起")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").first.click()
    page.get_by_role("option", name="导师", exact=True).click()
    driver.wait_until_idle(page)
    dialog.get_by_role("combobox").nth(1).click()
    page.get_by_role("option").filter(has_text=NAMES[Role.SUBJECT_TEACHER][1]).click()
    driver.wait_until_idle(page)
    driver.take_picture(page, SCREENS / f"pairing-start-{size[0]}.png")
    dialog.get_by_role("button").filter(has_text="结对").click()
    driver.see(page, "结好对了")

    engine.use(school.location)
    with reading() as session:
        made = session.exec(select(Pairing).order_by(Pairing.id.desc())).first()  # type: ignore[union-attr]
    assert made is not None
    driver.open_page(page, f"{school.address}/pairing?pair={made.id}")
    driver.see(page, NAMES[Role.SUBJECT_TEACHER][1])
    for view, awaited in (("pairs", "结着"), ("helpers", "看不再担任的"), ("progress", "谁带了几个孩子")):
        driver.open_page(page, f"{school.address}/pairing?view={view}")
        driver.see(page, awaited)
        driver.take_picture(page, SCREENS / f"pairing-{view}-{size[0]}.png")
