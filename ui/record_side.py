"""Beside the form of a work record: what it counts for, who reads it, what was written lately, and what to do first."""

from collections.abc import Sequence

import streamlit as st

from db.tables import CareKind
from services.record_kinds import KINDS
from services.record_views import RecordRow
from ui import formats, navigation
from ui.child_picker import Picked
from ui.layout import note, side_box
from ui.record_words import HELPER_COUNTS, RESTRICTED_LINE, record_reason
from ui.states import RECORD


def draw_side(kind: CareKind, child: Picked, earlier: Sequence[RecordRow], *, is_for_helper: bool) -> None:
    """Draw what follows from the entry, what to do when a child tells of harm, and the last records."""
    spec = KINDS[kind]
    with side_box("保存以后"):
        for each in [HELPER_COUNTS] if is_for_helper else [f"算在：{each}" for each in spec.counts_for]:
            note(each, icon="check")
        note("没做成的只记下来，不算做过。", icon="call_missed")
        note(RESTRICTED_LINE if spec.is_restricted else "内容只有您自己和关爱室能看。", icon="lock")
    with side_box("孩子说到被伤害"):
        note("身边不要离人。先报 110，告诉关爱室负责人，不要先告诉家里；再登记受理，打开“疑似侵害”。")
        if st.button("登记受理", key="record_refer", icon=":material/edit_note:", type="tertiary"):
            about = {"student": str(child.student_id)} if child.student_id else {}
            st.switch_page(navigation.path_of("intake"), query_params=about)
    if earlier:
        with side_box("孩子最近的记录" if child.student_id else "我最近记的"):
            for row in earlier:
                _draw_row(row, names_child=child.student_id is None)


def _draw_row(row: RecordRow, *, names_child: bool) -> None:
    look = RECORD["withdrawn" if row.is_withdrawn else "done" if row.is_done else "tried"]
    name = f"{row.child}，" if names_child else ""
    words = formats.plain(f"{name}{row.kind.label}")
    if st.button(words, key=f"record_recent_{row.id}", icon=f":material/{look.icon}:", type="tertiary"):
        st.switch_page(navigation.path_of("record"), query_params={"record": str(row.id)})
    note(record_reason(row))
