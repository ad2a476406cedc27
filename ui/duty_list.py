"""Home's ranked list: one block a state, the first so many rows at once and the rest a click away."""

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from services.duties import Duty
from ui.asked import keep_asked, number_asked
from ui.duties import badge_of, button_of, follow, reason_of, title_of
from ui.layout import act_list, act_row

_AT_ONCE = 30
_ROWS = "rows"  # in the address: as many stay open at a reload and on the way back


def draw_duties(duties: Sequence[Duty]) -> None:
    """Draw duties in the order they are ranked, and follow the one that is clicked."""
    most = max(_AT_ONCE, number_asked(_ROWS) or 0)
    for block, of_group in groupby(duties[:most], key=lambda duty: (duty.is_first, duty.group)):
        with act_list():
            for place, duty in enumerate(of_group):
                key = f"home_{duty.kind}_{duty.target_id}_{block}_{place}"
                if act_row(title_of(duty), badge_of(duty), reason_of(duty), button_of(duty), key=key):
                    follow(duty)
    left = len(duties) - most
    if left > 0 and st.button(f"往下看，还有 {left:,} 件", key="home_more", icon=":material/expand_more:"):
        keep_asked(_ROWS, str(most + _AT_ONCE))
        st.rerun()
