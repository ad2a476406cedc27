"""Importing what the school kept before on its page: seen first, confirmed, marked 补录, taken back."""

import pytest
from sqlmodel import func, select

from db.tables import CareRecord, ImportKind, Pairing, Role, StudentCategory
from db.transactions import reading
from tests.pages.conftest import OpenPage, World, words_on
from tests.pages.test_import_page import choose, press

FILES = {
    ImportKind.TALKS: "时间,学生,学号,谈话人,事由\n2026-03-04,江小满,{0},罗青禾,想家\n2099-01-01,江小满,{0},,",
    ImportKind.VISITS: "时间,学生,学号,家访人,家庭情况\n2026-03-04,江小满,{0},罗青禾,无\n1900-01-01,江小满,{0},,",
    ImportKind.PAIRINGS: "帮扶人,身份,学生,学号,时间\n罗青禾,导师,江小满,{0},2026-3-4\n罗青禾,路人,江小满,{0},2026-3-4",
    ImportKind.SPECIAL: "姓名,学号,类别,等级,发现时间\n江小满,{0},特殊家庭,二级,2025-09-10\n江小满,{0},特异功能,,",
}


def written() -> int:
    with reading() as session:
        return sum(
            session.exec(select(func.count()).select_from(table).where(table.import_id.is_not(None))).one()
            for table in (CareRecord, StudentCategory, Pairing)
        )


@pytest.mark.parametrize("kind", list(FILES))
def test_a_file_is_seen_confirmed_shown_as_entered_later_and_taken_back(
    open_page: OpenPage, world: World, kind: ImportKind
):
    child, counsellor = world.students[0], world.staff[Role.COUNSELLOR]
    screen = open_page("import_students", counsellor, list=kind.value)
    choose(screen, "旧表.csv", FILES[kind].format(child.student_no).encode())
    assert not screen.exception
    assert "共 2 行：新增 1，改动 0，没变 0，不能导入 1，重复跳过 0" in words_on(screen)
    assert written() == 0
    press(screen, "import_confirm")
    assert "导入好了：新增 1" in words_on(screen)
    assert written() == 1

    if kind in (ImportKind.TALKS, ImportKind.VISITS):
        with reading() as session:
            record_id = session.exec(select(CareRecord.id)).one()
        shown = words_on(open_page("record", counsellor, record=record_id))
        assert "补录：罗青禾做的，试专职心理教师在" in shown.replace(counsellor.display_name, "试专职心理教师")
        assert "不顶现在到期的事" in shown
    if kind is not ImportKind.PAIRINGS:
        file = open_page("child", counsellor, student=child.id, child_tab="时间线")
        assert "补录" in words_on(file)
    press(screen, "import_undo_now")
    press(screen, "import_undo_confirm")
    assert written() == 0


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.LEADERSHIP])
def test_it_is_nobody_else_s_page(open_page: OpenPage, world: World, role: Role):
    screen = open_page("import_students", world.staff[role], list="talks")
    assert not screen.file_uploader
