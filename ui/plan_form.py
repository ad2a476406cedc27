"""The form of a support plan: goals, measures with who does them, the review date, and why it is changed."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import streamlit as st

from db.base import Labelled
from db.tables import MeasureDomain, MeasureRhythm
from services import clock
from services.account_lists import StaffName
from services.plan_contents import (
    GOAL_FIELDS,
    MEASURE_FIELDS,
    MOST_GOALS,
    MOST_MEASURES,
    GoalEntry,
    MeasureEntry,
    PlanEntry,
    written,
)
from services.plan_forms import PlanForm
from ui.assessment_form import with_roles
from ui.form_drafts import FormDraft
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import note
from ui.telling import tell
from ui.wording import day_field

DRAFT = "plan"  # merging knows it by this name
_ROWS = {"goal": ("goal_rows", MOST_GOALS, 1), "measure": ("measure_rows", MOST_MEASURES, 2)}
_LINE = re.compile(r"(goal|measure)_([mn]\d+)_(\w+)")
_LABELS = {"basis": "为什么这样帮", "review_on": "哪天复查", "reason": "为什么改"}
_OFFERED = {"domain", "rhythm", "starts_on", "ends_on"}
_READ: dict[str, Callable[[Any], Any]] = {
    "basis": str, "review_on": date.fromisoformat, "reason": str, "text": str, "sign": str, "responsible_id": int,
    "domain": MeasureDomain, "rhythm": MeasureRhythm, "starts_on": date.fromisoformat, "ends_on": date.fromisoformat,
}  # fmt: skip


def labels_of(stored: Mapping[str, object]) -> dict[str, str]:
    """Return what each field is called where two versions stand side by side."""
    found, counts = dict(_LABELS), {"goal": 0, "measure": 0}
    seen: dict[tuple[str, str], int] = {}
    for name in stored:
        if line := _LINE.fullmatch(name):
            what, place, field = line[1], line[2], line[3]
            if (what, place) not in seen:
                counts[what] += 1
                seen[what, place] = counts[what]
            word, fields = ("目标", GOAL_FIELDS) if what == "goal" else ("措施", MEASURE_FIELDS)
            found[name] = f"{word} {seen[what, place]}：{fields[field]}"
    return found


def show_value(opened: PlanForm, form: str) -> Callable[[str, Any], str]:
    """Return how fields are written in the box that shows two versions; what a blank line offers is nobody's word."""
    names = {number: person.display_name for number, person in opened.people.items()}

    def show(name: str, value: Any) -> str:  # any field's value
        line = _LINE.fullmatch(name)
        if line and line[3] in _OFFERED and _is_blank(f"{form}_measure_{line[2]}_"):
            return shown(None)
        field = "responsible_id" if name.endswith("_responsible_id") else name
        return written(field, value, names) or shown(None)

    return show


def _is_blank(prefix: str) -> bool:
    """Whether a measure's line says neither what nor by whom."""
    text, who = (st.session_state.get(f"{prefix}{field}") for field in ("text", "responsible_id"))
    return not (text or "").strip() and who is None


def draft_of(form: Form, opened: PlanForm) -> FormDraft:
    """Return what keeps a plan while it is typed; it belongs to the case, or to the child and kind."""
    subject = f"plan:case:{opened.case_id}" if opened.case_id else f"plan:{opened.kind}:{opened.student_id}"
    beside = {rows: _rows_reader(most) for rows, most, _ in _ROWS.values()}
    return FormDraft(form, DRAFT, subject, _read, beside=beside, about=(opened.student_id,))


def _read(name: str, value: Any) -> Any:  # any field's value
    line = _LINE.fullmatch(name)
    return value if value is None else _READ[line[3] if line else name](value)


def _rows_reader(most: int) -> Callable[[Any], int]:
    return lambda value: min(max(int(value or 0), 0), most)


def draw_goals(form: Form, draft: FormDraft) -> tuple[GoalEntry, ...]:
    """Draw a line for each goal; return them as typed, blank ones too."""
    st.markdown("**目标**")
    note("想看到孩子怎样，凭什么看出来。不要的一条，把字都删掉。")
    found = []
    for line in _lines(form, "goal"):
        left, right = st.columns(2)
        with left, form.field(f"goal_{line}_text", "") as key:
            text = st.text_input("目标", key=key, autocomplete="off", placeholder="例如：每天来上学",
                                 on_change=draft.keep)  # fmt: skip
        with right, form.field(f"goal_{line}_sign", "") as key:
            sign = st.text_input("怎么看出达到了", key=key, autocomplete="off", placeholder="例如：连着四周不缺课",
                                 on_change=draft.keep)  # fmt: skip
        found.append(GoalEntry(text, sign, _id_of(line), line))
    _more(form, "goal", "再加一个目标")
    return tuple(found)


