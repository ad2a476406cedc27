"""受理: this child's cases and referrals on its page, as far as the reader may know of them."""

import streamlit as st

from db.transactions import reading
from services import outward_views, referral_lists
from services.access import Permission, allows
from services.actors import Actor
from services.referral_lists import PAGE_SIZE, ReferralFilters
from services.student_files import StudentFile
from ui import navigation
from ui.layout import Action, act_list, act_row, empty_state
from ui.outward_words import row_badge as row_badge_outward
from ui.outward_words import row_words
from ui.referral_rows import reason_of, row_badge
from ui.referral_words import CHANNELS, SEVERITIES, moment
from ui.states import CASE
from ui.tables import page_asked, paging_line

_PAGE = "child_referrals_page"


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw the cases under way, then the referrals, the open ones first; then what was referred out."""
    if file.cases:
        _draw_cases(file)
    _draw_referrals(actor, file)
    if allows(actor, Permission.OUTWARD_REFER):
        _draw_outward(actor, file)


def _draw_referrals(actor: Actor, file: StudentFile) -> None:
    filters = ReferralFilters(student_id=file.id)
    with reading() as session:
        shown = referral_lists.list_referrals(session, actor, filters=filters, page=page_asked(_PAGE))
    if not shown.rows:
        acts = [Action("登记受理", "child_register_first", icon="add")]
        # Not "there is none": others' referrals, and protected ones, may be there unseen.
        clicked = empty_state("inbox", "这里没有您能看到的受理", f"有人说起{file.name}，就先登记下来。",
                              actions=acts if allows(actor, Permission.REFERRAL_REGISTER) else [])  # fmt: skip
        if clicked:
            register(file.id)
        return
    with act_list("受理" if file.cases else ""):
        for row in shown.rows:
            if act_row(CHANNELS[row.channel], row_badge(row), reason_of(row, with_channel=False), "打开",
                       key=f"child_referral_{row.id}"):  # fmt: skip
                st.switch_page(navigation.path_of("referrals"), query_params={"referral": str(row.id)})
    paging_line(_PAGE, total=shown.total, unit="件", page_size=PAGE_SIZE)


def _draw_outward(actor: Actor, file: StudentFile) -> None:
    """Draw what was referred out of the school, and the way to do it."""
    with reading() as session:
        shown = outward_views.list_outward(session, actor, student_id=file.id)
    with act_list("转介出去"):
        for row in shown.rows:
            if act_row(row.target_kind.label, row_badge_outward(row), row_words(row), "打开",
                       key=f"child_outward_{row.id}"):  # fmt: skip
                st.switch_page(navigation.path_of("outward"), query_params={"outward": str(row.id)})
        if st.button("转介到校外", key="child_refer_out", icon=":material/output:", type="tertiary"):
            refer_out(file.id)


def refer_out(student_id: int, case_id: int | None = None) -> None:
    """Open the form that refers a child out of the school, from its case if there is one."""
    about = {"student": str(student_id)} | ({"case": str(case_id)} if case_id else {})
    st.switch_page(navigation.path_of("outward_new"), query_params=about)


def _draw_cases(file: StudentFile) -> None:
    with act_list("个案"):
        for each in file.cases:
            reason = f"{SEVERITIES[each.severity]}，{moment(each.opened_at)} 开的"
            if act_row(f"{each.owner_name}负责", CASE[each.stage.value].badge(), reason, "打开",
                       key=f"child_case_{each.id}"):  # fmt: skip
                st.switch_page(navigation.path_of("cases"), query_params={"case": str(each.id)})


def register(student_id: int) -> None:
    """Open the form of a referral with this child chosen."""
    st.switch_page(navigation.path_of("intake"), query_params={"student": str(student_id)})
