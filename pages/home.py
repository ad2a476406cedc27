"""Home: what is late, what is today, what waits for me; one ranked list over all areas."""

import streamlit as st

from db.transactions import reading
from services import clock, home, schools
from services.access import Permission, allows
from services.home import Duty, DutyGroup
from ui import duties, navigation
from ui.home_side import draw_figures, draw_numbers
from ui.layout import Action, act_list, act_row, empty_state, page_header, side_column
from ui.session import my_duties, require_user
from ui.states import DUTY
from ui.states import Duty as State
from ui.views import choose_view

actor = require_user(Permission.HOME_READ)

with reading() as session:
    week = schools.find_calendar(session, actor).week_of(clock.today())
    figures = home.find_my_figures(session, actor)
    numbers = home.find_numbers(session, actor)
mine = my_duties(actor)


def open_duty(duty: Duty) -> None:
    place = duties.destination_of(duty)
    st.switch_page(navigation.path_of(place.page), query_params=place.query)


def draw_group(group: DutyGroup, rows: list[Duty]) -> None:
    with act_list():
        for number, duty in enumerate(rows):
            clicked = act_row(
                duties.title_of(duty),
                duties.badge_of(duty),
                duties.reason_of(duty),
                duties.button_of(duty),
                key=f"home_{group.name}_{number}_{duty.kind.value}_{duty.target_id}",
            )
            if clicked:
                open_duty(duty)


def draw_list() -> None:
    if not mine:
        empty_state("check_circle", "现在没有要做的事", "有了新的受理或到期的事，会出现在这里。", actions=acts)
        return
    groups = {group: [duty for duty in mine if duty.group is group] for group in DutyGroup}
    views = {"all": f"全部 {len(mine)}"}
    views |= {group.name.lower(): f"{duties.GROUPS[group]} {len(rows)}" for group, rows in groups.items() if rows}
    view = choose_view(views, key="home_view")
    for group, rows in groups.items():
        if rows and view in ("all", group.name.lower()):
            draw_group(group, rows)


may_register = allows(actor, Permission.REFERRAL_REGISTER)
acts = [Action("登记受理", "home_register", icon="add", is_primary=True)] if may_register else []
late = sum(duty.group is DutyGroup.LATE for duty in mine)
clicked = page_header(
    "工作台",
    duties.today_line(week),
    badges=[DUTY[State.OVERDUE].badge(f"逾期 {late}")] if late else (),
    actions=acts if mine else (),
)
if figures or numbers:
    main, side = side_column()
    with side:
        if figures:
            draw_figures(figures)
        if numbers:
            draw_numbers(numbers)
    with main:
        draw_list()
else:
    draw_list()
if clicked or st.session_state.get("home_register"):
    st.switch_page(navigation.path_of("intake"))
