"""The form of a referral: its fields, its draft, and the request made of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.base import new_uid
from db.tables import ParentsInformed, ReferralChannel, ReferralWay, Urgency
from db.transactions import reading, transaction
from services import clock, drafts, intake
from services.access import Permission, allows
from services.account_lists import StaffName
from services.actors import Actor
from services.errors import DomainError
from services.intake import ReferralRequest
from ui.asked import number_asked
from ui.child_picker import choose_child, clear_child, forget_child, pick_child, picked
from ui.drafts import saved_words
from ui.forms import Form, release, was_left
from ui.referral_words import CHANNELS, DANGER_NUMBERS, PARENTS, URGENCIES, WAYS
from ui.session import who_is_there
from ui.telling import begin_with, tell
from ui.wording import day_field

FORM = "intake"
CHILD = "intake_child"
_LONGEST_SUBJECT = 60
DRAFT = "draft"  # in the address: which draft a reload goes on with
_SAVED_AT = "care_intake_draft_saved_at"
_UID = "care_intake_uid"
_ASKED = "care_intake_asked"
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
        if _typed("urgency") is Urgency.DANGER:  # where she is looking; on a phone the side comes last
            st.markdown(f":red-badge[:material/call: {DANGER_NUMBERS}] 先打电话，身边不要离人。")
    with marks:
        _draw_marks(form, handles=handles)
    if handles and _typed("is_answered"):
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
            on_change=keep_draft,
            wrap=True,
        )


def _draw_who_and_when(form: Form, channel: ReferralChannel, staff: list[StaffName] | None) -> None:
    """Which child, who said so, when; a teacher who refers is asked for no name but the child's (`staff` is None)."""
    asks_teacher = channel is ReferralChannel.TEACHER and staff is not None
    names_speaker = channel is ReferralChannel.PARENT or asks_teacher
    who, *speaker, when = st.columns((1.15, 1.05, 2.2) if names_speaker else (2.2, 2.2))
    with who, _place_for_problem(form, "child", holds=lambda: picked(CHILD)):
        pick_child(CHILD, hint="名册里找不到，就照您写的记下来，以后再认。", on_change=keep_draft)
    for place in speaker:
        with place:
            if asks_teacher:
                _draw_teacher(form, staff or [])
            else:
                _draw_speaker(form, "谁说的", "例如：孩子的外婆")
    with when, _place_for_problem(form, "received_at", holds=_received_at):  # below both, where a sentence has room
        day, at = st.columns((1.3, 0.9))
        with day, form.field("received_day", clock.today()) as key:
            day_field("哪天收到", key=key, on_change=keep_draft)
        with at, form.field("received_time", _this_minute()) as key:
            st.time_input("几点", key=key, step=300, on_change=keep_draft)


def _draw_teacher(form: Form, staff: list[StaffName]) -> None:
    """Ask which teacher: by account, so that the feedback reaches her; who has none is written down by name."""
    names = {person.id: _with_role(person) for person in staff} | {NO_ACCOUNT: "名单里没有"}
    is_named = _typed("referred_by_id") == NO_ACCOUNT
    with nullcontext() if is_named else _place_for_problem(form, "speaker", holds=lambda: _typed("referred_by_id")):
        begin_with(form.key("referred_by_id"), None)
        st.selectbox(
            "谁说的",
            list(names),
            format_func=names.__getitem__,
            key=form.key("referred_by_id"),
            index=None,
            placeholder="选一位教师",
            on_change=keep_draft,
        )
    if is_named:
        _draw_speaker(form, "这位老师的名字", "例如：代课的岳老师")


def _draw_speaker(form: Form, label: str, hint: str) -> None:
    with form.field("speaker", "") as key:
        st.text_input(label, key=key, placeholder=hint, on_change=keep_draft)


