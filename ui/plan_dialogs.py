"""The dialogs about a whole plan: answering it, ending it, giving a draft up, and printing it."""

import streamlit as st

from db.transactions import transaction
from services import plan_answers, plan_prints, plans
from services.actors import Actor
from services.plan_views import PlanView
from services.student_exports import ExportPurpose
from ui import navigation
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, forget_dialog, opened
from ui.formats import plain
from ui.forms import Form
from ui.layout import KEEP, flash, note
from ui.word_file import offer_word

ANSWERING, ENDING, PRINTING = "plan_answer", "plan_end", "plan_print"
DROPPING, TAKING_BACK = "plan_drop", "plan_take_back"
_ANSWERS = {True: "同意，开始照着做", False: "退回，写明原因"}


def draw_opened(actor: Actor, view: PlanView) -> None:
    """Draw the dialog that is open about this plan, if any."""
    if opened(ANSWERING, view.id) and view.may_answer:
        _answer(actor, view)
    elif opened(ENDING, view.id) and view.may_end:
        _end(actor, view)
    elif opened(DROPPING, view.id) and view.may_write:
        _drop(actor, view)
    elif opened(TAKING_BACK, view.id) and view.may_write:
        _take_back(actor, view)
    elif opened(PRINTING, view.id) and view.may_write:
        _print(actor, view)


@st.dialog("答复这份方案", dismissible=False)
def _answer(actor: Actor, view: PlanView) -> None:
    form = Form(f"plan_answer_{view.id}", {"id": view.id, "version": view.version})
    form.notices()
    number = view.pending.number if view.pending else 0
    note(f"第 {number} 版。同意以后就在用，做的人马上看得到自己的措施。")
    with form_fields(form):
        with form.field("answer") as key:
            answer = st.segmented_control(
                "怎么答", list(_ANSWERS), key=key, format_func=_ANSWERS.__getitem__, wrap=True
            )
        with form.field("words", "") as key:
            words = st.text_area("要说的话；退回的写为什么、改哪里", key=key, height=100)
        saved, cancelled = buttons(form, "答复")
    cancel_if(form, cancelled)
    if saved and form.save(lambda session: plan_answers.answer_plan(
        session, actor, plan_id=view.id, version=form.version, is_approved=answer, words=words
    )):  # fmt: skip
        flash("已答复。")
        if view.case_id is None:  # who was only asked reads nothing more of it: a refusal would stand here
            forget_dialog()
            st.switch_page(navigation.path_of(navigation.HOME))
        close_dialog()


@st.dialog("结束这份方案", dismissible=False)
def _end(actor: Actor, view: PlanView) -> None:
    form = Form(f"plan_end_{view.id}", {"id": view.id, "version": view.version})
    form.notices()
    note("结束以后没有方案在用，没做完的措施也不再提醒；每一版都还看得到。个案还开着，就要再定一份。")
    with form_fields(form):
        with form.field("reason", "") as key:
            reason = st.text_area("为什么结束", key=key, height=100)
        saved, cancelled = buttons(form, "结束方案", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: plans.end_plan(
            session, actor, plan_id=view.id, version=form.version, reason=reason
        ), words="方案结束了。")  # fmt: skip


@st.dialog("不要这份草稿", dismissible=False)
def _drop(actor: Actor, view: PlanView) -> None:
    form = Form(f"plan_drop_{view.id}", {"id": view.id, "version": view.version})
    form.notices()
    st.markdown(plain(f"第 {view.pending.number if view.pending else 0} 版草稿不再用，在“每一版”里还看得到。"))
    with form_fields(form):
        saved, cancelled = buttons(form, "不要这份草稿", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: plans.drop_draft(session, actor, plan_id=view.id, version=form.version),
               words="草稿不要了。")  # fmt: skip


@st.dialog("收回来改", dismissible=False)
def _take_back(actor: Actor, view: PlanView) -> None:
    form = Form(f"plan_take_back_{view.id}", {"id": view.id, "version": view.version})
    form.notices()
    st.markdown("收回来就又是草稿，不用再答复；改好了重新提交。")
    with form_fields(form):
        saved, cancelled = buttons(form, "收回来", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: plans.take_back(session, actor, plan_id=view.id, version=form.version),
               words="收回来了，接着写。")  # fmt: skip


@st.dialog("打印方案", dismissible=False)
def _print(actor: Actor, view: PlanView) -> None:
    form = Form(f"plan_print_{view.id}")
    offer_word(form, lambda purpose: _make(actor, view.id, purpose), f"下载{view.child or ''}的方案")


def _make(actor: Actor, plan_id: int, purpose: ExportPurpose | None) -> tuple[str, bytes]:
    """Note it in a transaction of its own; the document is made outside of it."""
    with transaction() as session:
        made = plan_prints.print_plan(session, actor, plan_id=plan_id, purpose=purpose)
    return made.file_name, made.content()
