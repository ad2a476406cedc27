"""Views of the settings page: the school, its terms, its calendar."""

from collections.abc import Sequence
from datetime import date

import streamlit as st
from sqlmodel import Session

from db.tables import Role, Term
from db.transactions import reading
from services import clock, complete_years, schools
from services.access import Permission
from services.actors import Actor
from services.calendar import TERM_NAMES, school_year_label, school_year_of
from services.schools import DayRange
from services.terms_ahead import half_to_enter
from ui import session as ui_session
from ui.asking_first import ask_first
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import day_range, plain, weekday
from ui.forms import Form
from ui.layout import (
    DISCARD,
    act_list,
    act_row,
    empty_state,
    flash,
    form_end,
    leave_button,
    note,
    side_box,
    side_column,
)
from ui.school_years import draw_years
from ui.session import require_user
from ui.transport import UNENCRYPTED, is_unencrypted
from ui.wording import day_field

_TERM_BADGES = {
    "now": ":green-badge[:material/today: 现在]",
    "later": ":blue-badge[:material/schedule: 以后]",
    "over": ":gray-badge[:material/history: 已过]",
}


def show_school(actor: Actor) -> None:
    """Draw the school's name, and to the administrator how safe the way here is."""
    with reading() as session:
        stored = schools.find_school_name(session, actor)
    left, right = side_column(1.9)
    with left, st.container(border=True):
        form = Form("school", stored, labels={"school_name": "学校名称"})
        form.notices()
        with form.field("school_name", "") as key:
            name = st.text_input("学校名称", key=key, autocomplete="off")
        note("写全称。登录页、名单和印出来的表格上都是这个名字。")
        with form_end():
            submitted = st.button("保存学校名称", key="school_save", type="primary", icon=":material/check:")
    with right:
        _draw_transport(actor)
    if submitted and form.save(lambda session: schools.rename_school(session, actor, name=name, version=form.version)):
        ui_session.forget_school_name()
        flash("已保存。")
        st.rerun()


def _draw_transport(actor: Actor) -> None:
    if not actor.has_role(Role.ADMIN):
        return
    if is_unencrypted():
        with side_box("传输", badge=UNENCRYPTED):
            note("别的机器能打开这里，而传输没有加密，同一网络里的人可能看到内容。")
            note("请在服务器上用 python3 manage.py run --https 重新启动，或者装上学校的证书。")
    else:
        with side_box("传输"):
            note("没有在网络上明文传输。", icon="lock")


def show_terms(actor: Actor) -> None:
    """Draw the terms, the newest first, each with its button."""
    with reading() as session:
        terms = schools.list_terms(session, actor)
    today = clock.today()
    with act_list():
        for term in terms:
            act_row(
                f"{school_year_label(term.school_year)}{TERM_NAMES[term.number]}",
                _TERM_BADGES[_term_state(term, today)],
                day_range(term.first_day, term.last_day, today=today),
                "改日期",
                key=f"term_{term.id}",
                on_click=open_dialog,
                args=("term", term.id),
            )
    note("到期的日子、第几周都按学期和校历算。下个学期定了日子，就请加上。")
    if opened("term", 0):
        _add_term()
    for term in terms:
        if opened("term", term.id or 0):
            _edit_term(term)


def _term_state(term: Term, today: date) -> str:
    if today < term.first_day:
        return "later"
    return "now" if today <= term.last_day else "over"


@st.dialog("加一个学期", icon=":material/date_range:", dismissible=False)
def _add_term() -> None:
    _term_form(require_user(Permission.SCHOOL_WRITE), None)


@st.dialog("改学期", icon=":material/date_range:", dismissible=False)
def _edit_term(term: Term) -> None:
    _term_form(require_user(Permission.SCHOOL_WRITE), term)


