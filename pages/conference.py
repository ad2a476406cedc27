"""The record of one case's conference: who came, what was found, what was decided."""

import streamlit as st
from sqlmodel import Session

from db.transactions import reading, transaction
from services import cases, conference_views, conferences
from services.access import Permission
from services.decisions import DecisionEntry
from services.errors import DomainError
from ui import navigation
from ui.asked import number_asked
from ui.conference_form import (
    LABELS,
    asks_for_decisions,
    draft_of,
    draw_decisions,
    draw_meeting,
    draw_words,
    entry_of,
    show_value,
)
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, Action, empty_state, flash, form_end, leave_button, note, page_header, refusal
from ui.referral_words import child_with_class
from ui.session import require_user

actor = require_user(Permission.CASE_READ)


def go_back() -> None:
    st.switch_page(navigation.path_of("cases"), query_params={"case": str(case_id)} if case_id else {})


case_id = number_asked("case")
clicked = page_header(
    "研讨记录",
    "谁来了，说了什么，定了谁做什么。改以前的样子会留着。",
    actions=[Action("回到个案", "conference_back", icon="arrow_back")] if case_id else [],
)
if clicked:
    go_back()
try:
    with reading() as session:
        view = cases.find_case(session, actor, case_id=case_id or 0)
        conference = view.conference
    if not view.is_opening_noted:
        with transaction() as session:
            cases.note_opening(session, actor, case_id=view.row.id)
except DomainError as error:
    refusal(error)
    st.stop()
if conference is None:
    if empty_state("groups", "这个个案没有研讨", "一般问题由专职人员直接跟进，不用研讨。",
                   actions=[Action("回到个案", "conference_none", icon="arrow_back")]):  # fmt: skip
        go_back()
    st.stop()

form = Form(f"conference_{conference.id}", conference.stored, labels=LABELS, show=show_value(conference))
draft = draft_of(form, conference, view.row.student_id)
draft.offer(actor)
form.notices()
draft.remind()
decided: tuple[DecisionEntry, ...] = ()
with st.container(border=True):  # no st.form: what is typed must arrive to be kept
    st.markdown(f"**{plain(child_with_class(view.row.child, view.row.class_label))}**")
    draw_meeting(form, draft, conference)
    draw_words(form, draft)
    if asks_for_decisions(form, conference):
        with reading() as session:
            people = conference_views.list_people_to_ask(session, actor, conference_id=conference.id)
        decided = draw_decisions(form, draft, conference, people)
    else:
        note("定下的事不在这里改：在个案里一件一件改，做完了也在那里记。")
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        submitted = st.button(
            plain(f"保存{view.row.child}的研讨记录"), key=form.key("save"), type="primary", icon=":material/check:"
        )

if submitted:
    entry, number = entry_of(form, decided), conference.id

    def save(session: Session) -> None:
        conferences.record_conference(session, actor, conference_id=number, version=form.version, entry=entry)
        draft.discard(session, actor)

    if form.save(save):
        draft.forget()
        flash("研讨已记下，接下来定帮扶方案。" if conference.held_at is None else "已保存。")
        go_back()
if cancelled:
    draft.throw_away(actor)
    go_back()
