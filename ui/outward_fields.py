"""The fields of a referral out of the school: the same on the page that makes one and in the dialog that changes it."""

from collections.abc import Callable, Mapping

import streamlit as st

from db.tables import OutwardTarget, Urgency
from services import clock
from services.outward_referrals import OutwardEntry
from ui.forms import Form
from ui.referral_words import URGENCIES
from ui.wording import day_field

LABELS: Mapping[str, str] = {
    "target_kind": "转给哪一类",
    "target": "哪个单位",
    "contact": "找谁、电话",
    "urgency": "急不急",
    "referred_on": "哪天转的",
    "owner_id": "谁跟进",
    "reason": "为什么转",
    "handed": "交了什么",
    "emergency": "为什么等不及家里同意",
}
WORDS = ("reason", "handed", "emergency")
_HINTS = {
    "reason": "写事实和已经做过的，不写诊断。",
    "handed": "例如：转介信一份；没有交谈话记录。只交对方用得着的。",
    "emergency": "例如：说有计划、有工具，家里电话打不通，已报 110。",
}


def draw_fields(
    form: Form, owners: Mapping[int, str], *, asks_emergency: bool, mine: int | None, keep: Callable[[], None] | None
) -> None:
    """Draw them; long texts keep a draft where `keep` is given."""
    with form.field("target_kind") as key:
        st.pills(LABELS["target_kind"], list(OutwardTarget), key=key, format_func=lambda each: each.label, wrap=True,
                 on_change=keep)  # fmt: skip
    left, right = st.columns(2)
    with left, form.field("target", "") as key:
        st.text_input(LABELS["target"], key=key, autocomplete="off", on_change=keep)
    with right, form.field("contact", "") as key:
        st.text_input(LABELS["contact"], key=key, autocomplete="off", on_change=keep)
    with left, form.field("urgency", Urgency.ORDINARY) as key:
        st.segmented_control(LABELS["urgency"], list(Urgency), key=key, required=True, wrap=True,
                             format_func=URGENCIES.__getitem__, on_change=keep)  # fmt: skip
    with right, form.field("referred_on", clock.today()) as key:
        day_field(LABELS["referred_on"], key=key)
    for name in WORDS:
        if name != "emergency" or asks_emergency:
            with form.field(name, "") as key:
                st.text_area(LABELS[name], key=key, placeholder=_HINTS[name], height=96, on_change=keep)
    with form.field("owner_id", mine) as key:
        st.selectbox(LABELS["owner_id"], list(owners), key=key, index=None, placeholder="请选",
                     format_func=lambda number: owners.get(number, ""))  # fmt: skip


def entry_of(form: Form) -> OutwardEntry:
    """Return what stands in the fields as the entry the service takes."""
    return OutwardEntry(**form.typed(LABELS))
