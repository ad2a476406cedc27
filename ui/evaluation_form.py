"""The form of an evaluation: when in the case, and for each voice who, when, four scores and words."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import streamlit as st

from db.base import Labelled
from db.tables import EvaluationMoment
from services import clock
from services.evaluation_kinds import LEAST, MEANINGS, MOST, Dimension, Voice
from services.evaluation_views import CaseEvaluations, EvaluationView
from services.evaluations import MOST_VOICES, EvaluationEntry, VoiceEntry
from ui.form_drafts import FormDraft
from ui.forms import Form, shown
from ui.layout import facts, note
from ui.wording import day_field

DRAFT, ROWS = "evaluation", "rows"
_FIRST_ROWS = 2
_SCORES = list(range(LEAST, MOST + 1))
_VOICE = re.compile(r"voice_\d+_(\w+)")
_PARTS: dict[str, Callable[[Any], Any]] = {
    "voice": Voice, "who": str, "said_on": date.fromisoformat, "words": str, **dict.fromkeys(Dimension, int),
}  # fmt: skip
_PART_LABELS = {"voice": "谁说的", "who": "姓名", "said_on": "哪天说的", "words": "说了什么"} | {
    each.value: each.label for each in Dimension
}
LABELS = {"moment": "什么时候", "conclusion": "所以怎么调整"} | {
    f"voice_{place}_{part}": f"第 {place + 1} 方，{label}"
    for place in range(MOST_VOICES)
    for part, label in _PART_LABELS.items()
}
_WHO_HINTS = "例如：江小满；班主任周砚田；外婆；SDQ 自评，总分 14"


def draft_of(form: Form, case_id: int, evaluation: EvaluationView | None, student_id: int) -> FormDraft:
    """Return what keeps one evaluation while it is typed; the new one of a case is one."""
    subject = f"evaluation:{case_id}:{evaluation.id if evaluation else 0}"
    return FormDraft(form, DRAFT, subject, _read, beside={ROWS: _rows_read}, about=(student_id,))


def _read(name: str, value: Any) -> Any:  # any field's value
    if value is None:
        return None
    if found := _VOICE.fullmatch(name):
        return _PARTS[found[1]](value)
    return {"moment": EvaluationMoment, "conclusion": str}[name](value)


def _rows_read(value: Any) -> int:  # what stands in the draft
    return min(max(int(value or _FIRST_ROWS), _FIRST_ROWS), MOST_VOICES)


def show_value(_name: str, value: Any) -> str:  # any field's value
    """Return how a field is written in the box that shows two versions."""
    return value.label if isinstance(value, Labelled) else shown(value)


def draw_moment(form: Form, draft: FormDraft, found: CaseEvaluations) -> None:
    """Draw when in the case it is; what the scores mean stands beside."""
    usual = EvaluationMoment.MIDWAY if found.evaluations else EvaluationMoment.BEGINNING
    with form.field("moment", usual) as key:
        st.segmented_control("什么时候", list(EvaluationMoment), key=key, wrap=True, on_change=draft.keep,
                             format_func=_label)  # fmt: skip
    with st.expander("每一分是什么意思"):
        facts({each.label: "，".join(f"{n} {word}" for n, word in enumerate(MEANINGS[each], start=LEAST))
               for each in Dimension}, alt="每个方面每一分的意思")  # fmt: skip


def draw_voices(form: Form, draft: FormDraft, evaluation: EvaluationView | None) -> int:
    """Draw a box for each voice; return how many stand there."""
    kept = len(evaluation.said) if evaluation else 0
    rows = max(st.session_state.get(form.key(ROWS)) or _FIRST_ROWS, kept)
    note("谁说的就记在谁名下，1 分最差，5 分最好，没问到的空着。没有用到的就空着。")
    for place in range(rows):
        with st.container(border=True):
            _draw_voice(form, draft, f"voice_{place}")
    if rows < MOST_VOICES:
        st.button("再加一方", key=form.key("more"), icon=":material/add:", on_click=_add_row,
                  args=(form.key(ROWS), rows))  # fmt: skip
    return rows


def _draw_voice(form: Form, draft: FormDraft, prefix: str) -> None:
    with form.field(f"{prefix}_voice") as key:
        st.segmented_control("谁说的", list(Voice), key=key, wrap=True, on_change=draft.keep, format_func=_label)
    left, right = st.columns(2)
    with left, form.field(f"{prefix}_who", "") as key:
        st.text_input("姓名；问卷写名称和总分", key=key, autocomplete="off", placeholder=_WHO_HINTS,
                      on_change=draft.keep)  # fmt: skip
    with right, form.field(f"{prefix}_said_on", clock.today()) as key:
        day_field("哪天说的", key=key, on_change=draft.keep)
    columns = st.columns(2)
    for place, each in enumerate(Dimension):
        with columns[place % 2], form.field(f"{prefix}_{each.value}") as key:
            st.segmented_control(each.label, _SCORES, key=key, wrap=True, on_change=draft.keep)
    with form.field(f"{prefix}_words", "") as key:
        st.text_area("说了什么，看到什么", key=key, height=80, on_change=draft.keep)


def draw_conclusion(form: Form, draft: FormDraft) -> None:
    """Draw what follows from it (Q-08)."""
    with form.field("conclusion", "") as key:
        st.text_area("所以怎么调整，没有就空着", key=key, height=80, on_change=draft.keep)


def entry_of(form: Form, rows: int) -> EvaluationEntry:
    """Return what stands in the fields as the service takes it."""
    typed = form.typed(LABELS)
    return EvaluationEntry(
        moment=typed["moment"],
        voices=tuple(_voice_of(typed, f"voice_{place}") for place in range(rows)),
        conclusion=typed["conclusion"],
    )


def _voice_of(typed: dict[str, Any], prefix: str) -> VoiceEntry:
    return VoiceEntry(
        voice=typed[f"{prefix}_voice"],
        who=typed[f"{prefix}_who"],
        said_on=typed[f"{prefix}_said_on"],
        scores={each: typed[f"{prefix}_{each.value}"] for each in Dimension},
        words=typed[f"{prefix}_words"],
    )


def _add_row(key: str, rows: int) -> None:
    st.session_state[key] = rows + 1


def _label(each: Labelled) -> str:
    return each.label
