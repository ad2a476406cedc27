"""Screening in a real browser: a list brought in, the talk it asks for written from home, how far the classes are."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from db import engine
from db.tables import ClassMembership, Role, SchoolClass, ScreeningResult, Student
from db.transactions import reading, transaction
from services.screening_imports import confirm_screening, preview_screening, read_screening
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
SCALES = ("学习焦虑", "对人焦虑", "孤独倾向", "自责倾向", "过敏倾向", "身体症状", "恐怖倾向", "冲动倾向")
HEADER = ("学号", "姓名", "班级", "测评日期", "效度量表", *SCALES, "总分", "系统等级")


def sheet(children: list[tuple[str, str, str]], day: str) -> bytes:
    """Results of these children: most calm, two that stand out, one void, one away, one whose total is wrong."""
    lines = [HEADER]
    for place, (number, name, label) in enumerate(children):
        scores = [(place * step) % 7 for step in range(1, 9)]
        validity, level = 2, "正常"
        if place == 1:
            scores, level = [13, 9, 8, 8, 9, 11, 6, 7], "需重点关注"
        if place == 4:
            scores = [10, 7, 7, 6, 8, 9, 5, 6]
        if place == 6:
            validity = 8
        total = sum(scores) + (place == 8)
        cells = [day, str(validity), *map(str, scores), str(total), level]
        if place == 9:
            cells = ["", "", *[""] * 8, "", "请假"]
        lines.append((number if place % 5 else "", name, label, *cells))
    return "\n".join(",".join(line) for line in lines).encode()


def children_of(session) -> list[tuple[str, str, str]]:
    rows = session.exec(
        select(Student.student_no, Student.name, SchoolClass.grade, SchoolClass.number)
        .join(ClassMembership, ClassMembership.student_id == Student.id)
        .join(SchoolClass, SchoolClass.id == ClassMembership.class_id)
        .where(ClassMembership.to_day.is_(None))
        .order_by(SchoolClass.grade, SchoolClass.number, Student.id)
    ).all()
    return [(number or "", name, f"{grade}年级{place}班") for number, name, grade, place in rows]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; the counsellor brought a list in on Monday and one on Wednesday."""
    location = copy_of(prepared, tmp_path_factory.mktemp("screening"))
    make_filled_school()
    for number, day in ((1, 16), (2, 18)):
        with at(11, day, 16), transaction() as session:
            actor = person(session, Role.COUNSELLOR)
            found = read_screening(sheet(children_of(session), f"2026-11-{day}"), file_name="MHT测评结果.csv")
            preview = preview_screening(session, actor, reading=found)
            confirm_screening(session, actor, preview=preview, file_name="MHT.csv", digest=str(number) * 64)
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


def flagged(school: Server) -> ScreeningResult:
    engine.use(school.location)
    with reading() as session:
        return session.exec(
            select(ScreeningResult).where(ScreeningResult.needs_contact).order_by(ScreeningResult.rank.desc())
        ).first()


@SIZES
def test_the_pages_of_screening(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.COUNSELLOR, size)
    for view, words, picture in (
        ("follow", "还没谈的", "screening"),
        ("classes", "点班级看还没测的孩子", "screening-classes"),
        ("results", "要谈的", "screening-results"),
    ):
        driver.open_page(page, f"{school.address}/screening?view={view}")
        driver.see(page, words)
        driver.take_picture(page, SCREENS / f"{picture}-{size[0]}.png")
    driver.open_page(page, f"{school.address}/screening?student={flagged(school).student_id}")
    driver.see(page, "分数只是提示")
    driver.take_picture(page, SCREENS / f"screening-child-{size[0]}.png")


@SIZES
def test_a_list_is_looked_at_before_it_is_taken(school: Server, tab: OpenTab, size: tuple[int, int], tmp_path):
    page = enter(school, tab, Role.COUNSELLOR, size)
    engine.use(school.location)
    with reading() as session:
        content = sheet(children_of(session), "2026-11-19")
    file = tmp_path / "MHT补测.csv"
    file.write_bytes(content)
    driver.open_page(page, f"{school.address}/import_students?list=screening")
    driver.see(page, "筛查结果文件")
    page.locator('input[type="file"]').set_input_files(file)
    driver.see(page, "没有筛查的知情同意")
    driver.see(page, "总分和各项加起来不一样")
    page.get_by_text("有提示 2").click()
    driver.see(page, "提示不是诊断")
    driver.take_picture(page, SCREENS / f"screening-import-{size[0]}.png")


def test_the_talk_is_written_from_home_and_the_line_goes(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.COUNSELLOR, driver.DESKTOP)
    driver.see(page, "筛查后面谈")
    page.get_by_role("button", name="记面谈").first.click()
    driver.see(page, "孩子说了什么，主要情况")
    page.get_by_label("孩子说了什么，主要情况").fill("说最近总睡不着，怕考不好。")
    page.get_by_label("怎么谈的，答应了什么").fill("听完，约好每周三来坐一会儿。")
    page.get_by_label("效果怎样").click()
    driver.see(page, "草稿已在")
    page.get_by_role("button", name="的谈心谈话").click()
    driver.see(page, "六样记了")

    engine.use(school.location)
    with reading() as session:
        contacted = session.exec(select(ScreeningResult).where(ScreeningResult.contact_id.is_not(None))).all()
    assert len(contacted) == 2  # of both days: one talk covers every open result of the child
    assert all(each.suggestion_id for each in contacted)
    driver.open_page(page, f"{school.address}/")
    driver.see(page, "筛查有提示，定等级")
