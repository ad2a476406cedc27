"""What stands around home's list: the line of today, small figures, and what an empty list says to whom."""

import streamlit as st
from sqlmodel import Session

from db.tables import ReferralChannel, Role
from services import clock, schools
from services.actors import Actor
from services.home import MyFigures, Numbers
from ui import formats
from ui.layout import facts, note, side_box
from ui.referral_words import CHANNELS

_HELD_BACK = "不显示"


def today_line(session: Session, actor: Actor) -> str:
    """Return day, week, and in which order the list is to be read."""
    today = clock.today()
    week = schools.find_calendar(session, actor).week_of(today)
    day = formats.day_and_weekday(today, today=today)
    return (
        f"{day}{f'，{formats.week(week)}' if week else ''}。孩子的事在前：先做逾期的，再做今天的，等我点头的排在后面。"
    )


def empty_line(actor: Actor) -> str:
    """Return what to do where nothing is to be done, by role."""
    if actor.has_role(Role.LEAD, Role.COUNSELLOR):
        return "有人说起一个孩子，就点“登记受理”。到期的评估、答复和研讨会出现在这里。"
    if actor.has_role(Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR):
        return "发现孩子有异样，就点“登记受理”。关爱室的反馈会出现在这里。"
    if actor.has_role(Role.ADMIN):
        return "账号、校历有要办的，会出现在这里。"
    return "有要您点头的事，会出现在这里。"


def draw_side(numbers: Numbers | None, figures: MyFigures | None) -> None:
    """Draw the small figures a person may see."""
    if figures:
        with side_box("在我手上"):
            facts(
                {
                    "受理": f"{figures.open_referrals} 件",
                    "等答复": f"{figures.unanswered} 件",
                    "个案": f"{figures.cases} 个",
                }
            )
    if numbers:
        with side_box("本学期受理"):
            facts(
                {"合计": _told(numbers.total)}
                | {CHANNELS[ReferralChannel(name)]: _told(count) for name, count in numbers.by_channel.items()}
                | {"在帮扶": _told(numbers.open_cases, "个")}
            )
            note("少于 5 人的不显示，免得认出是谁。")
        st.space("xxsmall")


def _told(count: int | None, unit: str = "人次") -> str:
    return _HELD_BACK if count is None else f"{count} {unit}"
