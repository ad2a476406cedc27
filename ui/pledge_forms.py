"""View of the settings page: the pledge's wording, and who has not accepted it yet."""

import streamlit as st

from db.transactions import reading
from services import pledges
from services.actors import Actor
from services.calendar import school_year_label
from ui.formats import plain
from ui.forms import Form
from ui.layout import flash, form_end, note, side_box, side_column


def show_pledges(actor: Actor) -> None:
    """Draw the wording to edit, and this school year's acceptances beside it."""
    with reading() as session:
        wording = pledges.find_wording(session, actor)
        found = pledges.list_pledges(session, actor)
    left, right = side_column(1.9)
    with left, st.container(border=True):
        form = Form("pledge_text", {"id": 0, "version": wording.version, "body": wording.body}, labels={"body": "承诺"})
        form.notices()
        with form.field("body", "") as key:
            body = st.text_area("承诺的文字", key=key, height=420)
        note("每学年第一次打开孩子的内容以前，每位老师都要看过、点头。已经点头的人，留着当时的那一版。")
        with form_end():
            submitted = st.button("保存承诺", key="pledge_text_save", type="primary", icon=":material/check:")
    if submitted and form.save(lambda session: pledges.change_wording(session, actor, body=body, version=form.version)):
        flash("已保存。")
        st.rerun()
    with right, side_box(school_year_label(found.school_year)):
        st.markdown(plain(f"{found.accepted} 人已承诺，{len(found.waiting)} 人还没有。"))
        if found.waiting:
            note("、".join(found.waiting))
        else:
            note("都承诺过了。", icon="check_circle")
