"""The list of referrals, and the one that is chosen."""

import streamlit as st

from db.tables import ReferralState
from db.transactions import reading
from services import referral_lists
from services.access import Permission, allows
from services.errors import NotFound
from services.referral_lists import PAGE_SIZE, ReferralFilters
from ui import navigation, referral_opening
from ui.asked import number_asked
from ui.layout import Action, act_list, act_row, empty_state, filter_row, page_header, refusal
from ui.referral_panel import draw_referral
from ui.referral_rows import reason_of, row_badge
from ui.referral_words import child_with_class
from ui.session import require_user
from ui.states import REFERRAL
from ui.tables import page_asked, paging_line
from ui.views import begin_filter, begin_filter_of_many, keep_filter, keep_filter_of_many

actor = require_user(Permission.REFERRAL_READ)
handles = allows(actor, Permission.REFERRAL_HANDLE)


def open_referral(referral_id: int) -> None:
    st.query_params["referral"] = str(referral_id)


chosen = number_asked("referral")
register = Action("登记受理", "referrals_register", icon="add", is_primary=chosen is None)
back = Action("回到清单", "referrals_back", icon="arrow_back")
clicked = page_header(
    "受理清单",
    "谁说起过哪个孩子，办到了哪一步。" if handles else "您转介的孩子，办到了哪一步。",
    actions=[back, register] if chosen else [register],
)
if clicked == "referrals_register":
    st.switch_page(navigation.path_of("intake"))
if clicked == "referrals_back":
    del st.query_params["referral"]  # the list stands as it was left
    st.rerun()

if chosen:
    try:
        view, moves = referral_opening.open_referral(actor, chosen)
    except NotFound as error:
        refusal(error)
        st.stop()
    draw_referral(actor, view, moves)
    st.stop()

states_known, yes = {state.value: state for state in ReferralState}, {"1": True}
begin_filter_of_many("referrals_states", "states", states_known)
SWITCHES = {"referrals_mine": "mine", "referrals_unknown": "unknown"} if handles else {}
for key, name in SWITCHES.items():
    begin_filter(key, name, yes, usual=False)
with filter_row():
    states = st.pills("状态", list(ReferralState), selection_mode="multi", key="referrals_states",
                      format_func=lambda state: REFERRAL[state.value].word, label_visibility="collapsed",
                      wrap=True)  # fmt: skip
    mine_only = st.toggle("只看我的", key="referrals_mine") if handles else False
    unknown_only = st.toggle("还没认出孩子", key="referrals_unknown") if handles else False
keep_filter_of_many("referrals_states", "states", states_known)
for key, name in SWITCHES.items():
    keep_filter(key, name, yes)
filters = ReferralFilters(frozenset(states), mine_only=mine_only, unknown_child_only=unknown_only)
with reading() as session:
    shown = referral_lists.list_referrals(session, actor, filters=filters, page=page_asked("referrals_page"))
if not shown.rows:
    empty_state("inbox", "这里还没有受理", "有人说起一个孩子，就先登记下来。换个状态也许能看到别的。")
else:
    with act_list():
        for row in shown.rows:
            act_row(child_with_class(row.child, row.class_label), row_badge(row), reason_of(row), "打开",
                    key=f"referrals_open_{row.id}", on_click=open_referral, args=(row.id,))  # fmt: skip
    paging_line("referrals_page", total=shown.total, unit="件", page_size=PAGE_SIZE)
