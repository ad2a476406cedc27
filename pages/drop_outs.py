"""Children who stay away from school: who they are, and one of them with what was done."""

import streamlit as st

from db.transactions import reading, transaction
from services import drop_out_views, drop_outs
from services.access import Permission, allows
from services.errors import NotFound
from ui.asked import number_asked
from ui.child_link import child_link
from ui.drop_out_panel import draw_view
from ui.drop_out_words import row_badge, row_words
from ui.layout import Action, act_list, act_row, empty_state, page_header, refusal
from ui.session import require_user

actor = require_user(Permission.DROP_OUT_FOLLOW)


def open_case(drop_out_id: int) -> None:
    st.query_params["case"] = str(drop_out_id)


chosen = number_asked("case")
clicked = page_header(
    "控辍保学",
    "没来上学的孩子，谁去找，做了什么，回来没有。",
    actions=[Action("回到清单", "drop_outs_back", icon="arrow_back")] if chosen else [],
)
if clicked:
    del st.query_params["case"]
    st.rerun()
if chosen:
    try:
        with reading() as session:
            view = drop_out_views.find_drop_out(session, actor, drop_out_id=chosen)
        if not view.is_opening_noted:
            with transaction() as session:
                drop_outs.note_opening(session, actor, drop_out_id=chosen)
    except NotFound as error:
        refusal(error)
        st.stop()
    draw_view(view, names_child=True)
    if view.opens_file:
        child_link(actor, view.row.student_id, key="drop_outs_child")
    st.stop()

with reading() as session:
    rows = drop_out_views.list_drop_outs(session, actor)
if not rows:
    registers = allows(actor, Permission.DROP_OUT_REGISTER)
    empty_state(
        "directions_walk",
        "没有归您跟进的孩子",
        "发现孩子没来上学，在孩子的档案里“控辍保学”登记，会出现在这里。"
        if registers
        else "班主任或关爱室登记了没来上学的孩子，会出现在这里。您发现了，请告诉班主任。",
    )
for title, listed in (
    ("还没有回来", [row for row in rows if row.outcome is None]),
    ("结束了的", [row for row in rows if row.outcome is not None]),
):
    if listed:
        with act_list(title):
            for row in listed:
                act_row(
                    f"{row.child}，{row.class_label}", row_badge(row), row_words(row), "打开",
                    key=f"drop_outs_open_{row.id}", on_click=open_case, args=(row.id,),
                )  # fmt: skip
