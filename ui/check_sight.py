"""Who saw a child of 四特 on which day, and how grave it is: fields of the quarter's check (G-01, G-02)."""

from datetime import date

import streamlit as st

from db.tables import CheckKind, CheckResult
from services import clock
from services.actors import Actor
from services.check_kinds import TOLD, needs_level
from services.check_sheets import CheckLine, CheckSheet, FindingLine
from ui import formats
from ui.categories import LEVELS
from ui.form_drafts import FormDraft
from ui.forms import Form
from ui.wording import day_field

_WHY = {CheckResult.NOT_SEEN: "为什么还没见到"}


def draw_reason(form: Form, draft: FormDraft, sheet: CheckSheet, line: CheckLine, result: CheckResult | None) -> None:
    """Draw, beside each other, why something is otherwise and the level that holds now."""
    asks_level = result is CheckResult.CHANGED or needs_level(sheet.kind, result, line.level)
    tells = result in TOLD
    if not asks_level and not tells:
        return
    with st.container(horizontal=True, vertical_alignment="top"):
        if tells and result is not None:
            with form.field(f"note_{line.category_id}", "") as key:
                st.text_input(_WHY.get(result, "怎么回事"), key=key, autocomplete="off", width=420,
                              on_change=draft.keep)  # fmt: skip
        if asks_level:
            with form.field(f"level_{line.category_id}") as key:
                st.segmented_control(
                    "现在的程度，一级最重", list(LEVELS), key=key, format_func=LEVELS.__getitem__, wrap=True,
                    on_change=draft.keep,
                )  # fmt: skip


def draw_sight(form: Form, draft: FormDraft, sheet: CheckSheet, actor: Actor, name: str, *, prefix: str = "") -> None:
    """Draw who saw a child, and when; `name` is the category's, or the row's of a new finding with its prefix."""
    if sheet.kind is not CheckKind.SPECIAL_CHECK:
        return
    usual = actor.user_id if actor.user_id in sheet.people else None
    with st.container(horizontal=True, vertical_alignment="top"):
        with form.field(f"{prefix}seen_by_{name}", usual) as key:
            st.selectbox(
                "谁见的", list(sheet.people), key=key, index=None, placeholder="请选", width=200,
                format_func=lambda person: sheet.people.get(person, ""), on_change=draft.keep,
            )  # fmt: skip
        with form.field(f"{prefix}seen_on_{name}") as key:
            day_field("哪天见的", key=key, width=200, on_change=draft.keep)


def all_asked(sheet: CheckSheet, *, has_findings: bool) -> str:
    """Return what is ticked before a class returns; that there is nobody is said in so many words."""
    if sheet.kind is CheckKind.CLASS_CHECK:
        return f"全班 {len(sheet.others)} 人都问过了，没写到的没有情况"
    if sheet.lines or has_findings:
        return f"全班 {len(sheet.others)} 人都过了一遍，四特的、新怀疑的都写在上面"
    return f"全班 {len(sheet.others)} 人都过了一遍，没有四特的孩子，也没有新怀疑的"


def seen_words(line: FindingLine) -> str:
    """Return 11月3日 何知微见的; nothing in a check of everybody."""
    return f"{_day(line.seen_on)} {line.seen_by or ''}见的" if line.seen_on else ""


def _day(day: date) -> str:
    return formats.day(day, today=clock.today())
