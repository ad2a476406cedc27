"""Screening: rounds and how far each class is, whom to talk with, one child's results over time."""

import streamlit as st

from db.transactions import reading
from services.access import Permission, allows
from services.screening import coverage, results, rounds
from services.screening.results import ResultKind
from services.screening.rounds import RoundListing
from ui import navigation
from ui.asked import number_asked
from ui.dialogs import open_dialog
from ui.layout import Action, empty_state, filter_row, page_header
from ui.screening_child import draw_child, open_child
from ui.screening_dialogs import OPEN, draw_result_dialogs, draw_round_dialogs
from ui.screening_lists import (
    draw_coverage,
    draw_follow_ups,
    draw_look_after,
    draw_not_screened,
    draw_numbers,
    draw_results,
)
from ui.screening_rounds import round_chosen, round_line
from ui.session import require_user
from ui.tables import page_asked
from ui.views import begin_filter, choose_view, keep_filter

actor = require_user(Permission.SCREENING_READ, Permission.SCREENING_NUMBERS)
works = allows(actor, Permission.SCREENING_WRITE)

if works and (student_id := number_asked("student")):
    found = open_child(actor, student_id)
    if page_header(
        f"{found.child}的筛查结果", f"{found.class_label}。按时间从近到远。",
        actions=[Action("回到筛查", "screening_back", "arrow_back")],
    ):  # fmt: skip
        del st.query_params["student"]
        st.rerun()
    draw_child(actor, found)
    st.stop()

acts = []
if works:
    acts = [
        Action("开始一轮", "screening_open_ask", "play_arrow", False, open_dialog, (OPEN,)),
        Action("导入结果", "screening_import", "upload", is_primary=True),
    ]
clicked = page_header("心理筛查", "每学期一轮。谁测了，谁还没测，有提示的孩子按期限找人谈一谈。", actions=acts)
if clicked == "screening_import":
    st.switch_page(navigation.path_of("import_students"), query_params={"list": "screening"})

with reading() as session:
    listed = rounds.list_rounds(session, actor)
    due = results.list_to_follow_up(session, actor) if works else []
    looked_after = results.list_to_look_after(session, actor) if allows(actor, Permission.SCREENING_READ) else []
draw_look_after(looked_after)
if not listed:
    draw_round_dialogs(None)
    empty_state(
        "fact_check",
        "还没有筛查过",
        "从测评平台导出分数表，点“导入结果”。只收分数，不收答卷。" if works else "关爱室导入结果以后，这里会有。",
    )
    st.stop()


def draw_round(found: RoundListing) -> None:
    round_line(actor, found)
    with reading() as session:
        classes = coverage.list_coverage(session, actor, round_id=found.id)
    if not classes:
        empty_state("groups", "这一轮没有您的班", "那个学年的班级不在名册里，或者不归您看。")
        return
    chosen = draw_coverage(classes)
    labels = {each.class_id: each.label for each in classes}
    if chosen in labels:
        with reading() as session:
            children = coverage.list_not_screened(session, actor, round_id=found.id, class_id=chosen)
        draw_not_screened(labels[chosen], children)


def draw_table(found: RoundListing) -> None:
    kinds = {kind.value: kind for kind in ResultKind}
    with filter_row():
        begin_filter("screening_kind", "kind", kinds, usual=ResultKind.FLAGGED)
        kind = st.segmented_control("看哪些", list(ResultKind), key="screening_kind", required=True, wrap=True,
                                    format_func=lambda each: each.label, label_visibility="collapsed")  # fmt: skip
        keep_filter("screening_kind", "kind", kinds)
    key = "screening_results"
    with reading() as session:
        page = results.list_results(session, actor, round_id=found.id, kind=kind or ResultKind.FLAGGED,
                                    page=page_asked(f"{key}_page"))  # fmt: skip
    draw_results(page, key)


views = {"follow": f"要跟进 {len(due)}", "classes": "按班级", "results": "这一轮的结果"} if works else {}
view = choose_view(views, key="screening_view") if views else "classes"
if view == "follow":
    draw_round_dialogs(None)
    draw_result_dialogs(due)
    draw_follow_ups(due)
    st.stop()
chosen_round = round_chosen(listed)
draw_round_dialogs(chosen_round)
if not allows(actor, Permission.SCREENING_READ):
    with reading() as session:
        draw_numbers(chosen_round, coverage.find_numbers(session, actor, round_id=chosen_round.id))
elif view == "results":
    draw_table(chosen_round)
else:
    draw_round(chosen_round)
