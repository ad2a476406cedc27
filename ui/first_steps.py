"""Home's first block for a school that has only begun: what to do first, in order, each with its link."""

from collections.abc import Sequence

import streamlit as st

from services.beginnings import Beginning, FirstStep
from ui import navigation
from ui.layout import act_list, act_row, note
from ui.states import DUTY, Duty

_WORDS = {
    Beginning.TERM: ("写上学期的起止日子", "到期的日子从这里算。放假、调休也在那里改。", "去写"),
    Beginning.ROSTER: ("导入学生名册", "用学校现有的表格就行，班级会一起建好。", "去导入"),
    Beginning.STAFF: ("加上心理教师、班主任和任课教师", "有教职工表格就导入，人少就一个一个加。", "去加人"),
}
_PAGES = {
    Beginning.TERM: ("settings", {"view": "terms"}),
    Beginning.ROSTER: ("import_students", {}),
    Beginning.STAFF: ("accounts", {}),
}
_NUMBERS = "一二三"


def draw_first_steps(steps: Sequence[FirstStep]) -> None:
    """Draw the steps, done ones ticked; the first that is open says that it comes next."""
    upcoming = next(each.step for each in steps if not each.is_done)
    with act_list("先做这三步，就可以用了"):
        for number, each in zip(_NUMBERS, steps, strict=True):
            title, reason, button = _WORDS[each.step]
            badge = DUTY[Duty.MET].badge() if each.is_done else DUTY[Duty.DUE].badge(_state(each.step is upcoming))
            clicked = act_row(
                f"{number}、{title}", badge, reason, None if each.is_done else button, key=f"home_first_{each.step}"
            )
            if clicked:
                page, query = _PAGES[each.step]
                st.switch_page(navigation.path_of(page), query_params=query)
        note("做完以后，有人说起一个孩子，就点“登记受理”。急的事现在就能登记，孩子以后再认。")


def _state(is_next: bool) -> str:
    return "现在做" if is_next else "接着做"
