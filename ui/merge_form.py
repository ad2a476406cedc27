"""Two entries of one child side by side: which value stays, what moves, and the last question before it is done."""

import streamlit as st

from services import merges
from services.access import Permission
from services.merges import Comparison, Difference, EntryFacts, Side
from ui import navigation
from ui.dialogs import close_dialog, forget_dialog, open_dialog, opened
from ui.formats import plain
from ui.forms import BLANK, Form
from ui.layout import KEEP, facts, flash, leave_button, note, side_box, side_column
from ui.session import require_user

_CONFIRM, _CONFIRMED = "merge_confirm", "care_merge_confirmed"
_TICK = "is_one_child"


def draw_comparison(comparison: Comparison) -> None:
    """Draw both entries, ask for each difference, and for the tick that it is one child."""
    kept, other = comparison.kept, comparison.other
    # Drawn from the comparison that was shown: the form carries its digest until it is saved or left.
    form = Form(f"merge_form_{kept.id}_{other.id}", {"id": kept.id, "digest": comparison.digest})
    form.notices()
    for reason in comparison.in_the_way:
        st.warning(plain(f"现在还不能合并：{reason.label}"), icon=":material/block:")
    if comparison.ids_differ:
        st.warning("两份各有一个身份证号，很可能是两个孩子。请先对照证件。", icon=":material/warning:")
    main, side = side_column(1.9)
    with main, st.container(border=True, gap="small"):
        st.markdown("**两份写得不一样的，留哪一个**")
        if not comparison.differences:
            note("两份写的都一样。")
        for each in comparison.differences:
            _ask(form, each)
        with form.field(_TICK, False) as key:
            st.checkbox("核对过了，这是同一个孩子", key=key)
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            asked = st.button(
                plain(f"合并到{kept.name}（{kept.class_label}）"), key=form.key("ask"), type="primary",
                disabled=bool(comparison.in_the_way),
            )  # fmt: skip
    with side:
        _draw_entry("留下的这一份", kept)
        _draw_entry("并进来的另一份", other)
        _draw_moves(comparison)
    if asked and _is_filled(comparison, form):
        open_dialog(_CONFIRM, kept.id, other.id)
    elif asked:  # refused, with what is missing at its place: nobody is asked a last question before all is said
        _merge(comparison, form)
    if opened(_CONFIRM, kept.id, other.id):
        _confirm(comparison)
    if st.session_state.pop(_CONFIRMED, None) == (kept.id, other.id):
        _merge(comparison, form)


def _is_filled(comparison: Comparison, form: Form) -> bool:
    keys = [_TICK, *[each.key for each in comparison.differences]]
    return all(st.session_state.get(form.key(key)) for key in keys)


def _ask(form: Form, each: Difference) -> None:
    sides = {Side.KEPT: each.kept or BLANK, Side.OTHER: each.other or BLANK}
    with form.field(each.key, each.proposed) as key:
        st.radio(
            plain(each.label), list(sides), key=key, index=None, horizontal=True,
            format_func=lambda side: plain(f"{sides[Side(side)]}（{Side(side).label}）"),
        )  # fmt: skip


def _draw_entry(title: str, entry: EntryFacts) -> None:
    with side_box(title):
        born = entry.birth_day
        rows = {
            "姓名": entry.name,
            "班级": entry.class_label,
            "学号": entry.student_no or "还没有",
            "生日": f"{born.year}年{born.month}月{born.day}日",
        }
        facts(rows, alt=title)


def _draw_moves(comparison: Comparison) -> None:
    with side_box("会搬过来的"):
        if comparison.moves:
            facts({what: f"{count} {unit}" for what, count, unit in comparison.moves}, alt="会搬过来的")
        else:
            note("另一份下面什么都没有。")
        note("同一学期两边都有记录的，以留下的为准，缺的补上。同意和承诺，日子新的算数。")


@st.dialog("合并，不能撤回", dismissible=False)
def _confirm(comparison: Comparison) -> None:
    kept, other = comparison.kept, comparison.other
    st.text(
        f"{other.name}（{other.class_label}，学号 {other.student_no or '还没有'}）的一切都搬到"
        f"{kept.name}（{kept.class_label}）下面。"
    )
    note("合并以后分不开。另一份不再出现在任何名单里，它的学号留着，以后的名册里再有，就是这个孩子。")
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        leave_button(KEEP, key="merge_keep", on_click=forget_dialog)
        if st.button("合并", key="merge_confirmed", type="primary"):
            # Done by the page itself, where what is refused has its place.
            st.session_state[_CONFIRMED] = (kept.id, other.id)
            close_dialog()


def _merge(comparison: Comparison, form: Form) -> None:
    actor = require_user(Permission.STUDENT_MERGE)
    kept, other = comparison.kept, comparison.other
    choices = {each.key: st.session_state.get(form.key(each.key)) for each in comparison.differences}
    chosen = {key: Side(side) for key, side in choices.items() if side is not None}
    is_one_child = bool(st.session_state.get(form.key(_TICK)))
    shown: str = form.drawn_from.values["digest"]
    done = form.save(
        lambda session: merges.merge_entries(
            session, actor, kept_id=kept.id, other_id=other.id, digest=shown, choices=chosen, is_one_child=is_one_child
        )
    )
    if done:
        flash("已合并，下面是留下的这一份。")
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(kept.id)})
    if shown != comparison.digest:  # changed since it was shown: to be looked at anew
        form.cancel()
        flash("没有合并：刚才有人改了其中一份。下面是现在的样子，请再看一遍。", icon="error")
        st.rerun()
