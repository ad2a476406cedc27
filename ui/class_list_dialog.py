"""The dialog that makes the five lists of a class (E-10)."""

from collections.abc import Sequence

import streamlit as st

from services import class_lists
from services.access import Permission
from services.student_lists import ClassName
from ui.class_export import draw_class_export
from ui.layout import note
from ui.session import require_user

OPEN = "class_lists"


@st.dialog("班级五张表", dismissible=False)
def class_list_dialog(classes: Sequence[ClassName]) -> None:
    """Ask for which class and what for, make the file, and only then give the way to download it."""
    actor = require_user(Permission.STUDENT_EXPORT)
    note("留守儿童档案、联系卡、统计表、基本情况登记、手拉手登记，一个文件五张表。")
    draw_class_export(
        classes, name="class_lists", title="班级五表", every="全部班级", counted="个留守孩子",
        export=lambda session, class_id, purpose: class_lists.export_class_lists(
            session, actor, class_id=class_id, purpose=purpose
        ),
    )  # fmt: skip
