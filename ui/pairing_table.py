"""The table of suggestions: worked out once, changed by a person, written as a whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from db.base import new_uid
from db.transactions import reading, transaction
from services.access import Permission
from services.actors import Actor
from services.errors import DomainError
from services.pairing import confirming, proposals
from services.pairing.confirming import PairsRefused, PairWanted
from services.pairing.fitting import may_help, reasons_of
from services.pairing.proposals import AskedChild, HelperThere, ProposalScope, Question
from services.pairing.suggestions import Suggestions
from ui import pairing_draft
from ui.drafts import saved_words
from ui.formats import plain
from ui.layout import DISCARD, empty_state, flash, form_end, leave_button, note
from ui.messages import explain
from ui.pairing_draft import NOBODY_CHOSEN
from ui.pairing_words import NOBODY, WHY_NOBODY, problem_words, reason_words
from ui.session import require_user
from ui.tables import ROW_HEIGHT, table_height

_SHOWN = "care_pairing_suggested"
_ROWS_SEEN = 16
_CHANGES_SEEN = 8


@dataclass
class _Table:
    """What was worked out, which stays until it is written, given up, or asked for anew."""

    scope: ProposalScope
    question: Question
    answer: Suggestions
    kept: Mapping[int, int] = field(default_factory=dict)  # by child: changed before a reload
    saved_at: datetime | None = None
    lost: int = 0
    refusals: Sequence[str] = ()
    is_drawn: bool = False
    key: str = field(default_factory=lambda: f"suggest_table_{new_uid()[:8]}")

    def __post_init__(self) -> None:
        self.suggested = {pair.child_id: pair for pair in self.answer.pairs}
        self.why_nobody = {each.child_id: each.why for each in self.answer.left_out}
        self.children = sorted(self.question.children, key=_need_first)
        self.helpers = {each.candidate.id: each for each in self.question.helpers}
        self.labels = _labels(self.question.helpers)
        self.ids = {label: helper_id for helper_id, label in self.labels.items()}


def _need_first(child: AskedChild) -> tuple[bool, int, int]:
    return not child.need.comes_first, -child.need.tier_rank, child.need.id


def _labels(helpers: Sequence[HelperThere]) -> dict[int, str]:
    """Return what each helper is called on the table: with kind and room, and a number where two are called alike."""
    words = {each.candidate.id: f"{each.name}，{each.kind.label}，还能带 {each.candidate.room} 个" for each in helpers}
    twice = {label for label, count in Counter(words.values()).items() if count > 1}
    return {each: f"{label}（{each} 号）" if label in twice else label for each, label in words.items()}


def is_changed() -> bool:
    """Whether something on the table is changed and not yet written."""
    table = _shown()
    return table is not None and bool(_changes(table))


def work_out(actor: Actor, scope: ProposalScope) -> None:
    """Ask for suggestions anew; what was changed for the same children before is put back.

    Raises:
        TooManyChildren: as said by `find_question`.
    """
    with reading() as session:
        question = proposals.find_question(session, actor, scope=scope)
    with st.spinner(f"正在给 {len(question.children):,} 个孩子一起比较，请等一等。"):
        answer = question.answer()
    table = _Table(scope, question, answer)
    ids = [each.need.id for each in question.children]
    kept = pairing_draft.load(actor, scope, children=ids, helpers=table.helpers)
    table.kept, table.saved_at, table.lost = kept.chosen, kept.saved_at, kept.lost
    st.session_state[_SHOWN] = table


def find_scope() -> ProposalScope | None:
    """Return for which children there is a table; one that was left is none: what was changed on it is a draft."""
    table = _shown()
    if table is not None and table.is_drawn and table.key not in st.session_state:
        forget()
        return None
    return table.scope if table is not None else None


def forget() -> None:
    """Take the table away; what was changed on it stays as a draft."""
    st.session_state.pop(_SHOWN, None)


def draw(actor: Actor) -> None:
    """Draw the suggestions with what was refused, how far the room goes, and the button that writes them."""
    table = _shown()
    if table is None:
        return
    if not table.children:
        empty_state("task_alt", "这里没有要找人的孩子", "每个孩子都有了。要看别的孩子，换上面的年级、班级或哪些孩子。")
        return
    if not table.helpers:
        empty_state(
            "person_search", f"没有能做{table.scope.role.label}的人", "先登记帮扶人，写上能带几个孩子，再来推荐。"
        )
        return
    for sentence in table.refusals:
        st.error(plain(sentence), icon=":material/error:")
    _draw_editor(table)
    changes, chosen = _changes(table), _chosen(table)
    _draw_counts(table, chosen)
    _draw_changes(table, changes)
    with form_end(saved_words(table.saved_at) if changes and table.saved_at else ""):
        if (changes or table.lost) and leave_button(DISCARD, key="suggest_discard"):
            _give_up(actor, table)
        if table.refusals and st.button("按现在的情况重新推荐", key="suggest_again", icon=":material/refresh:"):
            forget()
            st.rerun()
        submitted = st.button(
            f"按这样结对（{len(chosen):,} 个孩子）", key="suggest_save", type="primary", icon=":material/check:",
            disabled=not chosen,
        )  # fmt: skip
    if submitted:
        _save(table, chosen)
        st.rerun()


def _draw_editor(table: _Table) -> None:
    table.is_drawn = True
    st.data_editor(
        {
            "child": [each.name for each in table.children],
            "class": [each.class_label for each in table.children],
            "first": [_first_words(each) for each in table.children],
            "helper": [_cell(table, each) for each in table.children],
            "why": [_why(table, each) for each in table.children],
        },
        key=table.key,
        on_change=_keep,
        args=(table,),
        column_config={
            "child": st.column_config.TextColumn("孩子", width=90),
            "class": st.column_config.TextColumn("班级", width=85),
            "first": st.column_config.TextColumn("先照顾", width=165),
            "helper": st.column_config.SelectboxColumn("推荐谁（可以换）", options=[NOBODY, *table.ids], width=235),
            "why": st.column_config.TextColumn("为什么推荐", width=300),
        },
        disabled=["child", "class", "first", "why"],
        hide_index=True,
        num_rows="fixed",
        row_height=ROW_HEIGHT,
        height=table_height(min(len(table.children), _ROWS_SEEN)),
        placeholder="",
        alt=f"推荐的结对，{len(table.children)} 个孩子",
    )


def _first_words(child: AskedChild) -> str:
    return "，".join([*(each.label for each in child.groups), *([child.tier] if child.tier else [])])


def _cell(table: _Table, child: AskedChild) -> str:
    return table.labels.get(_before_typing(table, child.need.id), NOBODY)


def _why(table: _Table, child: AskedChild) -> str:
    pair = table.suggested.get(child.need.id)
    return reason_words(pair.reasons) if pair else WHY_NOBODY[table.why_nobody[child.need.id]]


def _before_typing(table: _Table, child_id: int) -> int:
    pair = table.suggested.get(child_id)
    return table.kept.get(child_id, pair.candidate_id if pair else NOBODY_CHOSEN)


def _changes(table: _Table) -> dict[int, int]:
    """Return whom a person chose otherwise than suggested, by child."""
    typed = {
        table.children[place].need.id: table.ids.get(str(cells["helper"]), NOBODY_CHOSEN)
        for place, cells in _typed(table.key).items()
        if "helper" in cells and place < len(table.children)
    }
    suggested = {pair.child_id: pair.candidate_id for pair in table.answer.pairs}
    both = {**table.kept, **typed}
    return {child: helper for child, helper in both.items() if helper != suggested.get(child, NOBODY_CHOSEN)}


def _typed(key: str) -> dict[int, dict[str, Any]]:
    state: Any = st.session_state.get(key) or {}
    return {int(place): dict(cells) for place, cells in state.get("edited_rows", {}).items() if cells}


def _chosen(table: _Table) -> dict[int, int]:
    """Return the helper of every child that has one on the table."""
    changes = _changes(table)
    suggested = {pair.child_id: pair.candidate_id for pair in table.answer.pairs}
    return {child: helper for child, helper in {**suggested, **changes}.items() if helper != NOBODY_CHOSEN}


def _draw_counts(table: _Table, chosen: Mapping[int, int]) -> None:
    left = len(table.children) - len(chosen)
    words = f"{len(table.children):,} 个孩子，{len(chosen):,} 个有了人选"
    rest = "原来的结对不动" if table.scope.from_helper_id else "还要另外找"
    st.caption(plain(f"{words}，{left:,} 个没有，{rest}。" if left else f"{words}。"))
    for helper_id, count in Counter(chosen.values()).items():
        there = table.helpers[helper_id]
        if count > there.candidate.room:
            over = f"{there.name}选了 {count} 个孩子，只能再带 {there.candidate.room} 个。请把多的换给别人。"
            st.warning(plain(over), icon=":material/warning:")


def _draw_changes(table: _Table, changes: Mapping[int, int]) -> None:
    """Say what speaks for the choices of a person: the table itself tells of what was suggested."""
    if table.lost:
        note(f"上次改的，有 {table.lost} 处放不回来：孩子已经有了人，或那个人不能带了。", icon="error")
    children = {each.need.id: each for each in table.children}
    for child_id, helper_id in list(changes.items())[:_CHANGES_SEEN]:
        note(_change_words(table, children[child_id], table.helpers.get(helper_id)), icon="edit")
    if len(changes) > _CHANGES_SEEN:
        note(f"一共改了 {len(changes)} 处。", icon="edit")


def _change_words(table: _Table, child: AskedChild, there: HelperThere | None) -> str:
    if there is None:
        return f"{child.name}改成先不结对。"
    asked = (child.need, there.candidate, table.question.weights)
    if not may_help(*asked):
        return f"{child.name}改成{there.name}：性别不合要求，以前不合适，或就是孩子自己。请想清楚。"
    return f"{child.name}改成{there.name}：{reason_words(reasons_of(*asked))}。"


def _save(table: _Table, chosen: Mapping[int, int]) -> None:
    actor = require_user(Permission.PAIRING_SUGGEST)
    wanted = [_wanted(each, table.helpers[chosen[each.need.id]]) for each in table.children if each.need.id in chosen]
    try:
        with st.spinner(f"正在写 {len(wanted):,} 对，请等一等。"):
            made = _write(actor, table.scope, wanted)
    except PairsRefused as error:
        table.refusals = [explain(error), *(problem_words(each) for each in error.problems)]
    except DomainError as error:
        table.refusals = [explain(error)]
    else:
        flash(f"结好了 {made:,} 对。")
        forget()


def _write(actor: Actor, scope: ProposalScope, wanted: Sequence[PairWanted]) -> int:
    with transaction() as session:
        made = confirming.confirm_pairs(session, actor, scope=scope, wanted=wanted)
        pairing_draft.discard(session, actor, scope)
    return made


def _wanted(child: AskedChild, there: HelperThere) -> PairWanted:
    return PairWanted(
        student_id=child.need.id,
        child=child.name,
        helper_id=there.candidate.id,
        helper=there.name,
        helper_version=there.version,
        pairing_id=child.pairing_id,
        pairing_version=child.pairing_version,
    )


def _keep(table: _Table) -> None:
    table.saved_at = pairing_draft.keep(table.scope, _changes(table)) or table.saved_at


def _give_up(actor: Actor, table: _Table) -> None:
    with transaction() as session:
        pairing_draft.discard(session, actor, table.scope)
    st.session_state[_SHOWN] = _Table(table.scope, table.question, table.answer)
    st.rerun()


def _shown() -> _Table | None:
    table: _Table | None = st.session_state.get(_SHOWN)
    return table
