"""The dialogs about a child's tier: putting it into one, answering a lowering, leaving a suggestion."""

from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.transactions import reading
from services import clock, tier_kinds, tier_requests, tier_views, tiers
from services.access import Permission
from services.errors import DomainError
from services.tier_kinds import TierOrder
from services.tier_views import ArchiveView, Ground, Suggestion
from services.tiers import TierEntry
from ui import formats
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, open_dialog, opened, opened_about
from ui.duties import ANSWERING
from ui.form_drafts import FormDraft
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import CLOSE, DISCARD, facts, flash, form_end, labelled_words, leave_button, note, refusal
from ui.session import require_user
from ui.tier_words import tier_word
from ui.wording import day_field

_DRAFT = "tier"
SET, LEAVE, WITHDRAW = "tier_set", "tier_leave", "tier_withdraw"
_LABELS = {
    "tier_id": "等级", "from_day": "从哪天起", "reason": "为什么", "evidence": "凭据", "record_id": "依据的工作记录",
    "assessment_id": "依据的评估",
}  # fmt: skip


def draw_opened(view: ArchiveView, order: TierOrder) -> None:
    """Draw the dialog that is open about this child's tier, if one is."""
    child = view.row.student_id
    if about := opened_about(SET, child):
        suggestion = next((each for each in view.suggestions if each.id == about[0]), None)
        _set(view, order, suggestion)
    elif about := opened_about(LEAVE, child):
        if found := next((each for each in view.suggestions if each.id == about[0]), None):
            _leave(view, found)
    elif opened(WITHDRAW, child) and view.waiting:
        _withdraw(view, view.waiting.id, view.waiting.version)


def draw_answer() -> None:
    """Draw the dialog in which a lowering is answered, if it is open: on home and beside the archive."""
    if about := opened_about(ANSWERING):
        _answer(about[0])


def open_answer(change_id: int) -> None:
    """Open it. Also for a button's `on_click`."""
    open_dialog(ANSWERING, change_id)


@st.dialog("定等级", dismissible=False)
def _set(view: ArchiveView, order: TierOrder, suggestion: Suggestion | None) -> None:
    actor = require_user(Permission.TIER_WRITE)
    row = view.row
    with reading() as session:
        records, assessments = tier_views.list_grounds(session, actor, student_id=row.student_id)
    drawn = {"id": row.student_id, "version": view.tier_number, "held_since": None}
    form = Form(
        f"tier_form_{row.student_id}", drawn, labels=_LABELS, show=lambda name, value: _show(order, name, value)
    )
    kinds = {each.id: each for each in order.kinds if each.is_offered or each == row.tier}
    offered = {"tier_id": set(kinds), "record_id": _ids(records), "assessment_id": _ids(assessments)}
    subject = f"tier:{row.student_id}"
    draft = FormDraft(form, _DRAFT, subject, read=partial(_read, offered), about=(row.student_id,))
    draft.offer(actor)
    form.notices()
    draft.remind()
    start = suggestion.tier_id if suggestion and suggestion.tier_id in kinds else (row.tier.id if row.tier else None)
    _what_is(view, order, suggestion)
    with form.field("tier_id", start) as key:
        tier_id = st.segmented_control(
            "等级（和现在一样，就是复核过、维持）", list(kinds), key=key, wrap=True, on_change=draft.keep,
            format_func=lambda each: kinds[each].label if each in kinds else "",
        )  # fmt: skip
    with form.field("from_day", clock.today()) as key:
        from_day = day_field("从哪天起", key=key, on_change=draft.keep)
    with form.field("reason", "") as key:
        reason = st.text_area("为什么（看到什么、和谁商量过）", key=key, height=110, on_change=draft.keep)
    with form.field("evidence", "") as key:
        evidence = st.text_area("凭据，比如医院的诊断、家长的话、放在哪里", key=key, height=70, on_change=draft.keep)
    record_id = _pick(draft, "record_id", "依据哪一条工作记录", records) if records else None
    assessment_id = _pick(draft, "assessment_id", "依据哪一次评估", assessments) if assessments else None
    note("疑似侵害的事不要写在这里：那在受理里登记，只有负责人能看。")
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        saved = st.button(plain(f"保存{row.name}的等级"), key=form.key("save"), type="primary")
    if cancelled:
        draft.throw_away(actor)
        close_dialog()
    if not saved:
        return
    entry = TierEntry(
        tier_id=tier_id, from_day=from_day, reason=reason, evidence=evidence, record_id=record_id,
        assessment_id=assessment_id,
    )  # fmt: skip

    def save(session: Session) -> Any:  # what was done
        done = tiers.set_tier(
            session, actor, student_id=row.student_id, follows=form.version, entry=entry,
            suggestion_id=suggestion.id if suggestion else None,
        )  # fmt: skip
        draft.discard(session, actor)
        return done

    if (done := form.save_and_get(save)) is not None:
        draft.forget()
        flash("已记下，等第二个人同意；同意以前还是原来的等级。" if done.waits else "已保存。")
        close_dialog()


def _ids(grounds: tuple[Ground, ...]) -> set[int]:
    return {each.id for each in grounds}


