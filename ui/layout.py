"""Pieces every page is made of. Texts are shown as given, never as markup: what people typed stays text."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.formats import on_one_line, plain, plain_lines
from ui.refusals import explain_alone

_FLASHES = "care_flashes"
ACT_BUTTON_WIDTH = 104
_SHORT_NAME = 8  # characters of a fact's name, which stay on one line
# How one leaves without doing it, the same three words everywhere (look §6, §9):
CLOSE = "关上"  # what was only looked at or fetched
DISCARD = "不要了"  # a form: what was typed goes
KEEP = "留着"  # an act that asks first: what there is stays


@dataclass(frozen=True)
class Action:
    """A button at the top of a page or in an empty state. Only one on a page is primary."""

    label: str
    key: str
    icon: str | None = None
    is_primary: bool = False
    on_click: Callable[..., None] | None = None
    args: tuple[Any, ...] = ()
    disabled: bool = False


def page_header(
    title: str, line: str = "", *, badges: Sequence[str] = (), actions: Sequence[Action] = ()
) -> str | None:
    """Draw title, the line saying what the page is for, badges (markdown of `ui.states`), and acts at the right.

    Returns:
        the key of the act just clicked, if any.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width="content", gap=None):
            st.title(plain(title), anchor=False)
            if line:
                st.caption(plain(line))
            if badges:
                st.markdown(" ".join(badges))
        return action_row(actions) if actions else None


def action_row(actions: Iterable[Action]) -> str | None:
    """Draw buttons that wrap together; return the key of the one just clicked."""
    with st.container(horizontal=True, width="content", gap="xsmall"):
        clicked = [action.key for action in actions if _draw_action(action)]
    return clicked[0] if clicked else None


def _draw_action(action: Action) -> bool:
    return st.button(
        plain(action.label),
        key=action.key,
        icon=f":material/{action.icon}:" if action.icon else None,
        type="primary" if action.is_primary else "secondary",
        on_click=action.on_click,
        args=action.args,
        disabled=action.disabled,
    )


def leave_button(
    word: str,
    *,
    key: str,
    is_in_form: bool = False,
    on_click: Callable[..., None] | None = None,
    args: tuple[Any, ...] = (),
) -> bool:
    """Draw the quiet button that leaves without doing it, left of the one that does: `CLOSE`, `DISCARD`, `KEEP`."""
    draw = st.form_submit_button if is_in_form else st.button
    return draw(word, key=key, type="tertiary", on_click=on_click, args=args)


def empty_state(icon: str, title: str, text: str, *, actions: Sequence[Action] = ()) -> str | None:
    """Draw what stands where nothing is yet: one bold sentence, what to do, one or two acts.

    Returns:
        the key of the act just clicked, if any.
    """
    with (
        st.container(border=True, height=356, horizontal_alignment="center", vertical_alignment="center"),
        st.container(width=480, horizontal_alignment="center"),
    ):
        st.markdown(f":gray[:material/{icon}:]", text_alignment="center")
        st.markdown(f"**{plain(title)}**", text_alignment="center")
        st.markdown(f":gray[{plain(text)}]", text_alignment="center")
        return action_row(actions) if actions else None


def act_row(
    title: str,
    badge: str,
    reason: str,
    button: str | None,
    *,
    key: str,
    on_click: Callable[..., None] | None = None,
    args: tuple[Any, ...] = (),
) -> bool:
    """Draw one thing to do: bold what-and-who, badge and reason below, one button at the right.

    Rows of one state share an `act_list`; without `button` the row only tells. Returns whether it was just clicked.
    """
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(f"**{plain(title)}**  \n{badge} :small[:gray[{plain(reason)}]]", width="stretch")
        if button is None:
            return False
        return st.button(plain(button), key=key, width=ACT_BUTTON_WIDTH, on_click=on_click, args=args)


@contextmanager
def act_list(title: str = "") -> Generator[DeltaGenerator]:
    """Open the bordered container that rows of one state share."""
    container = st.container(border=True, gap="xsmall")
    with container:
        if title:
            st.markdown(f"**{plain(title)}**")
        yield container


