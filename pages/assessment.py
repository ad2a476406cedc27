"""The first assessment of one referral, and where it leads."""

import streamlit as st
from sqlmodel import Session

from db.tables import ReferralState, Severity, Urgency
from db.transactions import reading
from services import assessments, drafts
from services.access import Permission
from services.errors import DomainError
from ui import navigation
from ui.asked import number_asked
from ui.assessment_form import CHOICES, WORDS, draw_rest, draw_severity, draw_signs, request_of, suggestion_for
from ui.drafts import Draftable
from ui.formats import plain
from ui.forms import Form
from ui.intake_side import draw_danger
from ui.layout import Action, empty_state, facts, flash, form_end, note, page_header, refusal, side_box, side_column
from ui.referral_opening import note_opening
from ui.referral_words import CHANNELS, FACTS, child_with_class, due_words, moment, show_fact
from ui.session import require_user
from ui.states import REFERRAL

actor = require_user(Permission.REFERRAL_HANDLE)
FORM = "assessment"


def open_list() -> None:
    st.switch_page(navigation.path_of("referrals"))


referral_id = number_asked("referral")
clicked = page_header(
    "评估",
    "问题的性质、严重程度、打算怎么做，三项写齐就转成个案。",
    actions=[Action("回到这件受理", "assessment_back", icon="arrow_back")] if referral_id else [],
)
if clicked:
    st.switch_page(navigation.path_of("referrals"), query_params={"referral": str(referral_id)})
if referral_id is None:
    if empty_state("psychology", "先选一件受理", "评估从受理清单里开始。",
                   actions=[Action("看受理清单", "assessment_list", icon="list")]):  # fmt: skip
        open_list()
    st.stop()
try:
    with reading() as session:
        opened = assessments.open_form(session, actor, referral_id=referral_id)
    note_opening(actor, opened.referral)
except DomainError as error:
    refusal(error)
    st.stop()

view = opened.referral
drawn = f"care_assessing_{referral_id}"  # somebody may finish it meanwhile; what is typed here must not vanish
if view.state is not ReferralState.IN_ASSESSMENT and drawn not in st.session_state:
    if empty_state("psychology", f"这件受理{REFERRAL[view.state.value].word}", "正在评估的受理才能写评估。",
                   actions=[Action("看受理清单", "assessment_list", icon="list")]):  # fmt: skip
        open_list()
    st.stop()
st.session_state[drawn] = True

draft = Draftable(FORM, f"referral:{referral_id}", WORDS, CHOICES)
draft.offer(actor)
form = Form(FORM, view, around=FACTS, show=show_fact)
main, side = side_column(1.9)
with main:
    form.notices()
    with st.container(border=True):
        st.markdown(f"**{plain(child_with_class(view.child, view.class_label))}**")
        draw_signs(form, draft, opened)
        suggestion = suggestion_for(form, opened, request_of(form, referral_id))
        severity = draw_severity(form, draft, suggestion)
        draw_rest(form, draft, opened, severity)
        with form_end(draft.line()):
            name = view.child or "这个孩子"
            submitted = st.button(
                plain(f"保存{name}的评估"), key="assessment_submit", type="primary", icon=":material/check:"
            )
with side:
    if view.urgency is Urgency.DANGER:
        draw_danger("先打电话，再回来写评估。")
    with side_box("保存以后"):
        is_serious = severity is Severity.SERIOUS
        facts({
            "个案": f"{view.owner_name or actor.display_name}跟进",
            "研讨": f"{due_words(opened.conference_due_at)}开" if is_serious else "不用",
        })  # fmt: skip
        if view.student_id is None:
            note("还没认出是哪个孩子：请先回到受理，认出孩子。", icon="error")
    with side_box("当时说的"):
        note(f"{CHANNELS[view.channel]}，{moment(view.received_at)} 收到")
        st.text(view.facts or "")
        if view.child_words:
            st.text(view.child_words)

if submitted:
    saved: list[int] = []

    def save(session: Session) -> None:
        case = assessments.save_assessment(session, actor, request=request_of(form, view.id))
        drafts.discard_draft(session, actor, form=FORM, subject=draft.subject)
        saved.append(case.id or 0)

    if form.save(save):
        draft.forget()
        st.session_state.pop(drawn, None)
        flash("评估已保存，转成个案。" if not is_serious else "评估已保存，已召集研讨。")
        st.switch_page(navigation.path_of("cases"), query_params={"case": str(saved[0])})
