"""One post: who holds it, giving it to somebody, ending it, what it is called; and adding one."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from db.tables import PostSpan
from db.transactions import reading, transaction
from services import account_lists, clock, deputies, posts
from services.access import Permission
from services.account_lists import StaffName
from services.actors import Actor
from services.answers import Answer
from services.errors import DomainError
from services.posts import Holding, PostDetail
from ui import navigation
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import day, day_range, plain
from ui.forms import Form
from ui.layout import (
    DISCARD,
    KEEP,
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

ADD, _END = "post_add", "post_end"
_LABELS = {"name": "叫什么", "answers_for": "负责什么", "is_needed": "没有人时提醒"}


def show_post(actor: Actor, detail: PostDetail, seats: Sequence[Answer], *, may_write: bool) -> None:
    """Draw one post: who holds it and who held it at the left, what it is at the side."""
    left, right = side_column(1.7)
    with left, st.container(border=True):
        st.markdown(f"**{plain(detail.name)}**")
        if detail.is_held_by_role:
            _draw_role_post(seats)
        elif may_write:
            _draw_seats(actor, detail, seats)
        _draw_history(detail)
    with right, side_box("这个岗位"):
        if may_write:
            _change_form(actor, detail)
        else:
            note(detail.answers_for or "还没有写负责什么。")


def _draw_role_post(seats: Sequence[Answer]) -> None:
    names = "、".join(holder.name for answer in seats for holder in answer.holders)
    st.markdown(plain(names) or ":gray[还没有人]")
    note("这个岗位跟着账号走：在“账号”里给谁加上这个岗位，这里就是谁。", icon="link")
    if st.button("去看账号", key="post_to_accounts", icon=":material/manage_accounts:"):
        st.switch_page(navigation.path_of("accounts"))


def _draw_seats(actor: Actor, detail: PostDetail, seats: Sequence[Answer]) -> None:
    if not seats:
        empty_state("meeting_room", "这个学年还没有班级", "先到“设置”里加班级，再给年级或班级定人。")
        return
    by_seat = {answer.seat: answer for answer in seats}
    seat = next(iter(by_seat))
    if detail.span is not PostSpan.SCHOOL:
        first = next((answer.seat for answer in seats if answer.is_vacant), seat)
        seat = st.selectbox(
            detail.span.label,
            list(by_seat),
            index=list(by_seat).index(first),
            format_func=lambda each: by_seat[each].seat_label,
            key=f"post_{detail.id}_seat",
            placeholder="请选",
        )
    held = detail.open_at(seat)
    for holding in held:
        _draw_holding(holding)
    with reading() as session:
        staff = account_lists.list_staff(session, actor)
    _appoint_form(actor, detail, seat, held, staff)


def _draw_holding(holding: Holding) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        closed = "" if holding.is_active else "，账号已停用，请换人"
        st.markdown(f"**{plain(holding.name)}**  \n:small[:gray[{plain(_lasts(holding) + closed)}]]", width="stretch")
        about = (_END, holding.id)
        st.button("不再担任", key=f"post_end_{holding.id}", on_click=open_dialog, args=about)
    if opened(*about):
        _ask_to_end(holding)


def _appoint_form(
    actor: Actor, detail: PostDetail, seat: str, held: Sequence[Holding], staff: Sequence[StaffName]
) -> None:
    replaced = held[0] if detail.is_sole and held else None
    row = {"id": replaced.id, "version": replaced.version} if replaced else None
    names = {each.id: each.display_name for each in staff}
    form = Form(f"post_{detail.id}_{seat}", row)
    form.notices()
    left, right = st.columns((1.5, 1))
    with left, form.field("user_id") as key:
        user_id = st.selectbox(
            "换成谁" if replaced else "由谁担任",
            list(names),
            index=None,
            format_func=names.__getitem__,
            key=key,
            placeholder="选一位老师",
        )
    with right, form.field("from_day", clock.today()) as key:
        from_day = day_field("从哪天起", key=key)
    if replaced:
        note(f"{replaced.name}到前一天为止，留在下面的经历里。")
    with form_end():
        label = f"请{names[user_id]}担任{detail.name}" if user_id in names else "保存"
        submitted = st.button(plain(label), key=form.key("save"), type="primary", icon=":material/check:")
    if submitted and form.save(
        lambda session: posts.appoint(
            session,
            actor,
            post_id=detail.id,
            user_id=user_id,
            from_day=from_day,
            replaces_id=form.drawn_from.id,
            replaces_version=form.drawn_from.version,
            **_place_of(seat),
        )
    ):
        flash(f"已保存：{detail.name}。")
        st.rerun()


def _place_of(seat: str) -> dict[str, int]:
    kind, _, number = seat.partition("-")
    return {"grade": int(number)} if kind == "grade" else {"class_id": int(number)} if kind == "class" else {}


@st.dialog("不再担任", icon=":material/person_off:", dismissible=False)
def _ask_to_end(holding: Holding) -> None:
    actor = require_user(Permission.POST_WRITE)
    form = Form(f"post_end_{holding.id}", {"id": holding.id, "version": holding.version})
    form.notices()
    st.markdown(f"**{plain(holding.name)}** 从{plain(_day(holding.from_day))}起担任。做到哪一天为止？")
    with form.field("last_day", clock.today()) as key:
        last_day = day_field("最后一天", key=key)
    note("以后这个岗位没有人，会列在负责人的工作台上。")
    with form_end():
        if leave_button(KEEP, key="post_end_keep"):
            form.cancel()
            close_dialog()
        confirmed = st.button(plain(f"{holding.name}不再担任"), key="post_end_yes", type="primary")
    if confirmed and form.save(
        lambda session: posts.end_holding(session, actor, holder_id=holding.id, version=form.version, last_day=last_day)
    ):
        flash("已保存。")
        close_dialog()


def _draw_history(detail: PostDetail) -> None:
    past = [each for each in detail.holdings if not each.lasts_on(clock.today())]
    if past:
        st.markdown("**以前是谁**")
        rows = [{"谁": plain(each.name), "在哪里": each.seat_label, "从哪天到哪天": _lasts(each)} for each in past]
        if not any(row["在哪里"] for row in rows):
            rows = [{name: value for name, value in row.items() if name != "在哪里"} for row in rows]
        st.table(rows, border="horizontal", hide_index=True)


def _change_form(actor: Actor, detail: PostDetail) -> None:
    form = Form(f"post_words_{detail.id}", detail, labels=_LABELS)
    form.notices()
    with form.field("name", "") as key:
        name = st.text_input("叫什么", key=key, autocomplete="off")
    with form.field("answers_for", "") as key:
        answers_for = st.text_area("负责什么", key=key, height=96)
    with form.field("is_needed", True) as key:
        is_needed = st.toggle("没有人时，提醒关爱室负责人", key=key)
    if detail.clause_id:
        note(f"出自制度 {detail.clause_id}。")
    with form_end():
        submitted = st.button("保存岗位", key=form.key("save"), icon=":material/check:")
    if submitted and form.save(
        lambda session: posts.change_post(
            session,
            actor,
            post_id=detail.id,
            version=form.version,
            name=name,
            answers_for=answers_for,
            is_needed=is_needed,
        )
    ):
        flash("已保存。")
        st.rerun()


@st.dialog("加一个岗位", icon=":material/add:", dismissible=False)
def add_post() -> None:
    """Ask for a post of the school's own."""
    actor = require_user(Permission.POST_WRITE)
    form = Form("post_new")
    form.notices()
    with form.field("name", "") as key:
        name = st.text_input("叫什么", key=key, autocomplete="off", placeholder="例如 宿舍管理员")
    with form.field("answers_for", "") as key:
        answers_for = st.text_input("负责什么", key=key, autocomplete="off")
    with form.field("span", PostSpan.SCHOOL) as key:
        span = st.segmented_control(
            "哪里有",
            list(PostSpan),
            format_func=lambda each: each.label,
            key=key,
            required=True,
            wrap=True,
        )
    with form.field("is_sole", True) as key:
        is_sole = st.toggle("同一时间只有一个人", key=key)
    with form.field("is_needed", True) as key:
        is_needed = st.toggle("没有人时，提醒关爱室负责人", key=key)
    with form_end():
        if leave_button(DISCARD, key="post_new_cancel"):
            form.cancel()
            close_dialog()
        submitted = st.button("加上", key="post_new_save", type="primary", icon=":material/check:")
    if submitted and form.save(
        lambda session: posts.add_post(
            session,
            actor,
            name=name,
            answers_for=answers_for,
            span=span or PostSpan.SCHOOL,
            is_sole=is_sole,
            is_needed=is_needed,
        )
    ):
        flash("已保存。")
        close_dialog()


