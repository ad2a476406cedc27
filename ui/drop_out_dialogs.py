"""The dialogs of a child that stays away: noticing it, a step, who brings it back, how it ended."""

from typing import Any

import streamlit as st

from db.base import Labelled
from db.tables import DropOutOutcome, DropOutReason, DropOutStepKind, EnrolmentState
from db.transactions import reading
from services import clock, drop_out_views, drop_outs
from services.access import Permission
from services.drop_out_views import DropOutView, StoredStep
from services.drop_outs import DropOutEntry, EndingEntry, StepEntry
from services.student_files import StudentFile
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import KEEP, leave_button, note
from ui.session import require_user
from ui.wording import day_field

NEW = "drop_out_new"
_LABELS = {
    "noticed_on": "哪天发现没来", "noticed_by": "谁发现的", "last_seen_on": "最后一次到校", "reason": "原因",
    "words": "说明",
}  # fmt: skip
_STEP_LABELS = {"kind": "做了什么", "day": "哪天", "words": "情况", "agreed_with_id": "事先和谁说好"}
_OFFICE = 0  # nobody by name: whoever holds the post


def draw_opened(view: DropOutView) -> None:
    """Draw the dialog that is open about this child's staying away, if any."""
    number = view.row.id
    if about := opened_about("drop_out_step", number):
        _save_step(view, about[0])
    elif opened("drop_out_edit", number):
        _edit(view)
    elif opened("drop_out_owner", number) and view.may_settle:
        _name_owner(view)
    elif opened("drop_out_end", number) and view.may_settle:
        _end(view)


@st.dialog("登记没来上学", dismissible=False)
def notice(file: StudentFile) -> None:
    """Ask what is known of a child that does not come."""
    actor = require_user(Permission.DROP_OUT_REGISTER)
    form = Form(f"drop_out_new_form_{file.id}", {"id": file.id, "version": file.version}, labels=_LABELS, show=_show)
    form.notices()
    note(
        "登记以后，这件事一直在教务处负责人的工作台上，还没定负责人就在关爱室负责人的工作台上，直到孩子回来或有了着落。"
    )
    with form_fields(form):
        _draw_fields(form, noticed_by=actor.display_name)
        with form.field("has_dropped_out", False) as key:
            out = st.checkbox("已经确认辍学：从发现那天起不在班里，学籍改成“已辍学”", key=key)
        saved, cancelled = buttons(form, f"登记{file.name}没来上学")
    cancel_if(form, cancelled)
    if saved:
        entry = DropOutEntry(**form.typed(_LABELS))
        finish(
            form,
            lambda session: drop_outs.register_drop_out(
                session, actor, student_id=file.id, version=form.version, entry=entry, has_dropped_out=out
            ),
            words="已登记。谁去找孩子，看这一页。",
        )


@st.dialog("改情况", dismissible=False)
def _edit(view: DropOutView) -> None:
    actor = require_user(Permission.DROP_OUT_FOLLOW)
    form = Form(f"drop_out_edit_form_{view.row.id}", view.stored, labels=_LABELS, show=_show)
    form.notices()
    with form_fields(form):
        _draw_fields(form)
        saved, cancelled = buttons(form, f"保存{view.row.child}的情况")
    cancel_if(form, cancelled)
    if saved:
        entry = DropOutEntry(**form.typed(_LABELS))
        finish(
            form,
            lambda session: drop_outs.change_drop_out(
                session, actor, drop_out_id=view.row.id, version=form.version, entry=entry
            ),
        )


def _draw_fields(form: Form, *, noticed_by: str = "") -> None:
    left, right = st.columns(2)
    with left, form.field("noticed_on", clock.today()) as key:
        day_field("哪天发现没来", key=key)
    with right, form.field("last_seen_on") as key:
        day_field("最后一次到校，不知道就空着", key=key)
    with left, form.field("noticed_by", noticed_by) as key:
        st.text_input("谁发现的", key=key, autocomplete="off")
    with right, form.field("reason", DropOutReason.UNKNOWN) as key:
        st.selectbox("原因", list(DropOutReason), key=key, format_func=_label, placeholder="请选")
    with form.field("words", "") as key:
        st.text_area("说明：现在在哪里、家里怎么说", key=key, height=96)


@st.dialog("记一步", dismissible=False)
def _save_step(view: DropOutView, step_id: int) -> None:
    actor = require_user(Permission.DROP_OUT_FOLLOW)
    drawn = next((step for step in view.steps if step.id == step_id), None)
    with reading() as session:
        heads = drop_out_views.list_who_agrees(session, actor)
    form = Form(
        f"drop_out_step_form_{view.row.id}_{step_id}", drawn, labels=_STEP_LABELS,
        show=lambda field, value: heads.get(value, "") if field == "agreed_with_id" else _show(field, value),
    )  # fmt: skip
    form.notices()
    if view.asks_before_contact:
        note("打电话给家里、家访、送通知，每个孩子都先和关爱室负责人说好再去。已经联系过的，告诉负责人，由负责人记。")
    with form_fields(form):
        with form.field("kind") as key:
            st.pills("做了什么", list(DropOutStepKind), key=key, format_func=_label, wrap=True)
        with form.field("day", clock.today()) as key:
            day_field("哪天", key=key)
        if view.asks_before_contact:
            with form.field("agreed_with_id") as key:
                _agreed_with(key, heads, drawn)
        with form.field("words", "") as key:
            st.text_area("情况：见到谁、怎么说、下一步", key=key, height=96)
        saved, cancelled = buttons(form, f"记下{view.row.child}的这一步")
    cancel_if(form, cancelled)
    if saved:
        entry = StepEntry(**form.typed(_STEP_LABELS))
        finish(
            form,
            lambda session: drop_outs.save_step(
                session, actor, drop_out_id=view.row.id, entry=entry,
                step_id=form.drawn_from.id, version=form.drawn_from.version,
            ),
        )  # fmt: skip


