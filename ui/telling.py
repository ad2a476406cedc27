"""What the program writes into a field reaches the browser, also where a click ends the run that wrote it.

Streamlit sends a written value once, in the run that writes it. Where another run begins at once (a second click, the
cookie after signing in), that message is thrown away: the server believes the field is filled, the browser shows it
empty, and the next save would store the blank (seen). So a value is sent again until the browser has named the field
among those it holds.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import user_key_from_element_id

_RUN, _DRAWN = "care_run", "care_drawn_in_run_"
_HELD = "care_held_by_browser"


def count_run() -> None:
    """Count one more run of the page script; first thing in it."""
    st.session_state[_RUN] = st.session_state.get(_RUN, 0) + 1


def tell(key: str, value: object) -> None:
    """Write a value into a field, before it is drawn."""
    st.session_state[key] = value
    _held().discard(key)


def keep_telling(key: str) -> None:
    """Send what stands in a field again unless the browser has it; before it is drawn."""
    held = _held()
    if key in held or key not in st.session_state or _is_written_now(key):
        return
    if key in _named_by_browser():
        held.add(key)
    else:
        tell(key, st.session_state[key])


def tell_again(*keys: str) -> None:
    """Tell the browser what switches and filters stand at that weren't drawn last time; before they are drawn.

    It forgets what isn't on screen. The server does so only where a run comes to its end, not after `st.stop`: then
    the list is still filtered, and no filter is shown as chosen (seen).
    """
    run = st.session_state.get(_RUN, 0)
    for key in keys:
        if key in st.session_state and st.session_state.get(_DRAWN + key) != run - 1:
            tell(key, st.session_state[key])
        keep_telling(key)
        st.session_state[_DRAWN + key] = run


def _held() -> set[str]:
    held: set[str] = st.session_state.setdefault(_HELD, set())
    return held


def _is_written_now(key: str) -> bool:
    context = get_script_run_ctx()
    return context is not None and context.session_state.is_new_state_value(key)


def _named_by_browser() -> set[str | None]:
    """Return the keys of the fields whose values came with this run's click."""
    context = get_script_run_ctx()
    if context is None:
        return set()
    return {user_key_from_element_id(each.id) for each in context.session_state.get_widget_states()}
