"""The lists of screening: whom to talk with, how far each class is, a round's results, and its numbers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from db.tables import ConsentAnswer
from services import clock
from services.regulations.deadlines import DutyState
from services.screening.coverage import ClassCoverage, NotScreened, RoundNumbers, Standing
from services.screening.results import PAGE_SIZE, LookAfter, ResultPage, ResultRow
from services.screening.rounds import RoundListing
from ui import formats, navigation
from ui.formats import plain
from ui.layout import act_list, act_row, empty_state, note
from ui.referral_words import due_words, lateness
from ui.screening_dialogs import CONTACT, ask
from ui.screening_words import LEVEL_TINTS, TIERS, day_of, look_of, words_of
from ui.states import DUTY
from ui.states import Duty as DutyState_
from ui.tables import StateColumn, current_page, data_table, opening_column, paging_line
from ui.views import opened_in_table

_FOLLOW_PAGE, _FOLLOW_SIZE = "screening_follow_page", 10
_OPENED_RESULT, _OPENED_CLASS = "screening_open_result", "screening_open_class"


def open_child(student_id: int) -> None:
    """Open one child's results. For a button's `on_click`."""
    st.query_params["student"] = str(student_id)


def draw_follow_ups(rows: Sequence[ResultRow]) -> None:
    """Draw whom somebody still has to talk with, then those talked with and not decided yet."""
    if not rows:
        empty_state("check_circle", "没有要跟进的", "有提示的孩子都谈过、定过了。下一轮导入以后，有提示的会在这里。")
        return
    page = current_page(_FOLLOW_PAGE, total=len(rows), page_size=_FOLLOW_SIZE)
    shown = rows[(page - 1) * _FOLLOW_SIZE : page * _FOLLOW_SIZE]
    for title, listed in (
        ("还没谈的", [row for row in shown if not row.waits_for_decision]),
        ("谈过了，还没定级的", [row for row in shown if row.waits_for_decision]),
    ):
        if listed:
            with act_list(title):
                for row in listed:
                    _draw_follow_up(row)
    paging_line(_FOLLOW_PAGE, total=len(rows), unit="份", page_size=_FOLLOW_SIZE)


def _draw_follow_up(row: ResultRow) -> None:
    if row.waits_for_decision:
        if act_row(f"{row.child}，{row.class_label}", _badge(row), follow_up_reason(row), "去定级",
                   key=f"screening_tier_{row.id}"):  # fmt: skip
            go_to_tier(row)
        return
    with st.container(gap="xxsmall"):
        if act_row(f"{row.child}，{row.class_label}", _badge(row), follow_up_reason(row), "记面谈",
                   key=f"screening_talk_{row.id}"):  # fmt: skip
            write_talk(row)
        with st.container(horizontal=True, gap="xsmall"):
            st.button("已经谈过，选一条记录", key=f"screening_note_{row.id}", type="tertiary", on_click=ask,
                      args=(CONTACT, row.id))  # fmt: skip
            st.button("看结果", key=f"screening_see_{row.id}", type="tertiary", on_click=open_child,
                      args=(row.student_id,))  # fmt: skip


def write_talk(row: ResultRow) -> None:
    """Open the record form for the talk that is due, the child chosen."""
    query = {"kind": "talk", "student": str(row.student_id), "screening": str(row.id)}
    st.switch_page(navigation.path_of("record"), query_params=query)


def go_to_tier(row: ResultRow) -> None:
    """Open the child's archive, where a person takes the suggested tier up, or another, or leaves it."""
    st.switch_page(navigation.path_of("archives"), query_params={"student": str(row.student_id)})


def _badge(row: ResultRow) -> str:
    if row.waits_for_decision:
        return DUTY[DutyState_.WAITING].badge("等着定级")
    if row.state is DutyState.OVERDUE and row.due_at:
        return DUTY[DutyState_.OVERDUE].badge(lateness(row.due_at))
    if row.state is DutyState.TRIED or row.due_at is None:
        return DUTY[DutyState_.TRIED].badge()
    left = (clock.local(row.due_at - timedelta(seconds=1)).date() - clock.today()).days
    return DUTY[DutyState_.DUE].badge(f"还有 {left} 天") if left > 0 else DUTY[DutyState_.TODAY].badge("今天就谈")


def follow_up_reason(row: ResultRow, *, tells_consent: bool = True) -> str:
    """Say why, by when and whose it is."""
    said = f"{row.scale_name} {words_of(row)}，建议{TIERS[row.rank]}"
    due = f"；{formats.spaced('应在', due_words(row.due_at))}谈" if row.due_at and not row.waits_for_decision else ""
    consent = "；没有同意记录" if tells_consent and row.consent is not ConsentAnswer.GIVEN else ""
    return f"{said}{due}；{row.owner_name or '还没有人'}跟进{consent}"


