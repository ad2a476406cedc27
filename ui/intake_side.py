"""Beside the form of a referral: what follows from it, the child, and whom to call first."""

from collections.abc import Sequence

import streamlit as st

from services import clock
from services.category_lists import CategoryEntry
from services.intake_side import EarlierReferral, ParentsStep, WhatFollows
from ui import formats, navigation
from ui.categories import category_badge
from ui.child_picker import Picked
from ui.layout import facts, note, side_box
from ui.referral_words import CHANNELS, CLAUSES, DANGER_NUMBERS, due_words
from ui.states import REFERRAL

_PARENTS = {
    ParentsStep.AFTER_ASSESSMENT: "评估后再决定怎么说",
    ParentsStep.REPLY: "等我们答复",
    ParentsStep.STOPPED: "先不联系家长",
}


def draw_what_follows(told: WhatFollows, *, teacher: str | None, shows_clauses: bool) -> None:
    """Say who takes it, by when, and to whom they mean something which clauses it proves."""
    with side_box("登记以后"):
        post = "关爱室负责人" if told.owner_is_lead else "专职心理教师"
        rows = {"谁接手": f"{told.owner_name}，{post}" if told.owner_name else "还没有人接，会提醒负责人"}
        rows["评估"] = due_words(told.assessment_due_at) if told.assessment_due_at else "当场答复，不再评估"
        if told.reply_due_at:
            rows["答复"] = due_words(told.reply_due_at)
        if told.feedback_due_at:
            rows["反馈"] = f"{teacher or '转介教师'}，{due_words(told.feedback_due_at)}"
        rows["家长"] = _PARENTS[told.parents]
        facts(rows, alt="登记以后谁接手、什么时候到期")
        if told.parents is ParentsStep.STOPPED:
            note("马上当面告诉关爱室负责人，由负责人报警、报告教育局。不要自己问孩子细节。", icon="call")
        note("时间按学校日历算，周末和假日不算。着急的当天算。")
        if shows_clauses and told.proves:
            note(f"可作凭据：{'、'.join(CLAUSES[clause] for clause in told.proves)}。", icon="check_circle")
        if shows_clauses and told.proves_not:
            note(f"还不算：{'、'.join(CLAUSES[clause] for clause in told.proves_not)}。", icon="schedule")
        if told.noticed_late:
            note("发现以后过了该转介的时间，照实记下来就好。", icon="history")


def draw_child(picked: Picked, categories: Sequence[CategoryEntry], earlier: EarlierReferral | None) -> None:
    """Say what is known of the child, when somebody last spoke of it, and lead to its file."""
    with side_box("这个孩子"):
        if categories:
            st.markdown(" ".join(category_badge(each) for each in categories))
        if earlier is None:
            st.markdown(f"{formats.plain(picked.name)}以前没有受理过。")
        else:
            day = formats.day(clock.local(earlier.received_at).date(), today=clock.today())
            state = REFERRAL[earlier.state.value].word
            st.markdown(f"上次受理在 {day}，{CHANNELS[earlier.channel]}，{state}。")
        if st.button(formats.plain(f"打开{picked.name}的档案"), key="intake_open_child", icon=":material/folder_open:"):
            st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(picked.student_id)})


_WHILE_REGISTERING = "先打电话，再回来记。选“有危险”，当天必须评估，负责人马上看到。"


def draw_danger(then: str = _WHILE_REGISTERING) -> None:
    """Say whom to call before anything else is done, and what comes `then`."""
    with side_box("有危险，先救人", badge=f":red-badge[:material/call: {DANGER_NUMBERS}]"):
        st.markdown(f"身边不要离人，{then}")
