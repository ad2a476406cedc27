"""Settings: the school, its terms, its calendar, its bell times, its classes, its numbers."""

import streamlit as st

from db.transactions import reading
from services import bell_times
from services.access import Permission
from ui import navigation
from ui.bell_forms import show_bells
from ui.class_forms import show_classes
from ui.dialogs import open_dialog
from ui.layout import Action, page_header
from ui.option_forms import show_options
from ui.parameter_forms import show_parameters
from ui.pledge_forms import show_pledges
from ui.school_forms import show_days, show_school, show_terms
from ui.session import require_user
from ui.tier_forms import show_tiers
from ui.views import choose_view, chosen_view

actor = require_user(Permission.SCHOOL_WRITE)

VIEWS = {
    "school": "学校",
    "terms": "学期",
    "days": "校历",
    "bells": "作息",
    "classes": "班级",
    "lists": "类别和等级",
    "numbers": "制度里的数",
    "pledge": "保密承诺",
}
ACTIONS = {
    "terms": Action("加一个学期", "settings_add_term", "add", is_primary=True, on_click=open_dialog, args=("term", 0)),
    "bells": Action("从某天起换作息", "settings_bells", "schedule", on_click=open_dialog, args=("bells_begin",)),
    "classes": Action("加班级", "settings_add_classes", "add", on_click=open_dialog, args=("classes_add",)),
}

view = chosen_view(VIEWS, key="settings_view")
with reading() as session:
    bells = bell_times.find_bells(session, actor) if view == "bells" else None
is_first = bells is not None and not bells.timetables  # then the page itself says what to do first
page_header(
    "设置",
    "学校、学期、校历、作息、班级和保密承诺。到期的日子都从这里算出来。",
    actions=[ACTIONS[view]] if view in ACTIONS and not is_first else [],
)
choose_view(VIEWS, key="settings_view")
match view:
    case "terms":
        show_terms(actor)
        if st.button("看新学期还要准备什么", key="settings_new_term", type="tertiary", icon=":material/event_repeat:"):
            st.switch_page(navigation.path_of("new_term"))
    case "days":
        show_days(actor)
    case "bells" if bells is not None:
        show_bells(actor, bells)
    case "classes":
        show_classes(actor)
    case "lists":
        show_options(actor)
        show_tiers(actor)
    case "numbers":
        show_parameters(actor)
    case "pledge":
        show_pledges(actor)
    case _:
        show_school(actor)
