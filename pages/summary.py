"""One stage summary of a case: written, or put right."""

import streamlit as st
from sqlmodel import Session

from db.transactions import reading, transaction
from services import cases, summaries, summary_views
from services.access import Permission
from services.errors import DomainError
from ui import navigation
from ui.asked import number_asked
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, Action, empty_state, flash, form_end, leave_button, page_header, refusal
from ui.referral_words import child_with_class
from ui.session import require_user
from ui.summary_form import LABELS, draft_of, draw_days, draw_done, draw_words, entry_of

actor = require_user(Permission.CASE_READ)
case_id, summary_id = number_asked("case"), number_asked("summary")


def go_back() -> None:
    st.switch_page(navigation.path_of("cases"), query_params={"case": str(case_id)} if case_id else {})


clicked = page_header(
    "阶段性总结",
    "做了什么照工作记录数；变化和下一步自己写。改以前的样子会留着。",
    actions=[Action("回到个案", "summary_back", icon="arrow_back")] if case_id else [],
)
if clicked:
    go_back()
try:
    with reading() as session:
        found = summary_views.list_summaries(session, actor, case_id=case_id or 0)
        is_noted = cases.is_opening_noted(session, actor, case_id=found.head.case_id)
    if not is_noted:
        with transaction() as session:
            cases.note_opening(session, actor, case_id=found.head.case_id)
except DomainError as error:
    refusal(error)
    st.stop()
summary = found.find(summary_id) if summary_id else None
if not found.head.may_write or (summary is None and (summary_id or not found.head.is_open)):
    if empty_state("summarize", "这里写不了总结", "总结由负责这件个案的人或关爱室负责人写；结案以后不再写新的。",
                   actions=[Action("回到个案", "summary_none", icon="arrow_back")]):  # fmt: skip
        go_back()
    st.stop()

form = Form(f"summary_{case_id}_{summary_id or 0}", summary.stored if summary else None, labels=LABELS)
draft = draft_of(form, found.head.case_id, summary, found.head.student_id)
draft.offer(actor)
form.notices()
draft.remind()
with st.container(border=True):  # no st.form: what is typed must arrive to be kept
    st.markdown(f"**{plain(child_with_class(found.head.child, found.head.class_label))}**")
    draw_days(form, draft, found)
    draw_done(actor, form, found.head.case_id)
    draw_words(form, draft, found)
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        submitted = st.button(
            plain(f"保存{found.head.child}的总结"), key=form.key("save"), type="primary", icon=":material/check:"
        )

if submitted:
    entry = entry_of(form)

    def save(session: Session) -> None:
        if summary is None:
            summaries.write_summary(session, actor, case_id=found.head.case_id, entry=entry)
        else:
            summaries.amend_summary(session, actor, summary_id=summary.id, version=form.version, entry=entry)
        draft.discard(session, actor)

    if form.save(save):
        draft.forget()
        flash("总结已记下。" if summary is None else "已保存。")
        go_back()
if cancelled:
    draft.throw_away(actor)
    go_back()
