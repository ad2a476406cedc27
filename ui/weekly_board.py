"""The leadership group's week on screen: what turned red, whose is late, children without a pair, tiers, the chart."""

from datetime import date
from typing import Any

import streamlit as st

from services import clock, review_prints
from services.access import Permission, allows
from services.actors import Actor
from services.review_numbers import Count, Gap
from services.review_words import HELD_BACK, MEETING, MONEY_LEFT, ROOM_HOURS, number_words, week_words
from services.reviews import RedClause, Review
from ui import navigation, weekly_list
from ui.dialogs import open_dialog, opened
from ui.formats import plain
from ui.forms import Form
from ui.layout import Action, act_list, act_row, filter_row, note, side_box
from ui.session import require_user
from ui.states import DUTY, Duty
from ui.tables import StateColumn, data_table, opening_column, row_clicked
from ui.views import begin_filter, keep_filter
from ui.weekly_chart import draw_shares
from ui.word_file import offer_word, word_of

_PRINT = "weekly_print"
PRINT_ACT = Action("打印成 Word", _PRINT, "print", on_click=open_dialog, args=(_PRINT,))
_WEEK, _OWNER, _OWNERS_SHOWN = "weekly_week", "weekly_owner_open", "care_weekly_owners"
_TIER, _TIERS_SHOWN = "weekly_tier_open", "care_weekly_tiers"
_CLAUSE_PAGE = "rules."  # before a clause's id: its own page, not a list of the week
_RED, _RED_SHOWN = "weekly_red_open", "care_weekly_red"


def _text(label: str, width: int, **options: Any) -> Any:  # a configuration has no public type
    return st.column_config.TextColumn(label, width=width, **options)


_COUNTS = {"now": _text("这一周", 92, alignment="right"), "before": _text("上一周", 92, alignment="right")}


def open_clicked() -> None:
    """Open the list whose owner, tier or clause was just clicked; who sees numbers only, the clause itself."""
    for key, shown in ((_OWNER, _OWNERS_SHOWN), (_TIER, _TIERS_SHOWN), (_RED, _RED_SHOWN)):
        if (what := row_clicked(key, shown)) is None:
            continue
        if what.startswith(_CLAUSE_PAGE):
            st.switch_page(navigation.path_of("rules"), query_params={"clause": what.removeprefix(_CLAUSE_PAGE)})
        weekly_list.open_list(what)


def week_asked() -> date | None:
    """Return the Monday of the week that is chosen; None for the one that runs, and for nonsense in the address."""
    if _WEEK in st.session_state:
        chosen: date | None = st.session_state[_WEEK]
        return chosen
    try:
        return date.fromisoformat(st.query_params.get("week", ""))
    except ValueError:
        return None


def line_of(review: Review) -> str:
    """Say which week this is, and which one stands beside it."""
    told = "那一周过完时定格的数" if review.is_frozen else f"到今天（{clock.today().month}月{clock.today().day}日）的数"
    beside = f"，旁边是{week_words(review.before_day, None)}的" if review.before_day else "，还没有以前的一周可比"
    return f"{week_words(review.first_day, review.number)}，{told}{beside}。"


def draw_weeks(review: Review) -> None:
    """Draw the choice of the week, kept in the address."""
    known = {each.isoformat(): each for each in review.frozen}
    with filter_row():
        begin_filter(_WEEK, "week", known)
        st.selectbox(
            "哪一周", [None, *review.frozen], key=_WEEK, width=240, label_visibility="collapsed",
            placeholder="这一周",
            format_func=lambda each: week_words(each, None) if each else "这一周",
        )  # fmt: skip
    keep_filter(_WEEK, "week", known)


def draw_board(actor: Actor, review: Review) -> None:
    """Draw the week: what went wrong at the left, areas, tiers and the meeting beside it."""
    if not review.is_whole:
        st.warning("定格的数和当时记下的指纹对不上，先别用，请把这一页告诉信息老师。", icon=":material/gpp_maybe:")
    main, side = st.columns((1.15, 1), gap="small")
    with main:
        _draw_red(actor, review)
        _draw_others(review)
        _draw_overdue(review)
    with side:
        draw_shares(review.weeks)
        _draw_tiers(review)
        with side_box("会议"):
            note(MEETING)
    if opened(_PRINT):
        _print(review.first_day if review.is_frozen else None)


def _draw_red(actor: Actor, review: Review) -> None:
    title = "新变红的条款" if review.before_day else "现在红着的条款"
    with act_list(f"{title} {len(review.turned):,} 条"):
        note(f"上一周 {number_words(review.turned_count.before, '条')}。红的是有逾期、漏做的条款。")
        for each in review.turned:
            _draw_clause(actor, each, review)
        if review.red and review.before_day:
            was = number_words(review.red_count.before, "条")
            with st.expander(plain(f"一共红着 {len(review.red):,} 条，上一周 {was}"), key="weekly_all_red"):
                _draw_all_red(actor, review)


