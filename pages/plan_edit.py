"""Writing a support plan, or changing one: goals, measures, the review date; kept while it is typed."""

import streamlit as st
from sqlmodel import Session

from db.tables import PlanKind
from db.transactions import reading, transaction
from services import plan_forms, plan_views, plans
from services.access import Permission
from services.errors import DomainError
from ui import child_family, navigation
from ui.asked import number_asked
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, Action, flash, form_end, labelled_words, leave_button, note, page_header, refusal
from ui.plan_form import draft_of, draw_goals, draw_measures, draw_rest, entry_of, labels_of, show_value
from ui.referral_words import child_with_class
from ui.session import require_user

actor = require_user(Permission.CASE_READ)

case_id, plan_id, student_id = number_asked("case"), number_asked("plan"), number_asked("student")
kind = {each.value: each for each in PlanKind}.get(st.query_params.get("kind", ""))


def go_back(to: int | None = None) -> None:
    if to or plan_id:
        st.switch_page(navigation.path_of("plan"), query_params={"plan": str(to or plan_id)})
    if case_id:
        st.switch_page(navigation.path_of("cases"), query_params={"case": str(case_id)})
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id or 0)})


if page_header("写帮扶方案", "目标、措施、谁做、多久一次，哪天复查。改过的每一版都留着。",
               actions=[Action("回去", "plan_edit_back", icon="arrow_back")]):  # fmt: skip
    go_back()
try:
    with reading() as session:
        opened = plan_forms.open_form(
            session, actor, case_id=case_id, plan_id=plan_id, student_id=student_id, kind=kind
        )
    if opened.view and not opened.view.is_opening_noted:
        with transaction() as session:
            plan_views.note_opening(session, actor, plan_id=opened.view.id)
except DomainError as error:
    refusal(error)
    st.stop()

about = opened.case_id or f"{opened.kind}_{opened.student_id}"
name = f"plan_{about}"
form = Form(name, opened.stored, labels=labels_of(opened.stored), show=show_value(opened, name))
draft = draft_of(form, opened)
draft.offer(actor)
form.notices()
draft.remind()
with st.container(border=True):  # no st.form: what is typed must arrive to be kept
    st.markdown(f"**{plain(child_with_class(opened.child, opened.class_label))}** :small[:gray[{opened.kind.label}]]")
    labelled_words("上次为什么退回", opened.returned_because)
    child_family.draw_for_plan(opened.family)
    goals = draw_goals(form, draft)
    measures = draw_measures(form, draft, opened.people)
    rest = draw_rest(form, draft, opened)
    if opened.needs_approval:
        note("严重或多方面的个案，方案要另一个人点头才算数；点头以前照原来的做。", icon="hourglass_top")
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        kept = st.button("先存成草稿", key=form.key("keep"))
        word = f"提交{opened.child}的方案" if opened.needs_approval else f"定下{opened.child}的方案"
        submitted = st.button(plain(word), key=form.key("save"), type="primary", icon=":material/check:")

if submitted or kept:
    entry = entry_of(goals, measures, rest)

    def save(session: Session) -> int:
        if opened.case_id:
            saved = plans.save_case_plan(session, actor, case_id=opened.case_id, version=form.version, entry=entry,
                                         is_final=submitted)  # fmt: skip
        else:
            saved = plans.save_child_plan(session, actor, student_id=opened.student_id, kind=opened.kind,
                                          version=form.version, entry=entry, is_final=submitted,
                                          plan_id=opened.view.id if opened.view else None)  # fmt: skip
        draft.discard(session, actor)
        return saved

    saved_id = form.save_and_get(save)
    if saved_id:
        draft.forget()
        flash("草稿已存。" if kept else "已提交，等点头。" if opened.needs_approval else "方案定下了，照着做。")
        go_back(saved_id)
if cancelled:
    draft.throw_away(actor)
    go_back()