def side_column(ratio: float = 2.7) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return the page's main column and its side column, which follows below on a phone."""
    main, side = st.columns((ratio, 1), gap="small")
    return main, side


@contextmanager
def filter_row() -> Generator[DeltaGenerator]:
    """Open the row of filters between header and content; they stand on one line and wrap on a phone."""
    container = st.container(horizontal=True, vertical_alignment="bottom")
    with container:
        yield container


@contextmanager
def form_end(draft_line: str = "") -> Generator[DeltaGenerator]:
    """Open the last row of a form: the draft line at the left, the buttons drawn inside at the right."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f":small[:gray[:material/cloud_done: {plain(draft_line)}]]" if draft_line else "", width="content")
        container = st.container(horizontal=True, width="content", gap="xsmall")
    with container:
        yield container


def facts(rows: Mapping[str, str], *, alt: str = "") -> None:
    """Draw small fixed facts, name and value, as a table with lines between.

    Beside a long value a name would be left one character wide (seen); one too long to stay whole may break.
    """
    names = [on_one_line(name) if len(name) <= _SHORT_NAME else name for name in rows]
    st.table(
        {"name": [f":gray[{plain(name)}]" for name in names], "value": [plain(value) for value in rows.values()]},
        border="horizontal",
        hide_index=True,
        hide_header=True,
        alt=alt or "、".join(rows),
    )


def tag(text: str, icon: str | None = None) -> str:
    """Return a label that is no state, such as a category, as markdown."""
    sign = f":material/{icon}: " if icon else ""
    return f":primary-badge[{sign}{plain(text)}]"


@contextmanager
def side_box(title: str, *, badge: str = "", gap: Literal["xsmall", "small"] = "xsmall") -> Generator[DeltaGenerator]:
    """Open a card of the side column."""
    container = st.container(border=True, gap=gap)
    with container:
        st.markdown(f"**{plain(title)}** {badge}".rstrip())
        yield container


def field_error(text: str) -> None:
    """Draw a refusal under its field. Open a `field` around both, so that they stand close together."""
    st.markdown(f":small[:red[:material/error: {plain(text)}]]")


@contextmanager
def field() -> Generator[DeltaGenerator]:
    """Open the container of one field and what is wrong with it."""
    container = st.container(gap="xxsmall")
    with container:
        yield container


def labelled_words(label: str, text: str | None) -> None:
    """Draw a longer text as somebody wrote it, under what it is; nothing where there is none."""
    if text:
        st.markdown(f":small[:gray[{label}]]  \n{plain_lines(text)}")


def note(text: str, *, icon: str | None = None) -> None:
    """Draw a secondary sentence: small and gray."""
    sign = f":material/{icon}: " if icon else ""
    st.markdown(f":small[:gray[{sign}{plain(text)}]]")


def refusal(error: Exception) -> None:
    """Draw what the service refused, where there is no `Form` to say it; what was typed still stands."""
    st.error(plain(explain_alone(error)), icon=":material/error:")


@contextmanager
def progress_line(text: str) -> Generator[Callable[[int, int], None]]:
    """Show that something takes a while; gives the function that tells how many of how many rows are read."""
    place = st.empty()

    def tell(done: int, overall: int) -> None:
        share = min(done / overall, 1.0) if overall else 0.0
        place.progress(share, text=plain(f"{text.split('，')[0]}，已读 {done:,} 行，共 {overall:,} 行。"))

    place.progress(0.0, text=plain(text))
    try:
        yield tell
    finally:
        place.empty()


def flash(text: str, *, icon: str = "check") -> None:
    """Keep a sentence for the next run: say it before `st.rerun()` or `st.switch_page()`."""
    st.session_state.setdefault(_FLASHES, []).append((text, icon))


def show_flash() -> None:
    """Show what was kept; the frame calls it once a run."""
    for text, icon in st.session_state.pop(_FLASHES, []):
        st.toast(plain(text), icon=f":material/{icon}:")
