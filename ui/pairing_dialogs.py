"""The dialogs of pairs: finding somebody for a child, what a pair is about, ending it, handing children over."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.base import Labelled
from db.tables import PairingEnd, PairingRole
from db.transactions import reading
from services import clock, students
from services.access import Permission
from services.actors import Actor
from services.errors import FieldErrors, NotFound
from services.pairing import helper_lists, pair_lists, pairs
from services.pairing.helper_lists import HelperChoice
from services.pairing.pair_lists import PairRow
from services.pairing.pairs import HandOver, HandOverRefused, PairEntry, StoredPair
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import CLOSE, DISCARD, KEEP, leave_button, note
from ui.refusals import explain_alone
from ui.session import require_user
from ui.telling import tell
from ui.wording import day_field

START, CONTENT, END, HAND_OVER = "pairing_start", "pairing_content", "pairing_end", "pairing_hand_over"
_LABELS = {"role": "什么身份", "helper_id": "谁来帮", "from_day": "从哪天起", "content": "结对内容"}
_STAYS, _NOBODY = 0, -1
_ENDS_BY_HAND = (PairingEnd.HELPER_LEFT, PairingEnd.CHANGED, PairingEnd.NOT_FITTING, PairingEnd.DONE)


def draw_start(actor: Actor, role: PairingRole | None) -> None:
    """Draw the dialog that finds somebody for a child, if it is open; it begins with the kind looked for."""
    about = opened_about(START)
    if about:
        _start(actor, about[0], role)


def draw_of_pair(stored: StoredPair) -> None:
    """Draw the dialog that is open about a pair, if any."""
    if opened(CONTENT, stored.id):
        _change_content(stored)
    elif opened(END, stored.id):
        _end(stored)
    elif opened(HAND_OVER, stored.helper_id, stored.id):
        _hand_over(stored.helper_id, stored.id)


def draw_of_helper(helper_id: int) -> None:
    """Draw the dialog that hands all of a helper's children over, if it is open."""
    if opened(HAND_OVER, helper_id):
        _hand_over(helper_id, None)


@st.dialog("结对", dismissible=False)
def _start(actor: Actor, student_id: int, role: PairingRole | None) -> None:
    """Outside `st.form`: who can be asked depends on the kind of pair."""
    try:
        with reading() as session:
            child = students.find_student(session, actor, student_id=student_id)
    except NotFound as error:  # merged into another, or in another class by now
        _say_gone(explain_alone(error))
        return
    form = Form("pairing_start_form", {"id": student_id}, labels=_LABELS, show=_show)
    form.notices()
    note(f"给{child.name}（{child.class_label}）找一个人。带满了、没审核、培训过期的不在单子里。")
    with form.field("role", role) as key:
        chosen = st.selectbox(
            "什么身份", list(PairingRole), key=key, index=None, placeholder="请选", format_func=_label
        )
    choices = _choices(actor, chosen)
    _begin_again_where_gone(form, "helper_id", choices)
    with form.field("helper_id") as key:
        st.selectbox(
            "谁来帮", list(choices), key=key, index=None, format_func=lambda each: choices.get(each, ""),
            placeholder="请选" if choices or chosen is None else "没有能带的人，先到“帮扶人”里登记",
        )  # fmt: skip
    with form.field("from_day", clock.today()) as key:
        day_field("从哪天起", key=key)
    with form.field("content", "") as key:
        st.text_area("结对内容：帮什么、多久一次，可以先空着", key=key, height=96)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        saved = st.button(plain(f"给{child.name}结对"), key=form.key("save"), type="primary")
    cancel_if(form, cancelled)
    if saved:
        actor = require_user(Permission.PAIRING_WRITE)
        entry = PairEntry(student_id=student_id, **form.typed(_LABELS))
        finish(form, lambda session: pairs.start_pair(session, actor, entry=entry), words=f"{child.name}结好对了。")


@st.dialog("改结对内容", dismissible=False)
def _change_content(stored: StoredPair) -> None:
    actor = require_user(Permission.PAIRING_WRITE)
    form = Form("pairing_content_form", stored, labels={"content": "结对内容"})
    form.notices()
    with form_fields(form):
        with form.field("content", "") as key:
            content = st.text_area("结对内容：帮什么、怎么帮、多久一次", key=key, height=160)
        saved, cancelled = buttons(form, f"保存{stored.child}的结对内容")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: pairs.change_pair(
                session, actor, pairing_id=stored.id, version=form.version, content=content
            ),
        )


@st.dialog("结束结对", dismissible=False)
def _end(stored: StoredPair) -> None:
    actor = require_user(Permission.PAIRING_WRITE)
    form = Form("pairing_end_form", stored, around={"to_day": "结束的日子"}, show=_show)
    form.notices()
    note("那一天起就不算了；以前的记录都留着。登记错了的，从开始那天起就不算。要换人接着帮，用“交给别人”。")
    with form_fields(form):
        with form.field("reason") as key:
            reason = st.pills("为什么结束", list(PairingEnd), key=key, format_func=_label, wrap=True)
        with form.field("day", clock.today()) as key:
            day = day_field("从哪天起不算", key=key)
        with form.field("words", "") as key:
            words = st.text_input("说明，可以空着", key=key, autocomplete="off")
        saved, cancelled = buttons(form, f"结束{stored.child}的这一对", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: pairs.end_pair(
                session, actor, pairing_id=stored.id, version=form.version, day=day, reason=reason, words=words
            ),
            words="已结束。",
        )


