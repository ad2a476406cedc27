"""The classes of a round of checks: who has returned, and opening the round."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from db.tables import CheckKind
from services import check_rounds, clock
from services.access import Permission
from services.check_rounds import ClassCheck, RoundView
from ui import formats
from ui.dialogs import close_dialog, opened
from ui.forms import Form
from ui.layout import CLOSE, flash, form_end, leave_button, note
from ui.session import require_user
from ui.states import DUTY
from ui.tables import StateColumn, data_table, opening_column
from ui.views import opened_in_table

OPEN = "rounds_open_dialog"
_OPENED = "rounds_open_class"
_LOOKS = [DUTY["met"], DUTY["met_late"], DUTY["due"], DUTY["overdue"]]
_NAMED = 4


@dataclass(frozen=True, slots=True)
class _Words:
    """What one kind of check is called on its page."""

    title: str
    line: str
    not_yet: str
    waits: str


WORDS = {
    CheckKind.CLASS_CHECK: _Words(
        "开始排查", "每个班把孩子逐个问一遍，把变化记下来。", "这学期的排查还没有开始", "排查"
    ),
    CheckKind.SPECIAL_CHECK: _Words(
        "开始四特排查",
        "四特的孩子一个一个见到，写下谁见的、哪天、怎样、几级。",
        "这季度的四特排查还没有开始",
        "四特排查",
    ),
}


def draw_table(view: RoundView) -> int | None:
    """Draw the classes, those that have not returned first; return the class that is chosen."""
    classes = sorted(view.classes, key=lambda found: (found.is_complete, found.returned_at is not None))
    ids = [found.class_id for found in classes]
    due = formats.day_and_weekday(clock.local(view.due_at).date(), today=clock.today())
    st.caption(f"应在 {due} 前交，已交 {view.returned} / {len(ids)} 个班。点班级打开那一份。")
    if missing := _missing_words(view):
        note(missing)
    text = st.column_config.TextColumn
    is_special = view.kind is CheckKind.SPECIAL_CHECK
    data_table(
        [_row(found) for found in classes],
        {
            "label": opening_column("班级", key=_OPENED, width=110),
            "state": StateColumn("排查", _LOOKS, width=130),
            "homeroom": text("班主任", width=110),
            "pupils": text("孩子", width=80, alignment="right"),
            **(
                {"lines": text("四特", width=80, alignment="right"), "unseen": text("还没见到", width=150)}
                if is_special
                else {}
            ),
            "found": text("新发现", width=90, alignment="right"),
            "changed": text("有变化", width=90, alignment="right"),
            "ended": text("不再是", width=90, alignment="right"),
            "when": text("哪天交的", width=160),
        },
        key=f"rounds_table_{hash(tuple(ids))}",
        alt=f"{len(ids)} 个班，{view.returned} 个班交了排查",
    )
    return opened_in_table(ids, key=_OPENED, parameter="class")


def _missing_words(view: RoundView) -> str:
    """Name what is missing of 四特: classes that have not returned, children nobody has seen."""
    if view.kind is CheckKind.CLASS_CHECK:
        return ""
    children = [f"{each.label}{_names(each.unseen)}" for each in view.classes if each.unseen]
    classes = [each.label for each in view.classes if each.returned_at is None]
    said = [f"还没交：{'、'.join(classes)}"] if classes else []
    said += [f"还没见到：{'；'.join(children)}"] if children else []
    return "。".join(said) + "。" if said else "每个班都交了，四特的孩子都见到了。"


def _names(names: tuple[str, ...]) -> str:
    more = f"等 {len(names)} 人" if len(names) > _NAMED else ""
    return f"{'、'.join(names[:_NAMED])}{more}"


def _row(found: ClassCheck) -> dict[str, Any]:  # cells of several types
    is_done = found.returned_at is not None
    when = ""
    if found.returned_at is not None:
        when = formats.day(clock.local(found.returned_at).date(), today=clock.today())
        when += f"，改过 {found.revision - 1} 次" if found.revision > 1 else ""
    return {
        "label": found.label,
        "state": [DUTY[found.state.value].cell()],
        "homeroom": found.homeroom_name or "还没有",
        "pupils": f"{found.pupils} 人",
        "lines": (f"{found.lines} 条" if found.lines else "没有") if is_done else None,
        "unseen": _names(found.unseen) or None,
        "found": f"{found.found} 人" if is_done and found.found else None,
        "changed": f"{found.changed} 人" if is_done and found.changed else None,
        "ended": f"{found.ended} 人" if is_done and found.ended else None,
        "when": when or None,
    }


def draw_open_dialog(view: RoundView) -> None:
    """Draw the question before the round is opened, if it is open."""
    if view.may_open and opened(OPEN):
        _open(view)


@st.dialog("开始", icon=":material/checklist:", dismissible=False)
def _open(view: RoundView) -> None:
    actor = require_user(Permission.CHECK_OPEN)
    form = Form("rounds_open_form")  # of either kind: only one view is drawn
    form.notices()
    due = formats.day_and_weekday(clock.local(view.due_at).date(), today=clock.today())
    st.text(f"{view.label}，{len(view.classes)} 个班，{due}前交。")
    note(f"确认以后，每个班主任的工作台上都会有“{WORDS[view.kind].waits}”，没交的班在您的工作台上。")
    with form_end():
        if leave_button(CLOSE, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        confirmed = st.button("开始", key=form.key("save"), type="primary", icon=":material/check:")
    if confirmed and form.save(lambda session: check_rounds.open_round(session, actor, kind=view.kind)):
        flash("排查开始了。")
        close_dialog()
