"""Psychological archives and tiers: who stands where, whose is to be looked at again, one child's archive."""

import streamlit as st

from db.transactions import reading, transaction
from services import archive_lists, archives, tier_kinds, tier_views
from services.access import Permission, allows
from services.errors import NotFound
from ui import archive_list
from ui.archive_figures import draw_rates, draw_tiers
from ui.archive_view import draw_archive
from ui.asked import number_asked
from ui.child_link import child_link
from ui.layout import Action, page_header, refusal
from ui.session import require_user
from ui.tier_words import review_badge, tier_look
from ui.views import choose_view, chosen_view

actor = require_user(Permission.ARCHIVE_READ, Permission.TIER_NUMBERS)
sees_children = allows(actor, Permission.ARCHIVE_READ)
VIEWS = ({"list": "名单"} if sees_children else {}) | {"tiers": "分布和流动", "rates": "建档率"}
TITLE, LINE = "档案与分级", "每个孩子一份心理档案：在哪一级，什么时候复核，里面有什么、缺什么。"

with reading() as session:
    order = tier_kinds.list_tiers(session, actor)
if sees_children:
    archive_list.open_clicked()
chosen = number_asked("student") if sees_children else None
if chosen:
    try:
        with reading() as session:
            view = tier_views.find_archive(session, actor, student_id=chosen)
        if not view.is_opening_noted:
            with transaction() as session:
                archives.note_opening(session, actor, student_id=chosen)
    except NotFound as error:
        page_header(TITLE, LINE)
        refusal(error)
        st.stop()
    badges = [tier_look(view.row.tier, order).badge(), review_badge(view.row.review_on)]
    back = Action("回到清单", "archives_back", "arrow_back")
    clicked = page_header(
        f"{view.row.name}的心理档案", view.row.class_label, badges=[each for each in badges if each], actions=[back]
    )
    if clicked:
        del st.query_params["student"]
        st.rerun()
    draw_archive(actor, view, order)
    child_link(actor, view.row.student_id, key="archives_child")
    st.stop()

name = chosen_view(VIEWS, key="archives_view")
if name != "list":
    page_header(TITLE, LINE)
    choose_view(VIEWS, key="archives_view")
    draw_tiers(actor, order) if name == "tiers" else draw_rates(actor)
    st.stop()

with reading() as session:
    classes = archive_lists.list_archive_classes(session, actor)
filters = archive_list.read_filters(classes, order)
with reading() as session:
    count = archive_lists.count_archives(session, actor, filters=filters)
page_header(TITLE, LINE, actions=archive_list.begin_action(actor, count))
choose_view(VIEWS, key="archives_view")
archive_list.draw_filters(classes, order, count, sets_tiers=archive_lists.sets_tiers(actor))
archive_list.draw_list(actor, filters, count, order)
archive_list.draw_begin(actor, filters)
