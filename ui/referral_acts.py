"""What can be done with a referral: one button an act, and the short form of the act that is open."""

from collections.abc import Callable

import streamlit as st
from sqlmodel import Session

from db.transactions import transaction
from services import referral_moves
from services.access import Permission
from services.actors import Actor
from services.errors import DomainError
from services.referral_views import ReferralAct, ReferralView
from ui import navigation
from ui.formats import plain
from ui.layout import refusal
from ui.referral_act_forms import FORMS, open_act, open_at
from ui.referral_drafts import act_left_open
from ui.session import require_user

_REFUSED = "care_referral_refused"
_GO = "care_referral_go"

LABELS = {
    ReferralAct.REPORT_ABUSE: "记下报告时间",
    ReferralAct.START_ASSESSMENT: "开始评估",
    ReferralAct.ASSESS: "写评估",
    ReferralAct.OPEN_CASE: "看个案",
    ReferralAct.MATCH_CHILD: "认出孩子",
    ReferralAct.ANSWER: "写答复",
    ReferralAct.GIVE_FEEDBACK: "写反馈",
    ReferralAct.CHANGE: "改一改",
    ReferralAct.HAND_OVER: "转给别人",
    ReferralAct.MERGE: "合并",
    ReferralAct.DECLINE: "不立案",
    ReferralAct.MARK_ABUSE: "标为疑似侵害",
    ReferralAct.UNMARK_ABUSE: "撤下疑似侵害",
}
_PRIMARY = (
    ReferralAct.REPORT_ABUSE,
    ReferralAct.START_ASSESSMENT,
    ReferralAct.ASSESS,
    ReferralAct.OPEN_CASE,
)


def draw_acts(actor: Actor, view: ReferralView) -> None:
    """Draw the acts this person has, and the form of the one that is open."""
    if go := st.session_state.pop(_GO, None):
        st.switch_page(navigation.path_of(go[0]), query_params=go[1])
    if refused := st.session_state.pop(_REFUSED, None):
        refusal(refused)
    acts = [act for act in LABELS if act in view.acts]
    if (left_open := act_left_open(actor, view)) is not None and open_at(view.id) is None:
        open_act(view.id, left_open)
    opened = open_at(view.id)
    form = FORMS.get(opened) if opened in acts else None
    first = next((act for act in _PRIMARY if act in acts), None)
    with st.container(horizontal=True, gap="xsmall"):
        for act in acts:
            st.button(
                plain(LABELS[act]),
                key=f"referral_act_{act.value}",
                type="primary" if act is first and form is None else "secondary",
                on_click=_choose,
                args=(act, view.id, view.version, view.case_id),
            )
    if form is not None:
        with st.container(border=True):
            form(actor, view)


def begin_assessment(referral_id: int, version: int) -> bool:
    """Begin an assessment at the version that was on screen; say whether it is begun, the referral says why not."""
    actor = require_user(Permission.REFERRAL_HANDLE)
    return _do_now(
        lambda session: referral_moves.start_assessment(session, actor, referral_id=referral_id, version=version)
    )


def _choose(act: ReferralAct, referral_id: int, version: int, case_id: int | None) -> None:
    """Do what needs no words at once, at the version that was on screen; open the form of everything else.

    What was typed into the form that is open is kept as a draft, for when it is opened again.
    """
    match act:
        case ReferralAct.START_ASSESSMENT:
            if begin_assessment(referral_id, version):
                _go("assessment", referral=referral_id)
        case ReferralAct.ASSESS:
            _go("assessment", referral=referral_id)
        case ReferralAct.OPEN_CASE:
            _go("cases", case=case_id)
        case _:
            open_act(referral_id, act)


def _do_now(act: Callable[[Session], object]) -> bool:
    try:
        with transaction() as session:
            act(session)
    except DomainError as error:
        st.session_state[_REFUSED] = error
        return False
    return True


def _go(page: str, **query: object) -> None:
    """Leave for another page in the run that follows the click: a callback runs before pages are registered."""
    st.session_state[_GO] = (page, {key: str(value) for key, value in query.items() if value is not None})
