"""The 四特 children and when each was last seen for a check, as a table."""

from typing import Any

import streamlit as st

from db.transactions import reading
from services import clock, special_lists
from services.actors import Actor
from services.special_lists import SpecialChild
from ui import formats, navigation
from ui.categories import LEVELS
from ui.layout import note
from ui.states import SEEN_IN_CHECK
from ui.tables import StateColumn, data_table, opening_column, row_clicked

_CLICK, _SHOWN = "rounds_child", "care_rounds_children"


def draw_special_children(actor: Actor) -> None:
    """Draw every 四特 child whose class the actor goes through; a click opens the child's file."""
    if (student_id := row_clicked(_CLICK, _SHOWN)) is not None:
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
    with reading() as session:
        children = special_lists.list_special_children(session, actor)
    st.session_state[_SHOWN] = [each.student_id for each in children]
    st.markdown("**四特的孩子**")
    if not children:
        note("还没有登记四特的孩子。")
        return
    seen = sum(each.is_seen_now for each in children)
    st.caption(f"这季度见到 {seen} / {len(children)}；没见到的在前面。点姓名打开孩子的档案。")
    text = st.column_config.TextColumn
    data_table(
        [_row(each) for each in children],
        {
            "name": opening_column("姓名", key=_CLICK, width=110),
            "class": text("班级", width=110),
            "state": StateColumn("这季度", list(SEEN_IN_CHECK.values()), width=120),
            "kind": text("哪一类", width=120),
            "level": text("程度", width=110),
            "day": text("上一次见", width=130),
            "who": text("谁见的", width=110),
        },
        key=f"rounds_children_{hash(tuple(st.session_state[_SHOWN]))}",
        alt=f"{len(children)} 行四特的孩子，这季度见到 {seen} 行",
    )


def _row(child: SpecialChild) -> dict[str, Any]:  # cells of several types
    return {
        "name": child.name,
        "class": child.class_label,
        "state": [SEEN_IN_CHECK[child.is_seen_now].cell()],
        "kind": child.kind_name,
        "level": child.level_name or (LEVELS[child.level] if child.level else "还没有定级"),
        "day": formats.day(child.seen_on, today=clock.today()) if child.seen_on else "还没有",
        "who": child.seen_by,
    }
