"""One child that stays away on screen: what is known, what was done, and what can be done next."""

import streamlit as st

from services import clock
from services.drop_out_views import DropOutView, StoredStep
from services.students import GONE_FOR_GOOD
from ui import drop_out_dialogs, formats
from ui.dialogs import open_dialog
from ui.drop_out_words import row_badge, row_words, whose
from ui.formats import plain, plain_lines
from ui.layout import facts, note, side_box, side_column

_SMALL_BUTTON = 72


def draw_view(view: DropOutView, *, names_child: bool) -> None:
    """Draw it with its steps and acts; on the child's own page its name stands above already."""
    row, is_open = view.row, view.row.outcome is None
    main, side = side_column(1.9)
    with main:
        with st.container(border=True, gap="small"):
            title = f"{row.child}，{row.class_label}" if names_child else "没来上学"
            st.markdown(f"**{plain(title)}** {row_badge(row)}")
            note(row_words(row))
            if is_open and row.state in GONE_FOR_GOOD:
                note("学籍改了，跟进没有跟着结束：问清孩子去了哪里，再点“结束”。", icon="info")
            if view.is_protected and is_open:
                note("有疑似侵害的登记：家里先不联系，谁来问都请您定。别人看不到这一句。", icon="shield_person")
            if is_open:
                _draw_acts(view, is_primary=names_child)
        _draw_steps(view, is_open=is_open)
    with side, side_box("知道的情况"):
        _draw_facts(view)
    drop_out_dialogs.draw_opened(view)


def _draw_acts(view: DropOutView, *, is_primary: bool) -> None:
    number = view.row.id
    with st.container(horizontal=True, gap="xsmall"):
        _act("记一步", "step", number, 0, icon="add", is_primary=is_primary)
        _act("改情况", "edit", number, icon="edit")
        if view.may_settle:
            _act("谁负责", "owner", number, icon="person")
            _act("结束", "end", number, icon="task_alt")


def _act(label: str, name: str, *about: int, icon: str, is_primary: bool = False) -> None:
    st.button(
        plain(label),
        key=f"drop_out_{name}",
        icon=f":material/{icon}:",
        type="primary" if is_primary else "secondary",
        on_click=open_dialog,
        args=(f"drop_out_{name}", *about),
    )


def _draw_steps(view: DropOutView, *, is_open: bool) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**做了什么**")
        if view.ending or view.closed_by:
            ended = formats.day(view.row.ended_on, today=clock.today()) if view.row.ended_on else ""
            st.markdown(f"**{ended}结束** :small[:gray[{plain(view.closed_by or '')}记]]")
            if view.ending:
                st.markdown(plain_lines(view.ending))
        if not view.steps:
            note("还没有。打电话、谈话、家访，报给乡镇或教育局，做一步记一步；联系家里以前，先和关爱室负责人说好。")
        for step in view.steps:
            _draw_step(view, step, is_open=is_open)


def _draw_step(view: DropOutView, step: StoredStep, *, is_open: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        day = formats.day(step.day, today=clock.today())
        agreed = f"，事先和{step.agreed_with}说好" if step.agreed_with else ""
        who = f" :small[:gray[{plain(f'{step.taken_by}{agreed}')}]]" if step.taken_by else ""
        words = f"  \n{plain_lines(step.words)}" if step.words else ""
        st.markdown(f"**{day} {step.kind.label}**{who}{words}", width="stretch")
        if is_open:
            st.button(
                "改",
                key=f"drop_out_step_{step.id}",
                width=_SMALL_BUTTON,
                on_click=open_dialog,
                args=("drop_out_step", view.row.id, step.id),
            )


def _draw_facts(view: DropOutView) -> None:
    stored, today = view.stored, clock.today()
    rows = {
        "没来": formats.day(stored.noticed_on, today=today),
        "发现人": stored.noticed_by or "",
        "到过校": formats.day(stored.last_seen_on, today=today) if stored.last_seen_on else "不知道",
        "原因": stored.reason.label,
        "学籍": view.row.state.label,
        "谁负责": whose(view.row).removesuffix("负责"),
    }
    facts(rows, alt="没来上学的情况")
    if stored.words:
        st.markdown(plain_lines(stored.words))
    if view.recorded_by:
        note(f"{view.recorded_by}在 {formats.day(clock.local(view.recorded_at).date(), today=today)}登记。")
