"""The form of a work record: one for every kind; its draft, and the entry made of it."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.base import new_uid
from db.tables import CareChannel, CareKind, CarePlace, NotReached
from db.transactions import reading, transaction
from services import clock, drafts, record_views, records
from services.actors import Actor
from services.agreements import asks_before_contact
from services.drop_out_views import list_who_agrees
from services.errors import DomainError
from services.record_kinds import KINDS, WORDS, KindSpec
from services.record_views import StoredRecord, writable_kinds
from services.records import RecordEntry, reaches_family
from services.student_lists import list_register_classes
from ui.asked import number_asked
from ui.child_picker import choose_child, clear_child, forget_child, pick_child, picked
from ui.drafts import saved_words
from ui.formats import plain
from ui.forms import Form, release, was_left
from ui.layout import note
from ui.session import who_is_there
from ui.telling import tell
from ui.wording import day_field, number_field, whole

FORM, CHILD, DRAFT = "record", "record_child", "draft"
_SAVED_AT, _UID, _ASKED, _KIND = (f"care_record_{each}" for each in ("saved_at", "uid", "asked", "kind"))

_LONGEST_SUBJECT = 60
_CHOSEN: dict[str, Callable[[Any], Any]] = {
    "kind": CareKind,
    "day": date.fromisoformat,
    "start_time": time.fromisoformat,
    "minutes": float,
    "place": CarePlace,
    "channel": CareChannel,
    "is_done": bool,
    "not_reached": NotReached,
    "agreed_with_id": int,
    "is_group": bool,
}
HEIGHTS = {"raised": 110, "measures": 80, "effect": 68, "next_step": 68}
ASK_FIRST = "联系家里的，每个孩子都先和关爱室负责人说好再去。已经联系过的，告诉负责人，由负责人记。"


# --- the fields, for a new record and for one that is amended ---


def draw_kind(form: Form, actor: Actor) -> CareKind:
    """Ask what is written down, and whether about a group; what the fields begin with follows."""
    kinds = writable_kinds(actor)
    with form.field("kind", CareKind.TALK) as key:
        if st.session_state.get(key) not in kinds:
            tell(key, CareKind.TALK)
        kind: CareKind = st.selectbox("记什么", kinds, key=key, format_func=lambda each: each.label,
                                      placeholder="请选", on_change=_change_kind)  # fmt: skip
    st.session_state.setdefault(_KIND, kind)
    with form.field("is_group", KINDS[kind].is_for_groups) as key:
        st.toggle("几个孩子一起记", key=key, on_change=keep_draft)
    return kind


def draw_fields(form: Form, actor: Actor, kind: CareKind, keep: Callable[[], None], drawn: StoredRecord | None) -> None:
    """Draw what a kind asks for; long texts stand outside any `st.form`, so that leaving one keeps a draft."""
    spec = KINDS[kind]
    draw = _Fields(form, spec, keep)
    if spec.tells_attempt:
        draw.attempt()
    draw.facts([name for name in spec.asks if name not in WORDS])
    draw.agreement(actor, kind, drawn)
    for name in spec.asks:
        if name in WORDS:
            draw.words(name)
    folded = [spec.label(name) for name in spec.more] + ([] if spec.tells_attempt else ["没做成"])
    if not folded:
        return
    with st.expander(plain(f"再补几句：{'、'.join(folded)}"), expanded=draw.has_more()):
        draw.facts([name for name in spec.more if name not in WORDS])
        for name in spec.more:
            if name in WORDS:
                draw.words(name)
        if not spec.tells_attempt:
            draw.attempt()


class _Fields:
    """Draws the fields of one form."""

    def __init__(self, form: Form, spec: KindSpec, keep: Callable[[], None]) -> None:
        self.form, self.spec, self.keep = form, spec, keep

    def facts(self, names: list[str]) -> None:
        """Draw the plain facts beside each other."""
        if not names:
            return
        for place, name in zip(st.columns(len(names)), names, strict=True):
            with place:
                getattr(self, name)()

    def day(self) -> None:
        with self.form.field("day", clock.today()) as key:
            day_field(self.spec.label("day"), key=key, on_change=self.keep)

    def start_time(self) -> None:
        with self.form.field("start_time") as key:
            st.time_input(self.spec.label("start_time"), key=key, value=None, step=300, on_change=self.keep)

    def minutes(self) -> None:
        with self.form.field("minutes", self.spec.minutes) as key:
            number_field(self.spec.label("minutes"), key=key, placeholder="例如：20", on_change=self.keep)

    def place(self) -> None:
        self._choice("place", list(CarePlace), self.spec.place)

    def channel(self) -> None:
        self._choice("channel", list(CareChannel), self.spec.channel)

    def _choice(self, name: str, choices: list[Any], start: Any) -> None:
        with self.form.field(name, start) as key:
            st.selectbox(self.spec.label(name), choices, key=key, index=None, placeholder="请选",
                         format_func=lambda each: each.label, on_change=self.keep)  # fmt: skip

    def words(self, name: str) -> None:
        with self.form.field(name, "") as key:
            st.text_area(self.spec.label(name), key=key, placeholder=self.spec.hints.get(name, ""),
                         height=HEIGHTS[name], on_change=self.keep)  # fmt: skip

    def attempt(self) -> None:
        """Ask whether it came to pass; an attempt is shown and is no fulfilment."""
        with self.form.field("is_done", True) as key:
            is_done = st.segmented_control("做成了没有", [True, False], key=key, required=True, wrap=True,
                                           format_func=lambda done: "做成了" if done else "没做成",
                                           on_change=self.keep)  # fmt: skip
        if is_done is False:
            with self.form.field("not_reached") as key:
                st.selectbox("为什么没做成", list(NotReached), key=key, index=None, placeholder="请选",
                             format_func=lambda each: each.label, on_change=self.keep)  # fmt: skip

    def agreement(self, actor: Actor, kind: CareKind, drawn: StoredRecord | None) -> None:
        """Ask of everybody but the heads with whom reaching the family was agreed, whoever's child it is (0018)."""
        place = self.form.typed(["place"])["place"] if "place" in self.spec.fields else self.spec.place
        if not (asks_before_contact(actor) and reaches_family(kind, place)):
            return
        with reading() as session:
            heads = list_who_agrees(session, actor)
        if drawn is not None and drawn.agreed_with_id:
            heads.setdefault(drawn.agreed_with_id, "以前的负责人")
        note(ASK_FIRST)
        with self.form.field("agreed_with_id") as key:
            st.selectbox("事先和谁说好", list(heads), key=key, index=None, placeholder="请选",
                         format_func=lambda number: heads.get(number, ""), on_change=self.keep)  # fmt: skip

    def has_more(self) -> bool:
        """Whether something stands in what is folded away that nobody put there, so that no problem hides."""
        typed = self.form.typed(self.spec.more)
        was_tried = not self.spec.tells_attempt and self.form.typed(["is_done"])["is_done"] is False
        return was_tried or any(value not in (None, "", _start(self.spec, name)) for name, value in typed.items())


