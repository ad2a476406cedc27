"""The settings' view of the regulations' numbers: what counts today, what will, and what counted before."""

from collections.abc import Sequence

import streamlit as st
from sqlmodel import Session

from db.transactions import reading
from services import clock, parameter_versions
from services.access import Permission
from services.actors import Actor
from services.errors import NotFound
from services.parameter_versions import ParameterChange, ParameterHistory, ParameterRow
from services.regulations.parameters import Origin, Parameter, areas
from ui.asking_first import ask_first
from ui.dialogs import close_dialog, open_dialog, opened, opened_about
from ui.formats import day, plain
from ui.forms import Form
from ui.layout import CLOSE, filter_row, flash, form_end, leave_button, note, refusal, side_column
from ui.session import require_user
from ui.tables import data_table, opening_column, row_clicked
from ui.wording import day_field, number_field

_CLICK, _SHOWN, _CHOSEN = "parameters_open", "care_parameters_shown", "parameter"
CHANGE, _WITHDRAW = "rules_number", "parameter_withdraw"
_USED, _ALL = "used", "all"
_VIEWS = {_USED: "现在用着的", _ALL: "全部"}
_ORIGINS = {Origin.GIVEN: "制度写明", Origin.CHOSEN: "学校可定"}
_LABELS = {"value": "改成多少", "in_force_from": "从哪天起算", "reason": "为什么改"}


def show_parameters(actor: Actor) -> None:
    """Draw the list; the one that is chosen stands below with its form and its history."""
    with reading() as session:
        rows = parameter_versions.list_parameters(session, actor)
    _keep_clicked()
    rows, shows_all = _filtered(rows)
    _draw_table(rows, shows_all=shows_all)
    note("改了的数从写明的那天起算；以前的事，还按当时的数算。")
    chosen = st.query_params.get(_CHOSEN)
    if not chosen:
        note("点一项的名称，就能改，也能看以前改过什么。")
        return
    try:
        with reading() as session:
            history = parameter_versions.find_history(session, actor, name=chosen)
    except NotFound as error:
        refusal(error)
        return
    left, right = side_column(1.4)
    with left:
        _draw_history(history)
    with right, st.container(border=True):
        is_saved = _draw_form(actor, history)
    if is_saved:
        st.rerun()
    _draw_withdrawal(history)


def draw_dialogs_of(names: Sequence[str]) -> None:
    """Draw the dialog about one of these parameters that is open, if one is; `CHANGE` is about a place in them."""
    about = opened_about(CHANGE)
    if about is not None and about[0] < len(names):
        _change(names[about[0]])
    elif opened_about(_WITHDRAW) is not None:
        actor = require_user(Permission.SCHOOL_WRITE)
        with reading() as session:
            histories = [parameter_versions.find_history(session, actor, name=name) for name in names]
        for each in histories:
            _draw_withdrawal(each)


def _draw_withdrawal(history: ParameterHistory) -> None:
    for each in history.changes:
        if opened(_WITHDRAW, each.id):
            _ask_to_withdraw(history.parameter, each)


@st.dialog("改这个数", width="large", dismissible=False)
def _change(name: str) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    with reading() as session:
        history = parameter_versions.find_history(session, actor, name=name)
    note("改了的数从写明的那天起算；以前的事，还按当时的数算。")
    _draw_history(history)
    if _draw_form(actor, history, leaves=True):
        close_dialog()


def _filtered(rows: Sequence[ParameterRow]) -> tuple[list[ParameterRow], bool]:
    """Draw the filters and return the rows they leave, and whether also those nothing counts with yet."""
    with filter_row():
        which = st.segmented_control(
            "看哪些", list(_VIEWS), format_func=_VIEWS.__getitem__, default=_USED, key="parameters_which",
            required=True, label_visibility="collapsed", wrap=True,
        )  # fmt: skip
        shown = [row for row in rows if which == _ALL or row.parameter.is_used]
        names = {"": "全部领域"} | {row.parameter.area: areas()[row.parameter.area] for row in shown}
        area = st.selectbox(
            "领域", list(names), format_func=names.__getitem__, key=f"parameters_area_{which}", width=260,
            label_visibility="collapsed", placeholder="请选",
        )  # fmt: skip
    if which == _ALL:
        note("没有标“用着”的，等那一块装好才用得上；现在先写好也可以。")
    return [row for row in shown if not area or row.parameter.area == area], which == _ALL


def _keep_clicked() -> None:
    """Put the parameter just clicked into the address."""
    if (name := row_clicked(_CLICK, _SHOWN)) is not None:
        st.query_params[_CHOSEN] = name


