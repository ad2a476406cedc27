"""Pairing in figures: who is behind, who has never begun, who carries how much; and the school's numbers alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from db.tables import HelperKind, PairingRole
from db.transactions import reading
from services.actors import Actor
from services.pairing import helper_lists, pair_numbers
from services.pairing.helper_lists import HelperFilters, HelperRow
from services.regulations import pair_duties
from services.regulations.pair_duties import HelperProgress, Progress
from ui import navigation
from ui.charts import draw_chart
from ui.layout import Action, empty_state, filter_row, note
from ui.pairing_filters import pills
from ui.states import KEEPING_UP
from ui.tables import StateColumn, current_page, data_table, opening_column, paging_line, row_clicked
from ui.views import begin_filter, keep_filter

_PROGRESS, _PAGE, _OPEN, _SHOWN = "progress_state", "progress_page", "progress_open", "care_progress_shown"
_KIND = "progress_kind"
_STATES = {each.value: each for each in Progress}
_KINDS = {each.value: each for each in HelperKind if each is not HelperKind.STAFF}
_PAGE_SIZE = 15
_HELD_BACK = "少于 5 人，不列"


def open_clicked() -> None:
    """Open the helper that was just clicked."""
    if (helper_id := row_clicked(_OPEN, _SHOWN)) is not None:
        st.query_params["helper"] = str(helper_id)


def draw_progress(actor: Actor) -> None:
    """Draw who keeps up and who doesn't, each number its own list; below it who carries how much."""
    with reading() as session:
        rows = pair_duties.list_progress(session, actor)
    if rows:
        _draw_list(rows)
    else:
        _draw_not_counted()
    _draw_loads(actor)


def _draw_not_counted() -> None:
    asked = empty_state(
        "rule", "还没有算", "结对的几条制度（J-03、J-04、J-13、J-15）启用以后，这里看得到谁落下了、谁还没有开始。",
        actions=[Action("打开制度执行", "progress_rules", "rule")],
    )  # fmt: skip
    if asked:
        st.switch_page(navigation.path_of("rules"), query_params={"from": "pairing"})


def _draw_list(rows: Sequence[HelperProgress]) -> None:
    begin_filter(_PROGRESS, "progress", _STATES)
    counts = Counter(each.progress for each in rows)
    with filter_row():
        pills("谁", {each: f"{each.label} {counts[each]:,}" for each in Progress}, key=_PROGRESS, page=_PAGE)
    keep_filter(_PROGRESS, "progress", _STATES)
    chosen = st.session_state.get(_PROGRESS)
    wanted = [each for each in rows if chosen in (None, each.progress)]
    if not wanted:
        empty_state("task_alt", "这一栏里没有人", "点别的看看。")
        return
    number = current_page(_PAGE, total=len(wanted), page_size=_PAGE_SIZE)
    page = wanted[(number - 1) * _PAGE_SIZE : number * _PAGE_SIZE]
    st.session_state[_SHOWN] = [each.helper_id for each in page]
    data_table([_row(each) for each in page], _columns(), key="progress_table",
               alt=f"每位帮扶人这学期到今天做了多少，共 {len(wanted)} 位。")  # fmt: skip
    paging_line(_PAGE, total=len(wanted), unit="位", page_size=_PAGE_SIZE)
    note("这学期到今天，照工作记录算，和“制度执行”里的一样；学生和家长做的，由班主任替他们记。")


def _row(row: HelperProgress) -> dict[str, Any]:
    totals = row.totals
    return {
        "name": row.name,
        "kind": row.kind.label,
        "state": [KEEPING_UP[row.progress.value].cell()],
        "children": row.children,
        "share": totals.share,
        "done": f"{totals.done:,} / {totals.required:,}",
        "overdue": totals.overdue or None,
        "missed": totals.missed or None,
        "due": totals.due or None,
    }


def _columns() -> dict[str, Any]:  # configurations have no common public type
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "name": opening_column("帮扶人", key=_OPEN, width=100),
        "state": StateColumn("跟上没有", list(KEEPING_UP.values()), width=115),
        "share": st.column_config.ProgressColumn("做到了", min_value=0, max_value=100, format="%d%%", width=120),
        "done": text("做了 / 该做", width=95, alignment="right"),
        "overdue": number("逾期", width=60),
        "missed": number("漏做", width=60),
        "due": number("待做", width=60),
        "children": number("带过", width=60),
        "kind": text("什么人", width=90),
    }


