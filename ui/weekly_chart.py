"""How far each area's clauses are kept, over the weeks: a field of percentages (look §7)."""

from collections.abc import Sequence
from functools import lru_cache

import altair as alt
import streamlit as st

from services.regulations.parameters import areas
from services.reviews import WeekShares
from ui.charts import as_drawn, draw_drawn
from ui.layout import note

_FEWEST, _MOST = 2, 14
_PALE, _DARK, _INK = "#EEF4F4", "#124650", "#1A1917"


def draw_shares(every: Sequence[WeekShares]) -> None:
    """Draw the percentages by area and week, of the last weeks; from two weeks on."""
    weeks = every[-_MOST:]
    with st.container(border=True):
        if len(weeks) < _FEWEST:
            st.markdown("**各领域做到的条款**")
            note("有两周以后才画得出变化：每周过完定格一次，下一周起在这里看。")
            return
        shares = tuple(
            (_short(each.area), _week(week), each.percent)
            for week in weeks
            for each in week.areas
            if each.percent is not None
        )
        labels = tuple(sorted({area for area, _, _ in shares}))
        finding = _finding(weeks[-1])
        drawn = _chart(shares, labels, tuple(_week(each) for each in weeks))
        draw_drawn(drawn, finding=finding, key="weekly_shares")
        note(finding)


@lru_cache(maxsize=16)
def _chart(shares: tuple[tuple[str, str, int], ...], labels: tuple[str, ...], weeks: tuple[str, ...]) -> str:
    """Put the chart together; kept by all that is in it."""
    rows = [{"领域": area, "周": week, "做到": percent} for area, week, percent in shares]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "周:O",
            sort=list(weeks),
            scale=alt.Scale(domain=list(weeks)),
            title="第几周",
            axis=alt.Axis(labelAngle=0, ticks=False),
        ),
        y=alt.Y("领域:N", sort=list(labels), title=None, axis=alt.Axis(ticks=False)),
        tooltip=[alt.Tooltip("领域:N"), alt.Tooltip("周:O"), alt.Tooltip("做到:Q")],
    )
    fields = base.mark_rect(stroke="#FBF9F5", strokeWidth=1).encode(
        color=alt.Color("做到:Q", scale=alt.Scale(domain=[0, 100], range=[_PALE, _DARK]), legend=None)
    )
    figures = base.mark_text(fontSize=10).encode(
        text=alt.Text("做到:Q", format="d"),
        color=alt.condition("datum['做到'] >= 55", alt.value("#FFFFFF"), alt.value(_INK)),
    )
    return as_drawn(
        fields + figures, title="各领域做到的条款（%）", subtitle="做到 ÷（做到＋逾期＋漏做＋无数据）",
        height=120 + 26 * len(labels),
    )  # fmt: skip


def _finding(week: WeekShares) -> str:
    told = [(each.percent, each) for each in week.areas if each.percent is not None]
    if not told:
        return "这一周还没有能判断的条款。"
    least, area = min(told, key=lambda pair: (pair[0], pair[1].area))
    if least == 100:
        return "这一周能判断的条款都做到了。"
    return f"这一周最低的是 {_label(area.area)}：{area.judged} 条里做到 {area.kept} 条，{least}%。"


def _short(area: str) -> str:
    """Return what fits beside fourteen weeks."""
    return _label(area).split("、")[0]


def _label(area: str) -> str:
    return f"{area} {areas()[area]}"


def _week(week: WeekShares) -> str:
    return str(week.number) if week.number else f"{week.first_day.month}/{week.first_day.day}"
