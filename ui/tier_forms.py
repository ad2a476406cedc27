"""View of the settings page: the tiers, as the school calls them, in their order."""

import streamlit as st

from db.tables import TierColour
from db.transactions import reading
from services import tier_kinds
from services.access import Permission
from services.actors import Actor
from services.tier_kinds import TierKind, TierOrder
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import open_dialog, opened
from ui.forms import Form
from ui.layout import act_list, act_row, note
from ui.session import require_user
from ui.tier_words import tier_look

_EDIT, _ADD = "tier_kind", "tier_kind_add"
_COLOURS = list(TierColour)


def show_tiers(actor: Actor) -> None:
    """Draw the tiers, the gravest first, each with its button, and the way to add one."""
    with reading() as session:
        order = tier_kinds.list_tiers(session, actor)
    with act_list("分级（心理档案）"):
        for tier in order.kinds:
            look = tier_look(tier, order)
            badge = look.badge() if tier.is_offered else f"{look.badge()} :gray-badge[:material/block: 不再用]"
            about = (_EDIT, tier.id)
            act_row(
                tier.label,
                badge,
                _reason(tier, order),
                "改",
                key=f"tier_kind_{tier.id}",
                on_click=open_dialog,
                args=about,
            )
    note("最上面的最重。从最重的两级降下来，要第二个人同意；隔多久复核，在“制度里的数”里改。")
    st.button("加一级", key="tier_kind_new", icon=":material/add:", on_click=open_dialog, args=(_ADD,))
    if opened(_ADD):
        _add(order)
    for tier in order.kinds:
        if opened(_EDIT, tier.id):
            _edit(tier)


def _reason(tier: TierKind, order: TierOrder) -> str:
    if tier.rank == 0:
        return "没有要特别关注的"
    return "重点关爱" if tier.rank >= order.key_rank else ""


@st.dialog("加一级", dismissible=False)
def _add(order: TierOrder) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    form = Form("tier_kind_add_form")
    form.notices()
    names = {each.id: each.label for each in order.kinds}
    with form_fields(form):
        with form.field("label", "") as key:
            label = st.text_input("叫什么", key=key, autocomplete="off")
        with form.field("above_id") as key:
            above = st.selectbox(
                "比哪一级重一些", list(names), key=key, index=None, format_func=lambda each: names.get(each, ""),
                placeholder="请选",
            )  # fmt: skip
        colour = _colour(form, None)
        saved, cancelled = buttons(form, "加上这一级")
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: tier_kinds.add_tier(session, actor, label=label, colour=colour, above_id=above))


@st.dialog("改等级", dismissible=False)
def _edit(tier: TierKind) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    form = Form(f"tier_kind_form_{tier.id}", tier, labels={"label": "名称", "is_offered": "还在用"})
    form.notices()
    with form_fields(form):
        with form.field("label", "") as key:
            label = st.text_input("名称", key=key, autocomplete="off")
        colour = _colour(form, tier.colour)
        with form.field("is_offered", True) as key:
            is_offered = st.checkbox("还在用（不再用的，已经在这一级的孩子照旧）", key=key)
        saved, cancelled = buttons(form, "保存这一级")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: tier_kinds.change_tier(
                session, actor, tier_id=tier.id, version=form.version, label=label, colour=colour,
                is_offered=is_offered,
            ),
        )  # fmt: skip


def _colour(form: Form, start: TierColour | None) -> TierColour | None:
    with form.field("colour", start) as key:
        chosen: TierColour | None = st.segmented_control(
            "颜色", _COLOURS, key=key, wrap=True, format_func=lambda each: TierColour(each).label
        )
    return chosen
