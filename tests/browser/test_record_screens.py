"""Work records in a real browser: a talk from home counted in clicks and fields, a reload half-way, the pictures."""

from collections.abc import Iterator
from datetime import date, time

import pytest
from playwright.sync_api import Page
from sqlmodel import col, select

from db import engine
from db.tables import CareKind, CarePlace, CareRecord, Role, Student
from db.transactions import reading, transaction
from services import records
from services.records import RecordEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
TOLD = [
    (Role.HOMEROOM, CareKind.TALK, date(2026, 11, 3), "说夜里在等爸爸的电话，常常等到十一点。", "约好周五晚上视频。"),
    (Role.COUNSELLOR, CareKind.COUNSELLING, date(2026, 11, 10), "入睡困难，想念外出的父母。", "放松练习，写情绪日记。"),
    (Role.HOMEROOM, CareKind.HOME_VISIT, date(2026, 11, 14), "见到外婆，家里只有一张桌子。", "商量了写作业的时间。"),
    (Role.HOMEROOM, CareKind.HOMEWORK_CHECK, date(2026, 11, 18), "这周的作业都交了。", "数学订正了三处。"),
]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; with one child several people have worked."""
    location = copy_of(prepared, tmp_path_factory.mktemp("records"))
    make_filled_school()
    for role, kind, day, raised, measures in TOLD:
        with at(day.month, day.day, 16), transaction() as session:
            child = session.exec(select(Student).where(Student.name == "柳立夏")).one()
            entry = RecordEntry(
                kind=kind, day=day, start_time=time(15, 30), minutes=40, place=CarePlace.OFFICE, raised=raised,
                measures=measures, effect="走的时候轻松了些。",
                agreed_with_id=person(session, Role.LEAD).user_id,
            )  # fmt: skip
            records.record_contact(session, person(session, role), student_ids=[child.id or 0], entry=entry)
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


def child_called(school: Server, name: str) -> int:
    engine.use(school.location)
    with reading() as session:
        return session.exec(select(Student.id).where(Student.name == name)).one() or 0


def fields_in_sight(page: Page) -> list[str]:
    """The fields of the form that can be seen; what stands above it says what is written, and is chosen already."""
    boxes = page.locator(
        '[data-testid="stTextArea"], [data-testid="stTextInput"], [data-testid="stDateInput"],'
        ' [data-testid="stTimeInput"], [data-testid="stNumberInput"], [data-testid="stSelectbox"],'
        ' [data-testid="stMultiSelect"], [data-testid="stButtonGroup"]'
    )
    seen = [box for box in boxes.all() if box.is_visible()]
    labels = [box.locator("label").first.inner_text().strip() for box in seen]
    return [label for label in labels if label not in {"记什么", "找孩子"} and "找" not in label[:1]]


@SIZES
def test_a_talk_from_home_is_two_clicks_and_six_fields(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    clicks = 0
    driver.press(page, "记一次谈话")
    clicks += 1
    driver.see(page, "孩子说了什么，主要情况")
    assert fields_in_sight(page) == [
        "哪个孩子", "哪天", "在哪里", "孩子说了什么，主要情况", "怎么谈的，答应了什么", "效果怎样",
    ]  # fmt: skip
    page.get_by_label("哪个孩子").fill("陆青黛")
    driver.see(page, "不是这个孩子")
    page.get_by_label("孩子说了什么，主要情况").fill("和同桌和好了，说这周想当一次组长。")
    page.get_by_label("怎么谈的，答应了什么").fill("听完，和班委说好周四轮到她。")
    page.get_by_label("效果怎样").fill("走的时候笑了。")
    page.get_by_label("怎么谈的，答应了什么").click()
    driver.see(page, "草稿已在")
    driver.take_picture(page, SCREENS / f"record-{size[0]}.png")
    driver.press(page, "保存陆青黛的谈心谈话")
    clicks += 1
    driver.see(page, "六样记了")

    assert clicks == 2
    engine.use(school.location)
    with reading() as session:
        child = session.exec(select(Student.id).where(Student.name == "陆青黛")).one()
        assert session.exec(select(CareRecord).where(CareRecord.student_id == child)).all()


@SIZES
def test_a_group_s_session_is_saved_for_each_child(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.COUNSELLOR, size)
    first, words = child_called(school, "陆青黛"), f"情绪小组第二次，画心情温度计，{size[0]}。"
    driver.open_page(page, f"{school.address}/record?kind=group_activity&student={first}")
    driver.see(page, "还有哪些孩子")
    page.get_by_label("从哪个班选").click()
    page.get_by_role("option").first.click()
    driver.wait_until_idle(page)
    page.get_by_label("还有哪些孩子").click()
    for _ in range(2):
        page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    driver.see(page, "保存 3 个孩子的小组活动")
    driver.press(page, "保存 3 个孩子的小组活动")  # too early: what it was is missing
    driver.see(page, "这一项要填")
    page.get_by_label("做了什么活动").fill(words)
    page.get_by_label("效果怎样").fill("三个人都说了一件事。")
    page.get_by_label("做了什么活动").click()
    driver.see(page, "草稿已在")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    driver.take_picture(page, SCREENS / f"record-group-{size[0]}.png")
    driver.press(page, "保存 3 个孩子的小组活动")
    driver.see(page, words)

    engine.use(school.location)
    with reading() as session:
        found = session.exec(
            select(CareRecord).where(CareRecord.kind == CareKind.GROUP_ACTIVITY).order_by(col(CareRecord.id))
        ).all()
        newest = [row for row in found if row.entry_uid == found[-1].entry_uid]
        assert len({row.student_id for row in newest}) == 3
        assert first in {row.student_id for row in newest}


def test_a_reload_half_way_loses_nothing(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.HOMEROOM, driver.DESKTOP)
    driver.open_page(page, f"{school.address}/record?kind=talk&student={child_called(school, '方惊蛰')}")
    page.get_by_label("孩子说了什么，主要情况").fill("又迟到了，说要先送弟弟。")
    page.get_by_label("效果怎样").click()
    driver.see(page, "草稿已在")
    page.reload()
    driver.see(page, "草稿已在")
    assert page.get_by_label("孩子说了什么，主要情况").input_value() == "又迟到了，说要先送弟弟。"
    assert page.get_by_role("button", name="保存方惊蛰的谈心谈话").is_visible()


@SIZES
def test_a_family_is_reached_after_asking(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    driver.open_page(page, f"{school.address}/record?kind=home_visit&student={child_called(school, '霍半夏')}")
    page.get_by_label("家里的情况，见到谁").fill("见到奶奶，家里干净。")
    driver.press(page, "保存霍半夏的家访")
    driver.see(page, "联系家里的，先和关爱室负责人说好，在这里选是谁")
    driver.take_picture(page, SCREENS / f"record-visit-{size[0]}.png")


@SIZES
def test_the_child_s_page_lists_them_and_one_opens(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.HOMEROOM, size)
    driver.open_page(page, f"{school.address}/child?student={child_called(school, '柳立夏')}")
    page.get_by_role("tab", name="时间线").click()
    driver.see(page, "内容，只有记录人和负责人能看")
    driver.take_picture(page, SCREENS / f"child-time-line-{size[0]}.png")
    page.get_by_role("tab", name="工作记录").click()
    driver.see(page, "心理辅导，")
    driver.take_picture(page, SCREENS / f"child-records-{size[0]}.png")
    assert "入睡困难" not in page.content()
    page.get_by_role("button", name="打开", exact=True).first.click()
    driver.see(page, "六样记了")
    driver.take_picture(page, SCREENS / f"record-open-{size[0]}.png")
    if size == driver.DESKTOP:
        driver.press(page, "改、补")
        driver.see(page, "改以前写的留着")
        page.get_by_label("效果怎样").fill("第二天作业全对。")
        driver.press(page, "保存柳立夏的作业检查")
        driver.see(page, "第二天作业全对")


@SIZES
def test_past_talks_are_looked_at_taken_in_and_marked(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.COUNSELLOR, size)
    student_id = child_called(school, "柳立夏")
    with reading() as session:
        number = session.get_one(Student, student_id).student_no
    lines = [
        "时间,学生,学号,方式,谈话人,事由,谈话内容,效果,备注",
        f"2025-10-12,柳立夏,{number},当面,周砚田,想念爸妈,一起写了信，{size[0]},好些,午休时",
        f"2025-11-03,柳立夏,{number},心理辅导,罗青禾,睡不好,放松练习，{size[0]},,",
        f"2099-01-01,柳立夏,{number},,,,,,",
    ]
    driver.open_page(page, f"{school.address}/import_students?list=talks")
    driver.see(page, "以前的谈话文件")
    file = {"name": "谈心谈话2025.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    page.locator('input[type="file"]').set_input_files(file)
    driver.see(page, "共 3 行：新增 2，改动 0，没变 0，不能导入 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    driver.take_picture(page, SCREENS / f"import_past-{size[0]}.png")
    driver.press(page, "确认导入 2 条记录")
    driver.see(page, "导入好了：新增 2 条")

    driver.open_page(page, f"{school.address}/child?student={student_id}")
    page.get_by_role("tab", name="时间线").click()
    driver.see(page, "补录（周砚田）")
    driver.take_picture(page, SCREENS / f"child-past-{size[0]}.png")