def draw_coverage(classes: Sequence[ClassCoverage]) -> int | None:
    """Draw how far each class is; return the class that is chosen."""
    ids = [each.class_id for each in classes]
    whole: dict[Standing, int] = {standing: sum(each.counts[standing] for each in classes) for standing in Standing}
    counted = sum(each.pupils for each in classes) - whole[Standing.EXEMPT]
    unasked = sum(each.unconsented for each in classes)
    share = f"，{whole[Standing.SCREENED] * 100 // counted}%" if counted else ""
    st.caption(plain(
        f"{len(ids)} 个班，有效结果 {whole[Standing.SCREENED]:,} / {counted:,} 人{share}。"
        f"家里不同意的 {whole[Standing.EXEMPT]:,} 人免测，没有同意就测了的 {unasked:,} 人。点班级看还没测的孩子。"
    ))  # fmt: skip
    text = st.column_config.TextColumn
    data_table(
        [_coverage_row(each) for each in classes],
        {
            "label": opening_column("班级", key=_OPENED_CLASS, width=90),
            "share": st.column_config.ProgressColumn("测了", min_value=0, max_value=100, format="%d%%", width=120),
            "screened": text("有效", width=90, alignment="right"),
            "missing": text("没有结果", width=90, alignment="right"),
            "absent": text("没来测", width=80, alignment="right"),
            "void": text("要重测", width=80, alignment="right"),
            "exempt": text("免测", width=70, alignment="right"),
            "consented": text("同意了", width=80, alignment="right"),
            "left": text("留守没测", width=90, alignment="right"),
        },
        key=f"screening_coverage_{hash(tuple(ids))}",
        alt=f"{len(ids)} 个班，{counted} 个孩子里 {whole[Standing.SCREENED]} 个有有效结果",
    )
    return opened_in_table(ids, key=_OPENED_CLASS, parameter="class")


def _coverage_row(each: ClassCoverage) -> dict[str, Any]:  # cells of several types
    def people(count: int) -> str | None:
        return f"{count} 人" if count else None

    return {
        "label": each.label,
        "share": each.share or 0,
        "screened": f"{each.counts[Standing.SCREENED]} / {each.pupils} 人",
        "missing": people(each.counts[Standing.MISSING]),
        "absent": people(each.counts[Standing.ABSENT]),
        "void": people(each.counts[Standing.VOID]),
        "exempt": people(each.counts[Standing.EXEMPT]),
        "consented": people(each.consented),
        "left": people(each.left_behind_missing),
    }


def draw_not_screened(label: str, children: Sequence[NotScreened]) -> None:
    """Draw who of a class has no valid result, and why."""
    with act_list(f"{label}，还没有有效结果的 {len(children)} 人"):
        if not children:
            note("都测了。")
        for child in children:
            left = "，留守" if child.is_left_behind else ""
            note(f"{child.name}：{child.standing.label}{left}")


def draw_results(page: ResultPage, key: str) -> None:
    """Draw one page of a round's results; a click on the name opens the child's."""
    ids = [row.student_id for row in page.rows]
    text = st.column_config.TextColumn
    data_table(
        [
            {
                "child": row.child,
                "class": row.class_label,
                "day": day_of(row.taken_on),
                "level": [look_of(row).cell(words_of(row))],
                "high": f"{row.high_count} 项" if row.high_count else None,
                "state": [_cell(row)] if row.state else [],
                "consent": None if row.consent is ConsentAnswer.GIVEN else "没有同意",
            }
            for row in page.rows
        ],
        {
            "child": opening_column("学生", key=_OPENED_RESULT, width=110),
            "class": text("班级", width=100),
            "day": text("哪天测的", width=90),
            "level": StateColumn("等级", LEVEL_TINTS, width=230),
            "high": text("偏高", width=70, alignment="right"),
            "state": StateColumn("面谈", [DUTY[each] for each in DutyState_], width=110),
            "consent": text("家里", width=90),
        },
        key=f"{key}_{hash(tuple(row.id for row in page.rows))}",
        alt=f"{page.total} 份结果",
    )
    if opened_in_table(ids, key=_OPENED_RESULT, parameter="student"):
        st.rerun()
    paging_line(f"{key}_page", total=page.total, unit="份", page_size=PAGE_SIZE)


def _cell(row: ResultRow) -> str:
    return DUTY[row.state.value].cell() if row.state else ""


def draw_numbers(found: RoundListing, numbers: RoundNumbers) -> None:
    """Draw a round as numbers for who may see numbers only."""
    with st.container(border=True):
        st.markdown(f"**{plain(found.label)}**")
        told = [f"在册 {_number(numbers.pupils)}"]
        told += [f"{standing.label} {_number(count)}" for standing, count in numbers.standings.items()]
        st.text("，".join(told))
        if numbers.levels:
            levels = "，".join(f"{name} {_number(count)}" for name, count in numbers.levels.items())
            st.text(f"按最近一次有效结果：{levels}")
        note("不到 5 个孩子的不单独列数。")


def _number(count: int | None) -> str:
    return "不列" if count is None else f"{count:,} 人"


def draw_look_after(children: Sequence[LookAfter]) -> None:
    """Draw whom the homeroom teacher is asked to look after; nothing where nobody is."""
    if not children:
        return
    with act_list("请您多留意"):
        note("关爱室谈过以后，请您平时多看一眼、多问一句；有什么不对，马上告诉关爱室。")
        for child in children:
            if act_row(f"{child.name}，{child.class_label}", "", f"{day_of(child.since)}起", "记谈话",
                       key=f"screening_look_{child.student_id}"):  # fmt: skip
                query = {"kind": "talk", "student": str(child.student_id)}
                st.switch_page(navigation.path_of("record"), query_params=query)
