"""One clause on screen: its numbers, the list behind each of them, its switches, its weeks as they were told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import altair as alt
import streamlit as st

from db.transactions import reading
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.regulations import compliance, excuses, own_duties
from services.regulations.clause_views import ClauseNumber, ClauseView, ToldWeek
from services.regulations.compliance import StandingLine, Told
from services.regulations.deadlines import DutyState
from services.regulations.standings import SubjectKind
from ui import formats
from ui.charts import draw_chart
from ui.dialogs import open_dialog
from ui.duty_words import part_words, period_words
from ui.formats import plain
from ui.layout import Action, empty_state, facts, filter_row, note, side_box, side_column
from ui.parameter_forms import CHANGE, value_words
from ui.rules_dialogs import ASK, SWITCH, WITHDRAW_SWITCH, draw_excuses
from ui.rules_evidence import Address, address_of
from ui.states import DUTY
from ui.tables import StateColumn, current_page, data_table, opening_column, paging_line, row_clicked
from ui.views import begin_filter, keep_filter

_WHICH, _PAGE = "rules_standing", "rules_standing_page"
OWN = "own"
"""In the address: only what is the reader's own to do."""

_CLICK, _SHOWN = "rules_child_open", "care_rules_children"
_PROOF, _PROOFS = "rules_proof_open", "care_rules_proofs"
PAGE_SIZE = 50
_DOMAIN, _RANGE = ["逾期", "漏做"], ["#D9730D", "#B3261E"]
_WHOLE_FIGURES = {"due": "还缺", "done": "写全"}
_FIGURES = {"overdue": "逾期", "missed": "漏做", "due": "待做", "done": "已做", "exempt": "免做"}


def acts(view: ClauseView) -> list[Action]:
    """Return what can be done about a clause."""
    found = [Action("回到全部条款", "rules_back", "arrow_back")]
    if view.may_ask and view.is_on:
        found.append(Action("申请免做、另法", ASK, "remove_done", on_click=open_dialog, args=(ASK,)))
    if view.may_switch:
        word = "停用" if view.is_on else "启用"
        found.append(Action(word, SWITCH, "toggle_on", not view.is_on, on_click=open_dialog, args=(SWITCH,)))
    return found


def draw_clause(actor: Actor, view: ClauseView) -> None:
    """Draw one clause."""
    main, side = side_column(2.2)
    with side:
        _draw_facts(view)
        _draw_parameters(view)
        _draw_switches(view)
    with main:
        if view.clause.lives:
            if view.row.state is None:
                empty_state("account_tree", "这一条不用数", f"它落实在这里：{view.clause.lives}。")
                return
            note(f"它落实在这里：{view.clause.lives}。")
            _draw_whole_numbers(view.row.totals)
        else:
            _draw_numbers(view.row.state, view.row.totals)
        if len(view.weeks) > 1:  # one bar shows no course
            _draw_weeks(view.weeks)
        if allows(actor, Permission.EXCUSE_ASK, Permission.EXCUSE_AGREE):
            with reading() as session:
                draw_excuses(excuses.list_excuses(session, actor, clause_id=view.clause.id))
        if view.row.state not in (None, DutyState.NOT_IN_FORCE):
            _draw_standings(actor, view)


def _draw_numbers(state: DutyState | None, totals: Told | None) -> None:
    if state is None:
        note("这一条的记录要等那一块装好才有，到时候再算。")
        return
    look = DUTY[state.value]
    if state is DutyState.NOT_IN_FORCE:
        st.markdown(f"{look.badge()} 启用以后，从第一个完整的周、月或学期开始算。")
        return
    if totals is None or totals.required is None:
        st.markdown(f"{look.badge()} {_without_sum(totals)}")
        return
    share = f"，完成 {totals.share}%" if totals.share is not None else ""
    late = f"，其中补做 {totals.late:,}" if totals.late else ""
    done = "不到 5 个孩子，不显示" if totals.done is None else f"**{totals.done:,}**"
    st.markdown(f"{look.badge()} 本学期到今天应做 **{totals.required:,}**，已做 {done}{late}{share}。")
    if state is DutyState.NO_DATA:
        note("没有一个孩子、一件事轮到这一条，所以算不出做得好不好。")


def _draw_whole_numbers(totals: Told | None) -> None:
    if totals is None or totals.required is None or totals.done is None:
        st.markdown(_without_parts(totals))
    elif not totals.required:
        note("现在没有一份要写全的。")
    else:
        lacks = f"还缺 **{totals.due:,}**" if totals.due else "都写全了"
        st.markdown(f"一共 **{totals.required:,}** 份，写全 **{totals.done:,}**，{lacks}。")