def _draw_marks(form: Form, *, handles: bool) -> None:
    with form.field("is_suspected_abuse", False) as key:
        st.toggle(
            "疑似侵害",
            key=key,
            on_change=keep_draft,
            help="打开以后，只有负责人和指定的领导能看到内容；先不联系家长。",
        )
    if handles:
        with form.field("is_answered", False) as key:
            st.toggle("当场已经答复", key=key, on_change=keep_draft)


def _with_role(person: StaffName) -> str:
    return f"{person.display_name}，{person.roles[0].label}" if person.roles else person.display_name


def _draw_rest(form: Form) -> None:
    """What is rarely said at once; open where something stands in it, so that no problem hides."""
    with st.expander("再补几句：背景，什么时候发现的", expanded=bool(_typed("background") or _typed("noticed_on"))):
        _draw_words(form, "background", "背景：家庭、学习、以前的情况", "", height=80)
        with form.field("noticed_on") as key:
            day_field("什么时候发现的（空着就是收到那天）", key=key, on_change=keep_draft)


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
        st.text_area(label, key=key, placeholder=hint, height=height, on_change=keep_draft)


def request_of(actor: Actor) -> ReferralRequest:
    """Return what stands in the fields as the request the service takes."""
    child = picked(CHILD)
    channel = _typed("channel")
    handles = allows(actor, Permission.REFERRAL_HANDLE)
    is_teacher = channel is ReferralChannel.TEACHER
    teacher = _typed("referred_by_id") if handles else actor.user_id
    has_speaker = channel is ReferralChannel.PARENT or (is_teacher and teacher == NO_ACCOUNT)
    return ReferralRequest(
        channel=channel,
        facts=_typed("facts"),
        noticed_on=_typed("noticed_on") or min(_typed("received_day") or clock.today(), clock.today()),
        received_at=_received_at(),
        student_id=child.student_id,
        child_label=child.name,
        way=_typed("way") if channel is ReferralChannel.PARENT else None,
        referred_by_id=(teacher or None) if is_teacher else None,
        speaker=_typed("speaker") if has_speaker else None,
        child_words=_typed("child_words"),
        background=_typed("background"),
        tried=_typed("tried"),
        parents_informed=_typed("parents_informed") or ParentsInformed.UNCLEAR,
        urgency=_typed("urgency") or Urgency.ORDINARY,
        is_answered=bool(_typed("is_answered")) and handles,
        answer=_typed("answer"),
        is_suspected_abuse=bool(_typed("is_suspected_abuse")),
        form_uid=_uid(),
    )


def _received_at() -> Any:
    day, at = _typed("received_day"), _typed("received_time")
    return clock.at_school(day, at) if isinstance(day, date) and isinstance(at, time) else None


def _typed(name: str) -> Any:
    return st.session_state.get(f"{FORM}_{name}")


def _uid() -> str:
    """Return the name of the form that is open: its draft's subject, and later its referral's."""
    uid: str = st.session_state.setdefault(_UID, new_uid())
    return uid


def begin(actor: Actor) -> None:
    """Open the form as its address asks: with a child, or after a reload with the draft; the first thing drawn."""
    if was_left(FORM):
        start_afresh()  # the page was left meanwhile: what was typed is offered as a draft
        st.session_state.pop(_ASKED, None)
    asked = (st.query_params.get("student", ""), st.query_params.get(DRAFT, ""))
    if st.session_state.get(_ASKED) == asked:
        return
    st.session_state[_ASKED] = asked
    if asked[1] and asked[1] != st.session_state.get(_UID):
        with reading() as session:
            found = drafts.find_draft(session, actor, form=FORM, subject=asked[1][:_LONGEST_SUBJECT])
        if found is not None:
            take_up(found)
            return
    child = number_asked("student")
    if child and picked(CHILD).student_id != child and not _is_typed():
        choose_child(CHILD, child)


def _is_typed() -> bool:
    return any(_typed(name) for name in _WRITTEN)


