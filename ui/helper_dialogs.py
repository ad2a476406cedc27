"""The dialogs of helpers: registering, changing and vetting them, and saying that one has left (J-16, J-17)."""

from typing import Any

import streamlit as st
from sqlmodel import Session

from db.base import Labelled
from db.tables import Gender, HelperKind
from db.transactions import reading
from services import clock
from services.access import Permission, allows
from services.pairing import helpers
from services.pairing.helpers import HelperEntry, StoredHelper
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, opened
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import DISCARD, KEEP, flash, leave_button, note
from ui.session import require_user
from ui.wording import day_field, number_field

NEW, EDIT, VET, LEAVE = "helper_new", "helper_edit", "helper_vet", "helper_leave"
_LABELS = {
    "name": "姓名", "gender": "性别", "phone": "电话", "subjects": "能教什么", "capacity": "最多带几个孩子",
    "from_day": "从哪天起", "trained_until": "培训到哪天有效", "pledged_on": "哪天签的承诺", "note": "备注",
}  # fmt: skip


def draw_new() -> None:
    """Draw the dialog that registers somebody, if it is open."""
    if opened(NEW):
        _register()


def draw_of_helper(stored: StoredHelper) -> None:
    """Draw the dialog that is open about a helper, if any."""
    if opened(EDIT, stored.id):
        _change(stored)
    elif opened(VET, stored.id):
        _vet(stored)
    elif opened(LEAVE, stored.id):
        _leave(stored)


@st.dialog("登记帮扶人", dismissible=False)
def _register() -> None:
    """Outside `st.form`: of staff an account is chosen, of others a name is written."""
    actor = require_user(Permission.PAIRING_WRITE)
    with reading() as session:
        accounts = dict(helpers.list_accounts_to_register(session, actor))
    form = Form("helper_new_form", labels={"kind": "什么人", "user_id": "哪位老师", **_LABELS}, show=_show)
    form.notices()
    kinds = [each for each in HelperKind if each is not HelperKind.STAFF or allows(actor, Permission.HELPER_VET)]
    with form.field("kind") as key:
        kind = st.segmented_control("什么人", kinds, key=key, format_func=_label, wrap=True)
    user_id: int | None = None
    if kind is HelperKind.STAFF:
        with form.field("user_id") as key:
            user_id = st.selectbox(
                "哪位老师，没有账号的空着、下面写姓名", list(accounts), key=key, index=None,
                format_func=lambda each: accounts.get(each, ""), placeholder="没有账号",
            )  # fmt: skip
    _draw_fields(form, kind, has_account=user_id is not None)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        saved = st.button("登记帮扶人", key=form.key("save"), type="primary")
    cancel_if(form, cancelled)
    if saved:
        entry = HelperEntry(kind=kind, user_id=user_id, **_typed(form, has_account=user_id is not None))
        done = form.save_and_get(lambda session: helpers.register_helper(session, actor, entry=entry))
        if done is not None:
            others = f"另有 {done.namesakes} 位同名的，请看看是不是同一个人。" if done.namesakes else ""
            flash(f"登记好了。{others}")
            st.query_params["helper"] = str(done.id)
            close_dialog()


@st.dialog("改帮扶人", dismissible=False)
def _change(stored: StoredHelper) -> None:
    actor = require_user(Permission.PAIRING_WRITE)
    entry, has_account = stored.entry, stored.entry.user_id is not None
    drawn = {"id": stored.id, "version": stored.version, **{name: getattr(entry, name) for name in _LABELS}}
    form = Form("helper_edit_form", drawn, labels=_LABELS, show=_show)
    form.notices()
    _draw_fields(form, entry.kind, has_account=has_account)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        saved = st.button(plain(f"保存{stored.shown_name}"), key=form.key("save"), type="primary")
    cancel_if(form, cancelled)
    if saved:
        wanted = HelperEntry(kind=entry.kind, user_id=entry.user_id, **_typed(form, has_account=has_account))

        def act(session: Session) -> None:
            helpers.change_helper(session, actor, helper_id=stored.id, version=form.version, entry=wanted)

        finish(form, act)


def _draw_fields(form: Form, kind: HelperKind | None, *, has_account: bool) -> None:
    left, right = st.columns(2)
    if not has_account:
        with left, form.field("name", "") as key:
            st.text_input("姓名", key=key, autocomplete="off")
    with right, form.field("gender") as key:
        st.segmented_control("性别，不知道就空着", list(Gender), key=key, format_func=_label, wrap=True)
    with left, form.field("phone", "") as key:
        st.text_input("电话", key=key, autocomplete="off")
    with right, form.field("capacity") as key:
        number_field("最多带几个孩子，空着就按常规", key=key)
    with left, form.field("subjects", "") as key:
        st.text_input("能教什么，用顿号隔开", key=key, autocomplete="off")
    with right, form.field("from_day", clock.today()) as key:
        day_field("从哪天起", key=key)
    with left, form.field("trained_until") as key:
        day_field("培训到哪天有效", key=key)
    with right, form.field("pledged_on") as key:
        day_field("哪天签的承诺", key=key)
    with form.field("note", "") as key:
        st.text_area("备注", key=key, height=68)
    if kind is HelperKind.VOLUNTEER:
        note("志愿者登记以后，关爱室审核过才能带孩子。", icon="info")


def _typed(form: Form, *, has_account: bool) -> dict[str, Any]:
    return form.typed(name for name in _LABELS if name != "name" or not has_account)


@st.dialog("审核志愿者", dismissible=False)
def _vet(stored: StoredHelper) -> None:
    actor = require_user(Permission.HELPER_VET)
    drawn = {"id": stored.id, "version": stored.version, "vetted_on": stored.vetted_on}
    form = Form("helper_vet_form", drawn, labels={"vetted_on": "哪天审核"}, show=_show)
    form.notices()
    note("见过本人，问过单位或村居，没有不合适的，才记审核。清空就是撤掉审核；还带着孩子的撤不掉。")
    with form_fields(form):
        with form.field("vetted_on", clock.today()) as key:
            day = day_field("哪天审核通过", key=key)
        saved, cancelled = buttons(form, f"保存{stored.shown_name}的审核")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: helpers.vet_helper(session, actor, helper_id=stored.id, version=form.version, day=day),
        )


@st.dialog("不再担任", dismissible=False)
def _leave(stored: StoredHelper) -> None:
    actor = require_user(Permission.PAIRING_WRITE)
    drawn = {"id": stored.id, "version": stored.version, "to_day": stored.to_day}
    form = Form("helper_leave_form", drawn, labels={"to_day": "从哪天起"}, show=_show)
    form.notices()
    note("还带着孩子的，先把孩子交给别人。以前带过谁、做过什么都留着。")
    with form_fields(form):
        with form.field("to_day", clock.today()) as key:
            day = day_field("从哪天起不再担任", key=key)
        saved, cancelled = buttons(form, f"{stored.shown_name}不再担任", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: helpers.end_helper(session, actor, helper_id=stored.id, version=form.version, day=day),
            words="已记下。",
        )


def _label(value: Labelled) -> str:
    return value.label


def _show(_field: str, value: Any) -> str:  # any field's value
    return value.label if isinstance(value, Labelled) else shown(value)