def show_absences(actor: Actor, *, may_write: bool) -> None:
    """Draw who stands in for whom, and for those who may the form that names somebody."""
    with reading() as session:
        absences = deputies.list_absences(session, actor)
    left, right = side_column(1.7)
    with left:
        if not absences:
            empty_state(
                "swap_horiz",
                "现在没有人代班",
                "老师请假、外出时，在这里写下由谁代。代的那几天，代的人看得到那位老师的班。",
            )
        else:
            with st.container(border=True, gap="xsmall"):
                for each in absences:
                    _draw_absence(actor, each, may_write=may_write)
    if may_write:
        with right, side_box("请人代几天"):
            _absence_form(actor)


def _draw_absence(actor: Actor, absence: deputies.Absence, *, may_write: bool) -> None:
    days = day_range(absence.first_day, absence.last_day, today=clock.today())
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        words = f"**{plain(absence.absent)}** 由 **{plain(absence.deputy)}** 代  \n:small[:gray[{plain(days)}]]"
        st.markdown(words, width="stretch")
        if may_write and st.button("回来了", key=f"absence_end_{absence.id}"):
            try:
                with transaction() as session:
                    deputies.end_absence(session, actor, absence_id=absence.id, version=absence.version)
            except DomainError as error:
                refusal(error)
                return
            flash("已保存。")
            st.rerun()


