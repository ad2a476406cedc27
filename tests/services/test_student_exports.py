"""The register as a file: only visible columns, who made it and why, no formulas."""

from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from db.audit_chain import COLLECTED
from db.tables import Role
from services import student_exports
from services.actors import command_line
from services.errors import FieldErrors, NotAllowed
from services.student_exports import ExportPurpose
from services.student_lists import StudentFilters


@pytest.fixture
def third(make_class, make_student):
    found = make_class(7, 3)
    make_student("江小满", in_class=found, student_no="S000318")
    make_student("=1+1", in_class=found, student_no="+86")  # as an older program may have let through
    make_student("柳立夏", in_class=make_class(8, 1))
    return found


def cells_of(content: bytes) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()


def export(session, actor, **how):
    return student_exports.export_students(session, actor, **({"purpose": ExportPurpose.CHECK} | how)).content()


def test_a_file_holds_the_filtered_list_and_who_made_it(session, make_user, third):
    lead = make_user(Role.LEAD, name="秦若谷")

    cells = cells_of(export(session, lead, filters=StudentFilters(grade=7)))

    assert cells[0] == ["姓名", "班级", "性别", "学号", "出生日期", "类别", "班主任", "学籍"]
    assert {row[0] for row in cells[1:3]} == {"江小满", "'=1+1"}
    assert "秦若谷于 2026-11-20 09:41 导出，共 2 人，用途：核对名册。" in [row[0] for row in cells]


def test_a_text_file_neutralises_formulas_too(session, make_user, third):
    text = export(session, make_user(Role.LEAD), form="csv").decode("utf-8-sig")

    assert "'=1+1" in text
    assert "\n=1+1" not in text


def test_an_export_is_noted_with_purpose_and_count(session, make_user, third):
    export(session, make_user(Role.LEAD))

    event = session.info[COLLECTED][-1]
    assert (event.action, event.details["purpose"], event.details["count"]) == ("export.made", "check", 3)


def test_no_child_is_left_out_however_many_there_are(session, make_user, third, monkeypatch):
    monkeypatch.setattr(student_exports, "ROWS_AT_ONCE", 1)

    cells = cells_of(export(session, make_user(Role.LEAD)))

    assert {row[0] for row in cells[1:4]} == {"江小满", "'=1+1", "柳立夏"}


def test_a_homeroom_teacher_exports_the_own_class(session, make_user, third):
    teacher = make_user(Role.HOMEROOM, homeroom_of=third)

    assert {row[0] for row in cells_of(export(session, teacher))[1:3]} == {"江小满", "'=1+1"}


def test_classes_only_taught_don_t_leave_with_the_own_class(session, make_user, make_class, make_student, third):
    taught = make_class(8, 2)
    make_student("沈忍冬", in_class=taught)
    teacher = make_user(Role.HOMEROOM, Role.SUBJECT_TEACHER, homeroom_of=third, teaches=taught)

    rows = cells_of(export(session, teacher))

    assert "沈忍冬" not in {row[0] for row in rows}
    assert student_exports.count_exported(session, teacher, filters=StudentFilters()) == 2


def test_the_command_line_is_named_by_its_user(session, third):
    who = command_line()

    assert f"命令行（{who.os_user}）" in str(cells_of(export(session, who)))


def test_no_purpose_no_file(session, make_user, third):
    with pytest.raises(FieldErrors):
        export(session, make_user(Role.LEAD), purpose=None)
    assert "export.made" not in [note.action for note in session.info[COLLECTED]]


@pytest.mark.parametrize(
    "role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN]
)
def test_outsiders_export_nothing(session, make_user, third, role):
    with pytest.raises(NotAllowed):
        export(session, make_user(role, teaches=third))
