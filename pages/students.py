"""The student register: who is at the school, filtered, and the way to each child."""

import streamlit as st

from db.transactions import reading
from services import student_lists
from services.access import Permission, allows
from ui import navigation, register_filters
from ui.class_cards_dialog import OPEN as CARDS
from ui.class_cards_dialog import class_cards_dialog
from ui.class_list_dialog import OPEN as LISTS
from ui.class_list_dialog import class_list_dialog
from ui.dialogs import open_dialog, opened
from ui.layout import Action, empty_state, page_header
from ui.register_cards import draw_cards_by_class
from ui.register_table import draw_table, export_dialog, open_clicked
from ui.session import require_user
from ui.tables import current_page, paging_line

actor = require_user(Permission.STUDENT_READ)
FROM = {"from": "students"}  # so that the way back is known from the menu's, see ui/way_back
open_clicked()

with reading() as session:
    classes = student_lists.list_register_classes(session, actor)
filters, order = register_filters.read_filters(classes)
with reading() as session:
    counts = student_lists.count_categories(session, actor, filters=filters)
    found = student_lists.count_students(session, actor, filters=filters)
total, incomplete, away = found.total, found.incomplete_cards, found.staying_away

is_empty = not total and not register_filters.is_filtered(filters)
add = Action("新增学生", "students_add", "person_add", is_primary=True)
bring = Action("导入名册", "students_import", "upload")
may_add = allows(actor, Permission.STUDENT_WRITE)
may_import = allows(actor, Permission.STUDENT_IMPORT) and navigation.has_page("import_students")
acts = [bring] if may_import else []
if allows(actor, Permission.YEAR_CHANGE):
    acts.append(Action("升年级", "students_new_year", "moving"))
if allows(actor, Permission.STUDENT_EXPORT):
    acts.append(Action("导出这张表", "students_export", "download", on_click=open_dialog, args=("export_students",)))
    if student_lists.shows_cards(actor):
        acts.append(Action("班级五张表", "students_lists", "grid_on", on_click=open_dialog, args=(LISTS,)))
if may_add:
    acts.append(add)
# Of an empty register nothing is to be exported or moved up; what fills it stands in the middle.
clicked = page_header("学生名册", "点姓名打开，改动都会记下是谁改的。", actions=[] if is_empty else acts)

if total or register_filters.is_filtered(filters):
    register_filters.draw_filters(classes, counts, incomplete_cards=incomplete, staying_away=away)

if total:
    size, key = student_lists.PAGE_SIZE, register_filters.PAGE
    number = current_page(key, total=total, page_size=size)
    with reading() as session:
        page = student_lists.list_students(
            session, actor, filters=filters, order=order, page=number, page_size=size, total=total
        )
    draw_table(page)
    paging_line(key, total=total, unit="人", page_size=size)
    if incomplete is not None:
        draw_cards_by_class(actor, filters)
elif register_filters.is_filtered(filters):
    everybody = Action("看全部", "students_clear", on_click=register_filters.clear_filters)
    empty_state("search_off", "没有这样的学生", "换一个班级、类别或学籍看看。", actions=[everybody])
elif may_add:
    first = [
        Action(each.label, f"{each.key}_first", each.icon, is_primary=each is bring or not may_import)
        for each in (bring, add)
    ]
    clicked = clicked or empty_state(
        "groups", "名册里还没有学生",
        "可以导入学校现有的名册，一次就好；也可以一个一个加。", actions=first if may_import else first[1:],
    )  # fmt: skip
else:
    empty_state("groups", "还没有归您看的学生", "班级和结对由关爱室负责人安排，安排好会出现在这里。")
register_filters.keep_in_address()

if clicked and clicked.startswith("students_add"):
    st.switch_page(navigation.path_of("student_edit"), query_params=FROM)
if clicked == "students_new_year":
    st.switch_page(navigation.path_of("new_year"), query_params=FROM)
if clicked and clicked.startswith("students_import"):
    st.switch_page(navigation.path_of("import_students"), query_params=FROM)
if opened("export_students"):
    export_dialog(filters, total)
if opened(LISTS) or opened(CARDS):
    with reading() as session:
        own = student_lists.list_writable_classes(session, actor)
    class_list_dialog(own) if opened(LISTS) else class_cards_dialog(own)
