"""What an import would do, before anybody confirms it: the counts, and lists of what to look at."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from services.exchange.readings import Kind, Position, RowProblem
from services.exchange.reasons import sentence
from services.student_imports import Outcome, PreviewRow
from ui import import_state
from ui.formats import plain
from ui.import_state import Taken, View
from ui.import_words import change_value, place_words, problem_value
from ui.layout import DISCARD, leave_button, note
from ui.screening_preview import consent_line, draw_differing, draw_flagged_rows, draw_undated, flagged_rows, wants_days
from ui.tables import current_page, data_table, paging_line
from ui.views import choose_view

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PAGE_SIZE = 10
_NOTES = {
    "rejected": "这些行不会写进去。下载下来，照“要改的地方”改好，再从这里导入一次。",
    "warnings": "这些行会导入，请看一眼对不对。",
    "flagged": "导入以后，这些孩子会在工作台上，按期限找人谈一谈。提示不是诊断，也不会自己立个案。",
    "changed": "空着的格子不会擦掉现在存着的内容。",
    "duplicates": "前面已经有一样的一行，这些行跳过，不用改。",
}


def draw_summary(taken: Taken, view: View) -> bool:
    """Draw the counts and the one button that imports; return whether it was just clicked.

    Results are not imported before somebody has said on which day those were tested that name none.
    """
    is_clicked = _draw_counts(taken, view)
    draw_undated(taken, view.preview)
    draw_differing(taken, view.preview)
    return is_clicked


def _draw_counts(taken: Taken, view: View) -> bool:
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        with st.container(width="content", gap="xxsmall"):
            st.markdown(f"**{counts_line(view)}**")
            note(_after(view, taken.list.words.place))
            if line := consent_line(view.preview):
                note(line, icon="info")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            leave_button(DISCARD, key="import_cancel", on_click=import_state.forget)
            beside = view.preview.beside
            if (not view.to_write and not beside) or wants_days(view.preview):
                return False
            rows = f"确认导入 {view.to_write:,} {taken.list.words.confirm}"
            return st.button(
                plain(rows if view.to_write else f"记下 {beside:,} 人没来测"),
                key="import_confirm",
                type="primary",
                icon=":material/check:",
            )


def counts_line(view: View) -> str:
    """共 281 行：新增 251，改动 0，没变 0，不能导入 27，重复跳过 3。"""
    return (
        f"共 {view.data_rows:,} 行：新增 {view.count(Outcome.NEW):,}，改动 {view.count(Outcome.CHANGED):,}，"
        f"没变 {view.count(Outcome.UNCHANGED):,}，不能导入 {len(view.reading.rejected):,}，"
        f"重复跳过 {len(view.reading.duplicates):,}"
        + "".join(f"，{said} {count:,}" for said, count in view.passed_over.items())
    )


def _after(view: View, place: str) -> str:
    hidden = view.reading.hidden_sheets
    passed = f"隐藏的表没有读：{'、'.join(hidden)}。" if hidden else ""
    if view.to_write:
        return f"还没有写进{place}。导入以后，只要没有人改过，随时可以整批撤回。{passed}"
    if view.preview.beside:
        return f"没有要导入的分数，只记下谁没来测，按班级能看到。{passed}"
    if view.count(Outcome.UNCHANGED):
        return f"和{place}里的一样，没有要写的。{passed}"
    return f"没有一行可以导入，请先照下面的话改好。{passed}"


def draw_lists(taken: Taken, view: View) -> None:
    """Draw the lists of what to look at, one at a time; those without anything are left out."""
    lists: dict[str, tuple[str, int, Callable[[View, str], None]]] = {
        "rejected": ("不能导入", len(view.reading.rejected), _draw_rejected),
        "warnings": ("要留意", len(view.problems(Kind.WARNING)), _draw_warnings),
        "flagged": ("有提示", len(flagged_rows(view)), _draw_flagged),
        "changed": ("改动", len(view.changed), _draw_changes),
        "matched": ("按姓名和班级对上的", len(view.matched), partial(_draw_matches, effect=taken.list.words.effect)),
        "duplicates": ("重复", len(view.problems(Kind.DUPLICATE)), _draw_duplicates),
    }
    labels = {name: f"{label} {count:,}" for name, (label, count, _) in lists.items() if count}
    if not labels:
        return
    name = choose_view(labels, key="import_view")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        note(taken.list.matched_note if name == "matched" else _NOTES[name])
        if name == "rejected":
            download_rejected(view.rejected_file, key="import_rejected_before")
        if name == "warnings":
            download_warnings(view.warnings_file, key="import_warnings_before")
    lists[name][2](view, f"import_page_{name}")


def download_rejected(content: bytes, *, key: str) -> None:
    """Draw the button that gives the rejected rows to mend."""
    st.download_button(
        "下载没导入的行", content, file_name="没导入的行.xlsx", mime=XLSX, key=key, icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def download_warnings(content: bytes, *, key: str) -> None:
    """Draw the button that gives the list of what to look at in the rows that are taken."""
    st.download_button(
        "下载要留意的", content, file_name="要留意的行.xlsx", mime=XLSX, key=key, icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def _draw_rejected(view: View, key: str) -> None:
    draw_problems(view.problems(Kind.REJECTED), key, what="不能导入的行")


def _draw_warnings(view: View, key: str) -> None:
    draw_problems(view.problems(Kind.WARNING), key, what="要留意的地方")


def _draw_duplicates(view: View, key: str) -> None:
    draw_problems(view.problems(Kind.DUPLICATE), key, what="重复的行")


def draw_problems(problems: list[RowProblem], key: str, *, what: str) -> None:
    """Draw a page of the rows to look at: whose, where, what stands there, why, and how to mend it.

    Rows of text, not a table on canvas: that cuts the sentence that says what to do.
    """
    with st.container(border=True, gap="small", key=f"{key}_rows"):
        st.markdown(f"**{plain(what)}**")
        for problem in _page_of(problems, key):
            _draw_problem(problem)
    paging_line(key, total=len(problems), unit="处", page_size=_PAGE_SIZE)


def _draw_problem(problem: RowProblem) -> None:
    name = f"**{plain(problem.name)}** " if problem.name else ""
    stands = f"{' '.join(problem.header.split())}：{problem_value(problem) or '空着'}"
    st.markdown(
        f"{name}:small[:gray[{plain(place_words(problem.position))}，{plain(stands)}]]  \n"
        f"{plain(sentence(problem.reason, problem_value(problem)))}"
    )


def _draw_changes(view: View, key: str) -> None:
    changes = [(row, change) for row in view.changed for change in row.changes]
    rows = [
        {
            "name": f"{row.name}，{row.class_label}",
            "field": change.label,
            "stored": change_value(change, change.stored),
            "new": change_value(change, change.new),
            "place": place_words(row.position),
        }
        for row, change in _page_of(changes, key)
    ]
    text = st.column_config.TextColumn
    columns = {
        "name": text("学生", width=160),
        "field": text("栏", width=110),
        "stored": text("现在存着的", width=210),
        "new": text("文件里的", width=210),
        "place": text("在哪里", width=190),
    }
    data_table(rows, columns, key=f"{key}_table", alt=f"要改动的内容，共 {len(changes)} 处。")
    paging_line(key, total=len(changes), unit="处", page_size=_PAGE_SIZE)


def _draw_flagged(view: View, key: str) -> None:
    rows = flagged_rows(view)
    draw_flagged_rows(_page_of(rows, key), key=f"{key}_table", total=len(rows))
    paging_line(key, total=len(rows), unit="份", page_size=_PAGE_SIZE)


def _draw_matches(view: View, key: str, *, effect: str) -> None:
    with st.container(border=True, gap="xsmall"):
        for row in _page_of(view.matched, key):
            _draw_match(view, row, effect)
    with st.container(horizontal=True, gap="xsmall"):
        st.button("都勾上", key="import_tick_all", type="tertiary", on_click=_tick_all, args=(view, True))
        st.button("都去掉勾", key="import_tick_none", type="tertiary", on_click=_tick_all, args=(view, False))
    paging_line(key, total=len(view.matched), unit="人", page_size=_PAGE_SIZE)


def _draw_match(view: View, row: PreviewRow, word: str) -> None:
    key = f"import_tick_{row.position}"
    st.session_state[key] = row.position not in view.own
    fields = "、".join(dict.fromkeys(change.label for change in row.changes))
    effect = f"{word}：{fields}" if fields else "内容没有变"
    st.checkbox(
        f"**{plain(row.name)}**，{plain(row.class_label)} "
        f":small[:gray[{plain(place_words(row.position))}。{plain(effect)}]]",
        key=key, on_change=_tick, args=(view, row.position, key),
    )  # fmt: skip


def _tick(view: View, position: Position, key: str) -> None:
    (view.own.discard if st.session_state[key] else view.own.add)(position)


def _tick_all(view: View, is_ticked: bool) -> None:
    view.own = set() if is_ticked else set(view.preview.to_tick)


def _page_of(items: list[Any], key: str) -> list[Any]:
    page = current_page(key, total=len(items), page_size=_PAGE_SIZE)
    return items[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]