def keep_draft() -> None:
    """Save everything typed so far; for `on_change`. A draft that can't be saved never stops the typing."""
    actor = who_is_there()
    if actor is None or not _is_typed():
        return
    content: dict[str, object] = {name: _typed(name) for name in _WRITTEN if _typed(name)}
    content |= {name: _as_text(value) for name in _CHOSEN if (value := _typed(name)) is not None}
    content |= {"student_id": picked(CHILD).student_id, "child": picked(CHILD).name}
    try:
        with transaction() as session:
            if intake.is_settled(session, actor, form_uid=_uid(), words=_words()):
                return  # a click that came after the save, before the page could say so
            saved_at = drafts.save_draft(session, actor, form=FORM, subject=_uid(), content=content)
    except DomainError:
        return
    st.session_state[_SAVED_AT] = saved_at
    _name_draft_in_address(_uid())


def _words() -> dict[str, str]:
    return {name: _typed(name) or "" for name in _WRITTEN}


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date | time) else value


def _name_draft_in_address(uid: str) -> None:
    st.query_params[DRAFT] = uid
    st.session_state[_ASKED] = (st.query_params.get("student", ""), uid)


def draft_line() -> str:
    """Return when the draft was saved."""
    saved_at = st.session_state.get(_SAVED_AT)
    return saved_words(saved_at) if saved_at else ""


def unfinished(actor: Actor) -> list[drafts.SavedDraft]:
    """Return the drafts to offer when the form is opened empty."""
    if st.session_state.get(_SAVED_AT) or _is_typed():
        return []
    with reading() as session:
        return drafts.list_drafts(session, actor, form=FORM)


def take_up(draft: drafts.SavedDraft) -> None:
    """Put a draft back into the fields, and nothing of what stood there before; for `on_click`."""
    start_afresh()
    for name in _WRITTEN:
        tell(f"{FORM}_{name}", draft.content.get(name, ""))
    for name, read in _CHOSEN.items():
        if (value := draft.content.get(name)) is not None:
            tell(f"{FORM}_{name}", read(value))
    if student_id := draft.content.get("student_id"):
        choose_child(CHILD, int(student_id))
    if not picked(CHILD).student_id:  # not chosen, or out of this person's sight since: as typed
        tell(f"{CHILD}_typed", draft.content.get("child", ""))
    st.session_state[_UID], st.session_state[_SAVED_AT] = draft.subject, draft.saved_at
    _name_draft_in_address(draft.subject)


def throw_away(uid: str | None = None) -> None:
    """Discard a draft and, if it is the open one, everything typed; for `on_click`."""
    actor = who_is_there()
    if actor is None:
        return
    with transaction() as session:
        drafts.discard_draft(session, actor, form=FORM, subject=uid or _uid())
    if uid in (None, _uid()):
        start_afresh()
        forget_child(CHILD)


def start_afresh() -> None:
    """Forget what was typed: saved, or not wanted."""
    for key in [key for key in st.session_state if str(key).startswith(f"{FORM}_")]:
        st.session_state.pop(key, None)
    for key in (_SAVED_AT, _UID):
        st.session_state.pop(key, None)
    release(FORM)
    clear_child(CHILD)
    if DRAFT in st.query_params:
        del st.query_params[DRAFT]
    if _ASKED in st.session_state:
        st.session_state[_ASKED] = (st.query_params.get("student", ""), "")


def discard_drafts(session: Session, actor: Actor) -> None:
    """Throw the open draft away in the transaction that saves the form, and what was typed of the same before.

    After a refusal people leave the page and begin anew; what they had written then would be offered for ever.
    """
    for draft in drafts.list_drafts(session, actor, form=FORM):
        if draft.subject == _uid() or _is_said_again(draft.content):
            drafts.discard_draft(session, actor, form=FORM, subject=draft.subject)


def _is_said_again(content: Mapping[str, Any]) -> bool:
    """Whether everything a draft says of a child stands in the form that is saved."""
    child = picked(CHILD)
    same_child = content.get("student_id") == child.student_id and content.get("child", "") in ("", child.name)
    return same_child and all((content.get(name) or "").strip() in (_typed(name) or "") for name in _WRITTEN)
