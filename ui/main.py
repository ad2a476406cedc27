"""The page script, run for every click of everybody: who is asking, then the frame and the page."""

from collections.abc import Sequence

import streamlit as st

from db.transactions import reading
from services import clock, setup
from services.access import Permission, allows
from services.actors import Actor
from services.duties import DutyGroup
from ui import navigation, session
from ui.authenticator import send_cookie_work
from ui.brand import ICON
from ui.frame import FOUND_AT_MOST, FindStudents, FoundStudent, draw_frame
from ui.hidden import show_hidden_screen
from ui.layout import Action, empty_state
from ui.recovery_sheet import has_sheet
from ui.shelf import put_input_on_shelf, take_input_from_shelf
from ui.sign_in import ask_to_sign_in
from ui.slips import has_slip
from ui.telling import begin_run, end_run, forget_filters
from ui.warming import note_page_is_out
from ui.way_back import keep_way_back
from ui.wording import put_words


def main() -> None:
    """Decide what this run shows."""
    begin_run()
    actor = session.identify()
    page = navigation.register_pages()  # on every run and before the sign-in form, see there
    st.set_page_config(page_title=page.title, page_icon=ICON, layout="wide", initial_sidebar_state="auto")
    put_words()
    corner = st.container()
    is_new = actor is None
    if actor is None:
        actor = _ask_who_it_is(page)
    with corner:
        send_cookie_work()
    if actor is None:
        st.stop()
    with session.acting(actor):
        _show(page, actor, is_new=is_new)


def _show(page: st.Page, actor: Actor, *, is_new: bool) -> None:
    if actor.hidden_since is not None:
        show_hidden_screen(actor, clock.SCHOOL_ZONE)
        st.stop()
    if keep_way_back(page.url_path):
        forget_filters()
    take_input_from_shelf()
    if actor.must_change_password:
        _insist_on(navigation.PASSWORD, page, is_new=is_new)
    elif actor.must_pledge:
        _insist_on(navigation.PLEDGE, page, is_new=is_new)
    else:
        draw_frame(
            actor,
            school_name=session.school_name(),
            find_students=_finder(actor),
            late_count=_late_count(actor),
        )
    page.run()


def _ask_who_it_is(page: st.Page) -> Actor | None:
    """Draw the sign-in form, or the first-run page while the school hasn't begun."""
    with reading() as database:
        state = setup.state(database)
    if not state.is_claimed or has_slip() or has_sheet():
        _show_first_run(page)
    if page.url_path == navigation.SET_UP:
        session.say_at_sign_in(session.ALREADY_SET_UP)
    put_input_on_shelf()
    return ask_to_sign_in(school_name=state.school_name)


def _show_first_run(page: st.Page) -> None:
    """Run the set-up page, whatever address was asked for, and nothing else; also while its result is being read."""
    if not navigation.has_page(navigation.SET_UP):
        empty_state("flag", "还没有开始使用", "请信息老师先在服务器上做好准备。")
    elif page.url_path != navigation.SET_UP:
        st.switch_page(navigation.path_of(navigation.SET_UP))
    else:
        page.run()
    st.stop()


_BEFORE = {
    navigation.PASSWORD: ("key", "先换一个自己的密码", "现在的密码别人也知道。换好就可以开始用。", "去修改密码"),
    navigation.PLEDGE: ("verified_user", "先看一遍保密承诺", "每学年一次。看过、点头，就可以开始用。", "去看保密承诺"),
}


def _insist_on(name: str, page: st.Page, *, is_new: bool) -> None:
    """Let nobody past a first password or an open pledge; ends the run unless the page asked for is that one."""
    if page.url_path == name:
        return
    if not is_new:
        st.switch_page(navigation.path_of(name))
    # This run has just sent the cookie to the browser; switching now could overtake it. The cookie component
    # asks for the next run by itself, which switches; the button is for a browser where it doesn't.
    icon, title, line, button = _BEFORE[name]
    empty_state(icon, title, line, actions=[Action(button, f"care_insist_on_{name}", is_primary=True)])
    st.stop()


def _late_count(actor: Actor) -> int:
    return sum(duty.group is DutyGroup.LATE for duty in session.my_duties(actor))


def _finder(actor: Actor) -> FindStudents | None:
    """Return how this person finds children, or None when they may see none."""
    if not allows(actor, Permission.STUDENT_READ) or not navigation.has_page(navigation.CHILD):
        return None

    from services import students  # knows every child's rows: not before somebody is signed in, see ui/refusals

    def find(text: str) -> Sequence[FoundStudent]:
        with reading() as database:
            return students.find_students(database, actor, text=text, limit=FOUND_AT_MOST + 1)

    return find


try:
    main()
finally:
    end_run()
    note_page_is_out()
