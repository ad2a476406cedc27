"""The differences of one list: ticking them, and the one act for what is ticked."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from db.tables import DifferencePart, DifferenceSide, DifferenceState, ExchangeDirection
from db.transactions import reading
from services import clock, list_decisions, list_exchanges
from services.access import Permission
from services.actors import Actor
from services.exchange.readings import Position
from services.list_decisions import Chosen
from services.list_exchanges import PAGE_SIZE, DifferenceLine, DifferencePage, ExchangeRow
from ui import formats
from ui.dialogs import close_dialog, open_dialog, opened
from ui.exchange_table import file_dialog
from ui.exchange_words import SIDES, finding_words, leaving_words, since_words
from ui.formats import masked_phone, plain
from ui.forms import Form
from ui.import_words import place_words
from ui.layout import DISCARD, flash, form_end, leave_button, note
from ui.session import require_user
from ui.states import DIFFERENCE
from ui.tables import page_asked, paging_line
from ui.telling import tell
from ui.views import choose_view, chosen_view
from ui.wording import day_field

ADOPT, LEAVE, NOT_OURS, FILE = "exchange_adopt", "exchange_leave", "exchange_not_ours", "exchange_file"
_CHOSEN, _DECIDED, _NAMED = "care_exchange_chosen", "decided", 8
_ADOPTING = {
    DifferenceSide.LIST: "照名单登记 {count} 人",
    DifferenceSide.REGISTER: "照名单结束 {count} 人",
    DifferenceSide.BOTH: "照名单改 {count} 处",
}


def draw_exchange(actor: Actor, row: ExchangeRow) -> None:
    """Draw one list with its differences, side by side of what is open, then what was decided."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        when = formats.day(row.day, today=clock.today())
        words = f"{when}{row.direction.label}，{row.with_whom}，{row.what}"
        st.markdown(f"**{plain(words)}**", width="content")
        if row.has_file:
            st.button("看原来的文件", key="exchange_file_open", icon=":material/folder_open:",
                      on_click=open_dialog, args=(FILE, row.id))  # fmt: skip
        else:
            note("名单上有孩子的记录已到期清理，原来的文件也一起删了。")
    if row.direction is ExchangeDirection.RECEIVED:
        _draw_differences(actor, row)
    if opened(FILE, row.id):
        file_dialog(row)


def _draw_differences(actor: Actor, row: ExchangeRow) -> None:
    if not row.differences:
        note(f"对上的 {row.matched:,} 人，和我们登记的都一样。", icon="check_circle")
        return
    names = [side.value for side in DifferenceSide] + [_DECIDED]
    asked = chosen_view(dict.fromkeys(names, ""), key="exchange_side", parameter="side")
    side = None if asked == _DECIDED else DifferenceSide(asked)
    key = f"exchange_page_{asked}"
    with reading() as session:
        page = list_exchanges.list_differences(
            session, actor, exchange_id=row.id, side=side, page=page_asked(key), page_size=PAGE_SIZE
        )
    choose_view(_labels(page), key="exchange_side", parameter="side")
    if not page.lines:
        note("这里都定过了。" if side else "还没有定过一处。", icon="check_circle")
    elif side is None:
        with st.container(border=True, gap="xsmall"):
            for line in page.lines:
                _draw_decided(line)
    else:
        _draw_open(row, side, page)
    if page.total > PAGE_SIZE:
        paging_line(key, total=page.total, unit="处", page_size=PAGE_SIZE)
    for name, dialog in ((ADOPT, _adopt), (LEAVE, _leave), (NOT_OURS, _not_ours)):
        if opened(name, row.id):
            dialog(row)


def _labels(page: DifferencePage) -> dict[str, str]:
    labels = {side.value: f"{SIDES[side]} {page.counts[side]:,}" for side in DifferenceSide}
    return labels | {_DECIDED: f"定过的 {page.decided:,}"}


