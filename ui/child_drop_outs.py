"""控辍保学: the tab of a child's page: whether it comes to school, and what was done when it did not."""

import streamlit as st

from db.tables import EnrolmentState
from db.transactions import reading
from services import drop_out_views
from services.actors import Actor
from services.student_files import StudentFile
from services.students import LEFT_SCHOOL
from ui import navigation
from ui.dialogs import open_dialog, opened
from ui.drop_out_dialogs import NEW, notice
from ui.drop_out_panel import draw_view
from ui.drop_out_words import row_badge, row_words
from ui.layout import Action, act_list, act_row, empty_state


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw what is open with its steps, then the times before."""
    with reading() as session:
        rows = drop_out_views.list_child_drop_outs(session, actor, student_id=file.id)
        current = next((row for row in rows if row.outcome is None), None)
        view = drop_out_views.find_drop_out(session, actor, drop_out_id=current.id) if current else None
    may_notice = file.may_write and file.state not in LEFT_SCHOOL - {EnrolmentState.DROPPED_OUT}
    act = Action("登记没来上学", NEW, "directions_walk", on_click=open_dialog, args=(NEW, file.id))
    if view is not None:
        draw_view(view, names_child=False)
    elif not rows:
        empty_state(
            "school", "没有登记过没来上学", "发现孩子没来、家里说不上学了，马上登记，教务处会去找。",
            actions=[act] if may_notice else [],
        )  # fmt: skip
    elif may_notice:
        st.button("登记没来上学", key=NEW, icon=":material/directions_walk:", on_click=open_dialog, args=(NEW, file.id))
    before = [row for row in rows if row.outcome is not None]
    if before:
        with act_list("以前"):
            for row in before:
                if act_row("没来上学", row_badge(row), row_words(row), "打开", key=f"child_drop_out_{row.id}"):
                    st.switch_page(navigation.path_of("drop_outs"), query_params={"case": str(row.id)})
    if view is None and may_notice and opened(NEW, file.id):
        notice(file)
