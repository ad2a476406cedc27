"""Children whom nobody helps yet, on screen: who needs it most first, each with the act that ends it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from db.tables import PairingRole
from db.transactions import reading
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.pairing import waiting
from services.pairing.waiting import PAGE_SIZE, WaitingChild, WaitingCount, WaitingFilters
from services.student_lists import CategoryGroup, ClassName
from ui import formats, navigation
from ui.dialogs import open_dialog
from ui.layout import Action, empty_state, filter_row
from ui.pairing_dialogs import START
from ui.pairing_filters import begin_place, choose, clear, draw_place, keep_place, pills
from ui.tables import TagColumn, current_page, data_table, opening_column, paging_line, row_clicked
from ui.views import begin_filter, keep_filter

_ROLE, _GROUP, _PAGE = "pairing_lack", "pairing_group", "pairing_waiting_page"
_NAME, _PAIR, _SHOWN = "pairing_waiting_open", "pairing_waiting_pair", "care_pairing_waiting"
_ROLES = {each.value: each for each in PairingRole}
_GROUPS = {each.value: each for each in CategoryGroup}


def open_clicked() -> None:
    """Open the child, or the dialog for it, that was just clicked."""
    if (student_id := row_clicked(_NAME, _SHOWN)) is not None:
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
    if (student_id := row_clicked(_PAIR, _SHOWN)) is not None:
        open_dialog(START, student_id)


def chosen_role() -> PairingRole | None:
    """Return the kind of pair that is looked for, with which the dialog begins."""
    role: PairingRole | None = st.session_state.get(_ROLE)
    return role


def draw_waiting(actor: Actor, classes: Sequence[ClassName]) -> None:
    """Draw the filters and one page of those who wait, or that nobody does."""
    grade, class_id = begin_place(classes)
    begin_filter(_ROLE, "lack", _ROLES)
    begin_filter(_GROUP, "group", _GROUPS)
    state = st.session_state
    filters = WaitingFilters(role=state.get(_ROLE), grade=grade, class_id=class_id, group=state.get(_GROUP))
    with reading() as session:
        count = waiting.count_waiting(session, actor, filters=filters)
        number = current_page(_PAGE, total=count.total, page_size=PAGE_SIZE)
        rows = waiting.list_waiting(session, actor, filters=filters, page=number, total=count.total)
    _draw_filters(classes, count)
    if not rows:
        _draw_nobody(filters, count)
        return
    state[_SHOWN] = [row.student_id for row in rows]
    data_table(
        [_row(row) for row in rows], _columns(actor), key="pairing_waiting_table",
        alt=f"还没有人结对的孩子，共 {count.total} 人。",
    )  # fmt: skip
    paging_line(_PAGE, total=count.total, unit="人", page_size=PAGE_SIZE)


def _draw_filters(classes: Sequence[ClassName], count: WaitingCount) -> None:
    with filter_row():
        choose("还缺谁", {each: each.label for each in PairingRole}, key=_ROLE, width=220, page=_PAGE,
               everything="一个人都没有")  # fmt: skip
        draw_place(classes, page=_PAGE)
        numbers = {each: f"{each.label} {count.by_group[each]:,}" for each in CategoryGroup}
        pills("先照顾谁", numbers, key=_GROUP, page=_PAGE)
    keep_place(classes)
    keep_filter(_ROLE, "lack", _ROLES)
    keep_filter(_GROUP, "group", _GROUPS)


def _draw_nobody(filters: WaitingFilters, count: WaitingCount) -> None:
    if filters == WaitingFilters():
        empty_state("task_alt", "每个孩子都有人结对", "有孩子新来，或有结对结束，没有人的会出现在这里。")
        return
    text = "换一种身份、班级，或看全部。" if count.everybody == 0 else "这一类里没有，点别的看看。"
    again = Action("看全部", "pairing_waiting_clear", on_click=clear, args=(_ROLE, _GROUP, _PAGE))
    empty_state("task_alt", "这里没有要找人的孩子", text, actions=[again])


def _row(row: WaitingChild) -> dict[str, Any]:
    return {
        "name": row.name,
        "class": row.class_label,
        "groups": [each.label for each in row.groups],
        "roles": _who(row),
        "pair": "结对",
    }


def _who(row: WaitingChild) -> str:
    now = "、".join(each.label for each in row.roles) or "没有人"
    later = "".join(f"；{formats.day(day, today=clock.today())}起有{role.label}" for role, day in row.agreed)
    return now + later


def _columns(actor: Actor) -> dict[str, Any]:  # configurations have no common public type
    text = st.column_config.TextColumn
    columns: dict[str, Any] = {"name": opening_column("姓名", key=_NAME, width=95)}
    if allows(actor, Permission.PAIRING_WRITE):  # second: on a phone the rest of a row is out of sight
        columns["pair"] = opening_column("找人", key=_PAIR, width=70)
    columns |= {
        "class": text("班级", width=95),
        "groups": TagColumn("先照顾", width=150),
        "roles": text("现在有谁", width=330),
    }
    return columns
