"""For which children somebody is looked for: chosen above the suggestions, kept in the address."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from db.tables import PairingRole
from services.pairing.proposals import HelperToReplace, ProposalScope
from services.student_lists import ClassName
from ui.layout import filter_row
from ui.telling import tell
from ui.views import begin_filter, keep_filter

_ROLE, _WHERE, _WHO, _FROM = "suggest_role", "suggest_where", "suggest_who", "suggest_from"
_USUAL = PairingRole.MENTOR
_ROLES = {each.value: each for each in PairingRole if each is not _USUAL}
_WHOLE_SCHOOL, _GRADE, _CLASS = "", "grade-", "class-"
_FIRST, _ALL = "", "all"
_WHO_WORDS = {_FIRST: "留守、四特和困境的孩子", _ALL: "所有孩子"}
_WITHOUT = 0


def chosen_role() -> PairingRole:
    """Return the kind of pair that is asked about, from the filter or, on a fresh visit, from the address."""
    begin_filter(_ROLE, "role", _ROLES, usual=_USUAL)
    role: PairingRole = st.session_state[_ROLE]
    return role


def choose_scope(
    role: PairingRole, classes: Sequence[ClassName], helpers: Sequence[HelperToReplace], *, is_locked: bool
) -> ProposalScope:
    """Draw what can be chosen; locked while something on the table below is changed and not yet written."""
    places = _places(classes)
    known = {word: word for word in places if word != _WHOLE_SCHOOL}
    leaving = {each.id: f"{each.name}手上的 {each.children} 个" for each in helpers}
    froms = {str(each): each for each in leaving}
    begin_filter(_WHERE, "where", known, usual=_WHOLE_SCHOOL)
    begin_filter(_WHO, "who", {_ALL: _ALL}, usual=_FIRST)
    begin_filter(_FROM, "from", froms, usual=_WITHOUT)
    _begin_again_where_gone(_WHERE, places, _WHOLE_SCHOOL)
    _begin_again_where_gone(_FROM, leaving, _WITHOUT)
    with filter_row():
        st.selectbox("结成什么对", list(PairingRole), format_func=_label, key=_ROLE, width=210,
                     disabled=is_locked, placeholder="请选")  # fmt: skip
        origin = st.selectbox(
            "给谁找", [_WITHOUT, *leaving], key=_FROM, width=230, disabled=is_locked, placeholder="请选",
            format_func=lambda each: leaving.get(each, "还没有结这种对的"),
        )  # fmt: skip
        where = st.selectbox("年级或班级", list(places), format_func=places.__getitem__, key=_WHERE, width=150,
                             disabled=is_locked, placeholder="请选")  # fmt: skip
        who = st.selectbox("哪些孩子", list(_WHO_WORDS), format_func=_WHO_WORDS.__getitem__, key=_WHO, width=190,
                           disabled=is_locked or origin != _WITHOUT, placeholder="请选")  # fmt: skip
    keep_filter(_ROLE, "role", _ROLES)
    keep_filter(_WHERE, "where", known)
    keep_filter(_WHO, "who", {_ALL: _ALL})
    keep_filter(_FROM, "from", froms)
    return ProposalScope(
        role=role,
        grade=int(where.removeprefix(_GRADE)) if where.startswith(_GRADE) else None,
        class_id=int(where.removeprefix(_CLASS)) if where.startswith(_CLASS) else None,
        also_others=who == _ALL,
        from_helper_id=origin or None,
    )


def _places(classes: Sequence[ClassName]) -> Mapping[str, str]:
    grades = {f"{_GRADE}{each.grade}": each.grade_label for each in classes}
    return {_WHOLE_SCHOOL: "全校", **grades, **{f"{_CLASS}{each.id}": each.label for each in classes}}


def _begin_again_where_gone(key: str, known: Mapping[Any, str], usual: int | str) -> None:
    """Take the usual choice where what was chosen is offered no more: of another kind of pair a helper has nobody."""
    if st.session_state[key] not in known and st.session_state[key] != usual:
        tell(key, usual)


def _label(role: PairingRole) -> str:
    return role.label
