"""The dialog that makes one class's contact cards, all in one Word document (E-08, E-10)."""

from collections.abc import Sequence

import streamlit as st

from services import card_prints
from services.access import Permission
from services.student_lists import ClassName
from ui.forms import Form
from ui.layout import note
from ui.session import require_user
from ui.word_file import offer_word, word_of

OPEN = "class_cards"


@st.dialog("打印一个班的联系卡", dismissible=False)
def class_cards_dialog(classes: Sequence[ClassName]) -> None:
    """Ask for which class, which children and what for; note it, and give the Word document."""
    actor = require_user(Permission.STUDENT_EXPORT)
    names = {each.id: each.label for each in classes}
    note("一个班一个文件，一个孩子一页，按姓名排。")
    form = Form("class_cards_form")
    with form.field("class_id", next(iter(names), None)) as key:
        class_id = st.selectbox("哪个班", list(names), key=key, format_func=names.__getitem__, placeholder="请选")
    with form.field("only_left_behind", False) as key:
        only = st.segmented_control("哪些孩子", [False, True], key=key, required=True, wrap=True,
                                    format_func=lambda each: "只要留守孩子" if each else "全班")  # fmt: skip
    offer_word(
        form,
        lambda purpose: word_of(
            lambda session: card_prints.print_class_cards(
                session, actor, class_id=class_id, only_left_behind=bool(only), purpose=purpose
            )
        ),
        f"下载{names.get(class_id or 0, '')}的联系卡",
        about=(class_id, only),
    )
