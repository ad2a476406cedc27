"""One child's results over time: levels, scores, what was done about each."""

import streamlit as st

from db.tables import ConsentAnswer
from db.transactions import reading, transaction
from services.access import Permission
from services.actors import Actor
from services.errors import DomainError, NotFound
from services.screening import follow_ups, results
from services.screening.results import ChildResults, FullResult, ResultRow
from ui.child_link import child_link
from ui.formats import plain
from ui.layout import empty_state, flash, note, refusal
from ui.screening_dialogs import CONTACT, HAND_OVER, ask, draw_result_dialogs
from ui.screening_lists import follow_up_reason, go_to_tier, write_talk
from ui.screening_words import LEVEL_TINTS, day_of, look_of, reasons_of, total_words, words_of
from ui.session import require_user
from ui.tables import StateColumn, data_table

HINT = "分数只是提示，不是诊断。谁打开过，孩子的档案里看得到。"


def open_child(actor: Actor, student_id: int) -> ChildResults:
    """Return a child's results and note that they were opened, or say why not and end the run."""
    try:
        with reading() as session:
            found = results.find_child_results(session, actor, student_id=student_id)
        if not found.is_opening_noted:
            with transaction() as session:
                results.note_opening(session, actor, student_id=student_id)
    except NotFound as error:
        refusal(error)
        st.stop()
    return found


def draw_child(actor: Actor, found: ChildResults) -> None:
    """Draw every result, the newest first, and what can be done about it."""
    child_link(actor, found.student_id, key="screening_child")
    if not found.results:
        empty_state("fact_check", "还没有筛查结果", "导入测评平台导出的分数以后，会按时间列在这里。")
        return
    draw_result_dialogs([each.row for each in found.results])
    note(HINT)
    if len(found.results) > 1:
        with st.container(border=True, gap="small"):
            st.markdown("**前后几次**")
            _draw_over_time(found)
    for each in found.results:
        _draw_result(each)


def _draw_result(each: FullResult) -> None:
    row, judgement = each.row, each.judgement
    badges = [look_of(row).badge(words_of(row))]
    if row.consent is not ConsentAnswer.GIVEN:
        badges.append(":gray-badge[:material/person_off: 没有同意记录]")
    with st.container(border=True, gap="small"):
        st.markdown(
            f"**{plain(row.scale_name)}** :small[:gray[{plain(f'{day_of(row.taken_on)}，{row.term.label}')}]]  \n"
            f"{' '.join(badges)}"
        )
        st.text(_scores(each))
        if judgement and (reasons := reasons_of(judgement)):
            note("，".join(reasons))
        if row.needs_contact:
            note(follow_up_reason(row, tells_consent=False))
            _draw_acts(each)


def _scores(each: FullResult) -> str:
    scale, scores = each.scale, each.scores
    told = [f"总分 {total_words(scores.total)}"]
    if scores.validity is not None:
        told.append(f"{scale.validity.name if scale and scale.validity else '效度'} {scores.validity:g}")
    of_subscale = dict(scores.subscales)
    for sub in scale.subscales if scale else ():
        if sub.code in of_subscale:
            told.append(f"{sub.name} {of_subscale[sub.code]:g}")
    return "，".join(told)


def _draw_acts(each: FullResult) -> None:
    row = each.row
    with st.container(horizontal=True, gap="xsmall"):
        if not row.is_met and st.button("记面谈", key=f"screening_talk_{row.id}", icon=":material/forum:"):
            write_talk(row)
        if not row.is_met:
            st.button("选一条记录", key=f"screening_note_{row.id}", type="tertiary", on_click=ask,
                      args=(CONTACT, row.id))  # fmt: skip
        if row.waits_for_decision and st.button("去定级", key=f"screening_tier_{row.id}", type="tertiary"):
            go_to_tier(row)
        words = "不用班主任再留意" if row.asks_homeroom else "请班主任多留意"
        if st.button(plain(words), key=f"screening_homeroom_{row.id}", type="tertiary"):
            _ask_homeroom(row)
        st.button("换人跟进", key=f"screening_hand_{row.id}_open", type="tertiary", on_click=ask,
                  args=(HAND_OVER, row.id))  # fmt: skip


def _ask_homeroom(row: ResultRow) -> None:
    """Ask the homeroom teacher, or take it back, as the row was drawn."""
    actor = require_user(Permission.SCREENING_WRITE)
    asks = not row.asks_homeroom
    try:
        with transaction() as session:
            follow_ups.ask_homeroom(session, actor, result_id=row.id, version=row.version, asks=asks)
    except DomainError as error:
        refusal(error)
        return
    flash("班主任会看到“请您多留意”，看不到量表和分数。" if asks else "收回了。")
    st.rerun()


def _draw_over_time(found: ChildResults) -> None:
    text = st.column_config.TextColumn
    data_table(
        [
            {
                "day": day_of(each.row.taken_on),
                "scale": each.row.scale_name,
                "total": total_words(each.scores.total),
                "level": [look_of(each.row).cell(words_of(each.row))],
            }
            for each in found.results
        ],
        {
            "day": text("哪天", width=140),
            "scale": text("量表", width=140),
            "total": text("总分", width=90, alignment="right"),
            "level": StateColumn("等级", LEVEL_TINTS, width=230),
        },
        key=f"screening_time_{found.student_id}",
        alt=f"{found.child}的 {len(found.results)} 次结果，从近到远",
    )