def draw_measures(form: Form, draft: FormDraft, people: Mapping[int, StaffName]) -> tuple[MeasureEntry, ...]:
    """Draw a line for each measure; return them as typed, blank ones too."""
    st.markdown("**措施**")
    note("做的人在工作台上看得到自己的这一条，看不到个案和别的措施。")
    found = []
    for line in _lines(form, "measure"):
        with st.container(border=True):
            found.append(_draw_measure(form, draft, people, line))
    _more(form, "measure", "再加一条措施")
    return tuple(found)


def _draw_measure(form: Form, draft: FormDraft, people: Mapping[int, StaffName], line: str) -> MeasureEntry:
    prefix, keep = f"measure_{line}_", draft.keep
    left, right = st.columns((1, 2))
    with left, form.field(f"{prefix}domain", MeasureDomain.MIND) as key:
        domain = st.segmented_control("哪方面", list(MeasureDomain), key=key, format_func=_label, wrap=True,
                                      on_change=keep)  # fmt: skip
    with right, form.field(f"{prefix}responsible_id") as key:
        if st.session_state[key] is not None and st.session_state[key] not in people:
            tell(key, None)  # the account was closed, or may not know of it
        who = st.selectbox("谁做", list(people), key=key, index=None, placeholder="请选",
                           format_func=lambda each: with_roles(people.get(each)), on_change=keep)  # fmt: skip
    with form.field(f"{prefix}text", "") as key:
        text = st.text_area("做什么", key=key, height=80, placeholder="做什么，怎么做。", on_change=keep)
    first, second, third = st.columns(3)
    with first, form.field(f"{prefix}rhythm", MeasureRhythm.WEEKLY) as key:
        rhythm = st.selectbox("多久一次", list(MeasureRhythm), key=key, index=None, placeholder="请选",
                              format_func=_label, on_change=keep)  # fmt: skip
    with second, form.field(f"{prefix}starts_on", clock.today()) as key:
        starts_on = day_field("从哪天", key=key, on_change=keep)
    with third, form.field(f"{prefix}ends_on") as key:
        ends_on = day_field("到哪天", key=key, on_change=keep)
    return MeasureEntry(domain, text, who, starts_on, ends_on, rhythm, _id_of(line), line)


def draw_rest(form: Form, draft: FormDraft, opened: PlanForm) -> tuple[str | None, date | None, str | None]:
    """Draw basis, review date and, for a change, the reason; return them as typed."""
    with form.field("basis", "") as key:
        basis = st.text_area("为什么这样帮：现在怎样，家里怎样（可以空着）", key=key, height=100, on_change=draft.keep)
    with form.field("review_on") as key:
        within = f"，{opened.within_days} 天以内" if opened.within_days else ""
        review_on = day_field(f"哪天复查{within}", key=key, on_change=draft.keep)
    reason = None
    if opened.asks_reason:
        with form.field("reason", "") as key:
            reason = st.text_area("为什么改：复查看到什么，或出了什么事", key=key, height=80, on_change=draft.keep)
    return basis, review_on, reason


def entry_of(
    goals: tuple[GoalEntry, ...], measures: tuple[MeasureEntry, ...], rest: tuple[str | None, date | None, str | None]
) -> PlanEntry:
    """Return what stands in the fields as the service takes it."""
    basis, review_on, reason = rest
    return PlanEntry(goals, measures, review_on, basis, reason)


def _lines(form: Form, what: str) -> list[str]:
    """Return the lines of a form: those of what is in force, then the new ones, filled first."""
    rows, most, least = _ROWS[what]
    values = form.drawn_from.values
    named = [found[2] for name in values if (found := _LINE.fullmatch(name)) and found[1] == what]
    known = [line for line in dict.fromkeys(named) if line.startswith("m")]
    filled = sum(line.startswith("n") and values.get(f"{what}_{line}_text") is not None for line in set(named))
    wanted = max(st.session_state.get(form.key(rows)) or 0, filled, 0 if known else least)
    return [*known, *(f"n{place}" for place in range(min(wanted, most - len(known))))]


def _more(form: Form, what: str, label: str) -> None:
    rows, most, _ = _ROWS[what]
    lines = _lines(form, what)
    if len(lines) < most:
        new = sum(line.startswith("n") for line in lines)
        st.button(plain(label), key=form.key(f"more_{what}"), icon=":material/add:", on_click=_add_row,
                  args=(form.key(rows), new))  # fmt: skip


def _add_row(key: str, rows: int) -> None:
    st.session_state[key] = rows + 1


def _id_of(line: str) -> int | None:
    return int(line[1:]) if line.startswith("m") else None


def _label(value: Labelled) -> str:
    return value.label
