"""Refer a child to a body outside the school: to whom, why, with whose consent."""

from datetime import timedelta

import streamlit as st
from sqlmodel import Session

from db.tables import ConsentAnswer, OutwardTarget, Urgency
from db.transactions import reading
from services import clock, drafts, outward_forms, outward_referrals
from services.access import Permission
from services.errors import NotFound
from ui import formats, navigation
from ui.asked import number_asked
from ui.drafts import Draftable
from ui.formats import plain
from ui.forms import Form
from ui.intake_side import draw_danger
from ui.layout import (
    DISCARD,
    Action,
    facts,
    flash,
    form_end,
    leave_button,
    note,
    page_header,
    refusal,
    side_box,
    side_column,
)
from ui.outward_fields import WORDS, draw_fields, entry_of
from ui.session import require_user

actor = require_user(Permission.OUTWARD_REFER)
FORM = "outward_new"

student_id, case_id = number_asked("student") or 0, number_asked("case")
try:
    with reading() as session:
        asked = outward_forms.open_form(session, actor, student_id=student_id)
except NotFound as error:
    refusal(error)
    st.stop()

clicked = page_header(
    f"把{asked.child}转介到校外",
    f"{asked.class_label}。登记以后，跟进的人工作台上到期就有，直到写明结果。",
    actions=[Action("回到个案" if case_id else "回到孩子", "outward_new_back", icon="arrow_back")],
)


def go_back() -> None:
    if case_id:
        st.switch_page(navigation.path_of("cases"), query_params={"case": str(case_id)})
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})


if clicked:
    go_back()

draft = Draftable(
    FORM, f"student:{student_id}", ("target", "contact", *WORDS), {"target_kind": OutwardTarget, "urgency": Urgency}
)
draft.offer(actor)
form = Form(FORM)
has_consent = asked.consent is ConsentAnswer.GIVEN
main, side = side_column(1.9)
with main:
    form.notices()
    with st.container(border=True):
        draw_fields(form, asked.owners, asks_emergency=not has_consent, mine=actor.user_id, keep=draft.keep)
        with form_end(draft.line()):
            dropped = leave_button(DISCARD, key="outward_new_drop")
            submitted = st.button(plain(f"登记{asked.child}的转介"), key="outward_new_submit", type="primary",
                                  icon=":material/check:")  # fmt: skip
with side:
    if form.typed(["urgency"])["urgency"] is Urgency.DANGER:
        draw_danger("先打电话，身边不离人；再回来登记。")
    with side_box("家里同意"):
        if has_consent and asked.consent_on:
            note(f"{formats.day(asked.consent_on, today=clock.today())}同意转介。", icon="check_circle")
        else:
            refused = asked.consent is not None
            note("家里不同意转介。" if refused else "还没问过家里。", icon="block" if refused else "help")
            note("没有同意就不转；只有孩子有危险、等不及的，选“有危险”，写明为什么。")
            if st.button("去记同意", key="outward_new_consent", icon=":material/handshake:"):
                st.switch_page(navigation.path_of(navigation.CHILD),
                               query_params={"student": str(student_id), "child_tab": "同意和承诺"})  # fmt: skip
    with side_box("登记以后"):
        today = clock.today()
        facts({
            "回音": f"{formats.day(today + timedelta(days=asked.answer_days), today=today)}前要有",
            "跟进": f"每 {asked.follow_up_days} 天问一次",
        })  # fmt: skip

if dropped:
    draft.throw_away(actor)
    go_back()
if submitted:
    saved: list[int] = []

    def save(session: Session) -> None:
        saved.append(
            outward_referrals.refer_out(session, actor, student_id=student_id, case_id=case_id, entry=entry_of(form))
        )
        drafts.discard_draft(session, actor, form=FORM, subject=draft.subject)

    if form.save(save):
        draft.forget()
        flash("已登记。")
        st.switch_page(navigation.path_of("outward"), query_params={"outward": str(saved[0])})
