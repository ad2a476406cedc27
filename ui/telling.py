"""What the program writes into a field reaches the browser, and nothing else stands there.

Streamlit sends a written value once, in the run that writes it. Where another run begins at once (a second click, the
cookie after signing in), that message is thrown away; and a browser forgets the field it doesn't show for a run, while
the server remembers it where that run ended in `st.stop`. Then the server believes the field filled, the browser shows
it empty, and the next save would store the blank (both seen). So a value is sent again in every run whose click did not
name the field among those the browser holds.
"""

from collections.abc import Container
from contextvars import ContextVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import user_key_from_element_id

_RUN, _DRAWN = "care_run", "care_drawn_in_run"  # _DRAWN: switches and filters, and the run each was last drawn in
_named_in_this_run: ContextVar[frozenset[str | None] | None] = ContextVar("named_in_this_run", default=None)


def begin_run() -> None:
    """Count one more run of the page script, and note what its browser holds; first thing in it."""
    st.session_state[_RUN] = st.session_state.get(_RUN, 0) + 1
    _named_in_this_run.set(_ask_what_is_named())


def end_run() -> None:
    """Forget what the browser held: a dialog's or fragment's run comes without the page script, and asks itself."""
    _named_in_this_run.set(None)


def tell(key: str, value: object) -> None:
    """Write a value into a field, before it is drawn."""
    st.session_state[key] = value


def keep_telling(key: str) -> None:
    """Send what stands in a field again unless the browser has it; before it is drawn."""
    if key in st.session_state and not _is_written_now(key) and key not in _named_by_browser():
        tell(key, st.session_state[key])


def begin_with(key: str, value: object) -> None:
    """Draw a field that belongs to no form from a value, and not from what the browser kept of whoever sat here before.

    After the server was started anew the browser sends what stands in its fields, whoever signs in now (seen).
    """
    if key in st.session_state:
        keep_telling(key)
    else:
        tell(key, value)


def keep_to(key: str, options: Container[object]) -> None:
    """Take out of a field of several choices what can't be chosen any more; before it is drawn."""
    chosen = list(st.session_state[key])
    left = [each for each in chosen if each in options]
    if left != chosen:
        tell(key, left)


def tell_again(*keys: str) -> None:
    """Tell the browser what switches and filters stand at that weren't drawn last time; before they are drawn.

    It forgets what isn't on screen. The server does so only where a run comes to its end, not after `st.stop`: then
    the list is still filtered, and no filter is shown as chosen (seen).
    """
    run = st.session_state.get(_RUN, 0)
    drawn: dict[str, int] = st.session_state.setdefault(_DRAWN, {})
    for key in keys:
        if key in st.session_state and drawn.get(key) != run - 1:
            tell(key, st.session_state[key])
        keep_telling(key)
        drawn[key] = run


def forget_filters() -> None:
    """Forget where switches and filters stood: on a page just come to they begin with what its address says.

    Streamlit forgets those of the page that was left, but not what was written into one by a run that was cut short
    before it drew it: back on the page that would stand there again, and not what was chosen last (seen).
    """
    for key in st.session_state.pop(_DRAWN, {}):
        st.session_state.pop(key, None)


def _is_written_now(key: str) -> bool:
    context = get_script_run_ctx()
    return context is not None and context.session_state.is_new_state_value(key)


def _named_by_browser() -> frozenset[str | None]:
    named = _named_in_this_run.get()
    return _ask_what_is_named() if named is None else named


def _ask_what_is_named() -> frozenset[str | None]:
    """Return the keys of the fields whose values came with this run's click; it writes none of ours among them."""
    context = get_script_run_ctx()
    if context is None:
        return frozenset()
    return frozenset(user_key_from_element_id(each.id) for each in context.session_state.get_widget_states())