def _without_parts(totals: Told | None) -> str:
    if totals is None or totals.required is None:
        return "不到 5 个孩子，数字不显示。"
    return f"一共 **{totals.required:,}** 份。写全的、还缺的里有一组背后不到 5 个孩子，不显示。"


def _without_sum(totals: Told | None) -> str:
    told = [f"{word} **{count:,}**" for name, word in _FIGURES.items() if (count := getattr(totals, name, None))]
    if not told:
        return "不到 5 个孩子，数字不显示。"
    return f"{'，'.join(told)}。别的数里有一小组不到 5 个孩子，不显示。"


def _draw_facts(view: ClauseView) -> None:
    with side_box("这一条"):
        facts(
            {
                "谁负责": view.row.responsible,
                "出自": "、".join(view.clause.sources),
            },
            alt="这一条的出处和数",
        )


def _draw_parameters(view: ClauseView) -> None:
    if not view.numbers:
        return
    with side_box("这一条的数"):
        for place, each in enumerate(view.numbers):
            words = plain(value_words(each.parameter, each.value))
            st.markdown(f"{plain(each.parameter.label)}：**{words}**{_values_told(each)}")
            if view.may_set and each.parameter.is_used:
                st.button("改这个数", key=f"rules_number_{place}", on_click=open_dialog, args=(CHANGE, place))


def _values_told(number: ClauseNumber) -> str:
    """Return from when each value counts, the oldest first; nothing where it was never changed."""
    if len(number.spans) == 1:
        return ""
    today = clock.today()
    told = [
        f"{'最早' if each.first == date.min else f'{formats.day(each.first, today=today)}起'}"
        f" {value_words(number.parameter, each.value)}"
        for each in number.spans
    ]
    return f"  \n:small[:gray[{plain('，'.join(told))}]]"


def _draw_switches(view: ClauseView) -> None:
    if not view.switches:
        return
    today = clock.today()
    with side_box("启用和停用"):
        for each in view.switches:
            word = "启用" if each.is_on else "停用"
            back = "，撤回了" if each.withdrawn_at else ""
            who = each.set_by or "命令行"
            st.markdown(
                f"**{formats.day(each.from_day, today=today)}起{word}**{back}  \n:small[:gray[{plain(who)}"
                f" {formats.day(clock.local(each.set_at).date(), today=today)}定{plain(_reason(each.reason))}]]"
            )
            if each.may_withdraw and view.may_switch:
                st.button("撤回", key=f"rules_switch_back_{each.id}", on_click=open_dialog,
                          args=(WITHDRAW_SWITCH, each.id))  # fmt: skip


def _reason(text: str | None) -> str:
    return f"，{text}" if text else ""


def _draw_weeks(weeks: Sequence[ToldWeek]) -> None:
    rows = [
        {"周": _monday(each), "数": number, "是什么": word}
        for each in weeks
        for word, number in (("逾期", each.overdue), ("漏做", each.missed))
        if number is not None
    ]
    if not rows:
        note("每周定格的数背后都不到五个孩子，不显示。")
        return
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X(
                "周:O",
                sort=[_monday(each) for each in weeks],
                title="哪一周（星期一）",
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("数:Q", title="件", axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color("是什么:N", title=None, scale=alt.Scale(domain=_DOMAIN, range=_RANGE)),
        )
    )
    last = weeks[-1]
    draw_chart(
        chart, title="每周定格时没做的", subtitle="按当时说的，以后补了也不改", height=200, key="rules_weeks",
        finding=f"最近一周逾期 {_told(last.overdue)}，漏做 {_told(last.missed)}。",
    )  # fmt: skip


def _monday(week: ToldWeek) -> str:
    return f"{week.first_day.month}月{week.first_day.day}日"


def _told(count: int | None) -> str:
    return "不显示" if count is None else f"{count:,} 件"


def _draw_standings(actor: Actor, view: ClauseView) -> None:
    if not view.shows_names:
        note("名单只有关爱室和班主任能看。")
        return
    if st.query_params.get(OWN):
        _draw_own(actor, view)
        return
    totals, names = view.row.totals, ("due", "done") if view.clause.lives else tuple(_FIGURES)
    words = _WHOLE_FIGURES if view.clause.lives else _FIGURES
    which = _choose({name: getattr(totals, name, 0) or 0 for name in names}, words)
    with reading() as session:
        lines = compliance.list_standings(session, actor, clause_id=view.clause.id, which=which)
    _draw_lines(actor, view, which, lines)


