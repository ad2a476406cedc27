"""What an import of screening results would bring up: consents that are wanting, and whom somebody should talk with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from db.tables import ConsentAnswer
from services.errors import FieldErrors
from services.exchange.readings import Position
from services.screening.matching import NewResult
from services.screening.scales import INCOMPLETE, Judgement
from services.screening_imports import ScreeningPreview, check_tested_on
from services.student_imports import ImportPreview, PreviewRow
from ui.layout import field_error, note
from ui.problems import problem_sentence
from ui.screening_words import LEVEL_TINTS, level_words, reasons_of, total_words
from ui.states import SCREENING_LEVEL
from ui.tables import StateColumn, data_table
from ui.wording import day_field

if TYPE_CHECKING:
    from ui.import_state import Taken, View

_TESTED_ON = "import_tested_on"


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


def wants_days(preview: ImportPreview) -> bool:
    """Say whether results stand in the list of which nobody has said on which day they were taken."""
    return isinstance(preview, ScreeningPreview) and bool(preview.undated)


def draw_undated(taken: "Taken", preview: ImportPreview) -> None:
    """Ask on which day the rows were tested that name none."""
    undated = preview.undated if isinstance(preview, ScreeningPreview) else frozenset()
    if not undated:
        return
    with st.container(border=True):
        note(f"{len(undated):,} 行没有写测评日期。哪天测的，记进哪一轮、哪天以前要找孩子谈，都从那天算。", icon="info")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            day_field("这些行是哪天测的", key=_TESTED_ON, width=200)
            st.button("按这一天算", key="import_date_rows", type="primary", on_click=_date_rows, args=(taken, undated))
        if taken.day_problem:
            field_error(taken.day_problem)


def draw_differing(taken: "Taken", preview: ImportPreview) -> None:
    """Ask what counts where a child's scores of one day are others than those that stand."""
    differing = preview.differing if isinstance(preview, ScreeningPreview) else 0
    if not (differing or taken.corrects):
        return
    with st.container(border=True):
        if taken.corrects:
            note("分数不同的，以这份表为准：原来的一份留着，看得到；红的、有紧急提示的，照旧要找孩子谈。", icon="info")
            st.button("还是以原来的为准", key="import_keep_scores", on_click=_correct, args=(taken, False))
        else:
            note(
                f"{differing:,} 行和已经导入的分数不一样，没有收下。核对过答卷、原来的录错了，才以这份表为准。",
                icon="info",
            )
            st.button("分数以这份表为准", key="import_correct_scores", on_click=_correct, args=(taken, True))


def _correct(taken: "Taken", corrects: bool) -> None:
    taken.count_these(corrects=corrects)


def _date_rows(taken: "Taken", undated: frozenset[Position]) -> None:
    try:
        day = check_tested_on(st.session_state.get(_TESTED_ON))
    except FieldErrors as error:
        taken.day_problem = problem_sentence(error.problems["tested_on"])
    else:
        taken.date_rows(undated, day)


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
                "level": [SCREENING_LEVEL[new.read.judgement.rank].cell(_level(new.read.judgement))],
                "total": total_words(new.read.scores.total),
                "why": "，".join(reasons_of(new.read.judgement)),
            }
            for shown, new in rows
        ],
        {
            "name": text("学生", width=160),
            "scale": text("量表", width=80),
            "level": StateColumn("等级", LEVEL_TINTS, width=230),
            "total": text("总分", width=60, alignment="right"),
            "why": text("为什么", width=380),
        },
        key=key,
        alt=f"{total} 份结果有提示，要找孩子谈一谈。",
    )


def _level(judgement: Judgement) -> str:
    name = judgement.level.name if judgement.level else INCOMPLETE
    return level_words(name, is_valid=judgement.is_valid, is_urgent=judgement.is_urgent)
