"""Early-warning working groups: those around key children that one leads or sits in, and one of them."""

import streamlit as st

from db.transactions import reading
from services import tier_kinds, warning_group_views
from services.access import Permission, allows
from services.errors import NotFound
from ui import navigation
from ui.asked import number_asked
from ui.child_link import child_link
from ui.layout import Action, act_list, act_row, empty_state, page_header, refusal
from ui.session import require_user
from ui.states import GROUP
from ui.tier_words import tier_look
from ui.warning_panel import draw_group

actor = require_user(Permission.WARNING_READ)


def open_group(group_id: int) -> None:
    st.query_params["group"] = str(group_id)


chosen = number_asked("group")
clicked = page_header(
    "预警干预小组",
    "围着一个重点关爱的孩子的人：谁在里面，还缺谁。",
    actions=[Action("回到清单", "warning_back", "arrow_back")] if chosen else [],
)
if clicked:
    del st.query_params["group"]
    st.rerun()
if chosen:
    try:
        with reading() as session:
            order = tier_kinds.list_tiers(session, actor)
            view = warning_group_views.find_group(session, actor, group_id=chosen)
    except NotFound as error:
        refusal(error)
        st.stop()
    draw_group(view, order)
    child_link(actor, view.student_id, key="warning_child")
    if (
        allows(actor, Permission.ARCHIVE_READ)
        and view.may_write
        and st.button("打开心理档案", key="warning_archive", icon=":material/inventory_2:", type="tertiary")
    ):
        st.switch_page(navigation.path_of("archives"), query_params={"student": str(view.student_id)})
    st.stop()

with reading() as session:
    order = tier_kinds.list_tiers(session, actor)
    groups = warning_group_views.list_groups(session, actor)
if not groups:
    leads = allows(actor, Permission.WARNING_WRITE)
    empty_state(
        "diversity_3",
        "还没有小组" if leads else "没有您参加的小组",
        "在最重的两级的孩子，打开心理档案，点“成立小组”。" if leads else "关爱室请您参加哪个孩子的小组，会出现在这里。",
    )
else:
    with act_list():
        for each in groups:
            badge = (
                f"{tier_look(each.tier, order).badge()} {GROUP['incomplete' if each.missing else 'complete'].badge()}"
            )
            missing = f"缺{'、'.join(role.label for role in each.missing)}" if each.missing else f"{len(each.seats)} 人"
            act_row(
                f"{each.child}，{each.class_label}", badge, missing, "打开", key=f"warning_open_{each.id}",
                on_click=open_group, args=(each.id,),
            )  # fmt: skip
