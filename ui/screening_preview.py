"""What an import of screening results would bring up: consents that are wanting, and whom somebody should talk with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from db.tables import ConsentAnswer
from services.screening.matching import NewResult
from services.screening_imports import ScreeningPreview
from services.student_imports import ImportPreview, PreviewRow
from ui.screening_words import LEVEL_TINTS, level_words, reasons_of
from ui.states import SCREENING_LEVEL
from ui.tables import StateColumn, data_table

if TYPE_CHECKING:
    from ui.import_state import View


def consent_line(preview: ImportPreview) -> str:
    """Say how many families were not asked, or refuse; blank where nothing is wanting, and for other lists."""
    if not isinstance(preview, ScreeningPreview):
        return ""
    unasked = preview.without_consent(None)
    against = preview.without_consent(ConsentAnswer.REFUSED) + preview.without_consent(ConsentAnswer.WITHDRAWN)
    parts = []
    if unasked:
        parts.append(f"{unasked:,} 个孩子没有筛查的知情同意")
    if against:
        parts.append(f"{against:,} 个孩子家里不同意筛查")
    return f"{'，'.join(parts)}。结果照样存下，会标出来，请补问清楚。" if parts else ""


def flagged_rows(view: "View") -> list[tuple[PreviewRow, NewResult]]:
    """Return the new results somebody has to talk about, the gravest first."""
    if not isinstance(view.preview, ScreeningPreview):
        return []
    found = [
        (match.shown, each)
        for match in view.preview.matches
        if match.shown.position not in view.own
        for each in match.new
        if each.read.judgement.needs_contact
    ]
    return sorted(found, key=lambda pair: (not pair[1].read.judgement.is_urgent, -pair[1].read.judgement.rank))


def draw_flagged_rows(rows: Sequence[tuple[PreviewRow, NewResult]], *, key: str, total: int) -> None:
    """Draw a page of them: who, which scale, the level with its reasons."""
    text = st.column_config.TextColumn
    data_table(
        [
            {
                "name": f"{shown.name}，{shown.class_label}",
                "scale": new.read.scale.short,
                "level": [SCREENING_LEVEL[new.read.judgement.rank].cell(level_words(new.read.judgement))],
                "total": f"{new.read.scores.total:g}",
                "why": "，".join(reasons_of(new.read.judgement)),
            }
            for shown, new in rows
        ],
        {
            "name": text("学生", width=160),
            "scale": text("量表", width=80),
            "level": StateColumn("等级", LEVEL_TINTS, width=120),
            "total": text("总分", width=60, alignment="right"),
            "why": text("为什么", width=450),
        },
        key=key,
        alt=f"{total} 份结果有提示，要找孩子谈一谈。",
    )
