"""The settings' view of the bell times: kinds of day, their periods, and the days that go otherwise."""

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st
from sqlmodel import Session

from db.transactions import transaction
from services import bell_times, clock
from services.access import Permission
from services.actors import Actor
from services.bells import WEEKDAY_NAMES, BellCalendar, DateRule, DayKind, Period, Timetable
from services.errors import DomainError
from ui.asked import number_asked
from ui.asking_first import ask_first
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import day, day_and_weekday, plain
from ui.forms import Form, shown
from ui.layout import (
    DISCARD,
    Action,
    empty_state,
    flash,
    form_end,
    leave_button,
    note,
    refusal,
    side_box,
    side_column,
)
from ui.session import require_user
from ui.wording import day_field

_TIMETABLE = "timetable"
_NAMED_DAYS = 5
_LABELS = {"name": "叫什么", "weekdays": "星期几", "periods": "节次"}


def show_bells(actor: Actor, bells: BellCalendar) -> None:
    """Draw the timetable in force, its kinds of day side by side, and beside it the days that go otherwise."""
    if opened("bells_begin"):
        _begin(bells)
    if not bells.timetables:
        empty_state(
            "schedule",
            "还没有作息时间",
            "写上每天的节次，才知道关爱室开门的时间有多少在课外，孩子能不能来。",
            actions=[Action("写作息时间", "bells_first", "add", True, open_dialog, ("bells_begin",))],
        )
        return
    shown_one = _choose_timetable(bells)
    _draw_gaps(bells)
    left, right = side_column(2.2)
    with left:
        _draw_kinds(shown_one)
    with right:
        _draw_dates(actor, bells)
    _draw_dialogs(shown_one)


def _choose_timetable(bells: BellCalendar) -> Timetable:
    """Return the timetable to show: the one in the address, else the one in force, else the first."""
    today = clock.today()
    in_force = bells.timetable_on(today) or bells.timetables[0]
    by_id = {each.id: each for each in bells.timetables}
    chosen = by_id.get(number_asked(_TIMETABLE) or 0, in_force)
    if len(by_id) > 1:
        names = {
            each.id: f"{day(each.from_day, today=today)}起" + ("（现在用的）" if each.id == in_force.id else "")
            for each in reversed(bells.timetables)
        }
        picked = st.segmented_control(
            "哪一份作息", list(names), format_func=names.__getitem__, default=chosen.id, key="bells_timetable",
            required=True, label_visibility="collapsed", wrap=True,
        )  # fmt: skip
        chosen = by_id.get(picked or 0, chosen)
        st.query_params[_TIMETABLE] = str(chosen.id)
    return chosen


def _draw_gaps(bells: BellCalendar) -> None:
    """Warn of school days of the running term from today whose periods nobody has said."""
    today = clock.today()
    term = bells.calendar.term_of(today)
    gaps = bells.days_without_periods(today, term.last_day) if term else []
    if not gaps:
        return
    named = "、".join(day_and_weekday(each, today=today) for each in gaps[:_NAMED_DAYS])
    more = f"等 {len(gaps)} 天" if len(gaps) > _NAMED_DAYS else ""
    st.warning(
        f"{named}{more}要上课，还不知道按哪一种节次。请给这个星期几定一种，调休的在“哪天不一样”里写按周几上。",
        icon=":material/schedule:",
    )


def _draw_kinds(timetable: Timetable) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{day(timetable.from_day, today=clock.today())}起的作息**", width="content")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            st.button(
                "删掉这一份", key="bells_remove", type="tertiary", on_click=open_dialog,
                args=("bells_remove", timetable.id),
            )  # fmt: skip
            st.button(
                "加一种日子", key="bells_add_kind", icon=":material/add:", on_click=open_dialog,
                args=("bell_kind", 0),
            )  # fmt: skip
    if not timetable.kinds:
        note("还没有节次。先加一种，例如平日；周五、考试不一样的，再各加一种。")
        return
    for first in range(0, len(timetable.kinds), 2):
        for column, kind in zip(st.columns(2), timetable.kinds[first : first + 2], strict=False):
            with column, st.container(border=True, gap="xsmall"):
                _draw_kind(kind)


