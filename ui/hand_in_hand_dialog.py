"""The dialog that makes the hand-in-hand register of a class (J-11)."""

from collections.abc import Sequence

import streamlit as st

from services import hand_in_hand
from services.access import Permission
from services.student_lists import ClassName
from ui.class_export import draw_class_export
from ui.layout import note
from ui.session import require_user

OPEN = "hand_in_hand"


@st.dialog("手拉手登记表", dismissible=False)
def hand_in_hand_dialog(classes: Sequence[ClassName]) -> None:
    """Ask for which class and what for, make the file, and only then give the way to download it."""
    actor = require_user(Permission.STUDENT_EXPORT)
    note("留守的孩子都在上面，还没有好朋友的空着；别的孩子有手拉手好朋友的也在。效果一栏用手填。")
    draw_class_export(
        classes, name="hand_in_hand_form", title="手拉手登记表", every="全部班级，一班一张", counted="个孩子",
        export=lambda session, class_id, purpose: hand_in_hand.export_hand_in_hand(
            session, actor, class_id=class_id, purpose=purpose
        ),
    )  # fmt: skip
