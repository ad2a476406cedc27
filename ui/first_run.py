"""The first-run form: what it asks, what it keeps in the address over a reload, and what follows from it."""

from datetime import date
from typing import Any

import streamlit as st

from services import clock, passwords
from services.calendar import TERM_NAMES, school_year_label, school_year_of, usual_first_day
from services.setup import ClaimRequest
from ui.forms import Form
from ui.layout import facts, note, side_box
from ui.telling import tell
from ui.username_field import username_field
from ui.wording import day_field

_KEPT = ("school_name", "school_year", "number", "first_day", "last_day")
_SHOWN = 30  # characters of a name beside the form; what is too long is refused under its field
_DRAWN_TERM = "care_claim_term"  # the term the dates on screen belong to
_KEPT_PEOPLE = ("admin_name", "admin_username", "lead_name", "lead_username")


def draw_claim_form(form: Form) -> ClaimRequest:
    """Draw every field and return what stands in them; passwords are the only thing a reload loses."""
    kept = dict(st.query_params)
    with st.container(border=True):
        st.markdown("**学校和学期**")
        school_name = _text(form, "school_name", "学校名称", kept, placeholder="写全称，会印在表格上")
        school_year, number = _draw_term(form, kept)
        first_day, last_day = _draw_days(form, kept, school_year, number)
    with st.container(border=True):
        st.markdown("**信息老师** :small[:gray[就是您自己。管账号、设置和备份，看不到孩子的内容。]]")
        admin_name, admin_username = _draw_person(form, "admin", kept)
        left, right = st.columns(2)
        with left, form.field("admin_password", "") as key:
            password = st.text_input("密码", key=key, type="password", autocomplete="new-password", live=True)
        with right, form.field("admin_password_again", "") as key:
            again = st.text_input("密码，再写一遍", key=key, type="password", autocomplete="new-password", live=True)
        note(f"密码至少 {passwords.MIN_LENGTH} 位，字母和数字都有更好，不要 12345678 这样好猜的。")
    with st.container(border=True):
        st.markdown("**关爱室负责人** :small[:gray[管孩子的事，也能加心理教师、班主任和结对教师。]]")
        lead_name, lead_username = _draw_person(form, "lead", kept)
    _keep_in_address(form)
    return ClaimRequest(
        school_name=school_name,
        school_year=school_year,
        term_number=number,
        first_day=first_day,
        last_day=last_day,
        admin_name=admin_name,
        admin_username=admin_username,
        admin_password=password,
        admin_password_again=again,
        lead_name=lead_name,
        lead_username=lead_username,
    )


def draw_what_follows(request: ClaimRequest) -> None:
    """Say beside the form what the button will do."""
    with side_box("按下以后"):
        term = f"{school_year_label(request.school_year)}{TERM_NAMES[request.term_number]}"
        facts(
            {
                "学校": _cut(request.school_name),
                "学期": term,
                "信息老师": _cut(request.admin_name),
                "负责人": _cut(request.lead_name),
            }
        )
        note("负责人的第一次密码会显示一次，请抄给本人。")
    with side_box("请先想好"):
        note("启用码用过就作废，别人不能再用它建账号。", icon="key")
        note("学校、学期和账号以后都能在“设置”和“账号”里改。", icon="edit")
        note("写到一半重新打开，除了密码都还在。", icon="history")


def _cut(text: str) -> str:
    """Return what stands in a field, as much of it as belongs beside the form."""
    words = text.strip()
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


def _draw_term(form: Form, kept: dict[str, str]) -> tuple[int, int]:
    today = clock.today()
    this_year = school_year_of(today)
    years = [this_year - 1, this_year, this_year + 1]
    left, right = st.columns(2)
    with left, form.field("school_year", _number(kept, "school_year", years, this_year)) as key:
        school_year = st.selectbox(
            "学年",
            years,
            format_func=school_year_label,
            key=key,
            on_change=_follow_term,
            args=(form.name,),
            placeholder="请选",
        )
    with (
        right,
        form.field("number", _number(kept, "number", [1, 2], 1 if today.month in (8, 9, 10, 11, 12, 1) else 2)) as key,
    ):
        number = st.segmented_control(
            "学期", [1, 2], format_func=TERM_NAMES.__getitem__, key=key, required=True,
            on_change=_follow_term, args=(form.name,), wrap=True,
        )  # fmt: skip
    st.session_state[_DRAWN_TERM] = (school_year, number or 1)
    return school_year, number or 1


def _follow_term(name: str) -> None:
    """Let the first day follow another term, unless somebody wrote one; for `on_change`."""
    drawn, first_day = st.session_state.get(_DRAWN_TERM), f"{name}_first_day"
    if drawn is not None and st.session_state.get(first_day) in (None, usual_first_day(*drawn)):
        chosen = (st.session_state[f"{name}_school_year"], st.session_state[f"{name}_number"] or 1)
        tell(first_day, usual_first_day(*chosen))


def _draw_days(form: Form, kept: dict[str, str], school_year: int, number: int) -> tuple[date | None, date | None]:
    left, right = st.columns(2)
    with left, form.field("first_day", _day(kept, "first_day") or usual_first_day(school_year, number)) as key:
        first_day = day_field("开学第一天", key=key)
    with right, form.field("last_day", _day(kept, "last_day")) as key:
        last_day = day_field("放假前最后一天", key=key)
    return first_day, last_day


def _draw_person(form: Form, who: str, kept: dict[str, str]) -> tuple[str, str]:
    left, right = st.columns(2)
    with left:
        name = _text(form, f"{who}_name", "姓名", kept)
    with right:
        username = username_field(form, f"{who}_username", start=kept.get(f"{who}_username", ""))
    return name, username


def _text(form: Form, name: str, label: str, kept: dict[str, str], *, placeholder: str | None = None) -> str:
    with form.field(name, kept.get(name, "")) as key:
        return str(st.text_input(label, key=key, placeholder=placeholder, autocomplete="off") or "")


def _number(kept: dict[str, str], name: str, choices: list[int], usual: int) -> int:
    return next((choice for choice in choices if str(choice) == kept.get(name)), usual)


def _day(kept: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(kept.get(name, ""))
    except ValueError:
        return None


def _keep_in_address(form: Form) -> None:
    """Passwords never; the rest is nothing the sign-in form would not show either."""
    values: dict[str, Any] = {name: st.session_state.get(form.key(name)) for name in (*_KEPT, *_KEPT_PEOPLE)}
    written = {name: str(value)[:200] for name, value in values.items() if value not in (None, "")}
    if written != dict(st.query_params):
        st.query_params.from_dict(written)
