"""How far the contact cards are, class by class: below the register, when somebody asks."""

import streamlit as st

from db.transactions import reading
from services import student_lists
from services.access import Permission, allows
from services.actors import Actor
from services.student_lists import StudentFilters
from ui.class_cards_dialog import OPEN
from ui.dialogs import open_dialog
from ui.layout import note
from ui.tables import data_table


def draw_cards_by_class(actor: Actor, filters: StudentFilters) -> None:
    """Draw the counts of the children filtered; read only while they are open."""
    box = st.expander("各班联系卡", icon=":material/contact_page:", key="students_cards", on_change="rerun")
    if not box.open:
        return
    with reading() as session:
        counts = student_lists.count_cards_by_class(session, actor, filters=filters)
    rows = [
        {
            "class": each.class_label,
            "done": f"{each.complete} / {each.children} 人",
            "share": 100 * each.complete / each.children,
        }
        for each in counts
    ]
    columns = {
        "class": st.column_config.TextColumn("班级", width=120),
        "done": st.column_config.TextColumn("齐全", width=130, alignment="right"),
        "share": st.column_config.ProgressColumn("齐全的", min_value=0, max_value=100, format="%d%%", width=260),
    }
    complete, children = sum(each.complete for each in counts), sum(each.children for each in counts)
    with box:
        note(f"上面选的 {children:,} 个孩子里，{complete:,} 个的联系卡 14 项齐全。")
        if allows(actor, Permission.STUDENT_EXPORT):
            st.button("打印一个班的联系卡", key="students_print_cards", icon=":material/print:",
                      on_click=open_dialog, args=(OPEN,))  # fmt: skip
        data_table(rows, columns, key="students_cards_table", alt=f"各班联系卡，齐全 {complete} 人，共 {children} 人。")
