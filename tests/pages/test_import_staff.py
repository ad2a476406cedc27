"""Importing staff on screen: preview, confirm, first passwords once; and who may."""

from sqlmodel import col, select

from db.tables import AppUser, Role
from db.transactions import reading, transaction
from services import accounts, passwords
from tests.pages.conftest import words_on

HEADER = "姓名,工号,电话,班主任班级,任教班级,岗位"
LINES = ["岳青岚,G01,15400000001,七（3）班,,", "柏松筠,G02,1540,,七（3）班数学,安全信息员", "某某,G03,,九（9）班,,"]


def with_file(open_page, actor, *lines):
    screen = open_page("import_staff", actor)
    screen.file_uploader[0].upload("教职工.csv", "\n".join([HEADER, *lines]).encode(), "text/csv").run()
    assert not screen.exception
    return screen


def staff_numbers():
    with reading() as session:
        return session.exec(select(AppUser.staff_no).where(col(AppUser.staff_no).is_not(None))).all()


def test_a_list_is_seen_first_then_written_and_the_passwords_shown_once(open_page, world):
    screen = with_file(open_page, world.staff[Role.ADMIN], *LINES)
    assert "共 3 行：新增 2，改动 0，没变 0，不能导入 1，重复跳过 0" in words_on(screen)
    assert staff_numbers() == []

    screen.button(key="staff_confirm").click().run()

    assert not screen.exception
    assert sorted(staff_numbers()) == ["G01", "G02"]
    assert "2 个第一次密码" in words_on(screen)
    screen.button(key="slip_done").click().run()
    assert "第一次密码" not in "".join(table.value.to_string() for table in screen.table)


def test_the_same_list_again_says_that_nothing_is_new(open_page, world):
    admin = world.staff[Role.ADMIN]
    screen = with_file(open_page, admin, *LINES[:1])
    screen.button(key="staff_confirm").click().run()

    again = with_file(open_page, admin, *LINES[:1])

    assert "没变 1" in words_on(again)
    assert "staff_confirm" not in [button.key for button in again.button]


def test_what_changed_since_is_shown_before_anything_is_written(open_page, world):
    admin = world.staff[Role.ADMIN]
    screen = with_file(open_page, admin, *LINES[:1])
    with transaction() as session:
        accounts.create_account(
            session, admin, username="yueqinglan", display_name="岳青岚", roles=[Role.MENTOR], prepared=("x", "y")
        )

    screen.button(key="staff_confirm").click().run()

    assert "没有导入" in words_on(screen)
    assert staff_numbers() == []


def test_a_file_that_is_no_list_is_said_in_words(open_page, world):
    screen = open_page("import_staff", world.staff[Role.ADMIN])
    screen.file_uploader[0].upload("名单.pdf", b"%PDF-1.7 x", "application/pdf").run()

    assert not screen.exception
    assert "这不是表格" in words_on(screen)


def test_a_lead_imports_the_team_only(open_page, world):
    screen = with_file(open_page, world.staff[Role.LEAD], "岳青岚,G01,,,,班主任", "温文,G02,,,,财务")

    assert "新增 1" in words_on(screen)
    assert "不能导入 1" in words_on(screen)


def test_slips_a_reload_took_away_are_made_anew_for_who_still_needs_one(open_page, world):
    admin = world.staff[Role.ADMIN]
    with_file(open_page, admin, *LINES).button(key="staff_confirm").click().run()
    reloaded = open_page("import_staff", admin)
    [again] = [button for button in reloaded.button if button.label == "重新发一批"]

    again.click().run()
    reloaded.button(key="staff_reissue_yes").click().run()

    assert not reloaded.exception
    assert "2 个第一次密码" in words_on(reloaded)
    assert {"岳青岚", "柏松筠"} == set(reloaded.table[0].value["姓名"])
    with reading() as session:
        stored = session.exec(select(AppUser.password_hash).where(AppUser.staff_no == "G01")).one()
    [shown] = [row for row in reloaded.table[0].value.to_dict("records") if row["姓名"] == "岳青岚"]
    assert passwords.matches(shown["第一次密码"].replace("\\", ""), stored)
