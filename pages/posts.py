"""Posts and groups: who answers for what, which groups there are, who stands in for whom."""

import streamlit as st

from db.transactions import reading
from services import answers, deputies, posts
from services.access import Permission, allows
from services.errors import NotFound
from ui.answer_table import SELECTED, choose_post, draw_vacant_elsewhere
from ui.dialogs import opened
from ui.group_forms import FOUND, found_action, found_group, show_groups
from ui.layout import note, page_header
from ui.post_forms import ADD, add_action, add_post, show_absences, show_post
from ui.session import require_user
from ui.views import choose_view, chosen_view

actor = require_user(Permission.POST_READ)

VIEWS = {"school": "全校的岗位", "places": "年级和班级", "groups": "小组", "absences": "谁代谁"}
may_write = allows(actor, Permission.POST_WRITE)
ACTIONS = {"school": add_action(), "places": add_action(), "groups": found_action()}

view = chosen_view(VIEWS, key="posts_view")
page_header(
    "岗位与小组",
    "谁负责什么，一眼看清。没有人的岗位，会列在负责人的工作台上。",
    actions=[ACTIONS[view]] if may_write and view in ACTIONS else [],
)
choose_view(VIEWS, key="posts_view")
match view:
    case "groups":
        show_groups(actor)
    case "absences":
        show_absences(actor, may_write=may_write)
    case _:
        with reading() as session:
            everything = answers.list_answers(session, actor)
            second = deputies.find_second_person(session, actor)
        shown = [answer for answer in everything if bool(answer.seat_label) is (view == "places")]
        chosen = choose_post(shown, opens=any(answer.post_id for answer in shown))
        if view == "school" and not chosen and second.user_id is None:
            note("还没有第二个人：要两个人点头的事（结案、免做、报销）会卡住。请给“第二个人”定一位领导。", icon="info")
        elif view == "school" and not chosen and second.is_default:
            note(f"没有另定第二个人，现在由{second.name}点头。", icon="info")
        if not chosen:
            other = "school" if view == "places" else "places"
            elsewhere = [answer for answer in everything if answer not in shown]
            draw_vacant_elsewhere(elsewhere, title=VIEWS[other], view=other, key="posts_view")
        else:
            try:
                with reading() as session:
                    detail = posts.find_post(session, actor, post_id=chosen)
            except NotFound:
                st.query_params.pop(SELECTED, None)
            else:
                seats = [answer for answer in everything if answer.post_id == chosen]
                show_post(actor, detail, seats, may_write=may_write)
if opened(ADD):
    add_post()
if opened(FOUND):
    found_group()
