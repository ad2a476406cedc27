"""Posts, groups and the pledge in a real browser: the main acts, and pictures at both widths."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, col, delete, select

from db import engine
from db.tables import AppUser, GroupKind, GroupRole, Pledge, Post, Role
from db.transactions import reading, transaction
from services import clock, deputies, groups, posts
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD, make_school
from tests.browser.school import at, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
HELD = {"principal": Role.LEADERSHIP, "left_behind_coordinator": Role.HOMEROOM, "archive_keeper": Role.COUNSELLOR,
        "safety_officer": Role.SUBJECT_TEACHER}  # fmt: skip


def id_of(session: Session, role: Role) -> int:
    return session.exec(select(AppUser.id).where(AppUser.username == NAMES[role][0])).one() or 0


@pytest.fixture
def staffed(prepared, tmp_path) -> Iterator[Server]:
    """A server of its own, with some posts held, a group half full, and somebody away."""
    location = copy_of(prepared, tmp_path)
    with at(9, 1):
        make_school()
    with at(11, 20), transaction() as session:
        lead = person(session, Role.LEAD)
        for code, role in HELD.items():
            post = session.exec(select(Post).where(Post.code == code)).one()
            posts.appoint(session, lead, post_id=post.id or 0, user_id=id_of(session, role), from_day=clock.today())
        deputies.name_deputy(
            session, lead, absent_id=id_of(session, Role.HOMEROOM), deputy_id=id_of(session, Role.SUBJECT_TEACHER),
            first_day=clock.today(), last_day=clock.today(),
        )  # fmt: skip
        group_id = groups.found_group(session, lead, kind=GroupKind.MENTAL_HEALTH)
        groups.add_member(
            session, lead, group_id=group_id, role=GroupRole.HEAD, user_id=id_of(session, Role.LEADERSHIP)
        )
        groups.add_member(
            session, lead, group_id=group_id, role=GroupRole.COUNSELLOR, user_id=id_of(session, Role.COUNSELLOR)
        )
        groups.add_member(
            session, lead, group_id=group_id, role=GroupRole.PARENT, name="谷雨的妈妈", phone="15400000137"
        )
        session.exec(delete(Pledge).where(col(Pledge.user_id) == id_of(session, Role.MENTOR)))
    with serve(location) as server:
        yield server


@SIZES
def test_posts_groups_and_the_pledge(staffed: Server, tab: OpenTab, size: tuple[int, int]):
    page = tab(size=size, on=staffed)
    driver.sign_in(page, NAMES[Role.MENTOR][0], PASSWORD)
    driver.see(page, "先看一遍保密承诺")
    driver.take_picture(page, SCREENS / f"pledge-{size[0]}.png")
    driver.press(page, f"{NAMES[Role.MENTOR][1]}承诺做到")
    driver.see(page, "工作台")

    page = tab(size=size, on=staffed)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.see(page, "个岗位还没有人")
    page.get_by_role("button", name="去指定", exact=True).first.click()
    driver.see(page, "谁负责什么")
    driver.take_picture(page, SCREENS / f"posts-{size[0]}.png")
    engine.use(staffed.location)
    with reading() as session:
        office = session.exec(select(Post.id).where(Post.code == "left_behind_coordinator")).one()
    shots = {
        f"posts?post={office}": ("post", "保存岗位"),
        "posts?view=groups&group=1": ("group", "保存小组"),
        "posts?view=absences": ("absences", "请人代几天"),
        "settings?view=pledge": ("settings-pledge", "保存承诺"),
    }
    for address, (name, awaited) in shots.items():
        driver.open_page(page, f"{staffed.address}/{address}")
        driver.see(page, awaited)
        driver.take_picture(page, SCREENS / f"{name}-{size[0]}.png")


LIST = """姓名,工号,电话,班主任班级,任教班级,岗位
岳青岚,G01,15400000001,七（1）班,语文：七（1）班、2班,
柏松筠,G02,1540,七（2）班,,安全信息员
桑知秋,G03,15400000003,,七（1）班数学,专职心理教师
竺石英,G04,15400000004,九（9）班,,
岳青岚,G01,15400000001,,,
"""


@SIZES
def test_a_list_of_staff_to_first_passwords(staffed: Server, tab: OpenTab, size: tuple[int, int]):
    page = tab("import_staff", size=size, on=staffed)
    driver.sign_in(page, NAMES[Role.ADMIN][0], PASSWORD)
    driver.see(page, "教职工名单")
    page.locator("input[type=file]").set_input_files(
        {"name": "教职工.csv", "mimeType": "text/csv", "buffer": LIST.encode("gb18030")}
    )
    driver.see(page, "共 5 行：新增 3")
    driver.take_picture(page, SCREENS / f"import_staff-{size[0]}.png")
    driver.press(page, "确认导入 3 位教职工")
    driver.see(page, "3 个第一次密码")
    assert "yueqinglan" in driver.visible_text(page)
    page.reload()  # before anybody printed them
    driver.see(page, "还没换第一次密码的")
    driver.take_picture(page, SCREENS / f"import_staff-reissue-{size[0]}.png")
    driver.press(page, "重新发一批")
    driver.press(page, "重新发 3 个")
    driver.see(page, "3 个第一次密码")
    driver.press(page, "都发好了，回到账号")
    driver.see(page, "点姓名")
    assert "第一次密码" not in driver.visible_text(page)
