"""The form of a referral: its fields, its draft, and the request made of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from typing import Any

import streamlit as st

from db.tables import ParentsInformed, ReferralChannel, ReferralWay, Urgency
from db.transactions import reading, transaction
from services import clock, drafts
from services.access import Permission, allows
from services.accounts import StaffName
from services.actors import Actor
from services.errors import DomainError
from services.intake import ReferralRequest
from ui import formats
from ui.child_picker import choose_child, clear_child, forget_child, pick_child, picked
from ui.forms import Form
from ui.referral_words import CHANNELS, PARENTS, URGENCIES, WAYS
from ui.session import require_user

FORM = "intake"
CHILD = "intake_child"
_SAVED_AT = "care_intake_draft_saved_at"
_SUBJECT = "care_intake_draft_subject"
_KEPT = ("facts", "child_words", "background", "tried", "answer", "speaker")
_CHOSEN = {"channel": ReferralChannel, "urgency": Urgency, "parents_informed": ParentsInformed, "way": ReferralWay}
TEACHERS_CHANNELS = (ReferralChannel.TEACHER, ReferralChannel.SELF, ReferralChannel.PARENT)


def draw_fields(form: Form, actor: Actor, staff: list[StaffName]) -> None:
    """Draw the fields; long texts stand outside any `st.form`, so that leaving one keeps a draft."""
    handles = allows(actor, Permission.REFERRAL_HANDLE)
    channels = list(CHANNELS) if handles else list(TEACHERS_CHANNELS)
    with form.field("channel", ReferralChannel.TEACHER) as key:
        st.segmented_control(
            "怎么来的", channels, format_func=CHANNELS.__getitem__, key=key, required=True, on_change=keep_draft
        )
    channel = st.session_state[form.key("channel")]
    who, speaker = st.columns(2)
    with who, _place_for_problem(form, "child"):
        pick_child(CHILD, hint="名册里找不到，就照您写的记下来，以后再认。")
    with speaker:
        _draw_speaker(form, channel, staff if handles else [])
    _draw_moments(form)
    _draw_words(form, "facts", "看到、听到了什么", "时间、地点、发生了什么。只写事实，不下结论。", height=110)
    _draw_words(form, "child_words", "孩子的原话", "“……”", height=80)
    tried, parents = st.columns(2)
    with tried:
        _draw_words(form, "tried", "已经做过什么", "例如：课间谈过一次", height=68)
    with parents, form.field("parents_informed", ParentsInformed.UNCLEAR) as key:
        st.segmented_control("家里知道吗", list(PARENTS), format_func=PARENTS.__getitem__, key=key, required=True)
    with st.expander("背景情况（以后也可以补）"):
        _draw_words(form, "background", "家庭、学习、以前的情况", "", height=80)
    urgency, marks = st.columns(2)
    with urgency, form.field("urgency", Urgency.ORDINARY) as key:
        st.segmented_control("急不急", list(URGENCIES), format_func=URGENCIES.__getitem__, key=key, required=True)
    with marks:
        with form.field("is_suspected_abuse", False) as key:
            st.toggle("疑似侵害", key=key, help="打开以后，只有负责人和指定的领导能看到内容；先不联系家长。")
        if handles:
            with form.field("is_answered", False) as key:
                st.toggle("当场已经答复", key=key)
    if handles and st.session_state.get(form.key("is_answered")):
        _draw_words(form, "answer", "怎么答复的", "说了什么，约好了什么。", height=68)


def _draw_speaker(form: Form, channel: ReferralChannel, staff: list[StaffName]) -> None:
    if channel is ReferralChannel.TEACHER and staff:
        names = {person.id: _with_role(person) for person in staff}
        with _place_for_problem(form, "speaker"):
            st.selectbox(
                "谁说的",
                list(names),
                format_func=names.__getitem__,
                key=form.key("referred_by_id"),
                index=None,
                placeholder="选一位教师",
            )
    elif channel is ReferralChannel.PARENT:
        with form.field("way", ReferralWay.PHONE) as key:
            st.segmented_control("家长怎么联系的", list(WAYS), format_func=WAYS.__getitem__, key=key, required=True)
        with form.field("speaker", "") as key:
            st.text_input("谁说的", key=key, placeholder="例如：孩子的外婆", on_change=keep_draft)


def _with_role(person: StaffName) -> str:
    return f"{person.display_name}，{person.roles[0].label}" if person.roles else person.display_name


def _draw_moments(form: Form) -> None:
    noticed, day, at = st.columns(3)
    today = clock.today()
    with noticed, form.field("noticed_on", today) as key:
        st.date_input("哪天发现", key=key, format="YYYY-MM-DD")
    with day, form.field("received_day", today) as key:
        st.date_input("哪天收到", key=key, format="YYYY-MM-DD")
    with at, _place_for_problem(form, "received_at"), form.field("received_time", _this_minute()) as key:
        st.time_input("几点", key=key, step=300)


@contextmanager
def _place_for_problem(form: Form, name: str) -> Iterator[None]:
    """Keep a place for the problem with something that is no field of its own."""
    with form.field(name):
        yield
    st.session_state.pop(form.key(name), None)


def _this_minute() -> time:
    return clock.local(clock.now()).time().replace(second=0, microsecond=0)


def _draw_words(form: Form, name: str, label: str, hint: str, *, height: int) -> None:
    with form.field(name, "") as key:
        st.text_area(label, key=key, placeholder=hint, height=height, on_change=keep_draft)


def request_of(actor: Actor) -> ReferralRequest:
    """Return what stands in the fields as the request the service takes."""
    child = picked(CHILD)
    channel = _typed("channel")
    handles = allows(actor, Permission.REFERRAL_HANDLE)
    is_teacher = channel is ReferralChannel.TEACHER
    return ReferralRequest(
        channel=channel,
        facts=_typed("facts"),
        noticed_on=_typed("noticed_on"),
        received_at=_received_at(),
        student_id=child.student_id,
        child_label=child.name,
        way=_typed("way") if channel is ReferralChannel.PARENT else None,
        referred_by_id=(_typed("referred_by_id") if handles else actor.user_id) if is_teacher else None,
        speaker=_typed("speaker") if channel is ReferralChannel.PARENT else None,
        child_words=_typed("child_words"),
        background=_typed("background"),
        tried=_typed("tried"),
        parents_informed=_typed("parents_informed") or ParentsInformed.UNCLEAR,
        urgency=_typed("urgency") or Urgency.ORDINARY,
        is_answered=bool(_typed("is_answered")) and handles,
        answer=_typed("answer"),
        is_suspected_abuse=bool(_typed("is_suspected_abuse")),
    )


def _received_at() -> Any:
    day, at = _typed("received_day"), _typed("received_time")
    return clock.at_school(day, at) if isinstance(day, date) and isinstance(at, time) else None


def _typed(name: str) -> Any:
    return st.session_state.get(f"{FORM}_{name}")


def subject() -> str:
    """Return whom the draft is about."""
    child = picked(CHILD)
    return f"student:{child.student_id}" if child.student_id else "new"


def keep_draft() -> None:
    """Save what was typed so far; for `on_change`. A draft that can't be saved never stops the typing."""
    actor = require_user(Permission.REFERRAL_REGISTER)
    content: dict[str, object] = {name: _typed(name) for name in _KEPT if _typed(name)}
    if not content:
        return
    content |= {name: str(value) for name in _CHOSEN if (value := _typed(name))}
    content |= {"student_id": picked(CHILD).student_id, "child": picked(CHILD).name}
    before = st.session_state.get(_SUBJECT)
    try:
        with transaction() as session:
            if before and before != subject():
                drafts.discard_draft(session, actor, form=FORM, subject=before)
            st.session_state[_SAVED_AT] = drafts.save_draft(
                session, actor, form=FORM, subject=subject(), content=content
            )
    except DomainError:
        return
    st.session_state[_SUBJECT] = subject()