def _agreed_with(key: str, heads: dict[int, str], drawn: StoredStep | None) -> None:
    choices = dict(heads)
    if drawn and drawn.agreed_with_id:  # who has left the post since still stands
        choices.setdefault(drawn.agreed_with_id, drawn.agreed_with or "")
    st.selectbox(
        "联系家里的，事先和谁说好", list(choices), key=key, index=None, placeholder="没有联系家里的不用选",
        format_func=lambda number: choices.get(number, ""),
    )  # fmt: skip


@st.dialog("谁负责", dismissible=False)
def _name_owner(view: DropOutView) -> None:
    actor = require_user(Permission.DROP_OUT_FOLLOW)
    with reading() as session:
        people = drop_out_views.list_possible_owners(session, actor)
    choices = {_OFFICE: "教务处负责人（跟着岗位走）", **people}
    drawn = {"id": view.row.id, "version": view.row.version, "owner_id": view.stored.owner_id or _OFFICE}
    form = Form(
        f"drop_out_owner_form_{view.row.id}", drawn, labels={"owner_id": "谁负责"},
        show=lambda _field, value: choices.get(value or _OFFICE, ""),
    )  # fmt: skip
    form.notices()
    note("负责的人看得到这一件，工作台上一直有；看不到孩子的档案和电话。")
    with form_fields(form):
        with form.field("owner_id", _OFFICE) as key:
            wanted = st.selectbox(
                "谁负责找孩子回来",
                list(choices),
                key=key,
                format_func=lambda number: choices.get(number, ""),
                placeholder="请选",
            )
        saved, cancelled = buttons(form, f"保存{view.row.child}由谁负责")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: drop_outs.name_owner(
                session, actor, drop_out_id=view.row.id, version=form.version, owner_id=wanted or None
            ),
        )


@st.dialog("结束", dismissible=False)
def _end(view: DropOutView) -> None:
    """Outside `st.form`: what is asked further depends on how it ended."""
    actor = require_user(Permission.DROP_OUT_FOLLOW)
    form = Form(f"drop_out_end_form_{view.row.id}", {"id": view.row.id, "version": view.row.version})
    form.notices()
    with form.field("outcome") as key:
        outcome = st.segmented_control("后来怎样", list(DropOutOutcome), key=key, format_func=_label, wrap=True)
    with form.field("ended_on", clock.today()) as key:
        ended_on = day_field("哪天", key=key)
    place, class_id = None, None
    if outcome is DropOutOutcome.TRANSFERRED:
        with form.field("place", "") as key:
            place = st.text_input("转到哪所学校", key=key, autocomplete="off")
    if outcome is DropOutOutcome.RETURNED and view.asks_class:
        with reading() as session:
            classes = drop_out_views.list_classes_to_return_to(session, actor)
        with form.field("class_id") as key:
            class_id = st.selectbox(
                "回到哪个班", list(classes), key=key, index=None, placeholder="请选",
                format_func=lambda number: classes.get(number, ""),
            )  # fmt: skip
    with form.field("words", "") as key:
        asked = "为什么还没有回来" if outcome is DropOutOutcome.STILL_OUT else "说明"
        words = st.text_area(asked, key=key, height=96)
    note(_what_follows(outcome, view.row.state))
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(KEEP, key=form.key("cancel"))
        saved = st.button(plain(f"结束{view.row.child}的跟进"), key=form.key("save"), type="primary")
    if cancelled:
        form.cancel()
        close_dialog()
    if saved:
        entry = EndingEntry(outcome=outcome, ended_on=ended_on, words=words, place=place, class_id=class_id)
        finish(
            form,
            lambda session: drop_outs.end_drop_out(
                session, actor, drop_out_id=view.row.id, version=form.version, entry=entry
            ),
            words="已结束。",
        )


def _what_follows(outcome: DropOutOutcome | None, state: EnrolmentState) -> str:
    if state is EnrolmentState.GRADUATED:
        reported = "报过乡镇（街道）或教育局才能这样结束；" if outcome is DropOutOutcome.STILL_OUT else ""
        return f"{reported}学籍还是“已毕业”。结束以后不能再改。"
    match outcome:
        case DropOutOutcome.RETURNED:
            return "学籍从那天起是“在校”。结束以后不能再改；又没来，就另登记一次。"
        case DropOutOutcome.TRANSFERRED:
            return "学籍从那天起是“已转出”，班级到那天为止。结束以后不能再改。"
        case DropOutOutcome.STILL_OUT:
            return "报过乡镇（街道）或教育局才能这样结束；学籍从那天起是“已辍学”。结束以后不能再改。"
    return "选好以后，学籍会跟着改。结束以后不能再改。"


def _label(value: Labelled) -> str:
    return value.label


def _show(_field: str, value: Any) -> str:  # any field's value
    return value.label if isinstance(value, Labelled) else shown(value)
