"""The dialog that makes the five lists of a class (E-10)."""

from collections.abc import Sequence

import streamlit as st

from services import class_lists, clock
from services.access import Permission
from services.student_lists import ClassName
from ui.dialog_parts import buttons, cancel_if, form_fields
from ui.export_purpose import ask_for_purpose
from ui.forms import Form
from ui.layout import CLOSE, note
from ui.session import require_user

OPEN = "class_lists"
_ALL = 0


@st.dialog("班级五张表", dismissible=False)
def class_list_dialog(classes: Sequence[ClassName]) -> None:
    """Ask for which class and what for, make the file, and only then give the way to download it."""
    actor = require_user(Permission.STUDENT_EXPORT)
    names = {each.id: each.label for each in classes}
    if len(names) > 1:
        names = {_ALL: "全部班级", **names}
    note("留守儿童档案、联系卡、统计表、基本情况登记、手拉手登记，一个文件五张表。")
    note("里面写着谁、什么时候、为什么导出，也会记下来。")
    form = Form("class_lists")
    form.notices()
    with form_fields(form):
        with form.field("class_id", next(iter(names), _ALL)) as key:
            class_id = st.selectbox("哪个班", list(names), key=key, format_func=names.__getitem__, placeholder="请选")
        purpose = ask_for_purpose(form)
        submitted, cancelled = buttons(form, "准备文件", cancel=CLOSE)
    cancel_if(form, cancelled)
    if submitted:
        lists = form.save_and_get(
            lambda session: class_lists.export_class_lists(session, actor, class_id=class_id or None, purpose=purpose)
        )
        if lists is not None:
            note(f"{lists.scope_label}，{lists.children} 个留守孩子。")
            st.download_button(
                "下载", lists.content(), file_name=f"班级五表_{lists.scope_label}_{clock.today():%Y%m%d}.xlsx",
                mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                key="class_lists_download", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
