"""The dialogs of screening: a round begun or ended, a talk noted, a result handed over."""

import streamlit as st

from db.transactions import reading
from services import clock
from services.access import Permission
from services.screening import follow_ups, rounds
from services.screening.known import known_scales
from services.screening.results import ResultRow
from services.screening.rounds import RoundListing
from ui import formats
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, open_dialog, opened, opened_about
from ui.forms import Form
from ui.layout import KEEP, flash, form_end, leave_button, note
from ui.session import require_user

OPEN, CLOSE, REOPEN = "screening_open", "screening_close", "screening_reopen"
CONTACT, HAND_OVER = "screening_contact", "screening_hand_over"


def draw_round_dialogs(found: RoundListing | None) -> None:
    """Draw the dialog about a round that is open, if one is."""
    if opened(OPEN):
        _open()
    if found is not None and opened(CLOSE, found.id):
        _close(found)


def draw_result_dialogs(rows: list[ResultRow]) -> None:
    """Draw the dialog about one of these results that is open, if one is."""
    for row in rows:
        for name, draw in ((CONTACT, _contact), (HAND_OVER, _hand_over)):
            if opened(name, row.id):
                draw(row)
                return


def ask(name: str, row_id: int) -> None:
    """Open a dialog about a result. For a button's `on_click`."""
    open_dialog(name, row_id)


def is_asking() -> bool:
    """Whether any dialog about a result is open."""
    return any(opened_about(name) is not None for name in (CONTACT, HAND_OVER))


@st.dialog("开始一轮筛查", icon=":material/fact_check:", dismissible=False)
def _open() -> None:
    actor = require_user(Permission.SCREENING_WRITE)
    form = Form("screening_open_form", labels={"scale": "用哪个量表"})
    form.notices()
    scales = known_scales()
    with form_fields(form):
        with form.field("scale") as key:
            scale = st.selectbox("用哪个量表", list(scales), key=key, index=None, placeholder="请选",
                                 format_func=lambda code: scales[code].name if code in scales else "")  # fmt: skip
        note("每学期每个量表一轮。直接导入结果，也会自己开一轮。测之前先问过家里，同意记在孩子的“同意和承诺”里。")
        saved, cancelled = buttons(form, "开始")
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: rounds.open_round(session, actor, scale=scale), words="这一轮开始了。")


@st.dialog("结束这一轮", dismissible=False)
def _close(found: RoundListing) -> None:
    actor = require_user(Permission.SCREENING_WRITE)
    form = Form("screening_close_form", found)
    form.notices()
    st.text(f"{found.label}，{found.results:,} 份结果。")
    note("结束以后不再往这一轮里导入；还没谈的孩子照样在工作台上。随时可以重开。")
    with form_end():
        if leave_button(KEEP, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        confirmed = st.button("结束", key=form.key("save"), type="primary")
    if confirmed and form.save(
        lambda session: rounds.close_round(session, actor, round_id=found.id, version=form.version or 0)
    ):
        flash("这一轮结束了。")
        close_dialog()


@st.dialog("记在已有的记录上", dismissible=False)
def _contact(row: ResultRow) -> None:
    actor = require_user(Permission.SCREENING_WRITE)
    with reading() as session:
        known = {each.id: each for each in follow_ups.list_contacts(session, actor, result_id=row.id)}
    form = Form(f"screening_contact_{row.id}", labels={"record": "哪一条记录"})
    form.notices()
    if not known:
        note("测过以后，还没有和这个孩子见面谈的记录。请先记一次谈话。")
    with form_fields(form):
        with form.field("record") as key:
            record_id = st.selectbox("哪一条记录", list(known), key=key, index=None, placeholder="请选",
                                     format_func=lambda number: _record_words(known, number))  # fmt: skip
        saved, cancelled = buttons(form, "就是这一条")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: follow_ups.note_contact(session, actor, result_id=row.id, record_id=record_id),
            words="记下了，这个孩子谈过了。",
        )


def _record_words(known: dict[int, follow_ups.KnownContact], number: int) -> str:
    each = known.get(number)
    return f"{formats.day(each.day, today=clock.today())} {each.kind.label}" if each else ""


@st.dialog("换一个人跟进", dismissible=False)
def _hand_over(row: ResultRow) -> None:
    actor = require_user(Permission.SCREENING_WRITE)
    with reading() as session:
        people = follow_ups.list_owners(session, actor)
    form = Form(f"screening_hand_{row.id}", {"id": row.id, "version": row.version, "owner": row.owner_id},
                labels={"owner": "谁跟进"})  # fmt: skip
    form.notices()
    st.text(f"{row.child}，{row.class_label}")
    with form_fields(form):
        with form.field("owner", row.owner_id if row.owner_id in people else None) as key:
            owner_id = st.selectbox("谁跟进", list(people), key=key, index=None, placeholder="请选",
                                    format_func=lambda number: people.get(number, ""))  # fmt: skip
        saved, cancelled = buttons(form, "换人")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: follow_ups.hand_over(
                session, actor, result_id=row.id, version=form.version or 0, owner_id=owner_id
            ),
            words="换好了。",
        )
