"""Closing a case on screen: the list, what waits for an answer, what it was closed by, and the way back."""

import streamlit as st

from db.tables import ClosingState
from db.transactions import reading
from services import clock, closing_views
from services.actors import Actor
from services.cases import CaseView
from services.closing_checks import LATER, CheckLine
from services.closing_views import CaseClosing, ClosureView
from ui import closing_dialogs, formats
from ui.closing_dialogs import ASKING, FOLLOWING, REOPENING, WITHDRAWING
from ui.dialogs import open_dialog
from ui.duties import CLOSING
from ui.formats import plain
from ui.layout import labelled_words, note, side_box
from ui.referral_words import moment
from ui.states import CLOSING as STATES

_DONE, _WANTING = ":green-badge[:material/check: 做好了]", ":orange-badge[:material/radio_button_unchecked: 没做完]"


def draw_of_case(actor: Actor, view: CaseView) -> None:
    """Draw closing as a box beside the case, with its acts and the dialog that is open."""
    with reading() as session:
        closing = closing_views.find_closing(session, actor, case_id=view.row.id)
    latest = closing.closures[0] if closing.closures else None
    state = "reopened" if latest and latest.reopened_at else latest.state.value if latest else ""
    with side_box("结案", badge=STATES[state].badge() if state else ""):
        if closing.standing:
            _draw_standing(view, closing, closing.standing)
        else:
            _draw_open(view, closing)
        earlier = [each for each in closing.closures if each not in (closing.standing, closing.waiting)]
        if earlier:
            with st.expander(plain(f"以前的 {len(earlier)} 次")):
                for each in earlier:
                    _draw_earlier(each)
    closing_dialogs.draw_opened(actor, view, closing)
    closing_dialogs.draw_answer()


def _draw_open(view: CaseView, closing: CaseClosing) -> None:
    _draw_checks(closing.checks)
    if waiting := closing.waiting:
        draw_words(waiting)
        if not closing.may_answer:
            note(_waiting_words(closing), icon="hourglass_top")
        with st.container(horizontal=True, gap="xsmall"):
            if closing.may_answer:
                _act("看看，答复", "case_closing_answer", "rate_review", CLOSING, waiting.id, is_primary=True)
            if closing.may_close:
                _act("撤回", "case_closing_withdraw", "undo", WITHDRAWING, view.row.id)
    elif closing.may_close:
        _act("提出结案", "case_closing_ask", "task_alt", ASKING, view.row.id)
    else:
        note("结案由负责这件个案的人或关爱室负责人提出。")


def _draw_checks(checks: tuple[CheckLine, ...]) -> None:
    st.markdown("  \n".join(f"{_DONE if line.is_met else _WANTING} {plain(line.label)}" for line in checks))
    missing = [part for line in checks for part in line.missing]
    if missing:
        note(f"档案还缺：{'、'.join(missing)}。")
    if LATER:
        note(f"{'、'.join(label for label, _ in LATER)}：程序里还没有地方记，不算缺，请先留纸质的。")


def _draw_standing(view: CaseView, closing: CaseClosing, closure: ClosureView) -> None:
    draw_words(closure)
    note(_answered(closure))
    if closure.followed_on:
        labelled_words(f"{formats.day(closure.followed_on, today=clock.today())}回访", closure.follow_up)
    if not closing.may_close:
        return
    with st.container(horizontal=True, gap="xsmall"):
        if closure.follow_up_on and not closure.followed_on:
            _act("记回访", "case_follow_up", "event_available", FOLLOWING, view.row.id)
        _act("重开", "case_reopen", "replay", REOPENING, view.row.id)


def draw_words(closure: ClosureView) -> None:
    """Draw what was asked: why, what is missing and why nonetheless, and the look afterwards."""
    labelled_words(closure.outcome.label, closure.reason)
    if closure.missing:
        labelled_words(f"没做完的：{'、'.join(closure.missing)}", closure.despite)
    if closure.follow_up_on and not closure.followed_on:
        note(f"{formats.day(closure.follow_up_on, today=clock.today())}回访。")
    note(f"{closure.asked_by} {moment(closure.asked_at)} 提出。")


def _draw_earlier(closure: ClosureView) -> None:
    draw_words(closure)
    note(_answered(closure))
    labelled_words("说的话", closure.note)
    if closure.followed_on:
        labelled_words("回访", closure.follow_up)
    if closure.reopened_at:
        labelled_words(f"{closure.reopened_by} {moment(closure.reopened_at)} 重开", closure.reopen_reason)


def _answered(closure: ClosureView) -> str:
    if closure.decided_at is None:
        return ""
    verb = {ClosingState.AGREED: "同意结案", ClosingState.DECLINED: "没有同意", ClosingState.WITHDRAWN: "撤回"}
    return f"{closure.decided_by} {moment(closure.decided_at)} {verb.get(closure.state, '')}。"


def _waiting_words(closing: CaseClosing) -> str:
    if closing.answerers:
        return f"等{'、'.join(closing.answerers)}答复。答复以前照常帮扶。"
    return "还没有人能答复：提的人自己不能点头。请在“岗位与小组”里定第二个人。"


def _act(label: str, key: str, icon: str, dialog: str, about: int, *, is_primary: bool = False) -> None:
    st.button(plain(label), key=key, icon=f":material/{icon}:", type="primary" if is_primary else "secondary",
              on_click=open_dialog, args=(dialog, about))  # fmt: skip
