"""The dialogs about closing a case: asking, taking back, answering, looking after it, opening it again."""

from datetime import timedelta

import streamlit as st

from db.tables import ClosingOutcome
from db.transactions import reading
from services import clock, closing_views, closings
from services.access import Permission
from services.actors import Actor
from services.cases import CaseView
from services.closing_views import CaseClosing, ClosureView
from services.closings import ClosingEntry
from services.errors import DomainError
from ui import formats
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, opened, opened_about
from ui.duties import CLOSING
from ui.forms import Form
from ui.layout import CLOSE, KEEP, facts, labelled_words, leave_button, note, refusal
from ui.referral_words import SEVERITIES, child_with_class, moment
from ui.session import require_user
from ui.wording import day_field

ASKING, WITHDRAWING = "case_closing_ask", "case_closing_withdraw"
REOPENING, FOLLOWING = "case_reopen", "case_follow_up"
_USUAL_FOLLOW_UP = timedelta(days=30)


def draw_opened(actor: Actor, view: CaseView, closing: CaseClosing) -> None:
    """Draw the dialog that is open about closing this case, if one is."""
    number = view.row.id
    if not closing.may_close:
        return
    if opened(ASKING, number) and not (closing.waiting or closing.standing):
        _ask(actor, view, closing)
    elif opened(WITHDRAWING, number) and closing.waiting:
        _withdraw(actor, view, closing.waiting)
    elif opened(FOLLOWING, number) and closing.standing:
        _follow(actor, view, closing.standing)
    elif opened(REOPENING, number) and closing.standing:
        _reopen(actor, view)


def draw_answer() -> None:
    """Draw the dialog in which closing is answered, if it is open: on home and beside the case."""
    if about := opened_about(CLOSING):
        _answer(about[0])


@st.dialog("提出结案", dismissible=False)
def _ask(actor: Actor, view: CaseView, closing: CaseClosing) -> None:
    form = Form(f"case_closing_{view.row.id}", {"id": view.row.id, "version": view.version})
    form.notices()
    note("问题解决了或孩子好转了，才结案。另一个人同意以后才算；方案随着结束，回访的日子到了会提醒。")
    missing = [line.label for line in closing.checks if not line.is_met]
    with form_fields(form):
        with form.field("outcome") as key:
            outcome = st.segmented_control("为什么可以结案", list(ClosingOutcome), key=key, wrap=True,
                                           format_func=lambda each: each.label)  # fmt: skip
        with form.field("reason", "") as key:
            reason = st.text_area("看到什么、谁说的", key=key, height=110)
        despite = None
        if missing:
            note(f"还没做完：{'、'.join(missing)}。", icon="checklist")
            with form.field("despite", "") as key:
                despite = st.text_area("没做完的为什么不做了", key=key, height=80)
        with form.field("follow_up_on", clock.today() + _USUAL_FOLLOW_UP) as key:
            follow_up_on = day_field("哪天回访（离校的可以不填）", key=key)
        saved, cancelled = buttons(form, f"提出{view.row.child}结案")
    cancel_if(form, cancelled)
    if saved:
        entry = ClosingEntry(outcome=outcome, reason=reason, follow_up_on=follow_up_on, despite=despite)
        finish(form, lambda session: closings.ask_to_close(
            session, actor, case_id=view.row.id, version=form.version, entry=entry
        ), words="提出去了，等第二个人答复。")  # fmt: skip


@st.dialog("撤回结案", dismissible=False)
def _withdraw(actor: Actor, view: CaseView, waiting: ClosureView) -> None:
    form = Form(f"case_closing_withdraw_{waiting.id}", {"id": waiting.id, "version": waiting.version})
    form.notices()
    note("还没有人答复。撤回以后照常帮扶，提过的话还看得到。")
    with form_fields(form):
        saved, cancelled = buttons(form, "撤回结案", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: closings.withdraw_closing(
            session, actor, closing_id=waiting.id, version=form.version
        ), words="已撤回。")  # fmt: skip


@st.dialog("结案，请您看一看", dismissible=False)
def _answer(closing_id: int) -> None:
    actor = require_user(Permission.CASE_CLOSE)
    try:
        with reading() as session:
            asked = closing_views.find_request(session, actor, closing_id=closing_id)
    except DomainError as error:
        refusal(error)
        if leave_button(CLOSE, key="case_closing_close"):
            close_dialog()
        return
    closure = asked.closure
    facts(
        {
            "孩子": child_with_class(asked.child, asked.class_label) if asked.child else "名字不显示",
            "个案": f"{SEVERITIES[asked.severity]}，{asked.owner_name}负责，{moment(asked.opened_at)} 开的",
            "谁提的": f"{closure.asked_by}，{moment(closure.asked_at)}",
            "回访": formats.day(closure.follow_up_on, today=clock.today()) if closure.follow_up_on else "离校，不回访",
        },
        alt="这次结案",
    )
    labelled_words(closure.outcome.label, closure.reason)
    if closure.missing:
        labelled_words(f"没做完的：{'、'.join(closure.missing)}", closure.despite)
    form = Form(f"case_closing_answer_{closure.id}", {"id": closure.id, "version": closure.version})
    form.notices()
    with form_fields(form):
        with form.field("note", "") as key:
            words = st.text_area("要说的话；不同意的写为什么", key=key, height=80)
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            later = leave_button("先不定", key=form.key("cancel"), is_in_form=True)
            declined = st.form_submit_button("不同意", key=form.key("decline"))
            agreed = st.form_submit_button("同意结案", key=form.key("agree"), type="primary")
    cancel_if(form, later)
    if agreed or declined:
        finish(form, lambda session: closings.answer_closing(
            session, actor, closing_id=closure.id, version=form.version, is_agreed=agreed, note=words
        ), words="结案了。" if agreed else "已答复，个案照常。")  # fmt: skip


@st.dialog("记回访", dismissible=False)
def _follow(actor: Actor, view: CaseView, closure: ClosureView) -> None:
    form = Form(f"case_follow_up_{closure.id}", {"id": closure.id, "version": closure.version})
    form.notices()
    note("孩子又不好了，记下以后点“重开”。")
    with form_fields(form):
        with form.field("day", clock.today()) as key:
            day = day_field("哪天看的", key=key)
        with form.field("words", "") as key:
            words = st.text_area("孩子现在怎么样，听谁说的", key=key, height=110)
        saved, cancelled = buttons(form, "保存")
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: closings.record_follow_up(
            session, actor, closing_id=closure.id, version=form.version, day=day, words=words
        ))  # fmt: skip


@st.dialog("重开这件个案", dismissible=False)
def _reopen(actor: Actor, view: CaseView) -> None:
    form = Form(f"case_reopen_{view.row.id}", {"id": view.row.id, "version": view.version})
    form.notices()
    note("重开以后要再定一份方案；以前的结案、方案都还看得到。")
    with form_fields(form):
        with form.field("reason", "") as key:
            reason = st.text_area("为什么重开", key=key, height=110)
        saved, cancelled = buttons(form, "重开", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: closings.reopen_case(
            session, actor, case_id=view.row.id, version=form.version, reason=reason
        ), words="重开了，请再定一份方案。")  # fmt: skip
