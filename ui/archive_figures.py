"""Tiers and archives in figures: how many stand in which tier, how they moved over a range, who has an archive."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt
import streamlit as st

from db.transactions import reading
from services import archive_rates, clock, tier_figures
from services.access import Permission, allows
from services.actors import Actor
from services.archive_rates import Rate
from services.tier_figures import NO_TIER, Distribution, Distributions, Flow
from services.tier_kinds import TierOrder
from ui import formats
from ui.asked import keep_asked
from ui.charts import draw_chart
from ui.layout import note
from ui.tables import data_table
from ui.telling import tell, tell_again
from ui.tier_words import NO_TIER as NO_TIER_LOOK
from ui.tier_words import tier_word
from ui.wording import day_field

_FIRST, _LAST = "archives_first", "archives_last"
_USUAL = timedelta(days=90)
_HELD_BACK = "不单独说"
_WHY_HELD_BACK = "人数少的不单独说，也不让人减得出来。"
_FILLS = {
    "red": "#9B1C3F", "orange": "#D9791A", "yellow": "#C9A227", "green": "#1F8A70", "blue": "#3F7FBF",
    "violet": "#7B5EA7", "gray": "#8B857A",
}  # fmt: skip


def draw_tiers(actor: Actor, order: TierOrder) -> None:
    """Draw the distribution on the last day of a range and the flows over it."""
    if not allows(actor, Permission.ARCHIVE_READ):
        _draw_tiers_of_week(actor, order)
        return
    chosen = _range()
    if chosen is None:
        note("请选开始和结束两天，结束不早于开始，也不晚于今天。", icon="info")
        return
    first, last = chosen
    with reading() as session:
        found = tier_figures.find_distribution(session, actor, day=last)
        flows = tier_figures.list_flows(session, actor, first_day=first, last_day=last)
    _draw_distribution(found, order)
    _draw_flows(flows, order, first, last)


def _draw_tiers_of_week(actor: Actor, order: TierOrder) -> None:
    """Draw the distribution at the end of a week, for who sees numbers only."""
    [last] = _days_chosen((_LAST, "last", "到哪天", clock.today()))
    if last is None or last > clock.today():
        note("请选一天，不晚于今天。", icon="info")
        return
    with reading() as session:
        found = tier_figures.find_distribution(session, actor, day=last)
    _draw_distribution(found, order)
    note("只说每周星期天的数：一天一天地比，会看出是哪个孩子。")


def draw_rates(actor: Actor) -> None:
    """Draw how many have an archive, by grade and class."""
    with reading() as session:
        rates = archive_rates.find_rates(session, actor)
    school = rates.school
    st.markdown(f"**建档率 {_share(school)}** :small[:gray[{_told(school.have)} / {_told(school.must)}]]")
    note(f"在校的孩子都要有。新来不到 {rates.new_pupil_days} 天、还没建的先不算（{_told(school.newcomers)}）。")
    if school.left_behind is not None and school.left_behind_have is not None:
        note(f"留守儿童：{school.left_behind_have:,} / {school.left_behind:,} 人。")
    if rates.is_held_back:
        note(_WHY_HELD_BACK)
    for title, rows in (("按年级", rates.grades), ("按班级", rates.classes)):
        if rows:
            st.markdown(f"**{title}**")
            _draw_rates(rows, title)


def _share(school: Rate) -> str:
    if school.percent is not None:
        return f"{school.percent}%"
    return "还没有要建档的孩子" if school.must == 0 else _HELD_BACK


def _range() -> tuple[date, date] | None:
    today = clock.today()
    first, last = _days_chosen((_FIRST, "first", "从哪天", today - _USUAL), (_LAST, "last", "到哪天", today))
    if first is None or last is None or first > last or last > today:
        return None
    return first, last


def _days_chosen(*fields: tuple[str, str, str, date]) -> list[date | None]:
    """Draw day fields that stand in the address: each by its key, its name there, its label and its usual day."""
    for key, name, _, usual in fields:
        if key not in st.session_state:
            tell(key, _day_asked(name) or usual)
    tell_again(*(key for key, *_ in fields))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = [day_field(label, key=key, width=160) for key, _, label, _ in fields]
    for (_, name, _, usual), day in zip(fields, chosen, strict=True):
        keep_asked(name, None if day is None or day == usual else day.isoformat())
    return chosen


def _day_asked(name: str) -> date | None:
    try:
        return date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None


def _draw_distribution(found: Distributions, order: TierOrder) -> None:
    day = formats.day(found.day, today=clock.today())
    kinds = [*[each.id for each in order.kinds], NO_TIER]
    used = [each for each in kinds if found.school.counts.get(each, 0) != 0]
    words = "，".join(f"{_label(each, order)} {_told(found.school.counts.get(each, 0))}" for each in used)
    st.markdown(f"**{day}的分布** :small[:gray[按这一天当天的等级，在班里的孩子]]")
    st.markdown(words or "这一天没有在班里的孩子。")
    if found.is_held_back:
        note(_WHY_HELD_BACK)
    rows = [
        {"等级": _label(each, order), "年级": part.label, "人数": count}
        for part in found.grades
        for each in used
        if (count := part.counts.get(each, 0))
    ]
    if rows and len(used) > 0:
        _draw_bars(rows, [_label(each, order) for each in used], order, words)
    for title, parts in (("按年级", found.grades), ("按班级", found.classes)):
        if parts:
            _draw_counts(title, parts, used, order)


def _draw_bars(rows: list[dict[str, Any]], labels: list[str], order: TierOrder, words: str) -> None:
    grades = list(dict.fromkeys(row["年级"] for row in rows))
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(stroke="#FBF9F5", strokeWidth=1)
        .encode(
            y=alt.Y("年级:N", sort=grades, title=None),
            x=alt.X("sum(人数):Q", stack="normalize", title="占在班孩子的", axis=alt.Axis(format="%")),
            color=alt.Color(
                "等级:N", scale=alt.Scale(domain=labels, range=[_fill(each, order) for each in labels]),
                legend=alt.Legend(orient="top", title=None, columns=3),
            ),
            order=alt.Order("顺序:Q"),
            tooltip=[alt.Tooltip("年级:N"), alt.Tooltip("等级:N"), alt.Tooltip("人数:Q")],
        )
        .transform_calculate(顺序=f"indexof({labels!r}, datum.等级)")
    )  # fmt: skip
    draw_chart(
        chart, title="各年级的等级", subtitle="单位：占这个年级在班孩子的百分比", finding=f"等级的分布：{words}。",
        height=170 + 34 * len(grades), key="archives_bars",
    )  # fmt: skip


def _draw_counts(title: str, parts: Sequence[Distribution], used: list[int], order: TierOrder) -> None:
    columns: dict[str, Any] = {"label": st.column_config.TextColumn(title.removeprefix("按"), width=110)}
    for each in used:
        columns[str(each)] = st.column_config.NumberColumn(_label(each, order), width=100)
    rows = [{"label": part.label, **{str(each): part.counts.get(each, 0) for each in used}} for part in parts]
    data_table(rows, columns, key=f"archives_counts_{title}", alt=f"{title}的等级人数")


def _draw_flows(flows: Sequence[Flow], order: TierOrder, first: date, last: date) -> None:
    today = clock.today()
    span = formats.day_range(first, last, today=today)
    moved = [each for each in flows if each.from_tier_id != each.to_tier_id]
    st.markdown(f"**{span}的流动** :small[:gray[开始前一天在哪一级，最后一天在哪一级]]")
    if not moved:
        note("这段时间没有孩子换过等级。")
        return
    words = "，".join(
        f"{_label(each.from_tier_id, order)}到{_label(each.to_tier_id, order)} {each.children} 人" for each in moved
    )
    _draw_lines(moved, order, words)
    rows = [
        {"from": _label(each.from_tier_id, order), "to": _label(each.to_tier_id, order), "children": each.children}
        for each in moved
    ]
    columns = {
        "from": st.column_config.TextColumn("从", width=140),
        "to": st.column_config.TextColumn("到", width=140),
        "children": st.column_config.NumberColumn("人数", width=80),
    }
    data_table(rows, columns, key="archives_flows", alt=f"等级的流动：{words}。")


def _draw_lines(moved: Sequence[Flow], order: TierOrder, words: str) -> None:
    """Draw a line for each move, as wide as it is many; going up to a graver tier or down is said in words too."""
    kinds = [*[each.id for each in order.kinds], NO_TIER]
    labels = [
        _label(each, order) for each in kinds if any(each in (move.from_tier_id, move.to_tier_id) for move in moved)
    ]
    rows = []
    for number, move in enumerate(moved):
        was, now = kinds.index(move.from_tier_id), kinds.index(move.to_tier_id)
        way = "第一次定级" if move.from_tier_id == NO_TIER else ("加重" if now < was else "减轻")
        for place, tier_id in (("开始时", move.from_tier_id), ("最后一天", move.to_tier_id)):
            rows.append(
                {"流": number, "什么时候": place, "等级": _label(tier_id, order), "人数": move.children, "方向": way}
            )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("什么时候:N", sort=["开始时", "最后一天"], title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("等级:N", sort=labels, title=None),
        detail=alt.Detail("流:N"),
    )
    lines = base.mark_line(opacity=0.75, strokeCap="round").encode(
        strokeWidth=alt.StrokeWidth("人数:Q", scale=alt.Scale(range=[1.5, 16]), legend=None),
        color=alt.Color(
            "方向:N", scale=alt.Scale(domain=["加重", "减轻", "第一次定级"], range=["#A65A2E", "#1F5F6B", "#8B867B"]),
            legend=alt.Legend(orient="top", title=None, columns=3),
        ),
        tooltip=[alt.Tooltip("方向:N"), alt.Tooltip("人数:Q")],
    )  # fmt: skip
    chart = lines + base.mark_point(filled=True, size=60, color="#1A1917", opacity=1)
    draw_chart(
        chart, title="等级的流动", subtitle="线越粗，孩子越多；没有换级的不画", finding=f"等级的流动：{words}。",
        height=160 + 46 * len(labels), key="archives_lines",
    )  # fmt: skip


def _draw_rates(rows: Sequence[Rate], title: str) -> None:
    shows_left_behind = any(row.left_behind is not None for row in rows)
    columns: dict[str, Any] = {
        "label": st.column_config.TextColumn(title.removeprefix("按"), width=120),
        "percent": st.column_config.ProgressColumn("建档率", min_value=0, max_value=100, format="%d%%", width=150),
        "have": st.column_config.TextColumn("有 / 要有", width=100, alignment="right"),
        "new": st.column_config.NumberColumn("新来的", width=80),
    }
    if shows_left_behind:
        columns["left"] = st.column_config.TextColumn("其中留守", width=100, alignment="right")
    data_table(
        [
            {
                "label": row.label,
                "percent": row.percent,
                "have": f"{row.have:,} / {row.must:,}",
                "new": row.newcomers or None,
                "left": f"{row.left_behind_have} / {row.left_behind}" if row.left_behind else None,
            }
            for row in rows
        ],
        columns,
        key=f"archives_rates_{title}",
        alt=f"{title}的建档率",
    )


def _label(tier_id: int, order: TierOrder) -> str:
    return tier_word(tier_id, order) if tier_id else NO_TIER_LOOK.word


def _told(count: int | None) -> str:
    return _HELD_BACK if count is None else f"{count:,} 人"


def _fill(label: str, order: TierOrder) -> str:
    colour = next((each.colour.value for each in order.kinds if each.label == label), "")
    return _FILLS.get(colour, "#E6E0D5")
