"""A form about a child somebody picks in it: opened from an address, kept as a draft, taken up again, thrown away.

Each filled-in form has a name of its own, its draft's subject and later what is saved by it; the draft goes with its
child. Long texts stand outside any `st.form`, so that leaving one keeps what is typed so far.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.base import new_uid
from db.transactions import reading, transaction
from services import drafts
from services.actors import Actor
from services.drafts import SavedDraft
from services.errors import DomainError
from ui.asked import number_asked
from ui.child_picker import choose_child, clear_child, forget_child, picked
from ui.drafts import saved_words
from ui.forms import release, was_left
from ui.session import who_is_there
from ui.telling import tell

_DRAFT = "draft"  # in the address: which draft a reload goes on with
_LONGEST_SUBJECT = 60


@dataclass(frozen=True)
class ChildForm:
    """What of such a form is kept, and how each choice is read from its draft."""

    form: str  # also the prefix of the fields' keys
    child: str  # the key of its child picker
    words: tuple[str, ...]  # without any of these nothing was typed
    choices: Mapping[str, Callable[[Any], Any]]
    is_saved: Callable[[Session, Actor], bool]  # by a click that came before this one
    asked: tuple[str, ...] = ("student",)  # what its address may ask for
    more: Callable[[], Mapping[str, object]] = dict  # what else a draft holds
    restore: Callable[[Mapping[str, Any]], None] = lambda _content: None  # and how that comes back
    forgets: tuple[str, ...] = ()  # what else is kept beside the fields while it is open

    def typed(self, name: str) -> Any:
        """Return what stands in a field."""
        return st.session_state.get(f"{self.form}_{name}")

    def is_typed(self) -> bool:
        """Whether any words were typed."""
        return any(self.typed(name) for name in self.words)

    def uid(self) -> str:
        """Return the name of the form that is open: its draft's subject, and of what is saved."""
        name: str = st.session_state.setdefault(self._key("uid"), new_uid())
        return name

    def begin(self, actor: Actor, ask: Callable[[], None] | None = None) -> None:
        """Open the form as its address asks: with a child, or after a reload the draft; the first thing drawn.

        `ask` takes what else the address asks for.
        """
        if was_left(self.form):
            self.start_afresh()  # the page was left meanwhile: what was typed is offered as a draft
            st.session_state.pop(self._key("asked"), None)
        if st.session_state.get(self._key("asked")) == self._address():
            return
        st.session_state[self._key("asked")] = self._address()
        subject = st.query_params.get(_DRAFT, "")
        if subject and subject != st.session_state.get(self._key("uid")):
            with reading() as session:
                found = drafts.find_draft(session, actor, form=self.form, subject=subject[:_LONGEST_SUBJECT])
            if found is not None:
                self.take_up(found)
                return
        if self.is_typed():
            return
        if ask is not None:
            ask()
        student_id = number_asked("student")
        if student_id and picked(self.child).student_id != student_id:
            choose_child(self.child, student_id)

    def keep(self) -> None:
        """Save everything typed so far; for `on_change`. A draft that can't be saved never stops the typing."""
        actor = who_is_there()
        if actor is None or not self.is_typed():
            return
        content: dict[str, object] = {name: self.typed(name) for name in self.words if self.typed(name)}
        content |= {name: _as_text(value) for name in self.choices if (value := self.typed(name)) is not None}
        chosen = picked(self.child)
        content |= {"student_id": chosen.student_id, "child": chosen.name, **self.more()}
        try:
            with transaction() as session:
                if self.is_saved(session, actor):
                    return  # a click that came after the save, before the page could say so
                saved_at = drafts.save_draft(session, actor, form=self.form, subject=self.uid(), content=content)
        except DomainError:
            return
        st.session_state[self._key("saved_at")] = saved_at
        self._name_draft_in_address()

    def line(self) -> str:
        """Return when the draft was saved."""
        saved_at = st.session_state.get(self._key("saved_at"))
        return saved_words(saved_at) if saved_at else ""

    def unfinished(self, actor: Actor) -> list[SavedDraft]:
        """Return the drafts to offer when the form is opened empty."""
        if st.session_state.get(self._key("saved_at")) or self.is_typed():
            return []
        with reading() as session:
            return drafts.list_drafts(session, actor, form=self.form)

    def take_up(self, draft: SavedDraft) -> None:
        """Put a draft back into the fields, with its own child, and nothing of what stood there; for `on_click`."""
        self.start_afresh()
        for name in self.words:
            tell(f"{self.form}_{name}", draft.content.get(name, ""))
        for name, read in self.choices.items():
            if (value := draft.content.get(name)) is not None:
                tell(f"{self.form}_{name}", read(value))
        if student_id := draft.content.get("student_id"):
            choose_child(self.child, int(student_id))
        if not picked(self.child).student_id:  # not chosen, or out of this person's sight since: as typed
            tell(f"{self.child}_typed", draft.content.get("child", ""))
        self.restore(draft.content)
        st.session_state[self._key("uid")] = draft.subject
        st.session_state[self._key("saved_at")] = draft.saved_at
        self._name_draft_in_address()

    def throw_away(self, subject: str | None = None) -> None:
        """Discard a draft and, if it is the open one, everything typed; for `on_click`."""
        actor = who_is_there()
        if actor is None:
            return
        with transaction() as session:
            drafts.discard_draft(session, actor, form=self.form, subject=subject or self.uid())
        if subject in (None, self.uid()):
            self.start_afresh()
            forget_child(self.child)

    def start_afresh(self) -> None:
        """Forget what was typed: saved, or not wanted."""
        for key in [key for key in st.session_state if str(key).startswith(f"{self.form}_")]:
            st.session_state.pop(key, None)
        for key in (self._key("saved_at"), self._key("uid"), *self.forgets):
            st.session_state.pop(key, None)
        release(self.form)
        clear_child(self.child)
        if _DRAFT in st.query_params:
            del st.query_params[_DRAFT]
        if self._key("asked") in st.session_state:
            st.session_state[self._key("asked")] = self._address()

    def _name_draft_in_address(self) -> None:
        st.query_params[_DRAFT] = self.uid()
        st.session_state[self._key("asked")] = self._address()

    def _address(self) -> tuple[str, ...]:
        return tuple(st.query_params.get(name, "") for name in (*self.asked, _DRAFT))

    def _key(self, name: str) -> str:
        return f"care_{self.form}_{name}"


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date | time) else value