def _draw_kind(kind: DayKind) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        weekdays = "、".join(WEEKDAY_NAMES[each] for each in kind.weekdays) or "只用在单独写明的日子"
        lessons = sum(each.is_lesson for each in kind.periods)
        st.markdown(f"**{plain(kind.name)}**  \n:small[:gray[{weekdays}，{lessons} 节课]]", width="stretch")
        st.button("改", key=f"bell_kind_{kind.id}", on_click=open_dialog, args=("bell_kind", kind.id))
    st.table(
        [{"节次": _period_name(each), "时间": f"{each.starts_at:%H:%M}–{each.ends_at:%H:%M}"} for each in kind.periods],
        border="horizontal",
        hide_index=True,
        hide_header=True,
        alt=f"{kind.name}的节次，{lessons} 节课",
    )


def _period_name(period: Period) -> str:
    return plain(period.name) if period.is_lesson else f":gray[{plain(period.name)}　课外]"


def _draw_dialogs(timetable: Timetable) -> None:
    if opened("bell_kind", 0):
        _add_kind(timetable)
    for kind in timetable.kinds:
        if opened("bell_kind", kind.id):
            _edit_kind(timetable, kind)
        if opened("bell_kind_remove", kind.id):
            _ask_to_remove_kind(kind)
    if opened("bells_remove", timetable.id):
        _ask_to_remove_timetable(timetable)


def _begin(bells: BellCalendar) -> None:
    title = "从某天起换作息" if bells.timetables else "写作息时间"
    st.dialog(title, icon=":material/schedule:", dismissible=False)(_draw_beginning)(bells)


def _draw_beginning(bells: BellCalendar) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    today = clock.today()
    term = bells.calendar.latest_term(today)
    form = Form("bells_begin", labels={"from_day": "从哪天起"})
    form.notices()
    start = None if bells.timetables or term is None else term.first_day
    with form.field("from_day", start) as key:
        from_day = day_field("从哪天起", key=key)
    names = {0: "从空白写起", **{each.id: f"照抄 {day(each.from_day, today=today)}起的" for each in bells.timetables}}
    source: int | None = None
    if bells.timetables:
        newest = max(bells.timetables, key=lambda each: each.from_day).id
        with form.field("copy_from_id", newest) as key:
            source = (
                st.selectbox("先照抄哪一份", list(names), format_func=names.__getitem__, key=key, placeholder="请选")
                or None
            )
        note("以前的日子还按以前的作息算。新学期作息没有变，就不用换。")
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("开始写", key=form.key("save"), type="primary", icon=":material/check:")
    if submitted:
        made = form.save_and_get(
            lambda session: bell_times.begin_timetable(session, actor, from_day=from_day, copy_from_id=source)
        )
        if made is not None:
            st.session_state.pop("bells_timetable", None)
            st.query_params[_TIMETABLE] = str(made.id)
            flash("已保存。请看看每一种的节次。")
            close_dialog()


@st.dialog("加一种日子", icon=":material/schedule:", dismissible=False)
def _add_kind(timetable: Timetable) -> None:
    _kind_form(require_user(Permission.SCHOOL_WRITE), timetable, None)


@st.dialog("改节次", icon=":material/schedule:", dismissible=False)
def _edit_kind(timetable: Timetable, kind: DayKind) -> None:
    _kind_form(require_user(Permission.SCHOOL_WRITE), timetable, kind)


def _kind_form(actor: Actor, timetable: Timetable, kind: DayKind | None) -> None:
    row = bell_times.kind_values(kind) if kind else None
    form = Form(f"bell_kind_{kind.id if kind else 'new'}", row, labels=_LABELS, show=_shown)
    form.notices()
    with form.field("name", "" if timetable.kinds else "平日") as key:
        name = st.text_input("叫什么", key=key, placeholder="例如 平日、周五、考试", autocomplete="off")
    free = [number for number in range(5) if timetable.kind_of_weekday(number) is None]
    with form.field("weekdays", free) as key:
        weekdays = st.pills(
            "星期几用它",
            list(range(7)),
            selection_mode="multi",
            format_func=WEEKDAY_NAMES.__getitem__,
            key=key,
            wrap=True,
        )
    with form.field("periods", "") as key:
        periods = st.text_area(
            "节次，一行一节", key=key, height=300,
            placeholder="早读 07:40-08:00\n第一节 08:10-08:50\n大课间 08:50-09:20\n第二节 09:20-10:00",
        )  # fmt: skip
    note("名称在前，后面是开始和结束。课间、午休会算课外；别的不上课的，在行末写“课外”。")
    with form_end():
        if kind and st.button("删掉这一种", key=form.key("remove"), type="tertiary", icon=":material/delete:"):
            form.cancel()
            open_dialog("bell_kind_remove", kind.id)
            st.rerun()
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("保存节次", key=form.key("save"), type="primary", icon=":material/check:")

    def save(session: Session) -> None:
        bell_times.save_day_kind(
            session,
            actor,
            timetable_id=timetable.id,
            name=name,
            weekdays=weekdays or [],
            periods=periods,
            day_kind_id=form.drawn_from.id,
            version=form.drawn_from.version,
        )

    if submitted and form.save(save):
        flash("已保存。")
        close_dialog()


