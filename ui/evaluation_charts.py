"""How a case's effect changes: a small chart a dimension, a line a voice, and the same as a table (look §7)."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from services import clock
from services.case_paper_prints import score_words
from services.evaluation_kinds import LEAST, MOST, Dimension, Voice
from services.evaluation_views import EvaluationView, by_voice
from ui import formats
from ui.charts import draw_chart
from ui.formats import plain
from ui.tables import data_table

_COLORS = {Voice.CHILD: "#1F5F6B", Voice.TEACHER: "#A65A2E", Voice.PARENT: "#6FA3D6", Voice.QUESTIONNAIRE: "#3D3A34"}
_DASHES = {Voice.CHILD: [1, 0], Voice.TEACHER: [7, 3], Voice.PARENT: [2, 2], Voice.QUESTIONNAIRE: [8, 3, 2, 3]}
_SHAPES = {Voice.CHILD: "circle", Voice.TEACHER: "square", Voice.PARENT: "triangle-up", Voice.QUESTIONNAIRE: "diamond"}
_APART = {Voice.CHILD: 0.0, Voice.TEACHER: 0.12, Voice.PARENT: -0.12, Voice.QUESTIONNAIRE: 0.24}
"""Voices that say the same would hide each other: drawn a little apart, told exactly in the table."""


def draw_changes(found: Sequence[EvaluationView]) -> None:
    """Draw the four dimensions, two beside each other, on a phone one below the other."""
    columns = st.columns(2, gap="small")
    for place, each in enumerate(Dimension):
        with columns[place % 2]:
            _draw_dimension(found, each)


def _draw_dimension(found: Sequence[EvaluationView], dimension: Dimension) -> None:
    times = [head_of(each) for each in found]
    rows, told = [], list[str]()
    for voice in Voice:
        points = [
            (head_of(each), scores[voice]) for each in found if voice in (scores := by_voice(each.said, dimension))
        ]
        rows += [
            {"时候": time, "谁说的": voice.label, "分": score, "高": score + _APART[voice]} for time, score in points
        ]
        if points:
            told.append(f"{voice.label} " + "、".join(score_words(score) for _, score in points))
    if not rows:
        st.markdown(f"**{dimension.label}** :small[:gray[还没有人说到]]")
        return
    voices = [voice for voice in Voice if any(row["谁说的"] == voice.label for row in rows)]
    draw_chart(
        _lines(rows, times, voices), title=dimension.label, finding=f"{dimension.label}：{'；'.join(told)}。",
        height=250, key=f"evaluation_{dimension.value}",
    )  # fmt: skip


def _lines(rows: list[dict[str, Any]], times: list[str], voices: list[Voice]) -> Any:
    labels = [voice.label for voice in voices]
    legend = alt.Legend(orient="bottom", title=None, columns=4, symbolSize=80, symbolStrokeWidth=0, offset=4)

    def scale(looks: dict[Voice, Any]) -> alt.Scale:
        return alt.Scale(domain=labels, range=[looks[voice] for voice in voices])

    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=70), strokeWidth=2)
        .encode(
            x=alt.X("时候:O", sort=times, scale=alt.Scale(domain=times), title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("高:Q", title=None, scale=alt.Scale(domain=[LEAST - 0.3, MOST + 0.4]),
                    axis=alt.Axis(values=list(range(LEAST, MOST + 1)), format="d", grid=True, labelOverlap=False)),
            color=alt.Color("谁说的:N", scale=scale(_COLORS), legend=legend),
            strokeDash=alt.StrokeDash("谁说的:N", scale=scale(_DASHES), legend=None),
            shape=alt.Shape("谁说的:N", scale=scale(_SHAPES), legend=legend),
            tooltip=[alt.Tooltip("时候:N"), alt.Tooltip("谁说的:N"), alt.Tooltip("分:Q")],
        )
    )  # fmt: skip


def draw_scores(found: Sequence[EvaluationView]) -> None:
    """Draw every score as a table, one line a voice."""
    columns: dict[str, Any] = {
        "time": st.column_config.TextColumn("时候", width=110),
        "who": st.column_config.TextColumn("谁说的", width=170),
    }
    for each in Dimension:
        columns[each.value] = st.column_config.NumberColumn(each.label, width=76)
    rows = [
        {
            "time": head_of(view),
            "who": plain(f"{said.voice.label}：{said.who}"),
            **{each.value: said.scores.get(each) for each in Dimension},
        }
        for view in found
        for said in view.said
    ]
    data_table(rows, columns, key="evaluation_scores", alt="每一方在四个方面给的分")


def head_of(view: EvaluationView) -> str:
    """开始时 9月3日."""
    return f"{view.moment.label} {formats.day(view.held_on, today=clock.today())}"
