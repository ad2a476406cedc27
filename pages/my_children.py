"""我结对的孩子: whom one is paired with, what is due, and each duty month by month; recorded at one click."""

import streamlit as st

from db.transactions import reading
from services.access import Permission
from services.pairing import own_children
from ui import navigation
from ui.layout import Action, empty_state, note, page_header
from ui.own_children import PAGE, PAGE_SIZE, VIEW, draw_child
from ui.session import require_user
from ui.tables import current_page, paging_line
from ui.views import choose_view

actor = require_user(Permission.PAIRING_OWN)
acts = [Action("记一次", "my_children_record", "edit_square", is_primary=True)]
if page_header("我结对的孩子", "每个孩子要做什么、月月做了没有。做了当天记下来，点一下就能记。", actions=acts):
    st.switch_page(navigation.path_of("record"))
with reading() as session:
    found = own_children.list_own_children(session, actor)

children = found.own
if found.of_class:
    views = {"own": f"我的孩子 {len(found.own)}", "class": f"替人记的 {len(found.of_class)}"}
    order = ("own", "class") if found.own else ("class", "own")
    if choose_view({name: views[name] for name in order}, key=VIEW) == "class":
        children = found.of_class
        note("本班孩子的学习帮手、志愿者、家长、党员干部没有账号，他们做了什么，由班主任替他们记。")
if not children:
    empty_state("diversity_1", "现在没有和您结对的孩子", "要和孩子结对，请找关爱室负责人；结好的，当天就在这里。")
    st.stop()
page = current_page(PAGE, total=len(children), page_size=PAGE_SIZE)
for child in children[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
    draw_child(actor, child, found.months)
paging_line(PAGE, total=len(children), unit="个孩子", page_size=PAGE_SIZE)
