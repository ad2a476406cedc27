"""The filter row of the audit page; what is chosen stays in the address."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from services.access import Permission, allows
from services.actors import Actor
from services.audit_lists import AuditFilters, Person
from services.audit_words import AuditGroup
from ui.asked import number_asked
from ui.child_picker import clear_child, pick_child
from ui.layout import field_error, filter_row
from ui.telling import begin_with, tell_again
from ui.wording import day_field, number_field

PAGE = "audit_page"
STUDENT = "student"
_WHO, _GROUP, _FROM, _TO = "audit_who", "audit_group", "audit_from", "audit_to"
_CHILD, _CHILD_NUMBER = "audit_child", "audit_child_number"
_LAST_NUMBER = 999_999_999  # an address takes no longer one
_ADDRESS = {_WHO: "who", _GROUP: "group", _FROM: "from", _TO: "to"}


def read_filters(people: Sequence[Person]) -> AuditFilters:
    """Return what is chosen now: on the page, else in the address; nonsense there counts as nothing."""
    if _WHO not in st.session_state:
        asked = number_asked(_ADDRESS[_WHO]) or 0
        st.session_state[_WHO] = asked if any(each.id == asked for each in people) else 0
    if _GROUP not in st.session_state:
        asked_group = st.query_params.get(_ADDRESS[_GROUP], "")
        st.session_state[_GROUP] = asked_group if asked_group in list(AuditGroup) else ""
    for key in (_FROM, _TO):
        if key not in st.session_state:
            st.session_state[key] = _day(st.query_params.get(_ADDRESS[key], ""))
    group = st.session_state[_GROUP]
    return AuditFilters(
        actor_id=st.session_state[_WHO] or None,
        group=AuditGroup(group) if group else None,
        student_id=number_asked(STUDENT),
        first_day=st.session_state[_FROM],
        last_day=st.session_state[_TO],
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def draw_filters(actor: Actor, people: Sequence[Person]) -> None:
    """Draw the row: who, what, from when to when, and about which child."""
    tell_again(*_ADDRESS)
    with filter_row():
        if people:
            _select("谁", {0: "所有人", **{each.id: each.name for each in people}}, key=_WHO, width=150)
        _select("什么事", {"": "所有事", **{each.value: each.label for each in AuditGroup}}, key=_GROUP, width=150)
        for label, key in (("从", _FROM), ("到", _TO)):
            day_field(label, key=key, width=150, on_change=_back_to_first_page)
        if number_asked(STUDENT) is None:
            with st.popover("只看一个孩子", icon=":material/person_search:"):
                _draw_child(actor)


def _draw_child(actor: Actor) -> None:
    if allows(actor, Permission.STUDENT_READ):
        chosen = pick_child(_CHILD)
        if chosen.student_id is not None and number_asked(STUDENT) != chosen.student_id:
            st.query_params[STUDENT] = str(chosen.student_id)
            _back_to_first_page()
            st.rerun()
        return
    begin_with(_CHILD_NUMBER, None)
    typed = number_field("孩子的编号", key=_CHILD_NUMBER)
    if typed is not None and not (isinstance(typed, int) and 1 <= typed <= _LAST_NUMBER):
        field_error("编号是从 1 开始的整数，最多 9 位。请核对。")
    elif typed is not None and number_asked(STUDENT) != typed:
        st.query_params[STUDENT] = str(typed)
        _back_to_first_page()
        st.rerun()


def forget_child() -> None:
    """Show everybody's events again. For a button's `on_click`."""
    st.query_params.pop(STUDENT, None)
    clear_child(_CHILD)
    st.session_state.pop(_CHILD_NUMBER, None)
    _back_to_first_page()


def keep_in_address() -> None:
    """Write what is chosen into the address, so that reload and back lead here again."""
    for key, name in _ADDRESS.items():
        chosen = st.session_state.get(key)
        if not chosen:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(chosen):
            st.query_params[name] = str(chosen)


def _select(label: str, options: Mapping[int, str] | Mapping[str, str], *, key: str, width: int) -> None:
    st.selectbox(
        label, list(options), format_func=dict(options).__getitem__, key=key, width=width,
        on_change=_back_to_first_page, placeholder="请选",
    )  # fmt: skip


def _back_to_first_page() -> None:
    st.session_state[PAGE] = 1