def _draw_own(actor: Actor, view: ClauseView) -> None:
    """Draw what is this reader's to do now, as the line on home counted it."""
    with reading() as session:
        found = own_duties.list_own_standings(session, actor, clause_id=view.clause.id)
    counts = Counter(compliance.figure_of(each.standing) for each in found)
    which = _choose({name: counts[name] for name in ("overdue", "due")}, _FIGURES)
    with st.container(horizontal=True, vertical_alignment="center"):
        note("只列该您做、现在还做得了的。")
        st.button("看这一条的全部", key="rules_own_all", type="tertiary", on_click=_forget_own)
    _draw_lines(actor, view, which, [each for each in found if compliance.figure_of(each.standing) == which])


def _forget_own() -> None:
    st.query_params.pop(OWN, None)


def _choose(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    """Draw which figure's list is to be seen, and return it; the first one with something in it, unless asked."""
    known = {each: each for each in counts}
    usual = next((name for name, count in counts.items() if count), list(counts)[-1])
    key = f"{_WHICH}_{'_'.join(counts)}"
    with filter_row():
        begin_filter(key, "list", known, usual=usual)
        which = st.segmented_control(
            "看哪些", list(counts), key=key, required=True, wrap=True, label_visibility="collapsed",
            format_func=lambda each: f"{words[each]} {counts[each]:,}",
        )  # fmt: skip
    keep_filter(key, "list", known)
    return which or usual


def _draw_lines(actor: Actor, view: ClauseView, which: str, lines: Sequence[StandingLine]) -> None:
    if not lines:
        empty_state("task_alt", "这一栏是空的", "点别的栏看看。")
        return
    number = current_page(_PAGE, total=len(lines), page_size=PAGE_SIZE)
    page = lines[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    st.session_state[_SHOWN] = [_child(each) for each in page]
    st.session_state[_PROOFS] = proofs = [address_of(actor, each.standing) for each in page]
    rows = [
        _line(view.clause.id, each) | {"proof": "看凭据" if proof else None}
        for each, proof in zip(page, proofs, strict=True)
    ]
    is_whole = bool(view.clause.lives)
    figure = (_WHOLE_FIGURES if is_whole else _FIGURES)[which]
    data_table(
        rows,
        _columns(rows, is_whole=is_whole),
        key=f"rules_lines_{which}_{number}",
        alt=f"{figure}的名单，{len(lines)} 条，点姓名打开孩子的一页。",
    )
    paging_line(_PAGE, total=len(lines), unit="条", page_size=PAGE_SIZE)


def child_clicked() -> int | None:
    """Return the child whose name was just clicked."""
    student_id: int | None = row_clicked(_CLICK, _SHOWN)
    return student_id


def proof_clicked() -> Address | None:
    """Return where the proof of the duty just clicked is read."""
    address: Address | None = row_clicked(_PROOF, _PROOFS)
    return address


def _child(line: StandingLine) -> int | None:
    return line.standing.subject_id if line.standing.subject is SubjectKind.CHILD else None


def _line(clause_id: str, line: StandingLine) -> dict[str, Any]:
    each = line.standing
    return {
        "who": line.what,
        "class": line.class_label,
        "what": part_words(clause_id, each.part),
        "period": period_words(each.first, each.last),
        "state": [DUTY[each.state.value].cell()],
        "times": f"{each.done} / {each.needed}" if each.needed > 1 else None,
        "owners": "、".join(line.owners) or "没有人",
    }


def _columns(rows: Sequence[dict[str, Any]], *, is_whole: bool) -> dict[str, Any]:  # configurations have no common type
    text = st.column_config.TextColumn
    if is_whole:
        shown = _shown(rows, _whole_columns())
        if len({row["period"] for row in rows}) == 1:  # all of today: that says nothing
            shown.pop("period", None)
        return shown
    columns = {
        "who": opening_column("谁", key=_CLICK, width=90),
        "state": StateColumn("情况", list(DUTY.values()), width=95),
        "period": text("哪一段", width=125),
        "class": text("班级", width=90),
        "what": text("哪一项", width=100),
        "times": text("做了/要做", width=75),
        "proof": opening_column("凭据", key=_PROOF, width=70),
        "owners": text("该谁做", width=110),
    }
    return _shown(rows, columns)


def _whole_columns() -> dict[str, Any]:  # configurations have no common type
    """Return what is said of a record that must be whole; what it lacks first, for a phone shows no more."""
    text = st.column_config.TextColumn
    return {
        "who": opening_column("谁", key=_CLICK, width=90),
        "what": text("缺什么", width=180),
        "proof": opening_column("凭据", key=_PROOF, width=70),
        "times": text("有几样", width=65),
        "class": text("班级", width=85),
        "period": text("哪一天", width=85),
        "owners": text("该谁做", width=110),
    }


def _shown(rows: Sequence[dict[str, Any]], columns: dict[str, Any]) -> dict[str, Any]:
    return {name: column for name, column in columns.items() if any(row[name] for row in rows)}
