"""Helpers on screen: who has room, what of whom is missing or has run out; and one helper with its children."""

from typing import Any

import streamlit as st

from db.tables import HelperKind
from db.transactions import reading
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.pairing import helper_lists, pair_lists
from services.pairing.helper_lists import PAGE_SIZE, HelperCount, HelperFilters, HelperRow, HelperState
from services.pairing.helpers import StoredHelper
from services.pairing.pair_lists import PairFilters
from services.regulations import pair_duties
from services.regulations.deadlines import DutyState
from services.regulations.measures import measures
from ui import formats
from ui.dialogs import open_dialog
from ui.helper_dialogs import EDIT, LEAVE, VET
from ui.layout import Action, empty_state, facts, filter_row, labelled_words, note, side_box, side_column
from ui.pairing_dialogs import HAND_OVER
from ui.pairing_filters import clear, first_page, pills
from ui.pairing_pairs import draw_table
from ui.states import DUTY, HELPER
from ui.tables import StateColumn, current_page, data_table, opening_column, paging_line, row_clicked
from ui.views import begin_filter, keep_filter

_KIND, _STATE, _LEFT, _PAGE = "helpers_kind", "helpers_state", "helpers_left", "helpers_page"
_OPEN, _SHOWN = "helpers_open", "care_helpers_shown"
_KINDS = {each.value: each for each in HelperKind}
_STATES = {each.value: each for each in HelperState}
_MOST_DUTIES = 30
_OWED = (DutyState.OVERDUE, DutyState.MISSED, DutyState.TRIED, DutyState.DUE)


def open_clicked() -> None:
    """Open the helper that was just clicked."""
    if (helper_id := row_clicked(_OPEN, _SHOWN)) is not None:
        st.query_params["helper"] = str(helper_id)


def draw_helpers(actor: Actor) -> None:
    """Draw the filters and one page of helpers, or why there is none."""
    begin_filter(_KIND, "kind", _KINDS)
    begin_filter(_STATE, "needs", _STATES)
    begin_filter(_LEFT, "left", {"1": True}, usual=False)
    state = st.session_state
    filters = HelperFilters(kind=state.get(_KIND), state=state.get(_STATE), has_left=bool(state.get(_LEFT)))
    with reading() as session:
        count = helper_lists.count_helpers(session, actor, filters=filters)
        number = current_page(_PAGE, total=count.total, page_size=PAGE_SIZE)
        rows = helper_lists.list_helpers(session, actor, filters=filters, page=number, total=count.total)
    _draw_filters(count)
    if not rows:
        again = Action("看全部", "helpers_clear", on_click=clear, args=(_KIND, _STATE, _LEFT, _PAGE))
        empty_state(
            "badge", "这里没有帮扶人", "点“登记帮扶人”加一位；也可以导入学校自己的结对登记表。", actions=[again]
        )
        return
    state[_SHOWN] = [row.id for row in rows]
    data_table([_row(row) for row in rows], _columns(), key="helpers_table", alt=f"帮扶人，共 {count.total} 位。")
    paging_line(_PAGE, total=count.total, unit="位", page_size=PAGE_SIZE)


def _draw_filters(count: HelperCount) -> None:
    with filter_row():
        pills("什么人", {each: f"{each.label} {count.by_kind[each]:,}" for each in HelperKind}, key=_KIND, page=_PAGE)
        st.toggle("看不再担任的", key=_LEFT, on_change=first_page, args=(_PAGE,))
    numbers = {each: f"{each.label} {count.by_state[each]:,}" for each in HelperState}
    pills("缺什么", numbers, key=_STATE, page=_PAGE)
    keep_filter(_KIND, "kind", _KINDS)
    keep_filter(_STATE, "needs", _STATES)
    keep_filter(_LEFT, "left", {"1": True})


def _row(row: HelperRow) -> dict[str, Any]:
    until = formats.day(row.trained_until, today=clock.today()) if row.trained_until else None
    return {
        "name": row.name,
        "kind": row.kind.label,
        "children": f"{row.children} / {row.capacity}",
        "room": row.room,
        "states": [HELPER[each.value].cell() for each in row.states],
        "until": until,
        "subjects": row.subjects or None,
    }


def _columns() -> dict[str, Any]:  # configurations have no common public type
    text = st.column_config.TextColumn
    return {
        "name": opening_column("帮扶人", key=_OPEN, width=100),
        "kind": text("什么人", width=110),
        "children": text("带着 / 最多", width=90, alignment="right"),
        "room": st.column_config.NumberColumn("还能带", width=70),
        "states": StateColumn("缺什么", list(HELPER.values()), width=210),
        "until": text("培训到", width=110),
        "subjects": text("能教", width=110),
    }


