"""工作记录: the tab of a child's page: every contact the reader may know of, the newest first."""

import streamlit as st

from db.transactions import reading
from services import record_views
from services.actors import Actor
from services.record_views import PAGE_SIZE
from services.student_files import StudentFile
from ui import navigation
from ui.layout import Action, act_list, act_row, empty_state
from ui.record_words import closed_line, record_badge, record_reason, record_title
from ui.tables import page_asked, paging_line

_PAGE = "child_records_page"


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw the records; a button only where there is something to read."""
    with reading() as session:
        shown = record_views.list_child_records(session, actor, student_id=file.id, page=page_asked(_PAGE))
    if not shown.rows:
        # Not "there is none": others' records may be there unseen.
        if empty_state("forum", "这里没有您能看到的工作记录", f"和{file.name}谈过、家访过，当天记下，一分钟。",
                       actions=[Action("记一次", "child_record_first", icon="add")]):  # fmt: skip
            write_record(file.id)
        return
    with act_list():
        for row in shown.rows:
            reason = record_reason(row) if row.may_read else f"{record_reason(row)}；{closed_line(row.kind)}"
            if act_row(record_title(row), record_badge(row), reason, "打开" if row.may_read else None,
                       key=f"child_record_{row.id}"):  # fmt: skip
                st.switch_page(navigation.path_of("record"), query_params={"record": str(row.id)})
    paging_line(_PAGE, total=shown.total, unit="条", page_size=PAGE_SIZE)


def write_record(student_id: int | None = None, kind: str = "talk") -> None:
    """Open the form of a work record, with this child chosen."""
    about = {"kind": kind} | ({"student": str(student_id)} if student_id else {})
    st.switch_page(navigation.path_of("record"), query_params=about)
