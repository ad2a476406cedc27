"""A field shows in the browser what the server believes to stand in it, also where a run was cut short."""

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest


def drawn(*, stops_before_field: bool = False) -> AppTest:
    """Draw a form and a filter once; the run may be cut short before the form's field."""

    def page(stops_before_field: bool):
        import streamlit as st

        from ui.forms import Form
        from ui.telling import begin_run, end_run, tell_again

        begin_run()
        is_first = "seen_before" not in st.session_state
        st.session_state["seen_before"] = True
        st.session_state.setdefault("class", 2)
        form = Form("card", {"id": 1, "version": 1, "address": "青澜县"})
        tell_again("class")
        with form.field("address") as key:
            if is_first and stops_before_field:
                st.stop()
            st.text_input("地址", key=key)
        st.selectbox("班级", [1, 2], key="class")
        st.button("再来一次", key="again")
        end_run()

    return AppTest.from_function(page, kwargs={"stops_before_field": stops_before_field}).run()


def run_again_for_a_browser_that_got_nothing(shown: AppTest) -> AppTest:
    """Run as for a click made before the first run's fields came: they are thrown away, and the click names none."""
    return shown._run(WidgetStates())


def told(shown: AppTest) -> list[tuple[bool, str]]:
    """Whether each field's value goes to the browser with this run, and which."""
    text, choice = shown.text_input[0].proto, shown.selectbox[0].proto
    return [(text.set_value, text.value), (choice.set_value, choice.raw_value)]


def test_what_a_field_begins_with_is_told_again_where_it_never_arrived():
    shown = run_again_for_a_browser_that_got_nothing(drawn())

    assert told(shown) == [(True, "青澜县"), (True, "2")]


def test_and_where_the_run_was_cut_short_before_the_field():
    shown = run_again_for_a_browser_that_got_nothing(drawn(stops_before_field=True))

    assert told(shown) == [(True, "青澜县"), (True, "2")]


def test_a_field_the_browser_has_is_not_written_over():
    shown = drawn()
    shown.button(key="again").click().run()

    assert told(shown) == [(False, ""), (False, "")]
    assert (shown.text_input[0].value, shown.selectbox[0].value) == ("青澜县", 2)


def test_what_somebody_typed_stays_hers():
    shown = run_again_for_a_browser_that_got_nothing(drawn())
    shown.text_input[0].input("望舒镇").run()
    shown.button(key="again").click().run()

    assert shown.text_input[0].value == "望舒镇"
    assert told(shown)[0] == (False, "")


def kept_by_the_browser(before: AppTest, key: str, text: str) -> WidgetStates:
    """Return what a browser sends that still shows what another person typed, to a server that was started anew."""
    states = WidgetStates()
    states.widgets.add(id=before.text_input(key=key).id, string_value=text)
    return states


def test_what_somebody_typed_before_the_server_was_started_anew_is_nobody_s_now():
    def page():
        import streamlit as st

        from ui.telling import begin_run, begin_with, end_run

        begin_run()
        begin_with("find", "")
        st.text_input("找学生", key="find")
        end_run()

    states = kept_by_the_browser(AppTest.from_function(page).run(), "find", "甲说的孩子")
    shown = AppTest.from_function(page)._run(states)

    assert shown.text_input(key="find").value == ""
    assert (shown.text_input(key="find").proto.set_value, shown.text_input(key="find").proto.value) == (True, "")


def test_a_filter_of_a_page_come_back_to_begins_with_its_address_though_its_first_run_was_cut_short():
    def page(visit: str):
        import streamlit as st

        from ui.telling import begin_run, end_run, forget_filters
        from ui.views import begin_filter, keep_filter

        begin_run()
        if visit in ("elsewhere", "back"):
            forget_filters()
        if visit != "elsewhere":
            begin_filter("state", "state", {"late": 1, "done": 2}, usual=None)
            if visit == "cut short":
                st.stop()
            st.selectbox("状态", [None, 1, 2], key="state")
            keep_filter("state", "state", {"late": 1, "done": 2})
        end_run()

    def go(to: str) -> AppTest:
        shown.args = (to,)
        return shown.run()

    shown = AppTest.from_function(page, args=("cut short",)).run()
    go("there").selectbox[0].select(2).run()
    assert shown.query_params["state"] == "done"
    go("elsewhere")

    assert go("back").selectbox[0].value == 2


def test_a_page_number_written_while_all_fitted_on_one_page_is_not_kept():
    def page(total: int, written: int | None = None):
        import streamlit as st

        from ui.tables import paging_line

        if written:
            st.session_state["page"] = written
        paging_line("page", total=total, unit="人", page_size=10)

    shown = AppTest.from_function(page, kwargs={"total": 5, "written": 1}).run()

    assert "page" not in shown.session_state
