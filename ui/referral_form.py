"""The form of a referral: its fields, its draft, and the request made of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.tables import ParentsInformed, ReferralChannel, ReferralWay, Urgency
from services import clock, drafts, intake
from services.access import Permission, allows
from services.account_lists import StaffName
from services.actors import Actor
from services.intake import ReferralRequest
from ui.child_forms import ChildForm
from ui.child_picker import pick_child, picked
from ui.forms import Form
from ui.referral_words import CHANNELS, DANGER_NUMBERS, PARENTS, URGENCIES, WAYS
from ui.telling import begin_with
from ui.wording import day_field

FORM = "intake"
CHILD = "intake_child"
_WRITTEN = ("facts", "child_words", "background", "tried", "answer", "speaker")
_CHOSEN: dict[str, Callable[[Any], Any]] = {
    "channel": ReferralChannel,
    "urgency": Urgency,
    "parents_informed": ParentsInformed,
    "way": ReferralWay,
    "referred_by_id": int,
    "noticed_on": date.fromisoformat,
    "received_day": date.fromisoformat,
    "received_time": time.fromisoformat,
    "is_answered": bool,
    "is_suspected_abuse": bool,
}
NO_ACCOUNT = 0  # among the teachers to choose from: one who has no account
TEACHERS_CHANNELS = (ReferralChannel.TEACHER, ReferralChannel.SELF, ReferralChannel.PARENT)


def draw_fields(form: Form, actor: Actor, staff: list[StaffName]) -> None:
    """Draw the fields; long texts stand outside any `st.form`, so that leaving one keeps a draft."""
    handles = allows(actor, Permission.REFERRAL_HANDLE)
    channels = CHANNELS if handles else {channel: CHANNELS[channel] for channel in TEACHERS_CHANNELS}
    channel = _draw_choice(form, "channel", "怎么来的", channels, ReferralChannel.TEACHER)
    if channel is ReferralChannel.PARENT:
        _draw_choice(form, "way", "家长怎么联系的", WAYS, ReferralWay.PHONE)
    _draw_who_and_when(form, channel, staff if handles else None)
    _draw_words(form, "facts", "看到、听到了什么", "时间、地点、发生了什么。只写事实，不下结论。", height=110)
    _draw_words(form, "child_words", "孩子的原话", "“……”", height=80)
    tried, parents = st.columns(2)
    with tried:
        _draw_words(form, "tried", "已经做过什么", "例如：课间谈过一次", height=68)
    with parents:
        _draw_choice(form, "parents_informed", "家里知道吗", PARENTS, ParentsInformed.UNCLEAR)
    urgency, marks = st.columns(2)
    with urgency:
        _draw_choice(form, "urgency", "急不急", URGENCIES, Urgency.ORDINARY)
        if OPEN.typed("urgency") is Urgency.DANGER:  # where she is looking; on a phone the side comes last
            st.markdown(f":red-badge[:material/call: {DANGER_NUMBERS}] 先打电话，身边不要离人。")
    with marks:
        _draw_marks(form, handles=handles)
    if handles and OPEN.typed("is_answered"):
        _draw_words(form, "answer", "怎么答复的", "说了什么，约好了什么。", height=68)
    _draw_rest(form)


def _draw_choice(form: Form, name: str, label: str, choices: Mapping[Any, str], start: Any) -> Any:
    with form.field(name, start) as key:
        return st.segmented_control(
            label,
            list(choices),
            format_func=choices.__getitem__,
            key=key,
            required=True,
            on_change=OPEN.keep,
            wrap=True,
        )


def _draw_who_and_when(form: Form, channel: ReferralChannel, staff: list[StaffName] | None) -> None:
    """Which child, who said so, when; a teacher who refers is asked for no name but the child's (`staff` is None)."""
    asks_teacher = channel is ReferralChannel.TEACHER and staff is not None
    names_speaker = channel is ReferralChannel.PARENT or asks_teacher
    who, *speaker, when = st.columns((1.15, 1.05, 2.2) if names_speaker else (2.2, 2.2))
    with who, _place_for_problem(form, "child", holds=lambda: picked(CHILD)):
        pick_child(CHILD, hint="名册里找不到，就照您写的记下来，以后再认。", on_change=OPEN.keep)
    for place in speaker:
        with place:
            if asks_teacher:
                _draw_teacher(form, staff or [])
            else:
                _draw_speaker(form, "谁说的", "例如：孩子的外婆")
    with when, _place_for_problem(form, "received_at", holds=_received_at):  # below both, where a sentence has room
        day, at = st.columns((1.3, 0.9))
        with day, form.field("received_day", clock.today()) as key:
            day_field("哪天收到", key=key, on_change=OPEN.keep)
        with at, form.field("received_time", _this_minute()) as key:
            st.time_input("几点", key=key, step=300, on_change=OPEN.keep)


def _draw_teacher(form: Form, staff: list[StaffName]) -> None:
    """Ask which teacher: by account, so that the feedback reaches her; who has none is written down by name."""
    names = {person.id: _with_role(person) for person in staff} | {NO_ACCOUNT: "名单里没有"}
    is_named = OPEN.typed("referred_by_id") == NO_ACCOUNT
    with nullcontext() if is_named else _place_for_problem(form, "speaker", holds=lambda: OPEN.typed("referred_by_id")):
        begin_with(form.key("referred_by_id"), None)
        st.selectbox(
            "谁说的",
            list(names),
            format_func=names.__getitem__,
            key=form.key("referred_by_id"),
            index=None,
            placeholder="选一位教师",
            on_change=OPEN.keep,
        )
    if is_named:
        _draw_speaker(form, "这位老师的名字", "例如：代课的岳老师")