# --- one helper ---


def helper_acts(actor: Actor, stored: StoredHelper, row: HelperRow | None) -> list[Action]:
    """Return what can be done about a helper."""
    found = [Action("回到清单", "helper_back", "arrow_back")]
    if stored.may_change:
        found.append(Action("改资料", EDIT, "edit", on_click=open_dialog, args=(EDIT, stored.id)))
    if stored.entry.kind is HelperKind.VOLUNTEER and allows(actor, Permission.HELPER_VET):
        found.append(Action("审核", VET, "verified_user", on_click=open_dialog, args=(VET, stored.id)))
    if row is not None and row.children and allows(actor, Permission.PAIRING_WRITE):
        act = Action("孩子交给别人", HAND_OVER, "swap_horiz", on_click=open_dialog, args=(HAND_OVER, stored.id))
        found.append(act)
    if stored.may_change:
        found.append(Action("不再担任", LEAVE, "person_off", on_click=open_dialog, args=(LEAVE, stored.id)))
    return found


def helper_badges(row: HelperRow | None) -> list[str]:
    """Return what is missing, has run out, or is to be known."""
    return [HELPER[each.value].badge() for each in row.states] if row is not None else []


def draw_helper(actor: Actor, stored: StoredHelper, row: HelperRow | None) -> None:
    """Draw one helper: the children, what was asked and done, and what is known of whoever helps."""
    main, side = side_column(1.9)
    filters = PairFilters(helper_id=stored.id)
    with reading() as session:
        rows = pair_lists.list_pairs(session, actor, filters=filters, page=1, total=0, page_size=100)
    with main:
        if rows:
            draw_table(rows, key="helper_pairs", alt=f"现在带着的孩子，{len(rows)} 对。", with_helper=False)
        else:
            note("现在没有带您能看到的孩子。")
        if allows(actor, Permission.REGULATION_READ):
            _draw_duties(actor, stored.id)
    with side, side_box("这位帮扶人"):
        _draw_facts(stored, row)


def _draw_facts(stored: StoredHelper, row: HelperRow | None) -> None:
    entry, today = stored.entry, clock.today()
    told = {
        "什么人": entry.kind.label if entry.kind else "",
        "性别": entry.gender.label if entry.gender else "",
        "电话": entry.phone or "",
        "带着": f"{row.children} 个，最多 {row.capacity} 个" if row else "",
        "能教": entry.subjects or "",
        "开始": formats.day(entry.from_day, today=today) if entry.from_day else "",
        "审核": formats.day(stored.vetted_on, today=today) if stored.vetted_on else "",
        "培训到": formats.day(entry.trained_until, today=today) if entry.trained_until else "",
        "承诺": formats.day(entry.pledged_on, today=today) if entry.pledged_on else "",
        "不再担任": formats.day(stored.to_day, today=today) if stored.to_day else "",
    }
    facts({name: words for name, words in told.items() if words}, alt="这位帮扶人的情况")
    labelled_words("备注", entry.note)


def _draw_duties(actor: Actor, helper_id: int) -> None:
    with reading() as session:
        lines = pair_duties.list_duties_of(session, actor, helper_id=helper_id)
    if not lines:
        return
    owed = [each for each in lines if each.standing.state in _OWED]
    st.markdown(f"**该做的** :small[:gray[这学期到今天，做了 {sum(each.standing.is_kept for each in lines):,} 件]]")
    if not owed:
        note("这学期到今天该做的都做了。", icon="check_circle")
        return
    today = clock.today()
    rows = []
    for line in owed[:_MOST_DUTIES]:
        each = line.standing
        labels = {duty.part: duty.label for duty in measures()[each.clause_id].duties}
        span = formats.day_range(each.first, each.last, today=today) if each.last else ""
        rows.append(
            {
                "child": line.what,
                "what": labels.get(each.part) or each.clause_id,
                "state": [DUTY[each.state.value].cell()],
                "span": span,
                "times": f"{each.done} / {each.needed}",
            }
        )
    text = st.column_config.TextColumn
    columns: dict[str, Any] = {
        "child": text("孩子", width=100),
        "what": text("哪一项", width=130),
        "state": StateColumn("情况", list(DUTY.values()), width=100),
        "span": text("哪一段", width=150),
        "times": text("做了 / 要做", width=90, alignment="right"),
    }
    data_table(rows, columns, key="helper_duties", alt=f"没做的，{len(owed)} 件。")
    if len(owed) > _MOST_DUTIES:
        note(f"还有 {len(owed) - _MOST_DUTIES:,} 件，在“制度执行”里看全。")
