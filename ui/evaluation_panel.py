"""The evaluations of a case on their page: the change drawn and told, every voice, and the form of one."""

import streamlit as st
from sqlmodel import Session

from services import case_paper_prints, evaluations
from services.access import Permission
from services.actors import Actor
from services.case_paper_prints import comparison_words
from services.evaluation_views import CaseEvaluations, EvaluationView
from ui import case_paper_dialogs
from ui.asked import keep_asked
from ui.case_paper_dialogs import draw_said, versions_act
from ui.evaluation_charts import draw_changes, draw_scores, head_of
from ui.evaluation_form import (
    LABELS,
    draft_of,
    draw_conclusion,
    draw_moment,
    draw_voices,
    entry_of,
    show_value,
)
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, empty_state, flash, form_end, labelled_words, leave_button, note
from ui.word_file import print_act

NEW = "new"


def draw_view(actor: Actor, found: CaseEvaluations) -> None:
    """Draw the change as a sentence, as charts and as a table, then every voice."""
    if not found.evaluations:
        empty_state("trending_up", "还没有评估过", "点“评估一次”，把孩子、老师、家长说的和问卷结果分别记下来。"
                    if found.head.may_write and found.head.is_open else "由负责这件个案的人来评估。")  # fmt: skip
        return
    if told := comparison_words(found.evaluations):
        with st.container(border=True, gap="xsmall"):
            st.markdown(plain(told))
            note("只比前后两次都说过的那几方。分数是提示，不是诊断。")
        draw_changes(found.evaluations)
    else:
        note("只评估过一次。再评估一次，这里就画出前后的变化。")
    draw_scores(found.evaluations)
    print_act(
        actor, "evaluation_print", found.head.case_id, paper="效果评估", child=found.head.child,
        permission=Permission.CASE_READ,
        make=lambda session, who, purpose: case_paper_prints.print_evaluations(
            session, who, case_id=found.head.case_id, purpose=purpose
        ),
    )  # fmt: skip
    for each in reversed(found.evaluations):
        _draw_one(found, each)
    case_paper_dialogs.draw_opened()


def _draw_one(found: CaseEvaluations, each: EvaluationView) -> None:
    with st.container(border=True, gap="small"):
        lacking = "" if each.is_complete else " :orange-badge[:material/hearing: 还没听全]"
        st.markdown(f"**{plain(head_of(each))}**{lacking}")
        for said in each.said:
            draw_said(said)
        labelled_words("所以怎么调整", each.conclusion)
        with st.container(horizontal=True, gap="xsmall"):
            if found.head.may_write:
                st.button("改一改，或加一方", key=f"evaluation_edit_{each.id}", icon=":material/edit:",
                          type="tertiary", on_click=_ask_for, args=(each.id,))  # fmt: skip
            if each.is_amended:
                versions_act(case_paper_dialogs.EVALUATION, each.id)


def draw_form(actor: Actor, found: CaseEvaluations, evaluation: EvaluationView | None) -> None:
    """Draw the form of a new evaluation, or of one to be put right."""
    number = evaluation.id if evaluation else 0
    form = Form(f"evaluation_{found.head.case_id}_{number}", evaluation.stored if evaluation else None, labels=LABELS,
                show=show_value)  # fmt: skip
    draft = draft_of(form, found.head.case_id, evaluation, found.head.student_id)
    draft.offer(actor)
    form.notices()
    draft.remind()
    draw_moment(form, draft, found)
    rows = draw_voices(form, draft, evaluation)
    draw_conclusion(form, draft)
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        submitted = st.button(
            plain(f"保存{found.head.child}的评估"), key=form.key("save"), type="primary", icon=":material/check:"
        )
    if submitted:
        entry = entry_of(form, rows)

        def save(session: Session) -> None:
            if evaluation is None:
                evaluations.write_evaluation(session, actor, case_id=found.head.case_id, entry=entry)
            else:
                evaluations.amend_evaluation(
                    session, actor, evaluation_id=evaluation.id, version=form.version, entry=entry
                )
            draft.discard(session, actor)

        if form.save(save):
            draft.forget()
            flash("评估已记下。" if evaluation is None else "已保存。")
            _leave()
    if cancelled:
        draft.throw_away(actor)
        _leave()


def _ask_for(evaluation_id: int) -> None:
    st.query_params["evaluation"] = str(evaluation_id)


def _leave() -> None:
    for name in ("write", "evaluation"):
        keep_asked(name, None)
    st.rerun()
