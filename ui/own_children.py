"""A box for each child one is paired with: what is due next, recording it at one click, each duty month by month."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from db.tables import CareKind
from services import clock
from services.actors import Actor
from services.pairing.own_children import OwnChild, OwnPair
from services.pairing.strips import DutyStrip, MonthCell
from services.record_kinds import KINDS
from services.regulations.deadlines import DutyState
from services.regulations.standings import Standing
from ui import formats, navigation
from ui.child_link import child_link
from ui.formats import on_one_line, plain
from ui.layout import ACT_BUTTON_WIDTH, note
from ui.pairing_diary import diary_act
from ui.pairing_words import duty_words
from ui.states import DUTY, Duty, Look
from ui.way_back import BACK

VIEW, PAGE = "my_children_view", "my_children_page"
PAGE_SIZE = 10
OWN_CHILDREN = "my_children"


def draw_child(actor: Actor, child: OwnChild, months: Sequence[date]) -> None:
    """Draw one child with its pairs."""
    with st.container(border=True):
        for place, pair in enumerate(child.pairs):
            _draw_pair(child, pair, is_first=not place)
            _draw_strips(child, pair, months)
            _draw_acts(actor, child, pair, is_last=place == len(child.pairs) - 1)


def _draw_pair(child: OwnChild, pair: OwnPair, *, is_first: bool) -> None:
    """Draw who, since when, and what is due next, with the button that records it."""
    name = f"**{plain(child.name)}**，{plain(child.class_label)}  \n" if is_first else ""
    role = f"**{plain(pair.role.label)}** :small[:gray[{plain(_pair_words(pair))}]]"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(f"{name}{role}  \n{_next_words(pair)}", width="stretch")
        due = pair.next_due
        kind = due[0].kind if due is not None else None
        if kind is not None and st.button(plain(f"记{_short(kind)}"), key=f"my_children_due_{pair.id}",
                                          width=ACT_BUTTON_WIDTH):  # fmt: skip
            _record(child, pair, kind)


def _pair_words(pair: OwnPair) -> str:
    """林初雪（党员干部），9月1日起；上次11月12日家访: of the own pair without the name."""
    today = clock.today()
    who = "" if pair.is_own else f"{pair.helper_name}（{pair.helper_kind.label}），"
    since = f"{who}{formats.day(pair.from_day, today=today)}起"
    if pair.last is None:
        return f"{since}；这学年还没有记录"
    tried = "" if pair.last.is_done else "，没做成"
    return f"{since}；上次{formats.day(pair.last.day, today=today)}{pair.last.kind.label}{tried}"


def _next_words(pair: OwnPair) -> str:
    """Return what is due next in one sentence, with its state."""
    due = pair.next_due
    if due is None:
        return f":small[:gray[{plain(_nothing_due(pair))}]]"
    strip, standing = due
    return f"{_due_badge(standing)} {plain(_due_sentence(strip, standing))}"


def _nothing_due(pair: OwnPair) -> str:
    if pair.strips:
        return "眼下没有要做的。做了别的，也记下来。"
    if pair.is_counted:
        return "还没有到要做的时候。做了先记下来。"
    return "学校没有给这种结对规定次数，做了记下来，日记里都有。"


def _due_badge(standing: Standing) -> str:
    look, today = DUTY[standing.state.value], clock.today()
    due_on = standing.due_on or today
    if standing.state is DutyState.OVERDUE:
        return look.badge(f"逾期 {(today - due_on).days} 天")
    if standing.state is DutyState.TRIED:
        return look.badge()
    return DUTY[Duty.TODAY].badge("今天到期") if due_on == today else look.badge(f"还有 {(due_on - today).days} 天")


def _due_sentence(strip: DutyStrip, standing: Standing) -> str:
    what, today = duty_words(strip), clock.today()
    due_on = formats.day(standing.due_on or today, today=today)
    left = f"，还差 {standing.needed - standing.done} 次" if standing.needed > 1 else ""
    if standing.state is DutyState.OVERDUE:
        return f"{what}，{due_on}到期{left}；已经做过的，今天补记"
    if standing.state is DutyState.TRIED:
        return f"{what}，试过没成，再试一次{left}；{due_on}到期"
    return f"{what}，{due_on}以前{left}"


def _draw_strips(child: OwnChild, pair: OwnPair, months: Sequence[date]) -> None:
    """Draw each duty's months up to this one as a table, narrow enough for a phone, and what a fraction in it means."""
    if not pair.strips:
        return
    this_month = clock.today().replace(day=1)
    begun = [month for month in months if month <= this_month] or list(months[:1])
    rows = [
        {
            "要做的": plain(on_one_line(duty_words(strip))),
            **{on_one_line(f"{month.month}月"): _cell(_of_month(strip, month, this_month)) for month in begun},
        }
        for strip in pair.strips
    ]
    st.table(rows, border="horizontal", hide_index=True, alt=f"{child.name}：{pair.role.label}要做的，月月有没有")
    counted = next((cell for strip in pair.strips for cell in strip.cells.values() if _is_counted(cell)), None)
    if counted is not None:
        note(f"写着 {counted.kept}/{counted.periods} 的，是那个月 {counted.periods} 次里做了 {counted.kept} 次。")


def _of_month(strip: DutyStrip, month: date, this_month: date) -> MonthCell | None:
    """Return a month's cell; what is to be done by a month still to come stands in this one."""
    cell = strip.cells.get(month)
    if cell is None and month == this_month:
        return next((ahead for of_month, ahead in sorted(strip.cells.items()) if of_month > this_month), None)
    return cell


def _is_counted(cell: MonthCell) -> bool:
    return cell.kept < cell.periods > 1


def _cell(cell: MonthCell | None) -> str:
    if cell is None:
        return ""
    look = DUTY[cell.state.value]
    return _coloured(look, f"{cell.kept}/{cell.periods}" if _is_counted(cell) else look.word)


def _coloured(look: Look, words: str) -> str:
    return f":{look.colour}[:material/{look.icon}: {on_one_line(words)}]"


def _draw_acts(actor: Actor, child: OwnChild, pair: OwnPair, *, is_last: bool) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for kind in pair.kinds:
            if st.button(plain(f"记{_short(kind)}"), key=f"my_children_{pair.id}_{kind.value}", type="tertiary",
                         icon=":material/edit_square:"):  # fmt: skip
                _record(child, pair, kind)
        diary_act(actor, pair.id, child=child.name, from_day=pair.from_day)
        if is_last:
            child_link(actor, child.student_id, key=f"my_children_file_{pair.id}")
    if pair.strips and any(each.is_excused for each in pair.strips):
        note("写着“免做”的不用做，也不要去做。", icon="remove_done")


def _short(kind: CareKind) -> str:
    """谈心谈话 in a button: 谈心."""
    return _SHORT.get(kind, kind.label)


_SHORT = {
    CareKind.TALK: "谈心",
    CareKind.HOMEROOM_EXCHANGE: "交流",
    CareKind.CALL: "电话",
    CareKind.PAIR_CHECK: "检查成效",
    CareKind.TUTORING: "辅导",
    CareKind.GROUP_ACTIVITY: "活动",
}


def _record(child: OwnChild, pair: OwnPair, kind: CareKind) -> None:
    """Open the form of a record of this kind about this child, and for whom, where the helper has no account."""
    asked = {"kind": kind.value, "student": str(child.student_id), BACK: OWN_CHILDREN}
    if not pair.has_account and KINDS[kind].is_for_helpers:
        asked["helper"] = str(pair.helper_id)
    st.switch_page(navigation.path_of("record"), query_params=asked)
