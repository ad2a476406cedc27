"""Keeping what is typed into long fields: saved when a field is left, offered again when the form is opened."""

from dataclasses import dataclass

import streamlit as st

from db.transactions import reading, transaction
from services import clock, drafts
from services.actors import Actor
from services.errors import DomainError
from ui import formats
from ui.session import require_user


@dataclass(frozen=True)
class Draftable:
    """A form's long fields; the draft belongs to who types, the form and its subject."""

    form: str  # also the prefix of the fields' keys
    subject: str
    fields: tuple[str, ...]

    @property
    def _state(self) -> str:
        return f"care_draft_{self.form}_{self.subject}"

    def offer(self, actor: Actor) -> None:
        """Put the draft into the fields the first time the form is drawn."""
        if self._state in st.session_state:
            return
        with reading() as session:
            found = drafts.find_draft(session, actor, form=self.form, subject=self.subject)
        st.session_state[self._state] = found.saved_at if found else None
        for name in self.fields if found else ():
            if found and name in found.content:
                st.session_state.setdefault(f"{self.form}_{name}", found.content[name])

    def keep(self) -> None:
        """Save what stands in the fields; for `on_change`. A draft that can't be saved never stops the typing."""
        actor = require_user()
        content = {name: text for name in self.fields if (text := st.session_state.get(f"{self.form}_{name}"))}
        try:
            with transaction() as session:
                saved_at = drafts.save_draft(session, actor, form=self.form, subject=self.subject, content=content)
        except DomainError:
            return
        st.session_state[self._state] = saved_at

    def line(self) -> str:
        """Return when the draft was saved."""
        saved_at = st.session_state.get(self._state)
        return f"草稿已在 {formats.clock(saved_at, clock.SCHOOL_ZONE)} 保存" if saved_at else ""

    def forget(self) -> None:
        """Forget that it was offered, after the form was saved."""
        st.session_state.pop(self._state, None)
