"""Registering a referral: somebody speaks of a child, so it is written down first."""

import streamlit as st
from sqlmodel import Session

from db.transactions import reading
from services import account_lists, category_lists, intake, intake_side
from services.access import Permission, allows
from services.row_filters import reads_own_referrals
from ui import navigation
from ui.child_picker import picked
from ui.formats import plain
from ui.forms import Form
from ui.intake_side import draw_child, draw_danger, draw_what_follows
from ui.layout import DISCARD, Action, act_list, act_row, flash, form_end, leave_button, page_header, side_column
from ui.referral_form import (
    CHILD,
    FORM,
    OPEN,
    discard_drafts,
    draw_fields,
    request_of,
)
from ui.referral_words import moment
from ui.session import require_user
from ui.states import DRAFT

AFTERWARDS = {
    True: "一分钟内记完，其余评估以前都能补。",
    False: "登记以后看得到收没收到、怎么反馈的，内容不再显示；想起别的，请直接告诉关爱室。",
}

actor = require_user(Permission.REFERRAL_REGISTER)

OPEN.begin(actor)
clicked = page_header(
    "受理登记",
    f"有人说起一个孩子，先记下来。{AFTERWARDS[reads_own_referrals(actor)]}",
    actions=[Action("看受理清单", "intake_list", icon="list")],
)
if clicked:
    st.switch_page(navigation.path_of("referrals"))

if kept := OPEN.unfinished(actor):
    with act_list():
        for draft in kept:
            who = draft.content.get("child") or "还没写是哪个孩子"
            act_row(f"没登记完：{who}", DRAFT.badge(), f"{moment(draft.saved_at)} 写的", "接着写",
                    key=f"intake_take_{draft.subject}", on_click=OPEN.take_up, args=(draft,))  # fmt: skip
            leave_button(DISCARD, key=f"intake_drop_{draft.subject}", on_click=OPEN.throw_away,
                         args=(draft.subject,))  # fmt: skip

main, side = side_column(1.9)
form = Form(FORM)
with reading() as session:
    staff = account_lists.list_staff(session, actor)
with main:
    form.notices()
    with st.container(border=True):
        draw_fields(form, actor, staff)
        child = picked(CHILD)
        with form_end(OPEN.line()):
            leave_button(DISCARD, key="intake_discard", on_click=OPEN.throw_away)
            label = f"登记{child.name}的受理" if child.name else "登记受理"
            submitted = st.button(plain(label), key="intake_submit", type="primary", icon=":material/check:")

request = request_of(actor)
with reading() as session:
    told = intake_side.what_follows(session, actor, request=request)
    if child.student_id:
        earlier = intake_side.find_earlier(session, actor, student_id=child.student_id)
        categories = category_lists.list_current_categories(session, actor, student_id=child.student_id)
with side:
    teacher = next((person.display_name for person in staff if person.id == request.referred_by_id), None)
    draw_what_follows(told, teacher=teacher, shows_clauses=allows(actor, Permission.REFERRAL_HANDLE))
    if child.student_id:
        draw_child(child, categories, earlier)
    draw_danger()

if submitted:
    saved: list[int] = []

    def save(session: Session) -> None:
        referral = intake.register_referral(session, actor, request=request)
        discard_drafts(session, actor)
        saved.append(referral.id or 0)

    if form.save(save):
        OPEN.start_afresh()
        flash("已登记。" if told.owner_name is None else f"已登记，{told.owner_name}接手。")
        if allows(actor, Permission.REFERRAL_READ):
            st.switch_page(navigation.path_of("referrals"), query_params={"referral": str(saved[0])})
        st.rerun()
