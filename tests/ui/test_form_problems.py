"""What a form says is to be mended: as long as it is, and by name where its field isn't drawn."""

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from services.errors import FieldErrors, Problem
    from ui.forms import Form

    def refuse() -> None:
        raise FieldErrors({"name": Problem("required"), "day": Problem("required"), "place": Problem("required")})

    form = Form("trial", labels={"day": "从哪天起"})
    form.notices()
    with form.field("name", "") as key:
        name = st.text_input("姓名", key=key)
    with form.field("place", "") as key:
        st.text_input("地方", key=key)
    if name:
        with form.field("day", "今天") as key:
            st.text_input("从哪天起", key=key)
    if st.button("保存", key="save"):
        form.try_first(refuse)


def test_a_problem_stands_until_its_field_is_changed_and_an_undrawn_field_is_named():
    screen = AppTest.from_function(_page).run()
    screen.button(key="save").click().run()
    assert screen.error[0].value.endswith("有 3 处要改。写的字还在，请看标红的地方。 从哪天起：这一项要填。")
    assert sum("这一项要填" in each.value for each in screen.markdown) == 2

    screen.text_input(key="trial_name").set_value("谷雨").run()
    assert screen.error[0].value.endswith("有 1 处要改。写的字还在，请看标红的地方。")
    assert sum("这一项要填" in each.value for each in screen.markdown) == 1

    screen.text_input(key="trial_place").set_value("石桥").run()
    assert not screen.error
    assert not any("这一项要填" in each.value for each in screen.markdown)
