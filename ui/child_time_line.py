"""时间线: the tab of a child's page with everything the reader may know of, the newest first."""

from collections.abc import Sequence

import streamlit as st

from db.transactions import reading
from services import clock
from services.actors import Actor
from services.student_files import StudentFile
from services.time_line import PAGE_SIZE, KindCount, TimeLineRow, list_time_line
from ui import formats, navigation
from ui.dialogs import open_dialog
from ui.formats import plain
from ui.layout import act_list, empty_state
from ui.tables import page_asked, paging_line
from ui.telling import tell
from ui.time_line_words import LOOKS, line_icon, line_says, line_word
from ui.views import begin_filter, keep_filter

_PAGE, _KIND, _ASKED = "child_line_page", "child_line_kind", "kind"


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw the kinds there are, and one page of what happened."""
    asked = st.session_state.get(_KIND, st.query_params.get(_ASKED))
    with reading() as session:
        shown = list_time_line(session, actor, student_id=file.id, kind=asked, page=page_asked(_PAGE))
    if not shown.rows:
        # Not "nothing happened": what others wrote may be there unseen.
        empty_state("timeline", "这里还没有您能看到的事", f"和{file.name}有关的事记下来，会按日子排在这里。")
        return
    _draw_kinds(shown.kinds)
    with act_list():
        for place, row in enumerate(shown.rows):
            _draw_line(file, row, place)
    paging_line(_PAGE, total=shown.total, unit="件", page_size=PAGE_SIZE)


def _draw_kinds(kinds: Sequence[KindCount]) -> None:
    """Draw one pill a kind; none pressed is everything."""
    words = {each.kind: f"{line_word(each.source, each.kind)} {each.count}" for each in kinds}
    known = {each.kind: each.kind for each in kinds}
    if st.session_state.get(_KIND) not in (None, *known):
        tell(_KIND, None)
    begin_filter(_KIND, _ASKED, known)
    st.pills("看哪一种", list(words), key=_KIND, format_func=words.__getitem__, label_visibility="collapsed", wrap=True)
    keep_filter(_KIND, _ASKED, known)


def _draw_line(file: StudentFile, row: TimeLineRow, place: int) -> None:
    day = formats.day_in_list(row.day, today=clock.today())
    word = plain(line_word(row.source, row.kind))
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f":material/{line_icon(row)}: :gray[{plain(day)}] **{word}** {plain(line_says(row))}", width="stretch"
        )
        if row.may_open:
            _draw_opening(file, row, key=f"line_{row.source}_{row.record_id}_{place}")


def _draw_opening(file: StudentFile, row: TimeLineRow, *, key: str) -> None:
    """Draw the way to what a line tells of: its page, the tab of this page where it stands, or its dialog."""
    opens = LOOKS[row.source].opens
    if opens.tab:
        st.button("打开", key=key, type="tertiary", on_click=tell, args=("child_tab", opens.tab))
    elif opens.dialog:
        st.button("打开", key=key, type="tertiary", on_click=open_dialog, args=(opens.dialog, file.id))
    elif st.button("打开", key=key, type="tertiary"):
        st.switch_page(navigation.path_of(opens.page), query_params={opens.parameter: str(row.record_id)})
