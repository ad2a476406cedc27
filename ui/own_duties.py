"""What the clauses ask of the reader, on home: a line for what is late or soon due, one for all the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import streamlit as st

from db.tables import PairingRole
from db.transactions import reading
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.regulations import own_duties
from services.regulations.catalogue import ClausePost
from services.regulations.own_duties import OwnDuty
from services.student_lists import CategoryGroup
from ui import formats, navigation
from ui.layout import act_list, act_row, note
from ui.session import is_part_run, require_user
from ui.states import DUTY, Duty

_LONGEST = 26  # characters of a clause's text in a line
_SOON = 1.0  # seconds after the page is out
_COUNTED = "care_home_counted"


@dataclass(frozen=True, slots=True)
class _Act:
    """Where what a line asks for is done, and what its button says."""

    page: str
    button: str
    query: Mapping[str, str] = field(default_factory=dict)


_DONE_ON_PAPER = frozenset({"I-05", "I-06"})
"""About a class, and done as soon as its page is filled in: there is no list to look at first."""
_ALL_CLAUSES = _Act("rules", "看条款", {"which": "counted"})
_CLASS_PAPER, _OWN_PAIRS = _Act("class_papers", "去写"), _Act("my_children", "去记")
_WAITING = {
    "J-01": {"view": "waiting", "group": CategoryGroup.LEFT_BEHIND.value},
    "G-04": {"view": "waiting", "group": CategoryGroup.FOUR_SPECIAL.value},
    "J-12": {"view": "waiting", "lack": PairingRole.MENTOR.value},
}
"""Clauses kept as soon as a child is paired, with the children who still wait; of the others that pairs keep (J-05,
J-10) only the clause's own list tells who is missing."""


def draw_own_duties(actor: Actor, found: Sequence[OwnDuty]) -> None:
    """Draw them, and open what is clicked; nothing where no clause asks for anything."""
    was_counted = st.session_state.pop(_COUNTED, False)
    if not found:
        return
    counted = [each for each in found if each.is_counted]
    near, later = [each for each in counted if each.is_near], [each for each in counted if not each.is_near]
    uncounted = [each.clause.id for each in found if not each.is_counted]
    counts_soon = bool(uncounted) and not was_counted
    with act_list("制度要您做的"):
        if any(each.is_late for each in near):
            note("按条款数的，不算在左边菜单“工作台”旁的“逾期”里。")
        for each in near:
            act = _act_of(actor, each)
            button = act.button if act is not None else None
            if act_row(_title(each), _badge(each), _reason(each), button, key=f"home_clause_{each.clause.id}"):
                _open(act)
        if later:
            button = "看条款" if allows(actor, Permission.REGULATION_READ) else None
            if act_row(_title_of(later), DUTY[Duty.DUE].badge(), _reason_of(later), button, key="home_clauses"):
                _open(_ALL_CLAUSES)
        if uncounted:
            when = "过一两秒就数出来" if counts_soon else "点开就数出来"
            reason = f"制度：{'、'.join(uncounted)}；刚有新的记录，{when}"
            if act_row(f"您的岗位负责的 {len(uncounted):,} 条", "", reason, "看条款", key="home_clauses_post"):
                _open(_ALL_CLAUSES)
        if near and not later and not uncounted and allows(actor, Permission.REGULATION_READ):
            reason = f"制度：{'、'.join(each.clause.id for each in near)}"
            if act_row("这几条怎么说、该您做的是哪些", "", reason, "看条款", key="home_clauses_text"):
                _open(_ALL_CLAUSES)
    if counts_soon:
        _count_soon(uncounted)


@st.fragment(run_every=_SOON)
def _count_soon(clause_ids: Sequence[str]) -> None:
    """Count, once the page is out, what was not known when it was drawn; then have the page drawn with it."""
    if not is_part_run():
        return
    actor = require_user(Permission.HOME_READ)
    with reading() as session:
        own_duties.count_for_posts(session, actor, clause_ids=clause_ids)
    st.session_state[_COUNTED] = True  # where somebody writes all the time, the page does not draw itself on and on
    st.rerun()


def _title(each: OwnDuty) -> str:
    text = each.clause.text.rstrip("。")
    return f"{each.clause.id} {text if len(text) <= _LONGEST else f'{text[: _LONGEST - 1]}…'}"


def _badge(each: OwnDuty) -> str:
    if each.is_late:
        return DUTY[Duty.OVERDUE].badge(f"逾期 {_number(each.overdue)}")
    today = clock.today()
    if each.due_on is None or each.due_on <= today:
        return DUTY[Duty.TODAY].badge("今天到期")
    return DUTY[Duty.DUE].badge(f"还有 {(each.due_on - today).days} 天")


def _reason(each: OwnDuty) -> str:
    if each.due == 0 or each.due_on is None:
        return "制度：过了期限，现在补上还算数"
    due = f"还有 {_number(each.due)}待做，{formats.spaced('最早应在', _day(each.due_on))}"
    return f"制度：{due}"


def _title_of(later: Sequence[OwnDuty]) -> str:
    return f"还有 {len(later):,} 条在做，不急"


def _reason_of(later: Sequence[OwnDuty]) -> str:
    first = min((each.due_on for each in later if each.due_on is not None), default=None)
    names = "、".join(each.clause.id for each in later)
    return f"制度：{names}，{formats.spaced('最早应在', _day(first))}" if first else f"制度：{names}"


def _day(day: date) -> str:
    return formats.day(day, today=clock.today())


def _number(count: int | None) -> str:
    return "不到 5 个孩子" if count is None else f"{count:,} 件"


def _act_of(actor: Actor, each: OwnDuty) -> _Act | None:
    """Return where it is done: a class's paper, a pair of one's own, whom nobody helps yet; else its own list."""
    if each.clause.id in _DONE_ON_PAPER and allows(actor, Permission.ENTRY_WRITE):
        return _CLASS_PAPER
    if each.is_of_pairs and allows(actor, Permission.PAIRING_OWN):
        return _OWN_PAIRS
    if each.clause.id in _WAITING and _sees_only_whose_it_is(actor, each):
        return _Act("pairing", "去结对", _WAITING[each.clause.id])
    if allows(actor, Permission.REGULATION_READ):
        return _Act("rules", "看名单", {"clause": each.clause.id, "own": "1"})
    return None


def _sees_only_whose_it_is(actor: Actor, each: OwnDuty) -> bool:
    """Whether the list of who waits holds the children counted: of a class only where no other is seen."""
    if each.clause.post is ClausePost.HOMEROOM and allows(actor, Permission.PAIRING_SUGGEST):
        return False
    return allows(actor, Permission.PAIRING_WRITE)


def _open(act: _Act | None) -> None:
    if act is not None:
        st.switch_page(navigation.path_of(act.page), query_params=dict(act.query) or {"from": "home"})
