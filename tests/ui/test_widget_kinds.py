"""What is said of a field left empty, by what somebody does with it; on the widgets as Streamlit draws them."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import words_on

PAGE = """
import streamlit as st
from services.errors import FieldErrors, Problem
from ui.forms import Form

form = Form("kinds")
form.notices()
with st.container() as place, form.field("it", {start}, is_filled={is_filled}) as key:
    st.{widget}
if st.button("保存", key="save"):
    def save(session):
        raise FieldErrors({{"it": Problem("required")}})
    form.try_first(lambda: save(None))
"""
SEVERAL = 'pills("哪些", ["一", "二"], key=key, selection_mode="multi")'


@pytest.mark.parametrize(
    ("widget", "start", "sentence"),
    [
        ('text_input("写", key=key)', '""', "这一项要填。"),
        ('text_area("写", key=key)', '""', "这一项要填。"),
        ('number_input("几", key=key)', "None", "这一项要填。"),
        ('date_input("哪天", key=key)', "None", "这一项要填。"),
        ('selectbox("哪个", ["一"], key=key)', "None", "这一项请选一个。"),
        ('radio("哪个", ["一"], key=key)', "None", "这一项请选一个。"),
        ('pills("哪个", ["一"], key=key)', "None", "这一项请选一个。"),
        ('segmented_control("哪个", ["一"], key=key)', "None", "这一项请选一个。"),
        (SEVERAL, "[]", "请选，至少选一项。"),
        ('multiselect("哪些", ["一"], key=key)', "[]", "请选，至少选一项。"),
        ('checkbox("看过了", key=key)', "False", "这一项请打勾。"),
        ('toggle("看过了", key=key)', "False", "这一项请打勾。"),
    ],
)
def test_a_field_left_empty_says_what_to_do_with_it(widget: str, start: str, sentence: str):
    screen = AppTest.from_string(PAGE.format(widget=widget, start=start, is_filled=True)).run()
    screen.button(key="save").click().run()
    assert sentence in words_on(screen)

    screen.run()  # and it goes on saying so, drawn anew

    assert not screen.exception
    assert sentence in words_on(screen)


def test_in_a_form_too():
    """Its fields are drawn, and known, in the run of the click."""
    body = PAGE.format(widget='selectbox("哪个", ["一"], key=key)', start="None", is_filled=True)
    body = body.replace("with st.container() as place, form", 'with st.form("f"), form').replace(
        'if st.button("保存", key="save"):', 'if place.form_submit_button("保存", key="save"):'
    )
    body = body.replace('with st.form("f"), form', 'place = st.form("f")\nwith place, form')
    screen = AppTest.from_string(body).run()
    screen.button(key="save").click().run()

    assert "这一项请选一个。" in words_on(screen)
