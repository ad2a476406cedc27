"""The dialog of one subsidy: writing it down, paying it, taking it back with the reason (J-14)."""

from typing import Any

import streamlit as st
from sqlmodel import Session

from db.transactions import reading
from services import clock
from services.access import Permission
from services.pairing import subsidies
from services.pairing.subsidies import SubsidyRow, SubsidyState
from ui import formats
from ui.dialog_parts import cancel_if, finish
from ui.dialogs import opened_about
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import DISCARD, leave_button, note
from ui.session import require_user
from ui.wording import day_field

SETTLE = "subsidy_settle"
_PAY, _WRITE, _BACK = "pay", "write", "back"
_WORDS = {_PAY: "发", _WRITE: "改金额", _BACK: "收回"}
_ACTS = {
    SubsidyState.MISSING: (_WRITE,),
    SubsidyState.OWED: (_PAY, _WRITE, _BACK),
    SubsidyState.PAID: (_BACK,),
}


def draw_settle() -> None:
    """Draw the dialog of a subsidy, if it is open."""
    about = opened_about(SETTLE)
    if about:
        _settle(about[0], about[1])


@st.dialog("补助", dismissible=False)
def _settle(pairing_id: int, term_id: int) -> None:
    """Outside `st.form`: what is asked depends on what is done."""
    actor = require_user(Permission.SUBSIDY_WRITE)
    with reading() as session:
        row = subsidies.find_subsidy(session, actor, pairing_id=pairing_id, term_id=term_id)
    drawn = {
        "id": pairing_id * 1_000_000 + term_id, "version": row.version, "amount": _yuan(row.amount_fen),
        "note": row.note, "row": row,
    }  # fmt: skip
    form = Form(
        "subsidy_form", drawn, labels={"amount": "金额", "note": "备注"}, around={"row": "发了没有"}, show=_show
    )
    form.notices()
    frozen: SubsidyRow = form.drawn_from.values["row"]
    note(f"{row.helper}带{row.child}，{row.role.label}：{_state_words(frozen)}。")
    act = _choose_act(form, frozen.state)
    typed = _draw_fields(form, act)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        saved = st.button(plain(_button(act, frozen)), key=form.key("save"), type="primary")
    cancel_if(form, cancelled)
    if saved:

        def save(session: Session) -> None:
            if act == _WRITE:
                subsidies.save_subsidy(
                    session, actor, pairing_id=pairing_id, term_id=term_id, version=form.version,
                    amount=typed["amount"], note=typed["note"],
                )  # fmt: skip
            elif act == _PAY:
                subsidies.pay_subsidy(
                    session, actor, subsidy_id=frozen.subsidy_id or 0, version=form.version, day=typed["paid_on"]
                )
            else:
                subsidies.take_back_subsidy(
                    session, actor, subsidy_id=frozen.subsidy_id or 0, version=form.version, reason=typed["reason"]
                )

        finish(form, save)


def _choose_act(form: Form, state: SubsidyState) -> str:
    acts = _ACTS[state]
    if len(acts) == 1:
        return acts[0]
    with form.field("act", acts[0]) as key:
        chosen = st.segmented_control("做什么", acts, key=key, format_func=_WORDS.__getitem__, required=True, wrap=True)
    return chosen or acts[0]


def _draw_fields(form: Form, act: str) -> dict[str, Any]:  # what stands in the fields
    if act == _WRITE:
        with form.field("amount", "") as key:
            amount = st.text_input("这学期多少元", key=key, autocomplete="off")
        with form.field("note", "") as key:
            words = st.text_input("备注，可以空着", key=key, autocomplete="off")
        return {"amount": amount, "note": words}
    if act == _PAY:
        with form.field("paid_on", clock.today()) as key:
            return {"paid_on": day_field("哪天发的", key=key)}
    with form.field("reason", "") as key:
        return {"reason": st.text_input("为什么收回", key=key, autocomplete="off")}


def _button(act: str, row: SubsidyRow) -> str:
    amount = formats.money(row.amount_fen) if row.amount_fen is not None else ""
    return {_WRITE: "保存金额", _PAY: f"发了 {amount}", _BACK: f"收回 {amount}"}[act]


def _state_words(row: SubsidyRow) -> str:
    amount = f" {formats.money(row.amount_fen)}" if row.amount_fen is not None else ""
    return f"{row.state.label}{amount}"


def _yuan(fen: int | None) -> str | None:
    return f"{fen / 100:.2f}" if fen is not None else None


def _show(_field: str, value: Any) -> str:  # any field's value
    return _state_words(value) if isinstance(value, SubsidyRow) else shown(value)