def _shown(field: str, value: object) -> str:
    if field == "weekdays" and isinstance(value, list):
        return "、".join(WEEKDAY_NAMES[each] for each in sorted(value))
    return shown(value)


@st.dialog("删掉这一种日子", icon=":material/delete:", dismissible=False)
def _ask_to_remove_kind(kind: DayKind) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    st.markdown(f"**{plain(kind.name)}** 和它的 {len(kind.periods)} 行节次都删掉？")
    note("用它的星期几就没有节次了。")
    _confirm(
        lambda session: bell_times.remove_day_kind(session, actor, day_kind_id=kind.id, version=kind.version),
        "删掉这一种",
    )


@st.dialog("删掉这一份作息", icon=":material/delete:", dismissible=False)
def _ask_to_remove_timetable(timetable: Timetable) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    st.markdown(f"**{day(timetable.from_day, today=clock.today())}起的作息** 整份删掉？")
    note("那些天就照再早的一份算；没有更早的，就不知道节次了。")
    _confirm(
        lambda session: bell_times.remove_timetable(
            session, actor, timetable_id=timetable.id, version=timetable.version
        ),
        "删掉这一份",
    )


def _confirm(act: Callable[[Session], None], label: str) -> None:
    ask_first(act, label, kept="bells_keep", confirmed="bells_confirm", done="已删掉。")


def _draw_dates(actor: Actor, bells: BellCalendar) -> None:
    today = clock.today()
    names = {kind.id: kind.name for each in bells.timetables for kind in each.kinds}
    with side_box("哪天不一样"):
        rules = sorted(bells.dates.values(), key=lambda rule: rule.day, reverse=True)
        for rule in rules:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                st.markdown(
                    f"{day_and_weekday(rule.day, today=today)}  \n:small[:gray[{plain(_rule_words(rule, names))}]]",
                    width="stretch",
                )
                if st.button("去掉", key=f"bell_date_{rule.day}", type="tertiary"):
                    _remove_date(actor, rule.day)
        if not rules:
            note("调休的周六按周几上课、哪天考试，写在这里。")
        _date_form(actor, bells)


def _rule_words(rule: DateRule, names: dict[int, str]) -> str:
    if rule.follows_weekday is not None:
        return f"按{WEEKDAY_NAMES[rule.follows_weekday]}的课上"
    return f"按“{names.get(rule.day_kind_id or 0, '')}”上"


def _remove_date(actor: Actor, which: date) -> None:
    try:
        with transaction() as session:
            bell_times.remove_bell_date(session, actor, day=which)
    except DomainError as error:
        refusal(error)
    else:
        flash("已去掉，这一天照平常的星期几。")
        st.rerun()


def _date_form(actor: Actor, bells: BellCalendar) -> None:
    form = Form("bell_date")
    form.notices()
    with form.field("day") as key:
        which = day_field("哪一天", key=key)
    timetable = bells.timetable_on(which or clock.today())
    kinds: Sequence[DayKind] = timetable.kinds if timetable else ()
    options = {f"w{number}": f"按{WEEKDAY_NAMES[number]}的课上" for number in range(5)}
    options |= {f"k{kind.id}": f"按“{kind.name}”上" for kind in kinds}
    with form.field("goes_by") as key:
        goes_by = st.selectbox(
            "怎么上", list(options), index=None, format_func=lambda each: options.get(each, ""), key=key,
            placeholder="请选",
        )  # fmt: skip
    sort, number = (goes_by or " ")[0], int((goes_by or " 0")[1:])

    def save(session: Session) -> None:
        bell_times.save_bell_date(
            session,
            actor,
            day=which,
            day_kind_id=number if sort == "k" else None,
            follows_weekday=number if sort == "w" else None,
        )

    if st.button("写上", key=form.key("save"), icon=":material/check:") and form.save(save):
        flash("已保存。")
        st.rerun()
