"""The backups page: making one, setting the second folder, saying plainly what is wrong."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.tables import BackupReason, BackupRun, Role, SystemFact
from db.transactions import reading
from services import backup_apart, clock, recovery
from services.backups import Outcome
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on


def runs() -> list[BackupRun]:
    with reading() as session:
        return list(session.exec(select(BackupRun)))


def test_one_now_is_made_and_proven(open_page: OpenPage, world: World):
    screen = open_page("backups", world.staff[Role.ADMIN])
    assert "还没有备份" in words_on(screen)

    screen.button(key="backups_now").click().run()

    assert not screen.exception
    assert [toast.value for toast in screen.toast] == ["备份做好了，已验证。"]
    assert [bool(run.proven_at) for run in runs()] == [True]
    assert list(screen.dataframe[0].value["state"]) == [["✓ 已验证"]]
    assert "还没有" in words_on(screen)  # a copy off this disk


def test_what_keeps_one_from_being_made_is_said(open_page: OpenPage, world: World, monkeypatch):
    monkeypatch.setattr(backup_apart, "make", lambda *_args, **_options: Outcome(problem="no_room"))
    screen = open_page("backups", world.staff[Role.ADMIN])

    screen.button(key="backups_now").click().run()

    assert "盘满了" in screen.toast[0].value
    assert "最近一次：盘满了" in words_on(screen)


def test_a_folder_is_tried_before_it_is_saved(open_page: OpenPage, world: World, tmp_path):
    screen = open_page("backups", world.staff[Role.ADMIN])
    for typed, sentence in {
        str(tmp_path / "gone"): "没有找到这个文件夹",
        "usb": "请写完整的位置",
        "=HYPERLINK(1)": "请写完整的位置",
        "/" + "长" * 400: "太长了",
        "/a\x00b": "没有找到这个文件夹",
    }.items():
        screen.text_input(key="backups_folder_folder").set_value(typed)
        screen.button(key="backups_folder_save").click().run()
        assert not screen.exception
        assert sentence in words_on(screen), typed
        assert screen.text_input(key="backups_folder_folder").value == typed

    (tmp_path / "usb").mkdir()
    screen.text_input(key="backups_folder_folder").set_value(str(tmp_path / "usb"))
    screen.button(key="backups_folder_save").click().run()

    assert "同一块盘" in screen.toast[0].value
    screen.button(key="backups_now").click().run()
    assert [bool(run.second_copy_at) for run in runs()] == [True]


def test_two_administrators_set_the_folder(open_page: OpenPage, world: World, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first, second = (open_page("backups", world.staff[Role.ADMIN]) for _ in range(2))
    for screen, name in ((first, "one"), (second, "two")):
        screen.text_input(key="backups_folder_folder").set_value(str(tmp_path / name))
        screen.button(key="backups_folder_save").click().run()

    assert "刚改过这一条" in words_on(second)
    assert second.text_input(key="backups_folder_folder").value == str(tmp_path / "two")


def test_home_leads_here_while_there_is_no_backup_off_this_disk(open_page: OpenPage, world: World, session):
    clock.set_fixed(NOW + timedelta(days=9))
    screen = open_page("home", world.staff[Role.ADMIN])

    words = words_on(screen)

    assert "把备份放到另一块盘上" in words
    assert ":red-badge[:material/alarm: 逾期" in words
    assert "抄好恢复单" in words
    assert "把备份放到另一块盘上" not in words_on(open_page("home", world.staff[Role.LEAD]))


def test_a_long_list_is_paged(open_page: OpenPage, world: World, session):
    for number in range(23):
        at = NOW - timedelta(days=number)
        session.add(BackupRun(reason=BackupReason.DAILY, day=at.date(), started_at=at, problem="unwritable"))
    commit(session)

    screen = open_page("backups", world.staff[Role.ADMIN], page=3)

    assert len(screen.dataframe[0].value) == 3
    assert "23 份，第 3 页，共 3 页。" in words_on(screen)


@pytest.mark.parametrize("is_checked", [True, False])
def test_the_sheet_is_said_to_be_checked_or_not(open_page: OpenPage, world: World, session, is_checked):
    if is_checked:
        recovery.note_checked(session, world.staff[Role.ADMIN])
        commit(session)

    screen = open_page("backups", world.staff[Role.ADMIN])

    assert ("核对过" in words_on(screen)) is is_checked
    assert session.get(SystemFact, recovery.CHECKED) is None or is_checked
