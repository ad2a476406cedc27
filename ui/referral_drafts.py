"""Drafts of what is typed into a referral's acts: each belongs to who types, the referral and the act."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

import streamlit as st

from db.tables import ParentsInformed, Urgency
from db.transactions import reading
from services import clock, drafts
from services.actors import Actor
from services.referral_views import ReferralAct, ReferralView
from ui.form_drafts import FormDraft
from ui.forms import Form
from ui.telling import tell

_LOOKED = "care_referral_drafts_of"  # the referral whose half-filled forms were looked for
_READ: dict[str, Callable[[Any], Any]] = {  # what is no text, by the end of its field's name
    "settles": bool,
    "_is_told": bool,
    "noticed_on": date.fromisoformat,
    "_day": date.fromisoformat,
    "_time": time.fromisoformat,
    "parents_informed": ParentsInformed,
    "urgency": Urgency,
    "to_user": int,
    "into": int,
}


def form_name(act: ReferralAct) -> str:
    """Return the name of an act's form, and of its draft."""
    return f"referral_{act.value}"


def subject_of(referral_id: int) -> str:
    """Name the referral a draft belongs to; with its child's records the draft goes, too."""
    return f"referral:{referral_id}"


@dataclass(frozen=True)
class _Reader:
    """Reads what a draft holds; a choice that is no longer offered has no place any more."""

    offered: Mapping[str, Collection[int]] = field(default_factory=dict)

    def __call__(self, name: str, value: Any) -> Any:  # any field's value
        if value is None:
            return None
        end = next((end for end in _READ if name.endswith(end)), None)
        found = _READ[end](value) if end else str(value)
        if name in self.offered and found not in self.offered[name]:
            raise LookupError(name)
        return found


def draft_of(form: Form, offered: Mapping[str, Collection[int]] | None = None) -> FormDraft:
    """Return what keeps the form of an act while it is filled in; `offered` are the records to choose from."""
    return FormDraft(form, form.name, subject_of(form.drawn_from.id or 0), _Reader(offered or {}))


def act_left_open(actor: Actor, view: ReferralView) -> ReferralAct | None:
    """Return the act whose form was being filled in when the page was left; asked once, when the referral comes up."""
    if st.session_state.get(_LOOKED) == view.id:
        return None
    st.session_state[_LOOKED] = view.id
    with reading() as session:
        kept = drafts.list_forms(session, actor, subject=subject_of(view.id))
    acts = {form_name(act): act for act in view.acts}
    return next((acts[form] for form in kept if form in acts), None)


def begin_now(form: Form, name: str) -> None:
    """Begin day and time of something that was done with this moment, when somebody says that it was; and keep it."""
    now = clock.local(clock.now())
    starts = {"day": now.date(), "time": now.time().replace(second=0, microsecond=0)}
    if st.session_state.get(form.key(f"{name}_is_told")):
        for part, value in starts.items():
            if st.session_state.get(key := form.key(f"{name}_{part}")) is None:
                tell(key, value)
    draft_of(form).keep()
