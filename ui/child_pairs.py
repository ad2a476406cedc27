"""结对: who helps a child, in which role and since when, and who did before."""

from collections.abc import Sequence

import streamlit as st

from db.transactions import reading
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.pairing import pair_lists
from services.pairing.pair_lists import PairRow, PairState
from services.student_files import StudentFile
from ui import formats, navigation
from ui.formats import plain
from ui.layout import act_list, act_row, note
from ui.states import PAIR


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw a child's pairs, those that go on first; each opens where it is changed or ended."""
    with reading() as session:
        found = pair_lists.list_child_pairs(session, actor, student_id=file.id)
    over = [each for each in found if each.state is PairState.ENDED]
    now = [each for each in found if each.state is not PairState.ENDED]
    with act_list("现在的帮扶人"):
        _draw_rows(now)
        if not now:
            note("现在没有人和这个孩子结对。")
        if allows(actor, Permission.PAIRING_WRITE) and st.button(
            "去结对帮扶", key="child_pairs_all", icon=":material/diversity_1:", type="tertiary"
        ):
            st.switch_page(navigation.path_of("pairing"), query_params={"from": "child"})
    if over:
        with act_list("以前的帮扶人"):
            _draw_rows(over)


def _draw_rows(rows: Sequence[PairRow]) -> None:
    for each in rows:
        if act_row(
            plain(f"{each.role.label}：{each.helper}"), PAIR[each.state.value].badge(), _reason(each), "打开",
            key=f"child_pair_{each.id}",
        ):  # fmt: skip
            st.switch_page(navigation.path_of("pairing"), query_params={"pair": str(each.id)})


def _reason(row: PairRow) -> str:
    """教职工，9月1日起；12月1日结束，换了帮扶人."""
    today = clock.today()
    words = f"{row.helper_kind.label}，{formats.day(row.from_day, today=today)}起"
    if row.to_day is None:
        return words
    why = f"，{row.end_reason.label}" if row.end_reason else ""
    return f"{words}；{formats.day(row.to_day, today=today)}结束{why}"