def _draw_open(row: ExchangeRow, side: DifferenceSide, page: DifferencePage) -> None:
    ticked = []
    with st.container(border=True, gap="xsmall"):
        for line in page.lines:
            if st.checkbox(_line_words(line), key=_tick_key(line)):
                ticked.append(line)
        with st.container(horizontal=True, gap="xsmall"):
            st.button("都勾上", key="exchange_tick_all", type="tertiary", on_click=_tick_all, args=(page.lines, True))
            st.button("都去掉勾", key="exchange_tick_none", type="tertiary", on_click=_tick_all,
                      args=(page.lines, False))  # fmt: skip
    count = len(ticked)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if side is DifferenceSide.LIST:
            st.button("不是我们的学生", key="exchange_act_not_ours", disabled=not count, icon=":material/person_off:",
                      on_click=_begin, args=(NOT_OURS, row.id, ticked))  # fmt: skip
        st.button("留着不改，写原因", key="exchange_act_leave", disabled=not count, icon=":material/do_not_disturb_on:",
                  on_click=_begin, args=(LEAVE, row.id, ticked))  # fmt: skip
        st.button(plain(_ADOPTING[side].format(count=f"{count:,}")), key="exchange_act_adopt", type="primary",
                  disabled=not count, icon=":material/check:", on_click=_begin,
                  args=(ADOPT, row.id, ticked))  # fmt: skip
    if side is DifferenceSide.LIST and any(line.student_id is None for line in page.lines):
        st.button("没对上的这些，全都不是我们的学生", key="exchange_all_strangers", type="tertiary",
                  on_click=_begin_strangers, args=(row.id,))  # fmt: skip


def _tick_key(line: DifferenceLine) -> str:
    return f"exchange_tick_{line.id}_{line.version}"


def _tick_all(lines: Sequence[DifferenceLine], is_ticked: bool) -> None:
    for line in lines:
        tell(_tick_key(line), is_ticked)


def _line_words(line: DifferenceLine) -> str:
    place = f"。{_place(line.position)}" if line.position is not None else ""
    known = f"，{plain(line.class_label)}" if line.class_label else ""
    said = finding_words(line) + since_words(line) + leaving_words(line) + place
    return f"**{plain(line.name)}**{known} :small[:gray[{plain(said)}]]"


def _place(position: Position) -> str:
    return f"名单 {place_words(position)}"


def _draw_decided(line: DifferenceLine) -> None:
    look = DIFFERENCE[line.state.value]
    when = formats.day(clock.local(line.decided_at).date(), today=clock.today()) if line.decided_at else ""
    reason = f"：{line.reason}" if line.state is DifferenceState.LEFT else ""
    words = f"{finding_words(line)}。{line.decided_by or '命令行'} {when}定的{reason}"
    st.markdown(f"**{plain(line.name)}** {look.badge()}  \n:small[:gray[{plain(words)}]]")


# --- the acts: what was ticked is frozen with its version when the button is pressed ---


def _begin(act: str, exchange_id: int, ticked: Sequence[DifferenceLine]) -> None:
    st.session_state[_CHOSEN] = tuple(ticked)
    open_dialog(act, exchange_id)


def _begin_strangers(exchange_id: int) -> None:
    actor = require_user(Permission.LIST_EXCHANGE)
    with reading() as session:
        strangers = list_exchanges.list_strangers(session, actor, exchange_id=exchange_id)
    st.session_state[_CHOSEN] = tuple(strangers)
    open_dialog(NOT_OURS, exchange_id)


def _ticked() -> tuple[DifferenceLine, ...]:
    found: tuple[DifferenceLine, ...] = st.session_state.get(_CHOSEN, ())
    return found


def _chosen() -> list[Chosen]:
    return [Chosen(line.id, line.version, line.standing) for line in _ticked()]


def _who() -> str:
    names = list(dict.fromkeys(line.name for line in _ticked()))
    more = f"等 {len(names):,} 人" if len(names) > _NAMED else ""
    return f"{'、'.join(names[:_NAMED])}{more}"


def _end(form: Form, label: str) -> bool:
    """Draw the buttons of a dialog; giving up closes it, and what was ticked is looked at anew."""
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        return st.button(plain(label), key=form.key("save"), type="primary", icon=":material/check:")


