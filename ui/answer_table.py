"""Who answers for what, as a table: every post with today's holder, deputy, or the gap."""

from collections.abc import Sequence

import streamlit as st

from services.answers import Answer, Holder
from ui.formats import plain
from ui.layout import empty_state, note
from ui.states import POST
from ui.tables import StateColumn, TagColumn, current_page, data_table, opening_column, paging_line
from ui.telling import tell
from ui.views import opened_in_table

SELECTED = "post"
_OPENED, _PAGE, _ROWS = "posts_open", "page", 8
_NAMED = 8


def choose_post(answers: Sequence[Answer], *, opens: bool) -> int | None:
    """Draw the posts a page at a time; return the id of the post opened in it or named in the address.

    With `opens` the name of a post is a button.
    """
    if not answers:
        empty_state("badge", "还没有班级", "导入名册，或到“设置”里加班级，这里就会列出每个班的班主任和任课教师。")
        return None
    page = current_page(_PAGE, total=len(answers), page_size=_ROWS)
    visible = answers[(page - 1) * _ROWS : page * _ROWS]
    ids = [answer.post_id or 0 for answer in visible]
    text = st.column_config.TextColumn
    has_places = any(answer.seat_label for answer in visible)
    data_table(
        [_row(answer) for answer in visible],
        {
            "name": opening_column("岗位", key=_OPENED, width=170) if opens else text("岗位", width=170),
            **({"place": text("在哪里", width=100)} if has_places else {}),
            "holders": TagColumn("现在是谁", width=250),
            "state": StateColumn("状态", list(POST.values()), width=110),
            "answers_for": text("负责什么", width=330),
        },
        key=f"posts_table_{hash(tuple((answer.code, answer.seat) for answer in visible))}",
        alt=_finding(answers),
    )
    paging_line(_PAGE, total=len(answers), unit="个岗位", page_size=_ROWS)
    chosen = opened_in_table(ids, key=_OPENED, parameter=SELECTED) if opens else None
    vacant = [answer.label for answer in answers if answer.is_vacant and answer.is_needed]
    if vacant and not chosen:
        more = f"等 {len(vacant)} 个" if len(vacant) > _NAMED else ""
        note(f"还没有人：{'、'.join(vacant[:_NAMED])}{more}。", icon="person_off")
    return chosen


def draw_vacant_elsewhere(answers: Sequence[Answer], *, title: str, view: str, key: str) -> None:
    """Name the posts without anybody on the page's other view, which home counted as well, and lead there."""
    vacant = [answer.label for answer in answers if answer.is_vacant and answer.is_needed and answer.post_id]
    if not vacant:
        return
    more = "等" if len(vacant) > _NAMED else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        words = f"“{title}”里还有 {len(vacant)} 个岗位没有人：{'、'.join(vacant[:_NAMED])}{more}。"
        note(words, icon="person_off")
        st.button(plain(f"看{title}"), key=f"posts_see_{view}", type="tertiary", on_click=tell, args=(key, view))


def holder_words(holder: Holder) -> str:
    """语文 贺兰舟, 周砚田（请假，何知微代）."""
    name = f"{holder.subject} {holder.name}" if holder.subject else holder.name
    return f"{name}（不在，{holder.deputy}代）" if holder.deputy else name


def _row(answer: Answer) -> dict[str, object]:
    return {
        "name": answer.name,
        "place": answer.seat_label,
        "holders": [holder_words(holder) for holder in answer.holders],
        "state": [POST[_state(answer)].cell()] if answer.holders or answer.is_needed else [],
        "answers_for": answer.answers_for,
    }


def _state(answer: Answer) -> str:
    if answer.is_vacant:
        return "vacant"
    return "deputised" if any(holder.deputy for holder in answer.holders) else "held"


def _finding(answers: Sequence[Answer]) -> str:
    vacant = sum(answer.is_vacant and answer.is_needed for answer in answers)
    return f"{len(answers)} 个岗位，{vacant} 个还没有人"
