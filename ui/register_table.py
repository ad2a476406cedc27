"""The table of the register, and the dialog that makes a file of it."""

from typing import Any

import streamlit as st

from db.transactions import reading
from services import clock, student_exports
from services.access import Permission
from services.student_exports import ExportForm
from services.student_lists import StudentFilters, StudentPage
from ui import navigation
from ui.dialog_parts import buttons, cancel_if, form_fields
from ui.export_purpose import ask_for_purpose
from ui.forms import Form
from ui.layout import CLOSE, note
from ui.session import require_user
from ui.tables import TagColumn, data_table, opening_column, row_clicked

_CLICK, _SHOWN = "students_open", "care_students_shown"
_MIME = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
_FORMS = {"xlsx": "Excel 表格", "csv": "CSV 文本"}


def draw_table(page: StudentPage) -> None:
    """Draw one page of the register; a click on a name opens the child."""
    st.session_state[_SHOWN] = [row.id for row in page.rows]  # a click comes back as a position in this list
    rows = [
        {
            "name": row.name,
            "class": row.class_label.removesuffix("班") if row.class_label.endswith("）班") else row.class_label,
            "gender": row.gender.label,
            "number": row.student_no,
            "groups": [group.label for group in row.groups],
            "care": "要多关心" if row.needs_care else None,
            "homeroom": row.homeroom_name,
            "state": row.state.label,
        }
        for row in page.rows
    ]
    data_table(rows, _columns(page), key="students_table", alt=f"学生名册，共 {page.total} 人。")


def open_clicked() -> None:
    """Open the child whose name was just clicked, if any."""
    if (student_id := row_clicked(_CLICK, _SHOWN)) is not None:
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})


def _columns(page: StudentPage) -> dict[str, Any]:  # column configurations have no common public type
    text = st.column_config.TextColumn
    columns: dict[str, Any] = {
        "name": opening_column("姓名", key=_CLICK, width=120),
        "class": text("班级", width=90),
        "gender": text("性别", width=60),
        "number": text("学号", width=130),
    }
    if page.shows_categories:
        columns["groups"] = TagColumn("类别", width=180)
    if page.shows_needs_care:
        columns["care"] = text("关心", width=90)
    return columns | {"homeroom": text("班主任", width=110), "state": text("学籍", width=80)}


@st.dialog("导出这张表", dismissible=False)
def export_dialog(filters: StudentFilters, total: int) -> None:
    """Ask what for, make the file, and only then give the way to download it."""
    actor = require_user(Permission.STUDENT_EXPORT)
    with reading() as session:
        count = student_exports.count_exported(session, actor, filters=filters)
    if count < total:
        note(f"名册里看得到 {total} 人，能导出的是自己班的 {count} 人。", icon="info")
    note(f"导出现在筛选出来的 {count} 人，只有您看得到的列。文件里写着谁、什么时候、为什么导出，也会记下来。")
    form = Form("students_export")
    form.notices()
    with form_fields(form):
        purpose = ask_for_purpose(form)
        with form.field("form", "xlsx") as key:
            kind = st.segmented_control(
                "什么文件",
                list(_FORMS),
                key=key,
                format_func=_FORMS.__getitem__,
                required=True,
                wrap=True,
            )
        submitted, cancelled = buttons(form, "准备文件", cancel=CLOSE)
    cancel_if(form, cancelled)
    if submitted:
        wanted: ExportForm = "csv" if kind == "csv" else "xlsx"
        export = form.save_and_get(
            lambda session: student_exports.export_students(
                session, actor, filters=filters, purpose=purpose, form=wanted
            )
        )
        if export is not None:
            st.download_button(
                "下载", export.content(), file_name=f"学生名册{clock.today():%Y%m%d}.{wanted}", mime=_MIME[wanted],
                key="students_download", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