@st.dialog("照名单改", icon=":material/check:", dismissible=False)
def _adopt(row: ExchangeRow) -> None:
    actor = require_user(Permission.LIST_EXCHANGE)
    ticked = _ticked()
    form = Form(f"exchange_adopt_{row.id}", labels={"from_day": "从哪天起", "evidence": "依据"})
    form.notices()
    st.text(_who())
    side = ticked[0].side if ticked else DifferenceSide.BOTH
    day: date | None = row.day
    evidence, takes_listed = None, False
    if side is DifferenceSide.LIST:
        note("会给这些孩子登记上，写明是部门名单上来的。")
    if side is DifferenceSide.REGISTER:
        note("这些孩子的这一类登记会从那天起结束，以前的留着。")
    if any(line.part is DifferencePart.MARK for line in ticked):
        with form.field("from_day", row.day) as key:
            day = day_field("从哪天起", key=key)
    if any(line.since for line in ticked):
        with form.field("takes_listed_days", True) as key:
            takes_listed = st.checkbox("名单上写了日子的，照名单上的", key=key)
    if side is DifferenceSide.LIST:
        with form.field("evidence", f"{row.with_whom}{formats.day(row.day, today=clock.today())}的名单") as key:
            evidence = st.text_input("依据", key=key, autocomplete="off")
    if any(line.part is DifferencePart.PHONE for line in ticked):
        note("电话写成主要联系人的，原来的号码留作第二个。")
        _draw_leaving(ticked)
    with form.field("chosen", is_filled=False):
        saved = _end(form, _ADOPTING[side].format(count=f"{len(ticked):,}"))
    if saved and form.save(
        lambda session: list_decisions.adopt_differences(
            session, actor, exchange_id=row.id, chosen=_chosen(), from_day=day, evidence=evidence,
            takes_listed_days=bool(takes_listed),
        )
    ):  # fmt: skip
        flash(f"照名单改了 {len(ticked):,} 处。")
        close_dialog()


def _draw_leaving(ticked: Sequence[DifferenceLine]) -> None:
    """Name every number that would be on no card afterwards, child by child, before anybody follows the list."""
    for line in ticked:
        if line.standing is not None and line.standing.leaves:
            leaves = masked_phone(line.standing.leaves)
            words = f"{line.name}的联系卡上已经有两个号码，{leaves} 会去掉。还要用的，请先记到别处。"
            st.warning(plain(words), icon=":material/phone_disabled:")


@st.dialog("留着不改", icon=":material/do_not_disturb_on:", dismissible=False)
def _leave(row: ExchangeRow) -> None:
    actor = require_user(Permission.LIST_EXCHANGE)
    form = Form(f"exchange_leave_{row.id}", labels={"reason": "为什么"})
    form.notices()
    st.text(_who())
    with form.field("reason", "") as key:
        reason = st.text_input("为什么留着，下次核对时看得到", key=key, autocomplete="off")
    if _end(form, f"留着 {len(_ticked()):,} 处") and form.save(
        lambda session: list_decisions.leave_differences(
            session, actor, exchange_id=row.id, chosen=_chosen(), reason=reason
        )
    ):
        flash(f"记下了：{len(_ticked()):,} 处留着不改。")
        close_dialog()


@st.dialog("不是我们的学生", icon=":material/person_off:", dismissible=False)
def _not_ours(row: ExchangeRow) -> None:
    actor = require_user(Permission.LIST_EXCHANGE)
    form = Form(f"exchange_not_ours_{row.id}")
    form.notices()
    st.text(_who())
    note("名册不会改，只记下：这些不是我们学校的孩子。")
    if _end(form, f"记下 {len(_ticked()):,} 人") and form.save(
        lambda session: list_decisions.note_not_ours(session, actor, exchange_id=row.id, chosen=_chosen())
    ):
        flash(f"记下了：{len(_ticked()):,} 人不是我们的学生。")
        close_dialog()
