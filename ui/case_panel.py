"""One bare case on screen: the assessment it grew from, and its conference."""

from datetime import date, time

import streamlit as st

from services import cases, clock
from services.access import Permission, allows
from services.actors import Actor
from services.cases import CaseView
from ui import formats
from ui.child_link import child_link
from ui.child_records import write_record
from ui.forms import Form
from ui.layout import flash, form_end, note, side_box, side_column
from ui.referral_rows import case_badge, case_reason
from ui.referral_words import DOMAINS, child_with_class, due_words, moment, step_badge
from ui.wording import day_field


def draw_case(actor: Actor, view: CaseView) -> None:
    """Draw one case with its conference, and the act that notes it as held."""
    main, side = side_column(2.2)
    with main, st.container(border=True):
        row = view.row
        st.markdown(f"**{formats.plain(child_with_class(row.child, row.class_label))}** {case_badge(row)}")
        note(case_reason(row))
        _words("牵涉方面", "、".join(DOMAINS[domain] for domain in view.domains))
        _words("是什么问题", view.nature)
        _words("打算怎么做", view.measures)
        _words("为什么这样定", "、".join(view.reasons))
        _words("和建议不一样的理由", view.override_reason)
        note(f"{view.assessed_by_name}在 {moment(view.assessed_at)} 评估。")
        with st.container(horizontal=True, gap="xsmall"):
            child_link(actor, row.student_id, key="case_child")
            if allows(actor, Permission.RECORD_WRITE) and st.button(
                "记一次", key="case_record", icon=":material/forum:", type="tertiary"
            ):
                write_record(row.student_id)
    with side:
        if view.row.conference is None:
            with side_box("集体研讨"):
                note("一般问题，由专职人员直接跟进，不用研讨。")
        else:
            _draw_conference(actor, view)


def _words(label: str, text: str | None) -> None:
    if text:
        st.markdown(f":small[:gray[{label}]]  \n{formats.plain_lines(text)}")


def _draw_conference(actor: Actor, view: CaseView) -> None:
    step = view.row.conference
    if step is None or view.conference_id is None:
        return
    with side_box("集体研讨", badge=step_badge(step)):
        note(
            f"最晚 {due_words(step.due_at)}" if step.is_open else f"{moment(view.held_at)} 开过" if view.held_at else ""
        )
        for name in view.participants:
            st.markdown(f":material/person: {formats.plain(name)}")
        if step.is_open and allows(actor, Permission.CASE_READ):
            _draw_held(actor, view)


def _draw_held(actor: Actor, view: CaseView) -> None:
    conference_id = view.conference_id or 0
    drawn = {"id": conference_id, "version": view.conference_version, "held_at": view.held_at}
    form = Form("conference_held", drawn, around={"held_at": "哪天开的"})
    form.notices()
    now = clock.local(clock.now())
    with form.field("held_at"):
        with form.field("day", now.date()) as key:
            day = day_field("哪天开的", key=key)
        with form.field("time", now.time().replace(second=0, microsecond=0)) as key:
            at = st.time_input("几点", key=key, step=300)
    st.session_state.pop(form.key("held_at"), None)
    held_at = clock.at_school(day, at) if isinstance(day, date) and isinstance(at, time) else None
    with form_end():
        submitted = st.button(
            formats.plain(f"记下{view.row.child}的研讨开过了"), key=form.key("submit"), type="primary"
        )
    if submitted and form.save(
        lambda session: cases.note_conference_held(
            session, actor, conference_id=conference_id, version=form.version, held_at=held_at
        )
    ):
        flash("研讨已记下，个案进入帮扶。")
        st.rerun()
