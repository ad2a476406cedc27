"""The filter row of the register; what is chosen stays in the address."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import streamlit as st

from db.tables import EnrolmentState
from services.student_lists import CategoryGroup, ClassName, StudentFilters, StudentOrder
from ui.asked import keep_asked
from ui.layout import filter_row
from ui.telling import tell, tell_again

PAGE = "students_page"
_GRADE, _CLASS, _CATEGORY = "students_grade", "students_class", "students_category"
_STATE, _ORDER = "students_state", "students_order"
_CARD, _INCOMPLETE = "students_card", "incomplete"
_AWAY, _STAYS_AWAY = "students_away", "staying_away"
_ADDRESS = {
    _AWAY: "away",
    _CARD: "card",
    _GRADE: "grade",
    _CLASS: "class",
    _CATEGORY: "category",
    _STATE: "state",
    _ORDER: "order",
}
_HERE = "here"
Choice = TypeVar("Choice", int, str)


def read_filters(classes: Sequence[ClassName]) -> tuple[StudentFilters, StudentOrder]:
    """Return what is chosen now: on the page, else in the address; nonsense counts as nothing."""
    _take(_GRADE, {str(each.grade): each.grade for each in classes}, 0)
    _take(_CLASS, {str(each.id): each.id for each in classes}, 0)
    _take(_CATEGORY, {each.value: each.value for each in CategoryGroup}, None)
    _take(_STATE, {each.value: each.value for each in EnrolmentState}, _HERE)
    _take(_ORDER, {each.value: each.value for each in StudentOrder}, StudentOrder.CLASS.value)
    _take(_CARD, {_INCOMPLETE: _INCOMPLETE}, None)
    _take(_AWAY, {_STAYS_AWAY: _STAYS_AWAY}, None)
    grade, class_id = st.session_state[_GRADE], st.session_state[_CLASS]
    if class_id and not any(each.id == class_id and grade in (0, each.grade) for each in classes):
        tell(_CLASS, class_id := 0)  # the class is of another grade than the one just chosen
    category, state = st.session_state[_CATEGORY], st.session_state[_STATE]
    filters = StudentFilters(
        grade=grade or None,
        class_id=class_id or None,
        category=CategoryGroup(category) if category in set(CategoryGroup) else None,
        state=EnrolmentState(state) if state in set(EnrolmentState) else None,
        lacks_card=st.session_state[_CARD] == _INCOMPLETE,
        stays_away=st.session_state[_AWAY] == _STAYS_AWAY,
    )
    order = st.session_state[_ORDER]
    return filters, StudentOrder(order) if order in set(StudentOrder) else StudentOrder.CLASS


def draw_filters(
    classes: Sequence[ClassName],
    counts: Mapping[CategoryGroup, int],
    *,
    incomplete_cards: int | None,
    staying_away: int | None,
) -> None:
    """Draw the row; pills only for who may see categories and contact cards, and where a child stays away."""
    grades = {each.grade: each.grade_label for each in classes}
    tell_again(*_ADDRESS)
    with filter_row():
        if len(grades) > 1:
            _select("年级", {0: "全部年级", **grades}, key=_GRADE, width=120)
        if len(classes) > 1:
            grade = st.session_state[_GRADE]
            shown = {each.id: each.label for each in classes if grade in (0, each.grade)}
            _select("班级", {0: "全部班级", **shown}, key=_CLASS, width=130)
        if counts:
            st.pills(
                "类别",
                [each.value for each in CategoryGroup],
                format_func=lambda value: f"{CategoryGroup(value).label} {counts[CategoryGroup(value)]}",
                key=_CATEGORY,
                on_change=_back_to_first_page,
                wrap=True,
            )
        if incomplete_cards is not None:
            st.pills(
                "联系卡",
                [_INCOMPLETE],
                format_func=lambda _: f"不全 {incomplete_cards:,}",
                key=_CARD,
                on_change=_back_to_first_page,
                wrap=True,
            )
        if staying_away or st.session_state[_AWAY]:
            st.pills(
                "到校",
                [_STAYS_AWAY],
                format_func=lambda _: f"没来上学 {staying_away or 0:,}",
                key=_AWAY,
                on_change=_back_to_first_page,
                wrap=True,
            )
        _select("学籍", {_HERE: "在册", **{each.value: each.label for each in EnrolmentState}}, key=_STATE, width=120)
        _select("排在前面的", {each.value: each.label for each in StudentOrder}, key=_ORDER, width=130)


def keep_in_address() -> None:
    """Write what is chosen into the address, so that reload and back lead here again."""
    usual = {
        _AWAY: None,
        _CARD: None,
        _GRADE: 0,
        _CLASS: 0,
        _CATEGORY: None,
        _STATE: _HERE,
        _ORDER: StudentOrder.CLASS.value,
    }
    for key, name in _ADDRESS.items():
        chosen = st.session_state.get(key)
        keep_asked(name, None if chosen == usual[key] else str(chosen))


def is_filtered(filters: StudentFilters) -> bool:
    """Whether anything but the whole register is asked for."""
    return filters != StudentFilters()


def clear_filters() -> None:
    """Show everybody again. For a button's `on_click`."""
    for key in _ADDRESS:
        st.session_state.pop(key, None)
    st.query_params.clear()


def _take(key: str, known: Mapping[str, Choice], usual: Choice | None) -> None:
    if key not in st.session_state:
        tell(key, known.get(st.query_params.get(_ADDRESS[key], ""), usual))
    elif st.session_state[key] not in (usual, *known.values()):  # a modified client sends what was never offered
        tell(key, usual)


def _select(label: str, options: Mapping[Choice, str], *, key: str, width: int) -> None:
    st.selectbox(
        label,
        list(options),
        format_func=options.__getitem__,
        key=key,
        width=width,
        on_change=_back_to_first_page,
        placeholder="请选",
    )


def _back_to_first_page() -> None:
    st.session_state[PAGE] = 1