def _read(offered: Mapping[str, Collection[int]], name: str, value: Any) -> Any:  # any field's value
    if value is not None and name in offered and value not in offered[name]:
        raise LookupError(name)
    return date.fromisoformat(value) if name == "from_day" and value else value


def _pick(draft: FormDraft, name: str, label: str, grounds: tuple[Ground, ...]) -> int | None:
    today = clock.today()
    words = {each.id: f"{each.label} {formats.day(each.day, today=today)}" for each in grounds}
    with draft.form.field(name) as key:
        chosen: int | None = st.selectbox(
            label,
            list(words),
            key=key,
            index=None,
            on_change=draft.keep,
            format_func=lambda each: words.get(each, ""),
            placeholder="不写也可以",
        )
    return chosen


def _what_is(view: ArchiveView, order: TierOrder, suggestion: Suggestion | None) -> None:
    now = view.row.tier.label if view.row.tier else "还没定级"
    note(f"{view.row.name}，{view.row.class_label}。现在：{now}。")
    if suggestion:
        note(f"筛查提示：{tier_word(suggestion.tier_id, order)}。{suggestion.reason or ''}", icon="lightbulb")
    names = "、".join(each.label for each in order.offered if each.rank >= order.key_rank)
    reviews = "，".join(f"{label} {days} 天" for label, days in view.review_days)
    note(
        f"从{names}降下来，要第二个人同意才算；在这几级的，{view.group_days} 个上课日内要有预警干预小组。"
        f"多久复核：{reviews}。"
    )
    note(
        "有自伤、轻生危险的：身边不离人，当场告诉关爱室负责人，由负责人定怎么告诉家里；急的打 120、110。",
        icon="emergency",
    )


def _show(order: TierOrder, name: str, value: Any) -> str:  # any field's value
    return tier_word(value, order) if name == "tier_id" and value else shown(value)


@st.dialog("降级，请您看一看", dismissible=False)
def _answer(change_id: int) -> None:
    actor = require_user(Permission.TIER_AGREE)
    try:
        with reading() as session:
            order = tier_kinds.list_tiers(session, actor)
            asked = tier_requests.find_request(session, actor, change_id=change_id)
    except DomainError as error:
        refusal(error)
        if leave_button(CLOSE, key="tier_answer_close"):
            close_dialog()
        return
    today = clock.today()
    facts(
        {
            "孩子": f"{asked.child}，{asked.class_label}",
            "现在": tier_word(asked.from_tier_id, order),
            "降到": tier_word(asked.to_tier_id, order),
            "谁提的": f"{asked.asked_by or ''}，{formats.day(clock.local(asked.asked_at).date(), today=today)}",
        },
        alt="这次降级",
    )
    labelled_words("为什么", asked.reason)
    labelled_words("凭据", asked.evidence)
    form = Form(f"tier_answer_form_{asked.id}", {"id": asked.id, "version": asked.version})
    form.notices()
    with form_fields(form):
        with form.field("note", "") as key:
            words = st.text_input("不同意的话，为什么", key=key, autocomplete="off")
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            later = leave_button("先不定", key=form.key("cancel"), is_in_form=True)
            declined = st.form_submit_button("不同意", key=form.key("decline"))
            agreed = st.form_submit_button(plain(f"同意{asked.child}降级"), key=form.key("agree"), type="primary")
    cancel_if(form, later)
    if agreed:
        finish(
            form,
            lambda session: tier_requests.agree_to_lower(
                session, actor, change_id=asked.id, version=form.version
            ),
        )  # fmt: skip
    if declined:
        finish(
            form,
            lambda session: tier_requests.decline_to_lower(
                session, actor, change_id=asked.id, version=form.version, note=words
            ),
        )  # fmt: skip


@st.dialog("不照提示定级", dismissible=False)
def _leave(view: ArchiveView, suggestion: Suggestion) -> None:
    actor = require_user(Permission.TIER_WRITE)
    form = Form(f"tier_leave_form_{suggestion.id}", {"id": suggestion.id, "version": suggestion.version})
    form.notices()
    note(f"{view.row.name}：{suggestion.reason or ''}")
    with form_fields(form):
        with form.field("note", "") as key:
            words = st.text_input("为什么不照它定", key=key, autocomplete="off")
        saved, cancelled = buttons(form, f"保存，{view.row.name}的等级不动")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: tiers.leave_suggestion(
                session, actor, suggestion_id=suggestion.id, version=form.version, note=words
            ),
        )


@st.dialog("撤回降级", dismissible=False)
def _withdraw(view: ArchiveView, change_id: int, version: int) -> None:
    actor = require_user(Permission.TIER_WRITE)
    form = Form(f"tier_withdraw_form_{change_id}", {"id": change_id, "version": version})
    form.notices()
    note(f"{view.row.name}的降级还没有人答复。撤回以后，还是原来的等级。")
    with form_fields(form):
        saved, cancelled = buttons(form, f"撤回{view.row.name}的降级", cancel="留着")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: tier_requests.withdraw_request(session, actor, change_id=change_id, version=form.version),
            words="已撤回。",
        )
