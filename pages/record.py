"""A work record: written down for a child or a group, or opened, read and amended."""

import streamlit as st
from sqlmodel import Session

from db.transactions import reading
from services import record_views, records
from services.access import Permission
from services.screening import follow_ups
from ui import navigation
from ui.asked import number_asked
from ui.child_picker import picked
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, act_list, act_row, filter_row, flash, form_end, leave_button, page_header, side_column
from ui.own_children import OWN_CHILDREN
from ui.record_form import (
    CHILD,
    FORM,
    OPEN,
    begin,
    children,
    discard_draft,
    draft_title,
    draw_children,
    draw_fields,
    draw_kind,
    entry_of,
    helpers_of,
)
from ui.record_side import draw_side
from ui.record_view import open_one
from ui.referral_words import moment
from ui.session import require_user
from ui.states import DRAFT as DRAFT_LOOK
from ui.way_back import BACK, address_left

actor = require_user(Permission.RECORD_WRITE)

if record_id := number_asked("record"):
    open_one(actor, record_id)
    st.stop()

follows = number_asked("screening")  # written from a result's line: it is the talk that was due
begin(actor)
page_header("记一次", "和孩子、和家里的每一次联系，当天记下。先选记的是哪一种，再往下填；以后能补，原来写的会留着。")
if kept := OPEN.unfinished(actor):
    with act_list():
        for draft in kept:
            act_row(draft_title(draft), DRAFT_LOOK.badge(), f"{moment(draft.saved_at)} 写的", "接着写",
                    key=f"record_take_{draft.subject}", on_click=OPEN.take_up, args=(draft,))  # fmt: skip
            leave_button(DISCARD, key=f"record_drop_{draft.subject}", on_click=OPEN.throw_away,
                         args=(draft.subject,))  # fmt: skip

main, side = side_column(1.9)
form = Form(FORM)
with main:
    form.notices()
    with filter_row():
        kind = draw_kind(form, actor)
    with st.container(border=True):
        draw_children(form, actor)
        about = children()
        draw_fields(form, actor, kind, OPEN.keep, None, helpers=helpers_of(actor, about))
        with form_end(OPEN.line()):
            leave_button(DISCARD, key="record_discard", on_click=OPEN.throw_away)
            name = picked(CHILD).name if len(about) < 2 else f" {len(about)} 个孩子"
            label = f"保存{name}的{kind.label}" if name else f"保存{kind.label}"
            submitted = st.button(plain(label), key="record_submit", type="primary", icon=":material/check:")
with reading() as session:
    if picked(CHILD).student_id:
        earlier = record_views.list_child_records(session, actor, student_id=about[0], page_size=3).rows
    else:
        earlier = record_views.list_own_records(session, actor)
with side:
    draw_side(kind, picked(CHILD), earlier, is_for_helper=form.typed(["helper_id"])["helper_id"] is not None)

if submitted:
    saved: list[int] = []

    def save(session: Session) -> None:
        entry = entry_of(form, kind)
        saved.extend(records.record_contact(session, actor, student_ids=about, entry=entry, form_uid=OPEN.uid()))
        if follows:
            follow_ups.note_saved_record(session, actor, result_id=follows, record_ids=saved)
        discard_draft(session, actor)

    if form.save(save):
        OPEN.start_afresh()
        flash("已保存。" if len(saved) == 1 else f"已保存，{len(saved)} 个孩子各一条。")
        if st.query_params.get(BACK) == OWN_CHILDREN:
            st.switch_page(navigation.path_of(OWN_CHILDREN), query_params=address_left(OWN_CHILDREN))
        st.switch_page(navigation.path_of("record"), query_params={"record": str(saved[0])})
