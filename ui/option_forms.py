"""View of the settings page: the kinds of difficulty and the names of the levels, as the school calls them."""

from collections.abc import Sequence

import streamlit as st

from db.tables import OptionList
from db.transactions import reading
from services import care_options, special_kinds
from services.access import Permission
from services.actors import Actor
from services.care_options import Option
from services.special_kinds import Kind
from ui.dialogs import close_dialog, open_dialog, opened
from ui.forms import Form
from ui.layout import DISCARD, act_list, act_row, flash, form_end, leave_button, note, side_box, side_column
from ui.session import require_user

_KIND = "special_kind"
_OFFERED = ":green-badge[:material/check_circle: 在用]"
_RETIRED = ":gray-badge[:material/block: 不再用]"
_RANKS = {1: "最重的一级", 2: "中间一级", 3: "最轻的一级"}


def show_options(actor: Actor) -> None:
    """Draw both lists, each entry with its button, and the field for a new kind of difficulty."""
    with reading() as session:
        difficulties = care_options.list_options(session, actor, list_name=OptionList.DIFFICULTY)
        levels = care_options.list_options(session, actor, list_name=OptionList.LEVEL)
        kinds = special_kinds.list_special_kinds(session, actor)
    left, right = side_column(1.9)
    with left:
        _draw(OptionList.DIFFICULTY.label, difficulties)
        _draw_kinds(kinds)
        _draw(OptionList.LEVEL.label, levels)
        note("改名以后，已经登记的孩子也显示新的名称。不再用的，新登记时选不到，已经登记的照旧。")
    with right, side_box("加一种困境"):
        _add(actor)
    for option in (*difficulties, *levels):
        if opened("care_option", option.id):
            _edit(option)
    for kind in kinds:
        if opened(_KIND, kind.id):
            _edit_kind(kind)


def _draw_kinds(kinds: Sequence[Kind]) -> None:
    with act_list("四特的类别"):
        for kind in kinds:
            badge = _OFFERED if kind.is_offered else _RETIRED
            shipped = "" if kind.label == kind.kind.label else f"原来叫{kind.kind.label}"
            about = (_KIND, kind.id)
            act_row(kind.label, badge, shipped, "改", key=f"kind_{kind.id}", on_click=open_dialog, args=about)


def _draw(title: str, options: Sequence[Option]) -> None:
    with act_list(title):
        for option in options:
            badge = _OFFERED if option.is_offered else _RETIRED
            rank = _RANKS.get(option.level or 0, "")
            about = ("care_option", option.id)
            act_row(option.label, badge, rank, "改", key=f"option_{option.id}", on_click=open_dialog, args=about)


def _add(actor: Actor) -> None:
    form = Form("option_new")
    form.notices()
    with form.field("label", "") as key:
        label = st.text_input("叫什么", key=key, placeholder="例如 低保", autocomplete="off")
    if st.button("加上", key="option_add", type="primary", icon=":material/add:") and form.save(
        lambda session: care_options.add_option(session, actor, list_name=OptionList.DIFFICULTY, label=label)
    ):
        flash("已保存。")
        st.rerun()


@st.dialog("改名称", dismissible=False)
def _edit(option: Option) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    form = Form(f"option_form_{option.id}", option, labels={"label": "名称", "is_offered": "还在用"})
    form.notices()
    with form.field("label", "") as key:
        label = st.text_input("名称", key=key, autocomplete="off")
    is_offered = True
    if option.level is None:
        with form.field("is_offered", True) as key:
            is_offered = st.checkbox("还在用", key=key)
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("保存这个名称", key=form.key("save"), type="primary", icon=":material/check:")
    if submitted and form.save(
        lambda session: care_options.change_option(
            session, actor, option_id=option.id, version=form.version, label=label, is_offered=is_offered
        )
    ):
        flash("已保存。")
        close_dialog()


@st.dialog("改类别的名称", dismissible=False)
def _edit_kind(kind: Kind) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    form = Form(f"kind_form_{kind.id}", kind, labels={"label": "名称", "is_offered": "还在用"})
    form.notices()
    with form.field("label", "") as key:
        label = st.text_input("名称", key=key, autocomplete="off")
    with form.field("is_offered", True) as key:
        is_offered = st.checkbox("还在用", key=key)
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("保存这个名称", key=form.key("save"), type="primary", icon=":material/check:")
    if submitted and form.save(
        lambda session: special_kinds.change_special_kind(
            session, actor, kind_id=kind.id, version=form.version, label=label, is_offered=is_offered
        )
    ):
        flash("已保存。")
        close_dialog()
