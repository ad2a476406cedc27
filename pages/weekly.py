"""The leadership group's week: what went wrong first, last week beside each number, the list behind it."""

import streamlit as st

from db.transactions import reading
from services import review_lists, reviews
from services.access import Permission, allows
from ui import navigation, weekly_board, weekly_list
from ui.layout import page_header
from ui.session import require_user
from ui.week_freezing import freeze_weeks

actor = require_user(Permission.REVIEW_READ)
if (student_id := weekly_list.child_clicked()) is not None and allows(actor, Permission.STUDENT_READ):
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
weekly_board.open_clicked()
first_day = weekly_board.week_asked()

if what := st.query_params.get("list"):
    with reading() as session:
        found = review_lists.list_lines(
            session,
            actor,
            what=what,
            first_day=first_day,
            page=weekly_list.page_number(),
            page_size=weekly_list.PAGE_SIZE,
        )
    if page_header(*weekly_list.title_of(what, found, first_day), actions=[weekly_list.BACK]):
        weekly_list.close_list()
    weekly_list.draw_list(what, found)
    st.stop()

with reading() as session:
    review = reviews.find_review(session, actor, first_day=first_day)
if review.is_owed:
    freeze_weeks(actor)
    with reading() as session:
        review = reviews.find_review(session, actor, first_day=first_day)
page_header("领导小组周例会", weekly_board.line_of(review), actions=[weekly_board.PRINT_ACT])
weekly_board.draw_weeks(review)
weekly_board.draw_board(actor, review)
