"""Charts: one way to title and style them (look §7)."""

import json
from typing import Any

import altair as alt
import streamlit as st
from altair.utils import schemapi

_MUTED, _INK = "#5C574E", "#1A1917"

schemapi.disable_debug_mode()  # else every part of a chart is held to Vega-Lite's schema when it is made, 5 ms a chart
alt.theme.enable("none")  # as Streamlit does: its own look applies


def draw_chart(chart: Any, *, title: str, subtitle: str = "", finding: str, height: int, key: str) -> None:
    """Draw a chart under its title, with the unit or definition below it; `finding` is read to who can't see it."""
    draw_drawn(as_drawn(chart, title=title, subtitle=subtitle, height=height), finding=finding, key=key)


def draw_drawn(drawn: str, *, finding: str, key: str) -> None:
    """Draw a chart that `as_drawn` put together."""
    st.vega_lite_chart(json.loads(drawn), key=key, width="stretch", alt=finding)


def as_drawn(chart: Any, *, title: str, subtitle: str = "", height: int) -> str:
    """Return a chart as the browser draws it; one of several layers takes 30 ms, and can be kept.

    Charts are not held to the schema again at every click, which took 15 ms for each: a test does so.
    """
    heading = alt.TitleParams(
        title, subtitle=subtitle or [], fontSize=14, fontWeight=600, offset=10, anchor="start", color=_INK,
        subtitleColor=_MUTED, subtitleFontSize=12,
    )  # fmt: skip
    text = {"labelColor": _INK, "titleColor": _MUTED, "labelFontSize": 12, "titleFontSize": 12, "labelLimit": 200}
    styled = chart.properties(title=heading, height=height).configure_view(stroke=None)
    styled = styled.configure_axis(**text, grid=False, domain=False).configure_legend(**text)
    return json.dumps(styled.to_dict(validate=False), ensure_ascii=False)
