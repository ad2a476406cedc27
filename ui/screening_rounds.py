"""Which round of screening is looked at, and ending or beginning it again."""

from collections.abc import Sequence

import streamlit as st

from db.transactions import transaction
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.errors import DomainError
from services.screening import rounds
from services.screening.rounds import RoundListing
from ui.dialogs import open_dialog
from ui.layout import filter_row, flash, note, refusal
from ui.screening_dialogs import CLOSE
from ui.screening_words import day_of
from ui.views import begin_filter, keep_filter

_KEY, _PARAMETER = "screening_round", "round"


def round_chosen(listed: Sequence[RoundListing]) -> RoundListing:
    """Ask which round is looked at, the newest first; it stays in the address."""
    ids = {str(each.id): each.id for each in listed}
    by_id = {each.id: each for each in listed}
    if st.session_state.get(_KEY) not in by_id:
        st.session_state.pop(_KEY, None)
    begin_filter(_KEY, _PARAMETER, ids, usual=listed[0].id)
    with filter_row():
        chosen = st.selectbox("哪一轮", list(by_id), key=_KEY, width=360, placeholder="请选",
                              format_func=lambda number: by_id[number].label if number in by_id else "")  # fmt: skip
    keep_filter(_KEY, _PARAMETER, {word: number for word, number in ids.items() if number != listed[0].id})
    return by_id.get(chosen or 0, listed[0])


def round_line(actor: Actor, found: RoundListing) -> None:
    """Say when the round began and ended; whoever may, ends it or begins it again."""
    began = day_of(clock.local(found.opened_at).date())
    ended = f"，{day_of(clock.local(found.closed_at).date())}结束" if found.closed_at else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        note(f"{began}开始{ended}")
        if not allows(actor, Permission.SCREENING_WRITE):
            return
        if found.closed_at is None:
            st.button("结束这一轮", key="screening_close_ask", type="tertiary", on_click=open_dialog,
                      args=(CLOSE, found.id))  # fmt: skip
        elif st.button("重开这一轮", key="screening_reopen", type="tertiary"):
            _reopen(actor, found)


def _reopen(actor: Actor, found: RoundListing) -> None:
    try:
        with transaction() as session:
            rounds.reopen_round(session, actor, round_id=found.id, version=found.version)
    except DomainError as error:
        refusal(error)
        return
    flash("重开了，可以再导入。")
    st.rerun()