def entry_of(form: Form, kind: CareKind) -> RecordEntry:
    """Return what stands in the fields as the entry the service takes."""
    names = ("day", "start_time", "place", "channel", "not_reached", "agreed_with_id", *WORDS)
    is_done = form.typed(["is_done"])["is_done"]
    minutes = whole(form.typed(["minutes"])["minutes"])
    return RecordEntry(kind=kind, is_done=is_done is not False, minutes=minutes, **form.typed(names))


# --- whom it is about ---


def draw_children(form: Form, actor: Actor) -> None:
    """Ask which child; for a group also who else."""
    with form.field("child"):
        pick_child(CHILD, on_change=keep_draft)
    st.session_state.pop(form.key("child"), None)
    if _typed("is_group"):
        _draw_others(form, actor)


def _draw_others(form: Form, actor: Actor) -> None:
    with reading() as session:
        classes = {each.id: each.label for each in list_register_classes(session, actor)}
    where, who = st.columns((1, 2.6))
    with where, form.field("class_id", next(iter(classes), None)) as key:
        class_id = st.selectbox("从哪个班选", list(classes), key=key, index=None, placeholder="请选",
                                format_func=lambda number: classes.get(number, ""))  # fmt: skip
    with who, form.field("others", []) as key:
        chosen = tuple(st.session_state[key])
        with reading() as session:
            known = record_views.list_companions(session, actor, class_id=class_id, student_ids=chosen)
        st.session_state[key] = [each for each in chosen if each in known]
        st.multiselect("还有哪些孩子", list(known), key=key, format_func=lambda number: known.get(number, ""),
                       placeholder="选孩子，可以选几个", select_all=False, on_change=keep_draft)  # fmt: skip


def children() -> list[int]:
    """Return the children chosen at this moment, the first one first."""
    first = picked(CHILD).student_id
    others = (_typed("others") or []) if _typed("is_group") else []
    return list(dict.fromkeys([*([first] if first else []), *others]))


# --- beginning, drafts, ending ---


def begin(actor: Actor) -> None:
    """Open the form as its address asks: a kind, a child, or after a reload the draft; the first thing drawn."""
    if was_left(FORM):
        start_afresh()  # the page was left meanwhile: what was typed is offered as a draft
        st.session_state.pop(_ASKED, None)
    asked = tuple(st.query_params.get(name, "") for name in ("kind", "student", DRAFT))
    if st.session_state.get(_ASKED) == asked:
        return
    st.session_state[_ASKED] = asked
    if asked[2] and asked[2] != st.session_state.get(_UID):
        with reading() as session:
            found = drafts.find_draft(session, actor, form=FORM, subject=asked[2][:_LONGEST_SUBJECT])
        if found is not None:
            take_up(found)
            return
    if _is_typed():
        return
    if asked[0] in set(CareKind):
        tell(f"{FORM}_kind", CareKind(asked[0]))
    child = number_asked("student")
    if child and picked(CHILD).student_id != child:
        choose_child(CHILD, child)


