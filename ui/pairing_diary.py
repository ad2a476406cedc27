"""结对工作日记 on paper: the button at a pair, and the dialog that asks from when to when and what for."""

from datetime import date

import streamlit as st

from services.access import Permission, allows
from services.actors import Actor
from services.pairing import diary
from services.pairing.diary import DiaryRange
from ui.dialogs import open_dialog, opened
from ui.forms import Form
from ui.session import require_user
from ui.word_file import offer_word, word_of
from ui.wording import day_field

_OPEN = "pairing_diary"


def diary_act(actor: Actor, pairing_id: int, *, child: str, from_day: date) -> None:
    """Draw the button that prints a pair's diary, for who may; and its dialog while that is open."""
    if not allows(actor, Permission.PAIRING_OWN):
        return
    st.button("打印日记", key=f"{_OPEN}_{pairing_id}", icon=":material/print:", type="tertiary",
              on_click=open_dialog, args=(_OPEN, pairing_id))  # fmt: skip
    if opened(_OPEN, pairing_id):
        _dialog(pairing_id, child, from_day)


@st.dialog("打印结对工作日记", dismissible=False)
def _dialog(pairing_id: int, child: str, from_day: date) -> None:
    actor = require_user(Permission.PAIRING_OWN)  # a dialog runs by itself: who is there is asked again
    form, usual = Form(f"{_OPEN}_form_{pairing_id}"), diary.usual_range(from_day)
    first, last = st.columns(2)
    with first, form.field("first", usual.first) as key:
        day_field("从哪天", key=key)
    with last, form.field("last", usual.last) as key:
        day_field("到哪天", key=key)
    days = DiaryRange(**form.typed(["first", "last"]))
    offer_word(
        form,
        lambda purpose: word_of(
            lambda session: diary.print_diary(session, actor, pairing_id=pairing_id, days=days, purpose=purpose)
        ),
        f"下载{child}的结对工作日记",
        about=days,
    )