def _absence_form(actor: Actor) -> None:
    with reading() as session:
        names = {each.id: each.display_name for each in account_lists.list_staff(session, actor)}
    form = Form("absence_new")
    form.notices()
    chosen: dict[str, int | None] = {}
    for name, label in (("absent_id", "谁不在"), ("deputy_id", "由谁代")):
        with form.field(name) as key:
            chosen[name] = st.selectbox(
                label, list(names), index=None, format_func=names.__getitem__, key=key, placeholder="选一位老师"
            )
    days: dict[str, date | None] = {}
    for name, label in (("first_day", "从哪天"), ("last_day", "到哪天（这天也算）")):
        with form.field(name, clock.today()) as key:
            days[name] = day_field(label, key=key)
    note("为什么不在，这里不用写。")
    with form_end():
        submitted = st.button("记下由谁代", key="absence_new_save", type="primary", icon=":material/check:")
    if submitted and form.save(
        lambda session: deputies.name_deputy(
            session,
            actor,
            absent_id=chosen["absent_id"],
            deputy_id=chosen["deputy_id"],
            first_day=days["first_day"],
            last_day=days["last_day"],
        )
    ):
        flash("已保存。")
        st.rerun()


def add_action() -> Action:
    """Return the act that adds a post."""
    return Action("加岗位", "posts_add", "add", on_click=open_dialog, args=(ADD,))


def _lasts(holding: Holding) -> str:
    if holding.to_day is None:
        return f"{_day(holding.from_day)}起"
    last = date.fromordinal(holding.to_day.toordinal() - 1)
    return f"{_day(holding.from_day)}到{_day(max(last, holding.from_day))}"


def _day(value: date) -> str:
    return day(value, today=clock.today())