@st.dialog("交给别人", dismissible=False)
def _hand_over(helper_id: int, pairing_id: int | None) -> None:
    """Outside `st.form`: one choice can be taken for all."""
    actor = require_user(Permission.PAIRING_WRITE)
    with reading() as session:
        there = pair_lists.list_pairs_to_hand_over(session, actor, helper_id=helper_id)
    there = [(row, version) for row, version in there if pairing_id in (None, row.id)]
    form = Form("pairing_hand_over_form", {"id": pairing_id or -helper_id, "pairs": there})
    frozen: Sequence[tuple[PairRow, int]] = form.drawn_from.values["pairs"]
    if not frozen:
        _say_gone("现在没有能交出去的孩子：结对刚结束了，或不归您管。")
        return
    choices = {role: _choices(actor, role, except_id=helper_id) for role in {row.role for row, _ in frozen}}
    form.notices()
    note("那一天起换成新的人，旧的到那天为止；要么都交好，要么一个都不动。")
    with form.field("reason", PairingEnd.HELPER_LEFT) as key:
        reason = st.pills("为什么换", list(_ENDS_BY_HAND), key=key, format_func=_label, wrap=True)
    with form.field("day", clock.today()) as key:
        day = day_field("从哪天起换", key=key)
    if len(frozen) > 1:
        _draw_all(form, frozen, choices)
    for row, _ in frozen:
        _draw_move(form, row, choices[row.role], is_alone=len(frozen) == 1)
    with form.field("words", "") as key:
        words = st.text_input("说明，可以空着", key=key, autocomplete="off")
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(KEEP, key=form.key("cancel"))
        saved = st.button("都这样交", key=form.key("save"), type="primary")
    cancel_if(form, cancelled)
    if saved:
        moves = _moves(form, frozen)

        def act(session: Session) -> int:
            try:
                return pairs.hand_over(
                    session, actor, from_helper_id=helper_id, day=day, reason=reason, moves=moves, words=words
                )
            except HandOverRefused as error:  # each stands under its own child
                raise FieldErrors({f"to_{each}": problem for each, problem in error.problems.items()}) from None
            except FieldErrors as error:  # nobody is chosen: told where one chooses
                where = {"moves": "all" if len(frozen) > 1 else f"to_{frozen[0][0].id}"}
                raise FieldErrors({where.get(name, name): each for name, each in error.problems.items()}) from None

        finish(form, act, words="交好了。")


def _say_gone(words: str) -> None:
    note(words, icon="info")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if leave_button(CLOSE, key="pairing_gone"):
            close_dialog()


def _draw_all(form: Form, frozen: Sequence[tuple[PairRow, int]], choices: Mapping[PairingRole, Any]) -> None:
    everybody: dict[int, str] = {_STAYS: "各自选"}
    for offered in choices.values():
        everybody |= offered
    keys = {form.key(f"to_{row.id}"): set(choices[row.role]) for row, _ in frozen}
    with form.field("all", _STAYS) as key:
        st.selectbox(
            "一起交给", list(everybody), key=key, format_func=lambda each: everybody.get(each, ""),
            placeholder="请选", on_change=_fill, args=(key, keys),
        )  # fmt: skip


def _fill(key: str, fields: Mapping[str, set[int]]) -> None:
    chosen = st.session_state.get(key)
    for name, offered in fields.items():
        if chosen in offered:
            tell(name, chosen)


def _draw_move(form: Form, row: PairRow, choices: Mapping[int, str], *, is_alone: bool) -> None:
    name = f"to_{row.id}"
    offered = {**({} if is_alone else {_STAYS: "先不动"}), **choices, _NOBODY: "不再结对"}
    if st.session_state.get(form.key(name), _STAYS) not in offered and not is_alone:
        tell(form.key(name), _STAYS)
    with form.field(name, None if is_alone else _STAYS) as key:
        st.selectbox(
            plain(f"{row.child}，{row.class_label}，{row.role.label}"), list(offered), key=key,
            index=None if is_alone else 0, format_func=lambda each: offered.get(each, ""), placeholder="请选",
        )  # fmt: skip


def _moves(form: Form, frozen: Sequence[tuple[PairRow, int]]) -> list[HandOver]:
    """Return what is to be done with each child that doesn't stay where it is."""
    found = []
    for row, version in frozen:
        chosen = st.session_state.get(form.key(f"to_{row.id}")) or _STAYS
        if chosen != _STAYS:
            found.append(
                HandOver(pairing_id=row.id, version=version, to_helper_id=None if chosen == _NOBODY else chosen)
            )
    return found


def _choices(actor: Actor, role: PairingRole | None, *, except_id: int | None = None) -> dict[int, str]:
    if role is None:
        return {}
    with reading() as session:
        found = helper_lists.list_choices(session, actor, role=role, except_id=except_id)
    return {each.id: _choice_words(each) for each in found}


def _choice_words(each: HelperChoice) -> str:
    return f"{each.name}，{each.kind.label}，还能带 {each.room} 个"


def _begin_again_where_gone(form: Form, name: str, choices: Mapping[int, str]) -> None:
    """Take back who can't be asked for this kind of pair."""
    if st.session_state.get(form.key(name)) not in (None, *choices):
        tell(form.key(name), None)


def _label(value: Labelled) -> str:
    return value.label


def _show(_field: str, value: Any) -> str:  # any field's value
    return value.label if isinstance(value, Labelled) else shown(value)
