"""Keeping what is typed into long fields: saved when a field is left, offered again when the form is opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from db.transactions import reading, transaction
from services import clock, drafts
from services.actors import Actor
from services.errors import DomainError
from ui import formats
from ui.forms import release, was_left
from ui.session import who_is_there
from ui.telling import tell


@dataclass(frozen=True)
class Draftable:
    """What of a form is kept; the draft belongs to who types, the form and its subject."""

    form: str  # also the prefix of the fields' keys
    subject: str
    fields: tuple[str, ...]
    choices: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)  # how each is read from the draft

    @property
    def _state(self) -> str:
        return f"care_draft_{self.form}_{self.subject}"

    def offer(self, actor: Actor) -> None:
        """Put the draft into the fields when the form is drawn for the first time, or again after it was left."""
        if was_left(self.form):
            release(self.form)
            self._clear()
        elif self._state in st.session_state:
            return
        with reading() as session:
            found = drafts.find_draft(session, actor, form=self.form, subject=self.subject)
        st.session_state[self._state] = found.saved_at if found else None
        for name, value in found.content.items() if found else ():
            key = f"{self.form}_{name}"
            if key in st.session_state:
                continue
            if name in self.fields:
                tell(key, value)
            elif name in self.choices:
                tell(key, self.choices[name](value))

    def keep(self) -> None:
        """Save what stands in the fields; for `on_change`. A draft that can't be saved never stops the typing."""
        actor = who_is_there()
        if actor is None:
            return
        typed = {name: st.session_state.get(f"{self.form}_{name}") for name in (*self.fields, *self.choices)}
        content = {name: value for name, value in typed.items() if value not in (None, "")}
        try:
            with transaction() as session:
                saved_at = drafts.save_draft(session, actor, form=self.form, subject=self.subject, content=content)
        except DomainError:
            return
        st.session_state[self._state] = saved_at

    def line(self) -> str:
        """Return when the draft was saved."""
        saved_at = st.session_state.get(self._state)
        return saved_words(saved_at) if saved_at else ""

    def throw_away(self, actor: Actor) -> None:
        """Throw it away, and what was typed: not wanted."""
        with transaction() as session:
            drafts.discard_draft(session, actor, form=self.form, subject=self.subject)
        self.forget()
        release(self.form)

    def forget(self) -> None:
        """Forget that it was offered, after the form was saved."""
        st.session_state.pop(self._state, None)
        self._clear()

    def _clear(self) -> None:
        for name in (*self.fields, *self.choices):
            st.session_state.pop(f"{self.form}_{name}", None)


def saved_words(saved_at: datetime) -> str:
    """草稿已在 09:41 保存."""
    return f"草稿已在 {formats.clock(saved_at, clock.SCHOOL_ZONE)} 保存"
