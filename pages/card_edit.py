"""A child's contact card: address, father, mother and guardian on one form."""

import streamlit as st
from sqlmodel import Session

from db.tables import GuardianKind, Whereabouts
from db.transactions import reading, transaction
from services import clock, contact_cards, student_files
from services.access import Permission
from services.contact_cards import CardEntry
from services.errors import DomainError
from services.regulations.deadlines import days_to_mend_a_card
from ui import navigation
from ui.asked import number_asked
from ui.card_form import LABELS, choice, draft_of, line, show_value
from ui.card_words import missing_words
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, flash, form_end, leave_button, note, page_header, refusal
from ui.session import require_user, school_calendar
from ui.wording import number_field

actor = require_user(Permission.STUDENT_WRITE)

student_id = number_asked("student") or 0
try:
    with reading() as session:
        stored = contact_cards.find_card(session, actor, student_id=student_id)
        is_noted = student_files.is_opening_noted(session, actor, student_id=student_id)
    if not is_noted:
        with transaction() as session:
            student_files.note_opening(session, actor, student_id=student_id)
except DomainError as error:
    refusal(error)
    st.stop()

days = days_to_mend_a_card(on=clock.today(), calendar=school_calendar())
page_header(f"{stored.child}的联系卡", f"家里有变动，{days} 个上学日内改好。改以前的样子会留着，谁改的也会记下。")
form = Form(f"card_edit_{student_id}", stored, labels=LABELS, show=show_value)
draft = draft_of(form, student_id)
draft.offer(actor)
form.notices()
draft.remind()
if stored.missing:
    note(f"还缺：{missing_words(stored.missing)}。不知道的先空着，问到再补。", icon="info")

with st.container(border=True):  # no st.form: what is typed must arrive to be kept
    line(form, draft, "home_address", "家庭住址，写到门牌号")
    for who, title in (("father", "父亲"), ("mother", "母亲")):
        st.markdown(f"**{title}**")
        left, right = st.columns(2)
        with left:
            line(form, draft, f"{who}_name", "姓名")
            line(form, draft, f"{who}_workplace", "工作单位和地址，没有单位就写做什么、在哪里")
        with right:
            line(form, draft, f"{who}_phone", "电话")
            choice(form, f"{who}_whereabouts", "现在在哪里", Whereabouts, on_change=draft.keep)
    st.markdown("**监护人**，平时照看孩子的那一位")
    left, right = st.columns(2)
    with left:
        choice(form, "guardian_kind", "是孩子的什么人", GuardianKind, on_change=draft.keep)
        line(form, draft, "guardian_name", "姓名，父母自己照看就空着")
        line(form, draft, "guardian_phone", "电话，父母自己照看就空着")
        line(form, draft, "guardian_address", "住址")
    with right:
        line(form, draft, "guardian_relation", "孩子怎么称呼，比如外婆、姑姑")
        with form.field("guardian_age") as key:
            number_field("年龄", key=key, on_change=draft.keep)
        line(form, draft, "guardian_occupation", "职业，没有就写无")
        line(form, draft, "guardian_health", "身体状况")
    note("已去世、失去联系的家长，电话和单位不用填，算齐。")
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        submitted = st.button(plain(f"保存{stored.child}的联系卡"), key=form.key("save"), type="primary")

if submitted:
    entry = CardEntry(**form.typed(CardEntry.__dataclass_fields__))

    def save(session: Session) -> None:
        contact_cards.save_card(session, actor, student_id=student_id, version=form.version, entry=entry)
        draft.discard(session, actor)

    if form.save(save):
        draft.forget()
        flash("已保存。")
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
if cancelled:
    draft.throw_away(actor)
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
