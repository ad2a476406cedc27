"""What counts when somebody is suggested: the head of the care room sets it, in a dialog of the page."""

import streamlit as st
from sqlmodel import Session

from db.transactions import reading
from services.access import Permission
from services.pairing import weight_settings
from services.pairing.weights import MOST_POINTS, SexWish
from ui.dialogs import close_dialog
from ui.forms import Form
from ui.layout import DISCARD, flash, form_end, leave_button, note
from ui.session import require_user
from ui.wording import number_field

DIALOG = "pairing_weights"
_WISHES = tuple(SexWish)
_LABELS = {
    "sex": "性别",
    "same_sex": "同性别加（选“最好同性别”时算）",
    "same_class": "教这个班加",
    "same_grade": "教这个年级加",
    "subject": "会教孩子学得吃力的主科，每科加",
    "continuity": "以前结过对加",
    "tier_load": "手上已有分级的孩子，每级扣",
    "evenness": "手上每有一个孩子扣",
}


@st.dialog("推荐时看重什么", dismissible=False)
def ask_for_weights() -> None:
    """Draw the form; what is already suggested on somebody's screen stays as it is."""
    actor = require_user(Permission.PAIRING_WEIGH)
    with reading() as session:
        stored = weight_settings.find_weights(session, actor)
    form = Form(DIALOG, weight_settings.form_values(stored), labels=_LABELS, show=_show)
    form.notices()
    note(f"都是 0 到 {MOST_POINTS} 分，0 就是不看。先保证尽量多的孩子有人，再比总分。")
    with form.field("sex") as key:
        sex = st.selectbox(_LABELS["sex"], _WISHES, format_func=_label, key=key, placeholder="请选")
    left, right = st.columns(2)
    points = {}
    for at, name in enumerate(name for name in _LABELS if name != "sex"):
        with (left, right)[at % 2], form.field(name) as key:
            points[name] = number_field(_LABELS[name], key=key)
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("保存", key=form.key("save"), type="primary", icon=":material/check:")

    def save(session: Session) -> None:
        weight_settings.save_weights(session, actor, sex=sex, points=points, version=form.version)

    if submitted and form.save(save):
        flash("已保存。再点一次“推荐”，就按新的算。")
        close_dialog()


def _label(wish: SexWish) -> str:
    return wish.label


def _show(name: str, value: object) -> str:
    return value.label if isinstance(value, SexWish) else str(value)