def _change_kind() -> None:
    """Let the facts begin anew where nobody chose them; for `on_change`."""
    before, after = st.session_state.get(_KIND), _typed("kind")
    if before is None or after is None:
        return
    for name in ("place", "channel", "minutes", "is_group"):
        old, new = (_start(KINDS[each], name) for each in (before, after))
        if _typed(name) in (None, old):
            tell(f"{FORM}_{name}", new)
    st.session_state[_KIND] = after
    keep_draft()


def _start(spec: KindSpec, name: str) -> Any:
    return spec.is_for_groups if name == "is_group" else getattr(spec, name, None)


def _typed(name: str) -> Any:
    return st.session_state.get(f"{FORM}_{name}")


def _is_typed() -> bool:
    return any(_typed(name) for name in WORDS)


def uid() -> str:
    """Return the name of the form that is open: its draft's subject, and of what is saved."""
    name: str = st.session_state.setdefault(_UID, new_uid())
    return name


def keep_draft() -> None:
    """Save everything typed so far; for `on_change`. A draft that can't be saved never stops the typing."""
    actor = who_is_there()
    if actor is None or not _is_typed():
        return
    content: dict[str, object] = {name: _typed(name) for name in WORDS if _typed(name)}
    content |= {name: _as_text(value) for name in _CHOSEN if (value := _typed(name)) is not None}
    chosen = picked(CHILD)
    content |= {"student_id": chosen.student_id, "child": chosen.name, "about": children()}
    try:
        with transaction() as session:
            if records.is_recorded(session, actor, form_uid=uid()):
                return  # a click that came after the save, before the page could say so
            saved_at = drafts.save_draft(session, actor, form=FORM, subject=uid(), content=content)
    except DomainError:
        return
    st.session_state[_SAVED_AT] = saved_at
    _name_draft_in_address()


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date | time) else value


def _name_draft_in_address() -> None:
    st.query_params[DRAFT] = uid()
    st.session_state[_ASKED] = tuple(st.query_params.get(name, "") for name in ("kind", "student", DRAFT))


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


def draft_title(draft: drafts.SavedDraft) -> str:
    """没记完：江小满的谈心谈话."""
    kind = draft.content.get("kind")
    what = CareKind(kind).label if kind in set(CareKind) else "记录"
    return f"没记完：{draft.content.get('child') or '还没写是哪个孩子'}的{what}"


def take_up(draft: drafts.SavedDraft) -> None:
    """Put a draft back into the fields, with its own child, and nothing of what stood there; for `on_click`."""
    start_afresh()
    for name in WORDS:
        tell(f"{FORM}_{name}", draft.content.get(name, ""))
    for name, read in _CHOSEN.items():
        if (value := draft.content.get(name)) is not None:
            tell(f"{FORM}_{name}", read(value))
    student_id = draft.content.get("student_id")
    if student_id:
        choose_child(CHILD, int(student_id))
    if not picked(CHILD).student_id:  # not chosen, or out of this person's sight since: as typed
        tell(f"{CHILD}_typed", draft.content.get("child", ""))
    others = [int(each) for each in draft.content.get("about") or () if each != student_id]
    tell(f"{FORM}_others", others)
    st.session_state[_UID], st.session_state[_SAVED_AT] = draft.subject, draft.saved_at
    _name_draft_in_address()


def throw_away(name: str | None = None) -> None:
    """Discard a draft and, if it is the open one, everything typed; for `on_click`."""
    actor = who_is_there()
    if actor is None:
        return
    with transaction() as session:
        drafts.discard_draft(session, actor, form=FORM, subject=name or uid())
    if name in (None, uid()):
        start_afresh()
        forget_child(CHILD)


def discard_draft(session: Session, actor: Actor) -> None:
    """Throw the open draft away in the transaction that saves the form."""
    drafts.discard_draft(session, actor, form=FORM, subject=uid())


def start_afresh() -> None:
    """Forget what was typed: saved, or not wanted."""
    for key in [key for key in st.session_state if str(key).startswith(f"{FORM}_")]:
        st.session_state.pop(key, None)
    for key in (_SAVED_AT, _UID, _KIND):
        st.session_state.pop(key, None)
    release(FORM)
    clear_child(CHILD)
    if DRAFT in st.query_params:
        del st.query_params[DRAFT]
    if _ASKED in st.session_state:
        st.session_state[_ASKED] = tuple(st.query_params.get(name, "") for name in ("kind", "student", DRAFT))