def _draw_speaker(form: Form, label: str, hint: str) -> None:
    with form.field("speaker", "") as key:
        st.text_input(label, key=key, placeholder=hint, on_change=OPEN.keep)


def _draw_marks(form: Form, *, handles: bool) -> None:
    with form.field("is_suspected_abuse", False) as key:
        st.toggle(
            "疑似侵害",
            key=key,
            on_change=OPEN.keep,
            help="打开以后，只有负责人和指定的领导能看到内容；先不联系家长。",
        )
    if handles:
        with form.field("is_answered", False) as key:
            st.toggle("当场已经答复", key=key, on_change=OPEN.keep)


def _with_role(person: StaffName) -> str:
    return f"{person.display_name}，{person.roles[0].label}" if person.roles else person.display_name


def _draw_rest(form: Form) -> None:
    """What is rarely said at once; open where something stands in it, so that no problem hides."""
    with st.expander(
        "再补几句：背景，什么时候发现的", expanded=bool(OPEN.typed("background") or OPEN.typed("noticed_on"))
    ):
        _draw_words(form, "background", "背景：家庭、学习、以前的情况", "", height=80)
        with form.field("noticed_on") as key:
            day_field("什么时候发现的（空着就是收到那天）", key=key, on_change=OPEN.keep)


@contextmanager
def _place_for_problem(form: Form, name: str, *, holds: Callable[[], object]) -> Iterator[None]:
    """Keep a place for the problem with something that is no field of its own, but holds this."""
    with form.field(name, holds=holds):
        yield
    st.session_state.pop(form.key(name), None)


def _this_minute() -> time:
    return clock.local(clock.now()).time().replace(second=0, microsecond=0)


def _draw_words(form: Form, name: str, label: str, hint: str, *, height: int) -> None:
    with form.field(name, "") as key:
        st.text_area(label, key=key, placeholder=hint, height=height, on_change=OPEN.keep)


def request_of(actor: Actor) -> ReferralRequest:
    """Return what stands in the fields as the request the service takes."""
    child = picked(CHILD)
    channel = OPEN.typed("channel")
    handles = allows(actor, Permission.REFERRAL_HANDLE)
    is_teacher = channel is ReferralChannel.TEACHER
    teacher = OPEN.typed("referred_by_id") if handles else actor.user_id
    has_speaker = channel is ReferralChannel.PARENT or (is_teacher and teacher == NO_ACCOUNT)
    return ReferralRequest(
        channel=channel,
        facts=OPEN.typed("facts"),
        noticed_on=OPEN.typed("noticed_on") or min(OPEN.typed("received_day") or clock.today(), clock.today()),
        received_at=_received_at(),
        student_id=child.student_id,
        child_label=child.name,
        way=OPEN.typed("way") if channel is ReferralChannel.PARENT else None,
        referred_by_id=(teacher or None) if is_teacher else None,
        speaker=OPEN.typed("speaker") if has_speaker else None,
        child_words=OPEN.typed("child_words"),
        background=OPEN.typed("background"),
        tried=OPEN.typed("tried"),
        parents_informed=OPEN.typed("parents_informed") or ParentsInformed.UNCLEAR,
        urgency=OPEN.typed("urgency") or Urgency.ORDINARY,
        is_answered=bool(OPEN.typed("is_answered")) and handles,
        answer=OPEN.typed("answer"),
        is_suspected_abuse=bool(OPEN.typed("is_suspected_abuse")),
        form_uid=OPEN.uid(),
    )


def _received_at() -> Any:
    day, at = OPEN.typed("received_day"), OPEN.typed("received_time")
    return clock.at_school(day, at) if isinstance(day, date) and isinstance(at, time) else None


def discard_drafts(session: Session, actor: Actor) -> None:
    """Throw the open draft away in the transaction that saves the form, and what was typed of the same before.

    After a refusal people leave the page and begin anew; what they had written then would be offered for ever.
    """
    for draft in drafts.list_drafts(session, actor, form=FORM):
        if draft.subject == OPEN.uid() or _is_said_again(draft.content):
            drafts.discard_draft(session, actor, form=FORM, subject=draft.subject)


def _is_said_again(content: Mapping[str, Any]) -> bool:
    """Whether everything a draft says of a child stands in the form that is saved."""
    child = picked(CHILD)
    same_child = content.get("student_id") == child.student_id and content.get("child", "") in ("", child.name)
    return same_child and all((content.get(name) or "").strip() in (OPEN.typed(name) or "") for name in _WRITTEN)


OPEN: ChildForm = ChildForm(
    FORM,
    CHILD,
    _WRITTEN,
    _CHOSEN,
    is_saved=lambda session, actor: intake.is_settled(session, actor, form_uid=OPEN.uid(), words=_words()),
)
"""The form of a new referral, and its draft."""


def _words() -> dict[str, str]:
    return {name: OPEN.typed(name) or "" for name in _WRITTEN}