def _term_form(actor: Actor, term: Term | None) -> None:
    labels = {"school_year": "学年", "number": "学期", "first_day": "开学第一天", "last_day": "放假前最后一天"}
    form = Form(f"term_form_{term.id if term else 'new'}", term, labels=labels)
    form.notices()
    this_year = school_year_of(clock.today())
    with reading() as session:
        year_ahead, number_ahead = half_to_enter(schools.find_calendar(session, actor), clock.today())
    years = sorted({this_year - 1, this_year, this_year + 1, year_ahead, *([term.school_year] if term else [])})
    left, right = st.columns(2)
    with left, form.field("school_year", year_ahead) as key:
        school_year = st.selectbox("学年", years, format_func=school_year_label, key=key, placeholder="请选")
    with right, form.field("number", number_ahead) as key:
        number = st.segmented_control(
            "学期", [1, 2], format_func=TERM_NAMES.__getitem__, key=key, required=True, wrap=True
        )
    with left, form.field("first_day") as key:
        first_day = day_field("开学第一天", key=key)
    with right, form.field("last_day") as key:
        last_day = day_field("放假前最后一天", key=key)

    def save(session: Session) -> None:
        schools.save_term(
            session,
            actor,
            school_year=school_year,
            number=number or 1,
            first_day=first_day,
            last_day=last_day,
            term_id=form.drawn_from.id,
            version=form.drawn_from.version,
        )

    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("保存这个学期", key=form.key("save"), type="primary", icon=":material/check:")
    if submitted and form.save(save):
        flash("已保存。")
        close_dialog()


def show_days(actor: Actor) -> None:
    """Draw the days on which this school differs, and which years nobody knows the holidays of yet."""
    with reading() as session:
        ranges = schools.list_day_exceptions(session, actor)
        years = complete_years.list_unannounced_years(session, actor)
    draw_years(years)
    left, right = side_column(1.9)
    with left:
        if ranges:
            _draw_ranges(actor, ranges)
        else:
            empty_state(
                "event_available", "和国家的放假安排一样", "运动会、校庆、因天气停课这样的日子，在旁边写一次就算数。"
            )
    with right, side_box("写一个不一样的日子"):
        _day_form(actor)


def _draw_ranges(actor: Actor, ranges: Sequence[DayRange]) -> None:
    today = clock.today()
    with act_list():
        for found in ranges:
            badge = (
                ":blue-badge[:material/school: 上课]"
                if found.is_school_day
                else ":gray-badge[:material/event_busy: 不上课]"
            )
            when = day_range(found.first_day, found.last_day, today=today)
            if found.first_day == found.last_day:
                when = f"{when} {weekday(found.first_day)}"
            about = ("day_remove", found.first_day.toordinal())
            act_row(when, badge, found.label, "不算了", key=f"day_{found.first_day}", on_click=open_dialog, args=about)
    for found in ranges:
        if opened("day_remove", found.first_day.toordinal()):
            _ask_to_remove_days(found)


@st.dialog("删掉这个日子", icon=":material/delete:", dismissible=False)
def _ask_to_remove_days(found: DayRange) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    when = day_range(found.first_day, found.last_day, today=clock.today())
    st.markdown(f"**{plain(when)} {plain(found.label)}** 不再算{'上课' if found.is_school_day else '放假'}？")
    note("以后照国家的安排算，到期的日子会跟着变。")
    ask_first(
        lambda session: schools.remove_day_exception(session, actor, day=found.first_day, last_day=found.last_day),
        "不算了",
        kept="day_keep",
        confirmed="day_remove",
        done="已删掉。",
    )


def _day_form(actor: Actor) -> None:
    form = Form("day")
    form.notices()
    with form.field("is_school_day", False) as key:
        is_school_day = st.segmented_control(
            "这几天",
            [False, True],
            format_func=lambda value: "上课" if value else "不上课",
            key=key,
            required=True,
            label_visibility="collapsed",
            wrap=True,
        )
    with form.field("day") as key:
        first = day_field("哪一天", key=key)
    with form.field("last_day") as key:
        last = day_field("到哪一天（只有一天就不填）", key=key)
    with form.field("label", "") as key:
        label = st.text_input("为什么", key=key, placeholder="例如 秋季运动会", autocomplete="off")
    if st.button("写上", key="day_save", type="primary", icon=":material/check:") and form.save(
        lambda session: schools.save_day_exception(
            session, actor, day=first, last_day=last, is_school_day=bool(is_school_day), label=label
        )
    ):
        flash("已保存。")
        st.rerun()
