"""Keeping what is typed into a form over a stored record, with the version it was typed over.

    draft = FormDraft(form, "card_edit", f"student:{student_id}", read=read_typed)
    draft.offer(actor)                              # before the form's notices and fields
    draft.remind()                                  # where what was put back would else be taken for stored
    with form.field("name", "") as key:
        st.text_input("姓名", key=key, on_change=draft.keep)

What was typed over a version that is no longer the stored one comes back beside it, as when two have edited.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import Enum
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.base import JsonObject
from db.transactions import reading, transaction
from services import drafts
from services.actors import Actor
from services.errors import DomainError
from ui.drafts import saved_words
from ui.forms import Form
from ui.layout import note
from ui.session import who_is_there
from ui.telling import tell

_STATE = "care_form_draft_"
REMINDER = "上次写到一半的在这里，还没有保存。接着写；不要的话，到最下面点“不要了”。"


@dataclass
class _Kept:
    saved_at: datetime | None
    version: int
    lost: int = 0  # how many of its fields have no place on the form any more
    left_out: int = 0  # how many were typed otherwise in a draft that became one with it, as the children did
    is_put_back: bool = False


@dataclass(frozen=True)
class FormDraft:
    """The draft of one form about one subject; it belongs to who types."""

    form: Form
    name: str
    subject: str
    read: Callable[[str, Any], Any]  # field, stored value → what its widget takes; LookupError, ValueError: no such
    beside: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)  # state that is no field: how it is read
    about: tuple[int, ...] = ()  # children, where the subject isn't one: their words go when they go
    over: tuple[str, ...] = ()  # what of the record, beside its version, the words are typed over

    @property
    def _state(self) -> str:
        return _STATE + self.form.name

    def offer(self, actor: Actor) -> None:
        """Put the draft into the fields when the form is drawn for the first time, or again after it was left."""
        kept: _Kept | None = st.session_state.get(self._state)
        if not self.form.is_fresh:
            if kept is not None and kept.saved_at is not None and kept.version != self.form.version:
                self.keep()  # the two versions were put together: what is kept now belongs to the later one
            return
        for name in self.beside:
            st.session_state.pop(self.form.key(name), None)
        with reading() as session:
            found = drafts.find_draft(session, actor, form=self.name, subject=self.subject)
        st.session_state[self._state] = _Kept(None, self.form.version)
        if found is not None:
            self._put_back(found)

    def _put_back(self, found: drafts.SavedDraft) -> None:
        for name, read in self.beside.items():
            tell(self.form.key(name), read((found.content.get("beside") or {}).get(name)))
        typed: dict[str, Any] = {}  # values of any field
        fields = found.content.get("fields") or {}
        for name, value in fields.items():
            try:
                typed[name] = self.read(name, value)
            except (LookupError, ValueError, TypeError):
                continue
        version = int(found.content.get("version") or 0)
        self.form.resume(typed, version=version, over=found.content.get("over"))
        lost, left_out = len(fields) - len(typed), int(found.content.get("left_out") or 0)
        st.session_state[self._state] = _Kept(found.saved_at, version, lost, left_out, is_put_back=True)

    def keep(self) -> None:
        """Save what stands in the fields; for `on_change`. A draft that can't be saved never stops the typing."""
        actor = who_is_there()
        if actor is None or not self.form.is_open:
            return
        beside = {name: value for name in self.beside if (value := st.session_state.get(self.form.key(name)))}
        fields = {name: _stored(value) for name, value in self.form.changed().items()}
        saved_at = None
        try:
            with transaction() as session:
                if fields or beside:
                    content: JsonObject = {"version": self.form.version, "fields": fields}
                    content |= {"beside": beside} if beside else {}
                    content |= {"about": list(self.about)} if self.about else {}
                    over = {name: self.form.drawn_from.values.get(name) for name in self.over}
                    content |= {"over": over} if over else {}
                    saved_at = drafts.save_draft(session, actor, form=self.name, subject=self.subject, content=content)
                else:
                    drafts.discard_draft(session, actor, form=self.name, subject=self.subject)
        except DomainError:
            return
        before: _Kept | None = st.session_state.get(self._state)
        is_put_back = before is not None and before.is_put_back and saved_at is not None
        st.session_state[self._state] = _Kept(saved_at, self.form.version, is_put_back=is_put_back)

    def remind(self) -> None:
        """Say at the top of a long form that what stands in it was put back and is not saved."""
        kept: _Kept | None = st.session_state.get(self._state)
        if kept is not None and kept.is_put_back:
            note(REMINDER, icon="edit")

    def line(self) -> str:
        """Return when the draft was saved, and what of it has no place any more."""
        kept: _Kept | None = st.session_state.get(self._state)
        if kept is None:
            return ""
        lost = f"，有 {kept.lost} 处放不回来：那一项已经不在单子上" if kept.lost else ""
        twice = f"，有 {kept.left_out} 处两份学生条目里写得不一样，放回来的是留下那一份里的" if kept.left_out else ""
        return f"{saved_words(kept.saved_at)}{lost}{twice}" if kept.saved_at else ""

    def discard(self, session: Session, actor: Actor) -> None:
        """Throw it away in the transaction that saves the form."""
        drafts.discard_draft(session, actor, form=self.name, subject=self.subject)

    def throw_away(self, actor: Actor) -> None:
        """Throw it away, and what was typed: not wanted."""
        with transaction() as session:
            self.discard(session, actor)
        self.forget()
        self.form.cancel()

    def forget(self) -> None:
        """Forget that it was offered, after the form was saved."""
        for key in (self._state, *map(self.form.key, self.beside)):
            st.session_state.pop(key, None)


def has_draft(actor: Actor, name: str, subject: str) -> bool:
    """Whether the actor left something half-typed here."""
    with reading() as session:
        return drafts.find_draft(session, actor, form=name, subject=subject) is not None


def _stored(value: Any) -> Any:  # a widget's value, as JSON has it
    if isinstance(value, date | time):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
