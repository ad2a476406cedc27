"""The dialogs of a referral out of the school: asked after, answered, changed, ended."""

import streamlit as st

from db.base import Labelled
from db.tables import OutwardContact, OutwardOutcome
from db.transactions import reading
from services import clock, drop_out_views, outward_forms, outward_referrals
from services.access import Permission
from services.outward_referrals import FollowUpEntry, OutwardEnding
from services.outward_views import OutwardView
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import opened, opened_about
from ui.forms import Form
from ui.layout import KEEP, note
from ui.outward_fields import LABELS, draw_fields, entry_of
from ui.outward_words import show_value
from ui.session import require_user
from ui.wording import day_field

FOLLOW, ANSWER, EDIT, END = (f"outward_{each}" for each in ("follow", "answer", "edit", "end"))
_FOLLOW_LABELS = {"day": "哪天", "contact": "问了谁", "words": "情况", "agreed_with_id": "事先和谁说好"}
_ANSWER_LABELS = {"answered_on": "哪天回的", "answer": "回音"}


def draw_opened(view: OutwardView) -> None:
    """Draw the dialog that is open about this one, if any; of one that has ended none."""
    number = view.row.id
    if view.row.ended_on is not None:
        return
    if about := opened_about(FOLLOW, number):
        _follow(view, about[0])
    elif opened(ANSWER, number):
        _answer(view)
    elif opened(EDIT, number):
        _edit(view)
    elif opened(END, number):
        _end(view)


@st.dialog("记一次跟进", dismissible=False)
def _follow(view: OutwardView, follow_up_id: int) -> None:
    actor = require_user(Permission.OUTWARD_REFER)
    drawn = next((each for each in view.follow_ups if each.id == follow_up_id), None)
    with reading() as session:
        heads = drop_out_views.list_who_agrees(session, actor)
    if drawn and drawn.agreed_with_id:  # who has left the post since still stands
        heads.setdefault(drawn.agreed_with_id, drawn.agreed_with or "")
    form = Form(
        f"{FOLLOW}_form_{view.row.id}_{follow_up_id}", drawn, labels=_FOLLOW_LABELS,
        show=lambda name, value: heads.get(value, "") if name == "agreed_with_id" else show_value(name, value),
    )  # fmt: skip
    form.notices()
    if view.asks_before_contact:
        note("联系家里的，每个孩子都先和关爱室负责人说好。已经联系过的，告诉负责人，由负责人记。")
    with form_fields(form):
        with form.field("contact") as key:
            st.pills("问了谁", list(OutwardContact), key=key, format_func=_label, wrap=True)
        with form.field("day", clock.today()) as key:
            day_field("哪天", key=key)
        if view.asks_before_contact:
            with form.field("agreed_with_id") as key:
                st.selectbox("联系家里的，事先和谁说好", list(heads), key=key, index=None,
                             placeholder="没有联系家里的不用选",
                             format_func=lambda number: heads.get(number, ""))  # fmt: skip
        with form.field("words", "") as key:
            st.text_area("情况：孩子怎么样，对方怎么说，下一步", key=key, height=96)
        saved, cancelled = buttons(form, f"记下{view.row.child}的跟进")
    cancel_if(form, cancelled)
    if saved:
        entry = FollowUpEntry(**form.typed(_FOLLOW_LABELS))
        finish(
            form,
            lambda session: outward_referrals.save_follow_up(
                session, actor, outward_id=view.row.id, entry=entry, follow_up_id=form.drawn_from.id,
                version=form.drawn_from.version,
            ),
        )  # fmt: skip


@st.dialog("记回音", dismissible=False)
def _answer(view: OutwardView) -> None:
    actor = require_user(Permission.OUTWARD_REFER)
    drawn = {
        "id": view.row.id, "version": view.stored.version, "answered_on": view.row.answered_on, "answer": view.answer,
    }  # fmt: skip
    form = Form(f"{ANSWER}_form_{view.row.id}", drawn, labels=_ANSWER_LABELS, show=show_value)
    form.notices()
    note("写对方怎么说、建议学校做什么；诊断和用药只写对方书面给的。")
    with form_fields(form):
        with form.field("answered_on", clock.today()) as key:
            day_field("哪天回的", key=key)
        with form.field("answer", "") as key:
            st.text_area("回音", key=key, height=140)
        saved, cancelled = buttons(form, f"保存{view.row.child}的回音")
    cancel_if(form, cancelled)
    if saved:
        typed = form.typed(_ANSWER_LABELS)
        finish(
            form,
            lambda session: outward_referrals.record_answer(
                session, actor, outward_id=view.row.id, version=form.version, **typed
            ),
        )


@st.dialog("改转介", dismissible=False, width="medium")
def _edit(view: OutwardView) -> None:
    actor = require_user(Permission.OUTWARD_REFER)
    with reading() as session:
        owners = outward_forms.list_followers(session, actor)
    owners.setdefault(view.stored.owner_id, view.row.owner_name)
    form = Form(
        f"{EDIT}_form_{view.row.id}", view.stored, labels=LABELS,
        show=lambda name, value: owners.get(value, "") if name == "owner_id" else show_value(name, value),
    )  # fmt: skip
    form.notices()
    with form_fields(form):
        draw_fields(form, owners, asks_emergency=view.row.is_emergency, mine=None, keep=None)
        saved, cancelled = buttons(form, f"保存{view.row.child}的转介")
    cancel_if(form, cancelled)
    if saved:
        entry = entry_of(form)
        finish(
            form,
            lambda session: outward_referrals.change_outward(
                session, actor, outward_id=view.row.id, version=form.version, entry=entry
            ),
        )


@st.dialog("结束转介", dismissible=False)
def _end(view: OutwardView) -> None:
    actor = require_user(Permission.OUTWARD_REFER)
    form = Form(f"{END}_form_{view.row.id}", {"id": view.row.id, "version": view.stored.version})
    form.notices()
    note("结束以后不再提醒跟进，写的都还在，不能再改。")
    with form_fields(form):
        with form.field("outcome") as key:
            outcome = st.selectbox("结果", list(OutwardOutcome), key=key, index=None, placeholder="请选",
                                   format_func=_label)  # fmt: skip
        with form.field("ended_on", clock.today()) as key:
            ended_on = day_field("哪天", key=key)
        with form.field("words", "") as key:
            words = st.text_area("怎么样了，学校接着做什么", key=key, height=96)
        saved, cancelled = buttons(form, f"结束{view.row.child}的转介", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        entry = OutwardEnding(outcome=outcome, ended_on=ended_on, words=words)
        finish(
            form,
            lambda session: outward_referrals.end_outward(
                session, actor, outward_id=view.row.id, version=form.version, entry=entry
            ),
            words="已结束。",
        )


def _label(value: Labelled) -> str:
    return value.label