def draft_line() -> str:
    """Return when the draft was saved."""
    saved_at = st.session_state.get(_SAVED_AT)
    return f"草稿已在 {formats.clock(saved_at, clock.SCHOOL_ZONE)} 保存" if saved_at else ""


def unfinished(actor: Actor) -> list[drafts.SavedDraft]:
    """Return the drafts to offer when the form is opened empty."""
    if st.session_state.get(_SUBJECT) or any(_typed(name) for name in _KEPT):
        return []
    with reading() as session:
        return drafts.list_drafts(session, actor, form=FORM)


def take_up(draft: drafts.SavedDraft) -> None:
    """Put a draft back into the fields; for `on_click`."""
    for name in _KEPT:
        st.session_state[f"{FORM}_{name}"] = draft.content.get(name, "")
    for name, choices in _CHOSEN.items():
        if value := draft.content.get(name):
            st.session_state[f"{FORM}_{name}"] = choices(value)
    if draft.content.get("answer"):
        st.session_state[f"{FORM}_is_answered"] = True
    forget_child(CHILD)
    if student_id := draft.content.get("student_id"):
        choose_child(CHILD, int(student_id))
    else:
        st.session_state[f"{CHILD}_typed"] = draft.content.get("child", "")
    st.session_state[_SUBJECT], st.session_state[_SAVED_AT] = draft.subject, draft.saved_at


def throw_away(draft_subject: str | None = None) -> None:
    """Discard a draft and, if it is the open one, everything typed; for `on_click`."""
    actor = require_user(Permission.REFERRAL_REGISTER)
    open_one = st.session_state.get(_SUBJECT) or subject()
    with transaction() as session:
        drafts.discard_draft(session, actor, form=FORM, subject=str(draft_subject or open_one))
    if draft_subject is None or draft_subject == open_one:
        start_afresh()
        forget_child(CHILD)


def start_afresh() -> None:
    """Forget what was typed: saved, or not wanted."""
    for key in [key for key in st.session_state if str(key).startswith(f"{FORM}_")]:
        st.session_state.pop(key, None)
    for key in (_SAVED_AT, _SUBJECT, f"care_form_{FORM}"):
        st.session_state.pop(key, None)
    clear_child(CHILD)


def discard_open_draft(session: Any, actor: Actor) -> None:  # Any: the open session
    """Throw the open draft away in the transaction that saves the form."""
    for each in {subject(), str(st.session_state.get(_SUBJECT) or subject())}:
        drafts.discard_draft(session, actor, form=FORM, subject=each)
