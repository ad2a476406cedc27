"""The form of a work record: one for every kind; its draft, and the entry made of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.tables import CareChannel, CareKind, CarePlace, NotReached
from db.transactions import reading
from services import clock, drafts, record_views, records
from services.actors import Actor
from services.agreements import asks_before_contact
from services.drop_out_views import list_who_agrees
from services.pairing.outside_helpers import OutsideHelper, list_outside_helpers
from services.record_kinds import KINDS, LABELS, WORDS, KindSpec
from services.record_views import StoredRecord, writable_kinds
from services.records import RecordEntry, reaches_family
from services.student_lists import list_register_classes
from ui import formats
from ui.asked import number_asked
from ui.child_forms import ChildForm
from ui.child_picker import pick_child, picked
from ui.formats import plain
from ui.forms import Form
from ui.layout import note
from ui.telling import tell
from ui.wording import day_field, number_field, whole

FORM, CHILD = "record", "record_child"
_KIND = "care_record_kind"  # what the facts were last begun for

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
    "helper_id": int,
    "is_group": bool,
}
HEIGHTS = {"raised": 110, "measures": 80, "effect": 68, "next_step": 68}
LATER = "可以先空着，以后再补。"
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
        st.toggle("几个孩子一起记", key=key, on_change=OPEN.keep)
    return kind


def draw_fields(
    form: Form,
    actor: Actor,
    kind: CareKind,
    keep: Callable[[], None],
    drawn: StoredRecord | None,
    *,
    helpers: Mapping[int, str],
) -> None:
    """Draw what a kind asks for; long texts stand outside any `st.form`, so that leaving one keeps a draft.

    `helpers` are those without an account for whom it may be written down.
    """
    spec = KINDS[kind]
    draw = _Fields(form, spec, keep)
    for_whom = helpers if spec.is_for_helpers else {}
    draw.tell_helper(for_whom)
    if spec.tells_attempt:
        draw.attempt()
    draw.facts([name for name in spec.asks if name not in WORDS])
    draw.agreement(actor, kind, drawn)
    for name in spec.asks:
        if name in WORDS:
            draw.words(name)
    folded = [LABELS["helper_id"]] if for_whom else []
    folded += [spec.label(name) for name in spec.more] + ([] if spec.tells_attempt else ["没做成"])
    if not folded:
        return
    with st.expander(plain(f"再补几句：{'、'.join(folded)}"), expanded=draw.has_more()):
        if for_whom:
            draw.helper(for_whom)
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
        blank = "" if name in self.spec.requires else LATER
        with self.form.field(name, "") as key:
            st.text_area(self.spec.label(name), key=key, placeholder=self.spec.hints.get(name, blank),
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

    def helper(self, helpers: Mapping[int, str]) -> None:
        """Ask for whom it is written down; what they did counts in their pair, not as the writer's own."""
        with self.form.field("helper_id") as key:
            st.selectbox(LABELS["helper_id"], list(helpers), key=key, index=None, placeholder="自己做的，不用选",
                         format_func=lambda number: helpers.get(number, ""), on_change=self.keep)  # fmt: skip

    def tell_helper(self, helpers: Mapping[int, str]) -> None:
        """Say in sight for whom it is written down; let go of who can't be meant: another child, another kind."""
        key = self.form.key("helper_id")
        if (chosen := st.session_state.get(key)) is None:
            return
        if chosen in helpers:
            note(f"替{helpers[chosen]}记的。不是的，在下面“再补几句”里改。", icon="diversity_1")
        else:
            tell(key, None)

    def has_more(self) -> bool:
        """Whether something stands in what is folded away that nobody put there, so that no problem hides."""
        typed = self.form.typed(self.spec.more)
        for_whom = self.spec.is_for_helpers and self.form.typed(["helper_id"])["helper_id"] is not None
        was_tried = not self.spec.tells_attempt and self.form.typed(["is_done"])["is_done"] is False
        return (
            for_whom
            or was_tried
            or any(value not in (None, "", _start(self.spec, name)) for name, value in typed.items())
        )