def _draw_loads(actor: Actor) -> None:
    """Draw how many children each helper of one kind has, beside how many there is room for."""
    begin_filter(_KIND, "carried", _KINDS, usual=HelperKind.STAFF)
    st.markdown("**谁带了几个孩子**")
    pills("什么人", {each: each.label for each in HelperKind}, key=_KIND, page=_PAGE, required=True)
    keep_filter(_KIND, "carried", _KINDS)
    kind: HelperKind = st.session_state.get(_KIND) or HelperKind.STAFF
    with reading() as session:
        rows = helper_lists.list_loads(session, actor, filters=HelperFilters(kind=kind))
    if not rows:
        note(f"还没有登记{kind.label}。")
        return
    if len(rows) == helper_lists.MOST_DRAWN:
        note(f"只画带得最多的 {len(rows)} 位；全部在“帮扶人”里。")
    _draw_bars(kind, rows)


def _draw_bars(kind: HelperKind, rows: Sequence[HelperRow]) -> None:
    twice = {name for name, count in Counter(each.name for each in rows).items() if count > 1}
    values = [
        {"帮扶人": f"{each.name}（{each.id} 号）" if each.name in twice else each.name, "孩子": each.children,
         "最多": each.capacity, "情况": "带满了" if not each.room else "还能带"}
        for each in rows
    ]  # fmt: skip
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("帮扶人:N", sort=[str(each["帮扶人"]) for each in values], title=None)
    )
    bars = base.mark_bar().encode(
        x=alt.X("孩子:Q", title="孩子（个）", axis=alt.Axis(tickMinStep=1, format="d")),
        color=alt.Color(
            "情况:N", title=None, scale=alt.Scale(domain=["还能带", "带满了"], range=["#1F5F6B", "#D9962B"]),
            legend=alt.Legend(orient="top"),
        ),
        tooltip=[alt.Tooltip("帮扶人:N"), alt.Tooltip("孩子:Q"), alt.Tooltip("最多:Q")],
    )  # fmt: skip
    limits = base.mark_tick(color="#1A1917", thickness=2).encode(x=alt.X("最多:Q"))
    full = sum(not each.room for each in rows)
    draw_chart(
        bars + limits, title=f"{kind.label}带的孩子", subtitle="黑线是最多能带几个",
        finding=f"{len(rows)} 位{kind.label}里，带得最多的有 {rows[0].children} 个孩子，{full} 位带满了。",
        height=190 + 24 * len(rows), key="pairing_loads",
    )  # fmt: skip


def draw_numbers(actor: Actor) -> None:
    """Draw the whole school's numbers, for who reads no child's name."""
    with reading() as session:
        found = pair_numbers.find_numbers(session, actor)
    rows = [
        ("在校的孩子，有人结对", found.paired),
        ("在校的孩子，还没有人", found.waiting),
        ("其中留守的，有人结对", found.left_behind_paired),
        ("其中留守的，还没有人", found.left_behind_waiting),
    ]
    _draw_table("孩子", rows)
    _draw_table("按身份，有几个孩子", [(role.label, found.by_role[role]) for role in PairingRole])
    _draw_table("现在的帮扶人", [(kind.label, found.helpers[kind]) for kind in HelperKind])
    note("不到 5 个孩子的不单独列数，也不让人减得出来。哪几条制度做得怎样，在“制度执行”里。")


def _draw_table(title: str, rows: Sequence[tuple[str, int | None]]) -> None:
    st.markdown(f"**{title}**")
    columns = {
        "what": st.column_config.TextColumn("", width=220),
        "count": st.column_config.TextColumn("人数", width=140, alignment="right"),
    }
    data_table(
        [{"what": what, "count": _HELD_BACK if count is None else f"{count:,}"} for what, count in rows],
        columns, key=f"pairing_numbers_{title}", alt=title,
    )  # fmt: skip