def _draw_all_red(actor: Actor, review: Review) -> None:
    opens = review.shows_names or allows(actor, Permission.REGULATION_READ)
    before = "clause." if review.shows_names else _CLAUSE_PAGE
    st.session_state[_RED_SHOWN] = [f"{before}{each.clause.id}" for each in review.red] if opens else []
    columns = {
        "id": opening_column("条款", key=_RED, width=65) if opens else _text("条款", 65),
        "state": StateColumn("情况", list(DUTY.values()), width=90),
        "text": _text("说什么", 190),
        "responsible": _text("谁负责", 110),
    }
    rows = [
        {
            "id": each.clause.id, "state": [DUTY[each.state.value].cell()], "text": each.clause.text,
            "responsible": each.responsible,
        }
        for each in review.red
    ]  # fmt: skip
    data_table(rows, columns, key=f"weekly_red_table_{review.first_day}", alt=f"红着的条款，{len(rows)} 条。")


def _draw_clause(actor: Actor, red: RedClause, review: Review) -> None:
    told = [f"{word} {count:,}" for word, count in (("逾期", red.told.overdue), ("漏做", red.told.missed)) if count]
    badge = DUTY[red.state.value].badge("，".join(told) or None)
    button = "看名单" if review.shows_names else "看条款"
    if act_row(f"{red.clause.id} {red.clause.text}", badge, red.responsible, button, key=f"weekly_red_{red.clause.id}"):
        if review.shows_names:
            weekly_list.open_list(f"clause.{red.clause.id}")
            st.rerun()
        elif allows(actor, Permission.REGULATION_READ):
            st.switch_page(navigation.path_of("rules"), query_params={"clause": red.clause.id})


def _draw_overdue(review: Review) -> None:
    with act_list():
        words = "最多的在前。" if review.owners else "没有逾期的。"
        _draw_number("逾期的，按该谁做", review.overdue, "件", "overdue", words, review)
        if review.is_held_back:
            note(HELD_BACK)
        if review.owners:
            _draw_owners(review)


def _draw_owners(review: Review) -> None:
    st.session_state[_OWNERS_SHOWN] = [each.key for each in review.owners]
    first = opening_column("谁", key=_OWNER, width=146) if review.shows_names else _text("岗位", 146)
    data_table(
        [{"who": each.name, **_cells(each.count, "件")} for each in review.owners],
        {"who": first} | _COUNTS,
        key=f"weekly_owners_{review.first_day}",
        alt=f"逾期的按该谁做，{len(review.owners)} 行。",
    )


def _draw_others(review: Review) -> None:
    with act_list():
        words = "每个留守孩子都要有人结对（J-01）。"
        _draw_number("没有结对的留守孩子", review.unpaired, "人", "unpaired", words, review)
        st.markdown("**辅导室开放**")
        note(ROOM_HOURS)
        st.markdown("**经费**")
        note(MONEY_LEFT)


def _draw_number(title: str, count: Count, unit: str, what: str, words: str, review: Review) -> None:
    is_told = not isinstance(count.now, Gap)
    look = DUTY[Duty.NOT_IN_FORCE if not is_told else Duty.OVERDUE if count.now else Duty.MET]
    button = "看名单" if review.shows_names and is_told and count.now else None
    reason = f"上一周 {number_words(count.before, unit)}。{words}"
    if act_row(title, look.badge(number_words(count.now, unit)), reason, button, key=f"weekly_{what}"):
        weekly_list.open_list(what)
        st.rerun()


def _draw_tiers(review: Review) -> None:
    with side_box("等级（人）"):
        shown = [f"tier.{each.tier.id}" for each in review.tiers]
        st.session_state[_TIERS_SHOWN] = shown if review.shows_names else []
        first = opening_column("等级", key=_TIER, width=120) if review.shows_names else _text("等级", 120)
        data_table(
            [{"who": each.tier.label, **_cells(each.count, "人")} for each in review.tiers],
            {"who": first} | _COUNTS,
            key=f"weekly_tiers_{review.first_day}",
            alt="各等级的人数，这一周和上一周。",
        )
        if any(each.count.now is Gap.HELD_BACK for each in review.tiers):
            note("人数少的不单独说，也不让人减得出来。")


def _cells(count: Count, unit: str) -> dict[str, str]:
    return {"now": number_words(count.now, unit), "before": number_words(count.before, unit)}


@st.dialog("打印成 Word", dismissible=False)
def _print(first_day: date | None) -> None:
    actor = require_user(Permission.REVIEW_READ)
    note("写的就是这一页上的数，没有孩子的姓名；后面留着写到会的人、议程和定下的事。")
    offer_word(
        Form("weekly_print_form"),
        lambda purpose: word_of(
            lambda session: review_prints.print_review(session, actor, first_day=first_day, purpose=purpose)
        ),
        "下载周例会",
        about=first_day,
    )
