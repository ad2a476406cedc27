"""A child that stays away in a real browser, from home to a step and the end, with the pictures."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import select

from db import engine
from db.tables import DropOut, DropOutReason, DropOutStep, DropOutStepKind, Role, Student
from db.transactions import reading, transaction
from services import drop_outs
from services.drop_outs import DropOutEntry, StepEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; one child does not come since Monday, of another it was heard today."""
    location = copy_of(prepared, tmp_path_factory.mktemp("drop_outs"))
    make_filled_school()
    told = [
        ("沈忍冬", date(2026, 11, 9), DropOutReason.STUDY, "电话里说不想读了，跟表哥去了栖云市。"),
        ("孟紫苏", date(2026, 11, 20), DropOutReason.UNKNOWN, "今天没来，家里电话没人接。"),
    ]
    for name, day, reason, words in told:
        with at(day.month, day.day), transaction() as session:
            child = session.exec(select(Student).where(Student.name == name)).one()
            number = drop_outs.register_drop_out(
                session, person(session, Role.LEAD), student_id=child.id or 0, version=child.version,
                entry=DropOutEntry(noticed_on=day, noticed_by="周砚田", reason=reason, words=words),
            )  # fmt: skip
            if reason is DropOutReason.STUDY:
                _make_steps(session, number)
    with serve(location) as running:
        yield running


def _make_steps(session, number: int) -> None:
    lead = person(session, Role.LEAD)
    for kind, day, words in (
        (DropOutStepKind.CALL, date(2026, 11, 9), "父亲说在外地，会劝他回来。"),
        (DropOutStepKind.TOLD_OFFICE, date(2026, 11, 9), None),
    ):
        drop_outs.save_step(session, lead, drop_out_id=number, entry=StepEntry(kind=kind, day=day, words=words))


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]):
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


def number_of(school: Server, name: str) -> tuple[int, int]:
    engine.use(school.location)
    with reading() as session:
        child = session.exec(select(Student).where(Student.name == name)).one()
        row = session.exec(select(DropOut).where(DropOut.student_id == child.id)).one()
        return row.id or 0, child.id or 0


@SIZES
def test_home_leads_to_the_child_that_stays_away(school: Server, tab: OpenTab, size: tuple[int, int]):
    number, _ = number_of(school, "沈忍冬")
    page = enter(school, tab, Role.LEAD, size)
    driver.see(page, "帮沈忍冬")
    driver.open_page(page, f"{school.address}/drop_outs")
    driver.see(page, "孟紫苏")
    driver.take_picture(page, SCREENS / f"drop_outs-{size[0]}.png")
    driver.open_page(page, f"{school.address}/drop_outs?case={number}")
    driver.see(page, "会劝他回来")
    driver.take_picture(page, SCREENS / f"drop_out-{size[0]}.png")
    if size == driver.DESKTOP:
        driver.press(page, "记一步")
        page.get_by_role("radio", name="家访").or_(page.get_by_role("button", name="家访")).first.click()
        driver.wait_until_idle(page)
        page.get_by_label("情况：见到谁、怎么说、下一步").fill("见到外婆，说周末回来。")
        driver.press(page, "记下沈忍冬的这一步")
        driver.see(page, "说周末回来")
        with reading() as session:
            assert len(session.exec(select(DropOutStep)).all()) == 3


@SIZES
def test_before_a_family_is_reached_it_is_asked_who_agreed(school: Server, tab: OpenTab, size: tuple[int, int]):
    number, _ = number_of(school, "沈忍冬")
    page = enter(school, tab, Role.COUNSELLOR, size)
    driver.open_page(page, f"{school.address}/drop_outs?case={number}")
    driver.press(page, "记一步")
    page.get_by_role("radio", name="家访").or_(page.get_by_role("button", name="家访")).first.click()
    driver.wait_until_idle(page)
    page.get_by_label("情况：见到谁、怎么说、下一步").fill("和外婆约了周六上午。")
    driver.press(page, "记下沈忍冬的这一步")
    driver.see(page, "联系家里的，先和关爱室负责人说好，在这里选是谁")
    driver.take_picture(page, SCREENS / f"drop_out-step-{size[0]}.png")
    driver.press(page, "不要了")


@SIZES
def test_the_child_s_page_says_so(school: Server, tab: OpenTab, size: tuple[int, int]):
    _, child = number_of(school, "孟紫苏")
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/child?student={child}")
    page.get_by_role("tab", name="控辍保学").click()
    driver.see(page, "没来上学")  # on the phone it has ended by then
    driver.take_picture(page, SCREENS / f"child-drop_out-{size[0]}.png")
    if size == driver.DESKTOP:
        driver.press(page, "结束")
        page.get_by_role("radio", name="回来上学了").click()
        driver.wait_until_idle(page)
        driver.take_picture(page, SCREENS / f"drop_out-end-{size[0]}.png")
        driver.press(page, "结束孟紫苏的跟进")
        driver.see(page, "回来上学了")
        engine.use(school.location)
        with reading() as session:
            row = session.exec(select(DropOut).where(DropOut.student_id == child)).one()
            assert row.closed_at is not None
