"""One work record on its page: what was written as far as the reader may, how it stood before, amending it."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.tables import CareChannel, CarePlace, NotReached
from db.transactions import reading, transaction
from services import record_prints, record_views, records
from services.access import Permission
from services.actors import Actor
from services.errors import DomainError
from services.record_kinds import KINDS, LABELS, WORDS
from services.record_views import EarlierText, RecordView, StoredRecord
from ui import navigation
from ui.asked import keep_asked
from ui.child_link import child_link
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import open_dialog, opened
from ui.form_drafts import FormDraft
from ui.formats import plain, plain_lines
from ui.forms import Form
from ui.layout import (
    DISCARD,
    KEEP,
    Action,
    flash,
    form_end,
    leave_button,
    note,
    page_header,
    refusal,
    side_box,
    side_column,
)
from ui.record_form import draw_fields, entry_of, helpers_of
from ui.record_words import (
    closed_line,
    counts_line,
    earlier_words,
    record_badge,
    record_reason,
    recorded_words,
    show_value,
)
from ui.referral_words import moment
from ui.session import require_user
from ui.word_file import print_act

_AMEND, _EDIT = "record_amend", "edit"
_WITHDRAW = "record_withdraw"
_READ = {
    "day": date.fromisoformat,
    "start_time": time.fromisoformat,
    "place": CarePlace,
    "channel": CareChannel,
    "not_reached": NotReached,
}


def open_one(actor: Actor, record_id: int) -> None:
    """Draw one record, or the form that amends it; reading somebody's words is noted."""
    try:
        with reading() as session:
            view = record_views.find_record(session, actor, record_id=record_id)
        if view.stored is not None and not view.is_opening_noted:
            with transaction() as session:
                record_views.note_opening(session, actor, record_id=record_id)
    except DomainError as error:
        refusal(error)
        return
    if st.query_params.get(_EDIT) and view.may_amend and view.stored is not None:
        _amend(actor, view, view.stored)
    else:
        _draw(actor, view)


def _draw(actor: Actor, view: RecordView) -> None:
    row = view.row
    acts = [Action("再记一次", "record_again", "add")]
    if view.may_amend:
        acts.append(Action("作废", "record_withdraw", "block", on_click=open_dialog, args=(_WITHDRAW, row.id)))
        acts.append(Action("改、补", "record_edit", "edit", is_primary=True, on_click=keep_asked, args=(_EDIT, "1")))
    clicked = page_header(row.kind.label, f"{row.child}，{row.class_label}。{record_reason(row)}。",
                          badges=[record_badge(row)], actions=acts)  # fmt: skip
    if clicked == "record_again":
        again = {"kind": row.kind.value, "student": str(row.student_id)}
        st.switch_page(navigation.path_of("record"), query_params=again)
    main, side = side_column(2.2)
    with main:
        if view.stored is None:
            with st.container(border=True):
                note(closed_line(row.kind), icon="lock")
        else:
            _draw_words(view, view.stored)
            _draw_earlier([each for each in view.earlier if not each.reason])
    with side, side_box("这一条"):
        note(recorded_words(row, view.imported_by))
        note(counts_line(row))
        if view.agreed_with:
            note(f"联系家里以前，和{view.agreed_with}说好。")
        child_link(actor, row.student_id, key="record_child")
        if view.stored is not None and not row.is_withdrawn:
            print_act(
                actor, "record_print", row.id, paper="记录", child=row.child,
                make=lambda session, who, purpose: record_prints.print_record(
                    session, who, record_id=row.id, purpose=purpose
                ),
            )  # fmt: skip
    if opened(_WITHDRAW, row.id) and view.may_amend and view.stored is not None:
        _withdraw(view.stored, row.child)


def _draw_words(view: RecordView, stored: StoredRecord) -> None:
    spec = KINDS[view.row.kind]
    with st.container(border=True):
        for each in view.earlier:
            if each.reason:  # what stood before a withdrawal stands here still
                who = each.ended_by or "命令行"
                note(f"为什么作废：{each.reason}（{who}，{moment(each.ended_at)}）", icon="block")
        told = [(spec.label(name), text) for name in WORDS if (text := getattr(stored, name))]
        for label, text in told:
            st.markdown(f":small[:gray[{plain(label)}]]  \n{plain_lines(text)}")
        if not told:
            note("没有写内容。")


def _draw_earlier(earlier: list[EarlierText]) -> None:
    """How it stood before: nothing that was written is lost."""
    for each in earlier:
        with st.expander(plain(f"{moment(each.ended_at)} {each.ended_by or '命令行'}改以前")):
            for label, text in earlier_words(each.content).items():
                st.markdown(f":small[:gray[{plain(label)}]]  \n{plain_lines(text)}")


def _amend(actor: Actor, view: RecordView, stored: StoredRecord) -> None:
    row = view.row
    line = "改以前写的留着，谁改的、什么时候改的都看得到。记的是哪一种、哪个孩子不能改。"
    page_header(f"改{row.child}的{row.kind.label}", line)
    helpers = helpers_of(actor, [row.student_id], stored)
    form = Form(f"{_AMEND}_{row.id}", stored, labels=LABELS, show=lambda name, value: _shown(helpers, name, value))
    draft = FormDraft(form, _AMEND, f"record:{row.id}", read=_read, about=(row.student_id,))
    draft.offer(actor)
    form.notices()
    draft.remind()
    with st.container(border=True):
        draw_fields(form, actor, row.kind, draft.keep, stored, helpers=helpers)
        with form_end(draft.line()):
            cancelled = leave_button(DISCARD, key=form.key("cancel"))
            submitted = st.button(plain(f"保存{row.child}的{row.kind.label}"), key=form.key("save"), type="primary",
                                  icon=":material/check:")  # fmt: skip
    if cancelled:
        draft.throw_away(actor)
        _back()
    if submitted:

        def save(session: Session) -> None:
            entry = entry_of(form, row.kind)
            records.amend_record(session, actor, record_id=row.id, version=form.version, entry=entry)
            draft.discard(session, actor)

        if form.save(save):
            draft.forget()
            flash("已保存，改以前的留着。")
            _back()


def _shown(helpers: Mapping[int, str], name: str, value: Any) -> str:  # any field's value
    return helpers.get(value, "") if name == "helper_id" else show_value(name, value)


def _back() -> None:
    keep_asked(_EDIT, None)
    st.rerun()


def _read(name: str, value: Any) -> Any:  # any field's value, as its draft keeps it
    return _READ[name](value) if name in _READ and value is not None else value


@st.dialog("作废这一条", dismissible=False)
def _withdraw(stored: StoredRecord, child: str) -> None:
    actor = require_user(Permission.RECORD_WRITE)
    drawn = {"id": stored.id, "version": stored.version}
    form = Form(f"{_WITHDRAW}_form_{stored.id}", drawn, labels={"reason": "为什么"})
    form.notices()
    note("作废的不算做过，写的还看得到，不能再改。写错孩子的：这里作废，再给对的孩子记一条。")
    with form_fields(form):
        with form.field("reason", "") as key:
            st.text_input("为什么作废", key=key, placeholder="例如：写到别的孩子名下了")
        saved, cancelled = buttons(form, f"作废{child}的这一条", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        reason = form.typed(["reason"])["reason"]
        finish(
            form,
            lambda session: records.withdraw_record(
                session, actor, record_id=stored.id, version=form.version, reason=reason
            ),
            words="已作废。",
        )
