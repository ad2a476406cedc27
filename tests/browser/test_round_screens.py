"""Class checks and the change of school year in a real browser, with their pictures."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import select

from db import engine
from db.tables import (
    CheckKind,
    CheckReturn,
    ClassMembership,
    EnrolmentState,
    Role,
    SchoolClass,
    Student,
    TermEntry,
)
from db.transactions import reading, transaction
from services import check_rounds
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school, with an open round."""
    location = copy_of(prepared, tmp_path_factory.mktemp("rounds"))
    make_filled_school()
    with at(11, 16), transaction() as session:
        check_rounds.open_round(session, person(session, Role.LEAD))
        check_rounds.open_round(session, person(session, Role.LEAD), kind=CheckKind.SPECIAL_CHECK)
    with serve(location) as running:
        yield running


@pytest.fixture(scope="module")
def last_year(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same school, as it was before its classes moved up."""
    location = copy_of(prepared, tmp_path_factory.mktemp("last_year"))
    make_filled_school()
    with transaction() as session:
        for found in session.exec(select(SchoolClass)):
            found.school_year, found.grade = 2025, found.number + 6
            found.number = 1
        for stay in session.exec(select(ClassMembership)):
            stay.from_day = date(2025, 9, 1)
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]):
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


@pytest.mark.long
@SIZES
def test_a_homeroom_teacher_goes_through_the_class(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    driver.see(page, "排查七（3）班")
    driver.open_page(page, f"{school.address}/rounds")
    driver.see(page, "江小满")
    driver.take_picture(page, SCREENS / f"rounds-sheet-{size[0]}.png")


@SIZES
def test_the_lead_sees_who_has_not_returned(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/rounds")
    driver.see(page, "已交")
    driver.take_picture(page, SCREENS / f"rounds-{size[0]}.png")


@pytest.mark.long
@SIZES
def test_half_a_sheet_outlives_the_tab(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    driver.open_page(page, f"{school.address}/rounds")
    page.get_by_role("radio", name="有变化").first.click()
    driver.wait_until_idle(page)
    page.get_by_label("怎么回事").fill("母亲十月也去外地做工了。")
    page.get_by_label("怎么回事").blur()
    driver.see(page, "草稿已在")
    page.reload()  # a closed tab, a dead battery
    driver.see(page, "草稿已在")
    assert page.get_by_label("怎么回事").input_value() == "母亲十月也去外地做工了。"
    driver.take_picture(page, SCREENS / f"rounds-draft-{size[0]}.png")
    driver.press(page, "不要了")
    assert page.get_by_label("怎么回事").count() == 0


def test_a_class_is_returned_in_the_browser(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.HOMEROOM, driver.DESKTOP)
    driver.open_page(page, f"{school.address}/rounds")
    for button in page.get_by_role("radio", name="还是这样").all():
        button.click()
        driver.wait_until_idle(page)
    page.get_by_text("人都问过了").click()
    driver.wait_until_idle(page)
    driver.press(page, "交七（3）班的排查")
    driver.see(page, "改这一份")

    engine.use(school.location)
    with reading() as session:
        assert session.exec(select(CheckReturn)).one().children_count == 14


@SIZES
def test_the_quarter_s_check_says_who_saw_whom_when(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    driver.see(page, "四特排查七（3）班")
    driver.open_page(page, f"{school.address}/rounds?view=special")
    page.get_by_role("radio", name="还没见到").first.click()
    driver.see(page, "为什么还没见到")
    page.get_by_role("radio", name="有变化").first.click()
    driver.see(page, "哪天见的")
    driver.take_picture(page, SCREENS / f"rounds-special-{size[0]}.png")
    page.get_by_label("怎么回事").fill("搬去和外婆住了。")
    page.get_by_label("怎么回事").blur()
    driver.see(page, "草稿已在")
    driver.press(page, "不要了")


@SIZES
def test_the_lead_sees_what_is_missing_of_the_quarter(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/rounds?view=special")
    driver.see(page, "还没交：")
    driver.see(page, "四特的孩子")
    driver.take_picture(page, SCREENS / f"rounds-special-lead-{size[0]}.png")


@pytest.mark.long
@SIZES
def test_the_school_moves_up(last_year: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(last_year, tab, Role.LEAD, size)
    driver.open_page(page, f"{last_year.address}/new_year")
    driver.see(page, "哪些年级毕业离校")
    driver.take_picture(page, SCREENS / f"new_year-{size[0]}.png")
    if size == driver.DESKTOP:
        driver.press(page, "升年级")
        driver.see(page, "班主任跟着班走")
        driver.take_picture(page, SCREENS / f"new_year-confirm-{size[0]}.png")
        driver.press(page, "确认，42 人")
        driver.see(page, "已经升好了")
        engine.use(last_year.location)
        with reading() as session:
            assert len(session.exec(select(Student).where(Student.state == EnrolmentState.GRADUATED)).all()) == 14
        driver.press(page, "整批撤回")
        driver.press(page, "撤回")
        driver.see(page, "哪些年级毕业离校")


@pytest.mark.long
@SIZES
def test_a_class_is_entered_in_its_table(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    driver.open_page(page, f"{school.address}/class_entries")
    driver.see(page, "人还没记学业")
    driver.take_picture(page, SCREENS / f"class_entries-{size[0]}.png")
    if size == driver.DESKTOP:
        driver.type_into_cell(page, x=415, y=52, text="152")  # the first child's height
        driver.see(page, "还没保存")
        page.reload()  # a closed tab, a dead battery
        driver.see(page, "草稿已在")
        driver.see(page, "改了 1 人，还没保存")
        driver.take_picture(page, SCREENS / f"class_entries-draft-{size[0]}.png")
        driver.press(page, "保存七（3）班")
        driver.see(page, "已保存")
        engine.use(school.location)
        with reading() as session:
            assert session.exec(select(TermEntry)).one().height_cm == 152


@pytest.mark.long
@SIZES
def test_what_a_family_says_is_recorded(school: Server, tab: OpenTab, size: tuple[int, int]):
    engine.use(school.location)
    with reading() as session:
        child = session.exec(select(Student.id).where(Student.name == "沈忍冬")).one()
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/child?student={child}")
    page.get_by_role("tab", name="同意和承诺").click()
    driver.see(page, "家里同意什么")
    if size == driver.DESKTOP:
        page.get_by_role("button", name="记一次").nth(1).click()
        driver.wait_until_idle(page)
        page.get_by_role("radio", name="同意", exact=True).click()
        page.get_by_label("谁说的，比如母亲、外婆").fill("母亲")
        driver.press(page, "保存沈忍冬的同意")
        driver.see(page, "何知微记")
    driver.take_picture(page, SCREENS / f"child-consents-{size[0]}.png")
