"""The yardstick: Streamlit itself with the program's menu, no sign-in, no database, canned data on every page.

Imports nothing of the program, so that its start and its memory are Streamlit's own; the menu comes from the
environment as JSON: a list of sections, each with its pages (name, title, icon).
"""

import json
import os
from collections.abc import Callable

import altair as alt
import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

ROWS, METRICS = 50, 4
PAGES: list[dict[str, str]] = json.loads(os.environ["CARE_BENCH_PAGES"])


def page_of(title: str) -> Callable[[], None]:
    """Return the function that draws a page: title, four metrics, a table, a chart and a form."""

    def draw() -> None:
        st.title(title, anchor=False)
        for number, column in enumerate(st.columns(METRICS)):
            column.metric(f"指标 {number + 1}", 100 + number, delta=number)
        table = canned()
        st.dataframe(table, hide_index=True)
        st.altair_chart(alt.Chart(table).mark_bar().encode(x="班级:N", y="sum(次数):Q"))
        draw_form()

    return draw


def canned() -> pd.DataFrame:
    """Return fifty rows that are always the same."""
    return pd.DataFrame(
        {
            "学号": [f"S{number:04d}" for number in range(ROWS)],
            "姓名": [f"试学生{number}" for number in range(ROWS)],
            "班级": [f"{1 + number % 9}年级" for number in range(ROWS)],
            "次数": [number % 7 for number in range(ROWS)],
            "日期": pd.date_range("2026-09-01", periods=ROWS, freq="D"),
        }
    )


def draw_form() -> None:
    """Draw a form of six fields."""
    with st.form("form"):
        st.text_input("姓名")
        st.selectbox("班级", ["一年级", "二年级", "三年级"])
        st.date_input("日期", value="2026-09-01")
        st.number_input("次数", value=1)
        st.toggle("住校")
        st.text_area("说明")
        st.form_submit_button("保存")


pages = {
    each["name"]: st.Page(page_of(each["title"]), title=each["title"], url_path=each["name"], default=not number)
    for number, each in enumerate(PAGES)
}
chosen = st.navigation(list(pages.values()), position="hidden")
st.set_page_config(page_title=chosen.title, layout="wide")
with st.sidebar:
    for section in dict.fromkeys(each["section"] for each in PAGES if each["section"]):
        with st.container(gap=8):
            st.caption(section)
            for each in PAGES:
                if each["section"] == section:
                    st.page_link(
                        pages[each["name"]], label=each["title"], icon=f":material/{each['icon']}:", width="stretch"
                    )
chosen.run()
