"""The dialogs about a conference: when, where and who; how its record stood before; and the minutes on paper."""

from datetime import time
from typing import Any

import streamlit as st

from db.transactions import reading
from services import conference_prints, conference_views, conferences
from services.access import Permission
from services.account_lists import StaffName
from services.actors import Actor
from services.cases import CaseView
from services.conference_people import LEAST_PARTICIPANTS
from services.conference_views import ConferenceView
from services.conferences import PlanEntry
from ui import decision_dialogs, formats
from ui.assessment_form import names_typed, with_roles
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, opened, opened_about
from ui.forms import Form, shown
from ui.layout import CLOSE, leave_button, note
from ui.referral_words import due_words, moment
from ui.session import require_user
from ui.telling import keep_to
from ui.word_file import offer_word, word_of
from ui.wording import day_field

PLANNING, VERSIONS, PRINTING = "conference_plan", "conference_versions", "conference_print"
_LABELS = {
    "planned_on": "哪天开", "planned_time": "几点", "place": "在哪里", "participants": "请谁", "guests": "还请谁",
}  # fmt: skip
_COMMAND_LINE = "信息老师在服务器上"


def draw_opened(actor: Actor, view: CaseView, conference: ConferenceView) -> None:
    """Draw the dialog that is open about this conference, if any."""
    if opened(PLANNING, conference.id) and conference.may_write:
        _plan(view, conference)
    elif opened(VERSIONS, conference.id):
        _show_versions(conference)
    elif opened(PRINTING, conference.id) and conference.may_write:
        _print(view, conference)
    elif (about := opened_about(decision_dialogs.EDITING, conference.id)) and conference.may_write:
        decision_dialogs.edit(view.row.child, conference, about[0])
    else:
        decision_dialogs.draw_opened(actor)


@st.dialog("定时间、地点和人", dismissible=False)
def _plan(view: CaseView, conference: ConferenceView) -> None:
    actor = require_user(Permission.CASE_READ)
    with reading() as session:
        people = conference_views.list_people_to_ask(session, actor, conference_id=conference.id)
    form = Form(f"conference_plan_form_{conference.id}", conference.stored, labels=_LABELS,
                show=lambda name, value: _show(people, name, value))  # fmt: skip
    form.notices()
    step = view.row.conference
    note(f"{f'最晚 {due_words(step.due_at)}。' if step else ''}请的人在工作台上看得到时间和地点，看不到个案写了什么。")
    with form_fields(form):
        left, right = st.columns(2)
        with left, form.field("planned_on") as key:
            planned_on = day_field("哪天开，还没定就空着", key=key)
        with right, form.field("planned_time") as key:
            at = st.time_input("几点", key=key, step=300, value=None)
        with form.field("place", "") as key:
            place = st.text_input("在哪里", key=key, autocomplete="off", placeholder="例如：三楼小会议室")
        participants = _ask_people(form, people, is_protected=conference.is_protected)
        label = "还有哪些办案的人，不写本校老师" if conference.is_protected else "还有谁，没有账号的人"
        with form.field("guests", "") as key:
            guests = st.text_input(f"{label}（用顿号隔开）", key=key, autocomplete="off")
        saved, cancelled = buttons(form, f"保存{view.row.child}的研讨安排")
    cancel_if(form, cancelled)
    if saved:
        entry = PlanEntry(planned_on, at if isinstance(at, time) else None, place, participants, names_typed(guests))
        finish(
            form,
            lambda session: conferences.plan_conference(
                session, actor, conference_id=conference.id, version=form.version, entry=entry
            ),
        )


def _ask_people(form: Form, people: dict[int, StaffName], *, is_protected: bool) -> frozenset[int]:
    """Draw who is asked; who may not be asked any more isn't offered, and goes with the next save."""
    with form.field("participants", []) as key:
        keep_to(key, people)
        chosen = st.multiselect(
            f"请谁一起研讨（至少 {LEAST_PARTICIPANTS} 人）",
            list(people),
            format_func=lambda each: with_roles(people.get(each)),
            key=key,
            select_all=False,
            placeholder="选负责人和指定的领导" if is_protected else "选教师",
        )
    return frozenset(chosen)


def _show(people: dict[int, StaffName], name: str, value: Any) -> str:  # any field's value
    if name == "participants":
        known = [people[each].display_name for each in value or () if each in people]
        return "、".join(sorted(known)) or shown(None)
    return formats.clock(value) if isinstance(value, time) else shown(value)


@st.dialog("研讨记录以前的样子", dismissible=False)
def _show_versions(conference: ConferenceView) -> None:
    actor = require_user(Permission.CASE_READ, Permission.ABUSE_HANDLE)
    with reading() as session:
        versions = conference_views.list_record_versions(session, actor, conference_id=conference.id)
    if not versions:
        note("研讨记录写好以后还没有改过。")
    for version in versions:
        with st.expander(formats.plain(f"{moment(version.ended_at)}，{version.ended_by or _COMMAND_LINE}改了")):
            held = moment(version.held_at) if version.held_at else ""
            note(f"下面是改以前的样子。{held} 开的；到会：{'、'.join(version.present) or '没有写'}")
            for label, words in (("情况", version.findings), ("结论", version.conclusion)):
                st.markdown(f":small[:gray[{label}]]  \n{formats.plain_lines(words or '')}")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if leave_button(CLOSE, key="conference_versions_close"):
            close_dialog()


@st.dialog("打印会议记录", dismissible=False)
def _print(view: CaseView, conference: ConferenceView) -> None:
    actor = require_user(Permission.CASE_READ)
    form = Form(f"conference_print_form_{conference.id}")
    offer_word(
        form,
        lambda purpose: word_of(
            lambda session: conference_prints.print_minutes(session, actor, case_id=view.row.id, purpose=purpose)
        ),
        f"下载{view.row.child}的会议记录",
    )