def entry_of(form: Form, kind: CareKind) -> RecordEntry:
    """Return what stands in the fields as the entry the service takes."""
    names = ("day", "start_time", "place", "channel", "not_reached", "agreed_with_id", "helper_id", *WORDS)
    is_done = form.typed(["is_done"])["is_done"]
    minutes = whole(form.typed(["minutes"])["minutes"])
    return RecordEntry(kind=kind, is_done=is_done is not False, minutes=minutes, **form.typed(names))


# --- who did it, whom it is about ---


def helpers_of(actor: Actor, about: Sequence[int], drawn: StoredRecord | None = None) -> dict[int, str]:
    """Return who without an account is paired with all these children, in words, by number."""
    with reading() as session:
        found = list_outside_helpers(session, actor, student_ids=about)
    known = {each.id: _helper_words(each) for each in found}
    if drawn is not None and drawn.helper_id:
        known.setdefault(drawn.helper_id, "原来写的那一位")
    return known


def _helper_words(helper: OutsideHelper) -> str:
    """林初雪（志愿者）; of one that is over, since when."""
    until = f"，{formats.day(helper.until, today=clock.today())}起不再结对" if helper.until else ""
    return f"{helper.name}（{helper.kind.label}{until}）"


def draw_children(form: Form, actor: Actor) -> None:
    """Ask which child; for a group also who else."""
    with form.field("child"):
        pick_child(CHILD, on_change=OPEN.keep)
    st.session_state.pop(form.key("child"), None)
    if OPEN.typed("is_group"):
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
                       placeholder="选孩子，可以选几个", select_all=False, on_change=OPEN.keep)  # fmt: skip


def children() -> list[int]:
    """Return the children chosen at this moment, the first one first."""
    first = picked(CHILD).student_id
    others = (OPEN.typed("others") or []) if OPEN.typed("is_group") else []
    return list(dict.fromkeys([*([first] if first else []), *others]))


# --- beginning, drafts, ending ---


def begin(actor: Actor) -> None:
    """Open the form as its address asks: a kind, a child, or after a reload the draft; the first thing drawn."""
    OPEN.begin(actor, _ask_for_kind)


def _ask_for_kind() -> None:
    """Take kind and helper from the address."""
    kind = st.query_params.get("kind", "")
    if kind in set(CareKind):
        tell(f"{FORM}_kind", CareKind(kind))
    if helper_id := number_asked("helper"):
        tell(f"{FORM}_helper_id", helper_id)


def _change_kind() -> None:
    """Let the facts begin anew where nobody chose them; for `on_change`."""
    before, after = st.session_state.get(_KIND), OPEN.typed("kind")
    if before is None or after is None:
        return
    for name in ("place", "channel", "minutes", "is_group"):
        old, new = (_start(KINDS[each], name) for each in (before, after))
        if OPEN.typed(name) in (None, old):
            tell(f"{FORM}_{name}", new)
    st.session_state[_KIND] = after
    OPEN.keep()


def _start(spec: KindSpec, name: str) -> Any:
    return spec.is_for_groups if name == "is_group" else getattr(spec, name, None)


def draft_title(draft: drafts.SavedDraft) -> str:
    """没记完：江小满的谈心谈话."""
    kind = draft.content.get("kind")
    what = CareKind(kind).label if kind in set(CareKind) else "记录"
    return f"没记完：{draft.content.get('child') or '还没写是哪个孩子'}的{what}"


def _restore_others(content: Mapping[str, Any]) -> None:
    others = [int(each) for each in content.get("about") or () if each != content.get("student_id")]
    tell(f"{FORM}_others", others)


def discard_draft(session: Session, actor: Actor) -> None:
    """Throw the open draft away in the transaction that saves the form."""
    drafts.discard_draft(session, actor, form=FORM, subject=OPEN.uid())


OPEN: ChildForm = ChildForm(
    FORM,
    CHILD,
    WORDS,
    _CHOSEN,
    is_saved=lambda session, actor: records.is_recorded(session, actor, form_uid=OPEN.uid()),
    asked=("kind", "student", "helper"),
    more=lambda: {"about": children()},
    restore=_restore_others,
    forgets=(_KIND,),
)
"""The form of a new record, and its draft."""