def _draw_table(rows: Sequence[ParameterRow], *, shows_all: bool) -> None:
    today = clock.today()
    names = [row.parameter.name for row in rows]
    st.session_state[_SHOWN] = names
    data_table(
        [
            {
                "label": row.parameter.label,
                "value": value_words(row.parameter, row.value),
                "since": f"{day(row.since, today=today)}起" if row.since else "原定",
                "next": f"{day(row.next_from, today=today)}起 {value_words(row.parameter, row.next_value or 0)}"
                if row.next_from
                else None,
                "default": value_words(row.parameter, row.parameter.default),
                "origin": _ORIGINS[row.parameter.origin],
                "used": "用着" if row.parameter.is_used else None,
                "clause": row.parameter.clause_id,
            }
            for row in rows
        ],
        {
            "label": opening_column("哪一项", key=_CLICK, width=225),
            "value": st.column_config.TextColumn("现在", width=105, alignment="right"),
            "since": st.column_config.TextColumn("从哪天起", width=100),
            "next": st.column_config.TextColumn("以后", width=190),
            "default": st.column_config.TextColumn("原来的数", width=105, alignment="right"),
            **(
                {"used": st.column_config.TextColumn("程序", width=85)}
                if shows_all
                else {"origin": st.column_config.TextColumn("来历", width=85)}
            ),
            "clause": st.column_config.TextColumn("条款", width=65),
        },
        key=f"parameters_table_{hash(tuple(names))}",
        alt=f"制度里的数，{len(rows)} 项，点名称可以改",
    )


def value_words(parameter: Parameter, value: int) -> str:
    """Return a parameter's value with its unit."""
    if value == 0 and parameter.unit in {"school_days", "days"}:
        return "当天"
    space = "" if parameter.unit_label == "%" else " "
    return f"{value:,}{space}{parameter.unit_label}"


def _draw_history(history: ParameterHistory) -> None:
    today, parameter = clock.today(), history.parameter
    origin = "制度里写明的" if parameter.origin is Origin.GIVEN else "制度没有写，程序先定的"
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(parameter.label)}**　现在 {plain(value_words(parameter, history.value))}")
        for each in history.changes:
            _draw_change(parameter, each)
        st.markdown(
            f"**最早** {plain(value_words(parameter, parameter.default))}  \n"
            f":small[:gray[条款 {plain(parameter.clause_id)}，{origin}]]"
        )
    if not history.changes:
        note(f"还没有改过。{day(today, today=today)}以前的事都按 {value_words(parameter, parameter.default)} 算。")


def _draw_change(parameter: Parameter, change: ParameterChange) -> None:
    today = clock.today()
    if change.withdrawn_at is not None:
        badge = f":gray-badge[:material/undo: {plain(change.withdrawn_by or '命令行')}撤回了]"
    elif change.may_withdraw:
        badge = ":blue-badge[:material/schedule: 还没到]"
    elif change.is_in_force:
        badge = ":green-badge[:material/check_circle: 现在用的]"
    else:
        badge = ":gray-badge[:material/history: 以前的]"
    who = f"{change.set_by or '命令行'} {day(clock.local(change.set_at).date(), today=today)}写，{change.reason}"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f"**{day(change.in_force_from, today=today)}起 {plain(value_words(parameter, change.value))}**  \n"
            f"{badge} :small[:gray[{plain(who)}]]",
            width="stretch",
        )
        if change.may_withdraw:
            st.button(
                "撤回", key=f"parameter_withdraw_{change.id}", on_click=open_dialog,
                args=(_WITHDRAW, change.id),
            )  # fmt: skip


def _draw_form(actor: Actor, history: ParameterHistory, *, leaves: bool = False) -> bool:
    """Draw the fields, where asked with a way to leave, and return whether it was saved or left just now."""
    parameter = history.parameter
    st.markdown(f"**改“{plain(parameter.label)}”**")
    drawn = {"version": history.version, "value": history.value}
    form = Form(f"parameter_{parameter.name}", drawn, labels=_LABELS)
    form.notices()
    with form.field("value") as key:
        label = f"改成多少（{parameter.unit_label}，{parameter.least:,} 到 {parameter.most:,}）"
        value = number_field(label, key=key)
    with form.field("in_force_from", clock.today()) as key:
        from_day = day_field("从哪天起算", key=key)
    with form.field("reason", "") as key:
        reason = st.text_input("为什么改", key=key, placeholder="例如 领导小组会议定的", autocomplete="off")

    def save(session: Session) -> None:
        parameter_versions.set_parameter(
            session,
            actor,
            name=parameter.name,
            value=value,
            in_force_from=from_day,
            reason=reason,
            version=form.version,
        )

    with form_end():
        is_left = leaves and leave_button(CLOSE, key=form.key("close"))
        submitted = st.button("保存这个数", key=form.key("save"), type="primary", icon=":material/check:")
    if is_left:
        form.cancel()
        return True
    if not (submitted and form.save(save)):
        return False
    flash("已保存。以前的事还按以前的数算。")
    return True


@st.dialog("撤回这次改动", icon=":material/undo:", dismissible=False)
def _ask_to_withdraw(parameter: Parameter, change: ParameterChange) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    when = day(change.in_force_from, today=clock.today())
    st.markdown(f"**{plain(parameter.label)}** {when}起不改成 {plain(value_words(parameter, change.value))} 了？")
    ask_first(
        lambda session: parameter_versions.withdraw_change(session, actor, change_id=change.id),
        "撤回",
        kept="parameter_keep",
        confirmed="parameter_withdraw_confirm",
        done="已撤回。",
    )
