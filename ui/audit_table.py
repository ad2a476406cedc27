"""The table of events, and the dialog that makes a file of it."""

from datetime import date

import streamlit as st

from services import audit_lists, clock
from services.access import Permission
from services.audit_lists import AuditFilters, AuditPage, AuditPurpose, AuditRow
from ui.dialogs import close_dialog
from ui.formats import clock as clock_words
from ui.formats import day_and_weekday
from ui.forms import Form
from ui.layout import CLOSE, leave_button, note
from ui.session import require_user
from ui.tables import data_table

_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_table(page: AuditPage) -> None:
    """Draw one page of events, the newest first."""
    today = clock.today()
    text = st.column_config.TextColumn
    data_table(
        [
            {
                "when": _when(row, today),
                "who": row.who,
                "action": row.action,
                "about": row.child,
                "details": row.details or None,
                "seq": f"{row.seq:,}",
            }
            for row in page.rows
        ],
        {
            "when": text("什么时候", width=160),
            "who": text("谁", width=130),
            "action": text("做了什么", width=140),
            "about": text("关于谁", width=170),
            "details": text("说明", width=200),
            "seq": text("序号", width=75, alignment="right"),
        },
        key=f"audit_table_{page.rows[0].seq}_{len(page.rows)}",
        alt=f"操作记录，共 {page.total} 条，最近的在前",
    )


def _when(row: AuditRow, today: date) -> str:
    moment = clock.local(row.at)
    return f"{day_and_weekday(moment.date(), today=today)} {clock_words(row.at, clock.SCHOOL_ZONE)}"


@st.dialog("导出操作记录", dismissible=False)
def export_dialog(filters: AuditFilters, listed: AuditPage) -> None:
    """Ask what for, make the file, and only then give the way to download it."""
    actor = require_user(Permission.AUDIT_READ)
    count = f"记录，最多 {audit_lists.MOST_EXPORTED:,} 条" if listed.has_older else f" {listed.total:,} 条"
    note(f"导出现在筛选出来的{count}。谁导出的、为什么，写在文件里，也会记下来。")
    form = Form("audit_export")
    form.notices()
    with form.field("purpose") as key:
        purpose = st.selectbox(
            "做什么用", list(AuditPurpose), key=key, index=None, placeholder="请选",
            format_func=lambda each: each.label,
        )  # fmt: skip
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if leave_button(CLOSE, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("准备文件", key=form.key("save"), type="primary")
    if submitted:
        export = form.save_and_get(
            lambda session: audit_lists.export_events(session, actor, filters=filters, purpose=purpose)
        )
        if export is not None:
            with st.spinner("正在写文件。"):
                content = export.content()
            st.download_button(
                "下载", content, file_name=f"操作记录{clock.today():%Y%m%d}.xlsx", mime=_MIME, key="audit_download",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
