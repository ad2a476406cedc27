"""家庭情况: how a child's family manages and what the child needs, as somebody found out for its plan (E-04)."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from db.tables import FamilyEconomy
from db.transactions import reading
from services import clock, family_surveys
from services.access import Permission
from services.actors import Actor
from services.family_surveys import SurveyEntry, SurveyLine
from services.student_files import StudentFile
from ui import formats
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import open_dialog, opened
from ui.formats import plain, plain_lines
from ui.forms import Form, shown
from ui.layout import note
from ui.session import require_user
from ui.wording import day_field

_DIALOG = "family_survey"
_LABELS = {"asked_on": "哪天问的", "economy": "家里经济", "means": "靠什么生活", "needs": "学习上需要什么"}


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw what was found out last, and since when it is known otherwise."""
    with reading() as session:
        lines = family_surveys.list_surveys(session, actor, student_id=file.id)
    with st.container(border=True, gap="small"):
        st.markdown("**家庭情况**")
        if not lines:
            note("还没有问过。家访时问清家里靠什么生活、孩子学习上需要什么，定方案时用得上。")
        for line in lines:
            if line.is_current:
                _draw_current(line)
        if past := [line for line in lines if not line.is_current]:
            note("以前：" + "；".join(f"{_day(line)}，{line.economy.label}" for line in past))
        if file.may_write:
            st.button("记家庭情况", key="child_family", icon=":material/add:", on_click=open_dialog,
                      args=(_DIALOG, file.id))  # fmt: skip
    if opened(_DIALOG, file.id):
        _record(file, current_of(lines))


def current_of(lines: Sequence[SurveyLine]) -> SurveyLine | None:
    """Return the survey that counts."""
    return next((line for line in lines if line.is_current), None)


def draw_for_plan(line: SurveyLine | None) -> None:
    """Say beside a plan that is written what is known of the family."""
    if line is not None:
        means = f"，{line.means}" if line.means else ""
        note(
            f"家庭情况（{_day(line)}）：经济{line.economy.label}{means}。学习上需要：{line.needs or ''}",
            icon="family_home",
        )


def _draw_current(line: SurveyLine) -> None:
    st.markdown(f"{_day(line)}，经济**{line.economy.label}**")
    if line.means:
        st.markdown(plain_lines(line.means))
    st.markdown(f":gray[学习上需要]  \n{plain_lines(line.needs or '')}")


def _day(line: SurveyLine) -> str:
    return formats.day(line.asked_on, today=clock.today())


@st.dialog("记家庭情况", dismissible=False)
def _record(file: StudentFile, current: SurveyLine | None) -> None:
    actor = require_user(Permission.ENTRY_WRITE)
    form = Form(f"child_family_form_{file.id}", {"id": current.id if current else None}, labels=_LABELS, show=_show)
    form.notices()
    st.markdown(f"**{plain(file.name)}**")
    with form_fields(form):
        with form.field("asked_on", clock.today()) as key:
            asked_on = day_field("哪天问的", key=key)
        with form.field("economy") as key:
            economy = st.segmented_control(
                "家里经济", list(FamilyEconomy), key=key, format_func=lambda each: each.label, wrap=True
            )
        with form.field("means", "") as key:
            means = st.text_area("靠什么生活，有什么难处（可不填）", key=key, height="content")
        with form.field("needs", "") as key:
            needs = st.text_area("孩子学习上需要什么", key=key, height="content")
        saved, cancelled = buttons(form, f"保存{file.name}的家庭情况")
    cancel_if(form, cancelled)
    if saved:
        entry = SurveyEntry(asked_on=asked_on, economy=economy, means=means, needs=needs)
        finish(
            form,
            lambda session: family_surveys.record_survey(
                session, actor, student_id=file.id, entry=entry, replaces_id=form.drawn_from.id
            ),
        )


def _show(field: str, value: Any) -> str:  # any field's value
    return FamilyEconomy(value).label if field == "economy" and value else shown(value)
