"""How a summary or an evaluation stood before it was amended, as dialogs."""

import streamlit as st

from db.transactions import reading
from services import clock, evaluation_views, summary_views
from services.access import Permission
from services.evaluation_views import Said
from ui import formats
from ui.dialogs import close_dialog, open_dialog, opened_about
from ui.formats import plain, plain_lines
from ui.layout import CLOSE, labelled_words, leave_button, note
from ui.referral_words import moment
from ui.session import require_user

SUMMARY, EVALUATION = "summary_versions", "evaluation_versions"
_COMMAND_LINE = "信息老师在服务器上"


def versions_act(dialog: str, record_id: int) -> None:
    """Draw the button that shows how a paper stood before."""
    st.button("以前的样子", key=f"{dialog}_{record_id}", icon=":material/history:", type="tertiary",
              on_click=open_dialog, args=(dialog, record_id))  # fmt: skip


def draw_opened() -> None:
    """Draw whichever of them is open."""
    if about := opened_about(SUMMARY):
        _show_summary(about[0])
    elif about := opened_about(EVALUATION):
        _show_evaluation(about[0])


@st.dialog("阶段性总结以前的样子", dismissible=False)
def _show_summary(summary_id: int) -> None:
    actor = require_user(Permission.CASE_READ, Permission.ABUSE_HANDLE)
    with reading() as session:
        versions = summary_views.list_summary_versions(session, actor, summary_id=summary_id)
    for version in versions:
        with st.expander(plain(f"{moment(version.ended_at)}，{version.ended_by or _COMMAND_LINE}改了")):
            days = formats.day_range(version.from_on, version.to_on, today=clock.today())
            note(f"下面是改以前的样子。{days}")
            labelled_words("有什么变化", version.changed)
            labelled_words("下一步", version.next_steps)
    _close("summary_versions_close")


@st.dialog("效果评估以前的样子", dismissible=False)
def _show_evaluation(evaluation_id: int) -> None:
    actor = require_user(Permission.CASE_READ, Permission.ABUSE_HANDLE)
    with reading() as session:
        versions = evaluation_views.list_evaluation_versions(session, actor, evaluation_id=evaluation_id)
    for version in versions:
        with st.expander(plain(f"{moment(version.ended_at)}，{version.ended_by or _COMMAND_LINE}改了")):
            note(f"下面是改以前的样子。{version.moment.label}")
            for said in version.said:
                draw_said(said)
            labelled_words("所以怎么调整", version.conclusion)
    _close("evaluation_versions_close")


def draw_said(said: Said) -> None:
    """Draw one voice: who, the scores, the words, and who wrote it down."""
    scores = "，".join(f"{each.label} {score} 分" for each, score in said.scores.items())
    day = formats.day(said.said_on, today=clock.today())
    st.markdown(
        f"**{plain(said.voice.label)}** {plain(said.who)}  \n{plain_lines(said.words)}  \n"
        f":small[:gray[{plain(f'{scores}；{day}说的，{said.written_by}记')}]]"
    )


def _close(key: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if leave_button(CLOSE, key=key):
            close_dialog()
