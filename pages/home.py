"""Home: what is late, what is today, what waits for me."""

import streamlit as st

from db.tables import Role
from db.transactions import reading
from services import beginnings, home
from services.access import Permission, allows
from services.duties import DutyGroup
from services.regulations import own_duties
from ui import closing_dialogs, measure_dialogs, navigation
from ui.child_records import write_record
from ui.decision_dialogs import draw_opened
from ui.duty_list import draw_duties
from ui.first_steps import draw_first_steps
from ui.home_side import draw_side, empty_line, today_line
from ui.layout import Action, empty_state, page_header, side_column
from ui.own_duties import draw_own_duties
from ui.session import my_duties, require_user
from ui.tier_dialogs import draw_answer
from ui.views import begin_filter, keep_filter

actor = require_user(Permission.HOME_READ)
ALL = "全部"
VIEWS = {ALL: None, "逾期": DutyGroup.LATE, "今天": DutyGroup.TODAY, "等我": DutyGroup.WAITING}
ASKED = {"late": "逾期", "today": "今天", "waiting": "等我"}  # as the address has it

with reading() as session:
    numbers = home.find_numbers(session, actor)
    figures = home.find_my_figures(session, actor)
    line = today_line(session, actor)
    begins = actor.has_role(Role.LEAD)  # the counsellor's register is the lead's to bring in
    asked_by_clauses = own_duties.list_own_duties(session, actor)
    first_steps = beginnings.list_first_steps(session, actor) if begins else ()
duties = my_duties(actor)

registers = allows(actor, Permission.REFERRAL_REGISTER) and navigation.has_page("intake")
acts = [Action("登记受理", "home_register", icon="add", is_primary=True)] if registers else []
if allows(actor, Permission.RECORD_WRITE):
    acts.insert(0, Action("记一次谈话", "home_record", icon="forum"))
clicked = page_header("工作台", line, actions=acts)
if clicked == "home_register":
    st.switch_page(navigation.path_of("intake"))
if clicked == "home_record":
    write_record()

has_side = bool(numbers or figures)
main, side = side_column() if has_side else (st.container(), None)
with main:
    in_danger = any(duty.is_first for duty in duties)  # such a child stands above everything
    if first_steps and not in_danger:
        draw_first_steps(first_steps)
    if not (duties or first_steps or asked_by_clauses):
        empty_state("check_circle", "现在没有要做的事", empty_line(actor))
    elif duties:
        counts = {view: sum(group in (None, duty.group) for duty in duties) for view, group in VIEWS.items()}
        begin_filter("home_view", "view", ASKED, usual=ALL)
        chosen = st.segmented_control("看哪些", list(VIEWS), key="home_view", required=True,
                                      format_func=lambda view: f"{view} {counts[view]}",
                                      label_visibility="collapsed", wrap=True)  # fmt: skip
        keep_filter("home_view", "view", ASKED)
        shown = [duty for duty in duties if VIEWS[chosen or ALL] in (None, duty.group)]
        if not shown:
            empty_state("check_circle", f"没有{chosen}的", "看看“全部”里还有什么。")
        draw_duties(shown)
    draw_own_duties(actor, asked_by_clauses)
    if first_steps and in_danger:
        draw_first_steps(first_steps)
draw_opened(actor)
draw_answer()
closing_dialogs.draw_answer()
measure_dialogs.draw_opened(actor)
if side is not None:
    with side:
        draw_side(numbers, figures)
