"""The confidentiality pledge: read once a school year, accepted before anything about a child (A-03)."""

import streamlit as st

from db.transactions import reading, transaction
from services import clock, pledges
from services.access import Permission
from services.calendar import school_year_label
from services.errors import EditedMeanwhile
from ui import navigation
from ui.formats import clock as clock_words
from ui.formats import day, plain, plain_lines
from ui.forms import frozen, release
from ui.layout import flash, note, page_header
from ui.session import require_user, sign_out

actor = require_user(Permission.OWN_ACCOUNT)
READ, REWORDED = "care_pledge_read", "care_pledge_reworded"
WIDTH = 640

with reading() as session:
    own = pledges.find_own_pledge(session, actor)
year = school_year_label(own.school_year)
read = frozen(READ, own.wording)  # what stands on screen is what is accepted


def accept() -> None:
    try:
        with transaction() as session:
            pledges.accept_pledge(session, actor, version=read.version or 0)
    except EditedMeanwhile:
        st.session_state[REWORDED] = True
        release(READ)
        st.rerun()
    release(READ)
    flash("已记下您的承诺。")
    st.switch_page(navigation.path_of(navigation.HOME))


with (
    st.container(horizontal_alignment="center" if actor.must_pledge else "left"),
    st.container(width=WIDTH),
):
    if actor.must_pledge:
        st.space("small")
        page_header("先看一遍保密承诺", f"{year}。知道孩子的事以前，每位老师都要看过、点头。")
    else:
        page_header("保密承诺", f"{year}。每学年一次。")
    if st.session_state.pop(REWORDED, False):
        st.info("承诺的文字刚改过，还没有记下。请再看一遍。", icon=":material/info:")
    with st.container(border=True):
        st.markdown(plain_lines(own.accepted_body or read.values["body"]))
    if own.accepted_at is not None:
        moment = clock.local(own.accepted_at)
        when = f"{day(moment.date(), today=clock.today())} {clock_words(moment, clock.SCHOOL_ZONE)}"
        note(f"{actor.display_name}在{when}承诺过了。", icon="check_circle")
    elif not own.is_asked:
        note("您的岗位看不到孩子的内容，不用承诺。", icon="info")
    else:
        note("点头的时间会记下，和这一版文字一起留着。有不同意的地方，请先找关爱室负责人。")
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            st.button("退出登录", key="care_pledge_sign_out", type="tertiary", on_click=sign_out)
            label = plain(f"{actor.display_name}承诺做到")
            accepted = st.button(label, key="care_pledge_accept", type="primary", icon=":material/check:")
        if accepted:
            accept()
