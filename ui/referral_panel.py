"""One referral on screen: what was said, how it stands, what came of it; only what the view holds."""

import streamlit as st

from db.tables import Urgency
from services import referral_prints
from services.actors import Actor
from services.referral_views import MoveRow, ReferralView
from services.referrals import OPEN_STATES
from ui import formats, navigation
from ui.child_link import child_link
from ui.intake_side import draw_danger
from ui.layout import facts, note, side_box, side_column
from ui.referral_acts import draw_acts
from ui.referral_words import (
    CHANNELS,
    DANGER_NUMBERS,
    FACTS,
    PARENTS,
    STEPS,
    URGENCIES,
    WAYS,
    WRITTEN,
    child_with_class,
    due_words,
    elapsed,
    moment,
    step_badge,
)
from ui.states import REFERRAL
from ui.word_file import print_act

_WORDS = WRITTEN | {name: FACTS[name] for name in ("answer", "feedback")}


def draw_referral(actor: Actor, view: ReferralView, moves: list[MoveRow]) -> None:
    """Draw one referral with the acts this person has."""
    main, side = side_column(2.2)
    with main, st.container(border=True):
        badges = [REFERRAL[view.state.value].badge()]
        if view.urgency is not Urgency.ORDINARY and view.has_words:
            colour = "red" if view.urgency is Urgency.DANGER else "orange"
            badges.append(f":{colour}-badge[:material/priority_high: {URGENCIES[view.urgency]}]")
        if view.is_suspected_abuse:
            badges.append(":red-badge[:material/shield_person: 疑似侵害]")
        st.markdown(f"**{formats.plain(child_with_class(view.child, view.class_label))}** {' '.join(badges)}")
        note(_how_it_came(view))
        if view.is_stopped and not view.is_suspected_abuse:
            note("这个孩子的事，负责人正在办。联系家长、反馈给别人以前，请先问关爱室负责人。", icon="front_hand")
        _draw_words(view)
        draw_acts(actor, view)
        if view.merged_into_id is not None:
            _draw_merged_into(view.merged_into_id)
        with st.container(horizontal=True, gap="xsmall"):
            child_link(actor, view.student_id, key="referral_child")
            if view.has_words and view.student_id is not None:
                _draw_print(actor, view)
    with side:
        if view.urgency is Urgency.DANGER and view.state in OPEN_STATES and view.has_words:
            draw_danger("先打电话；当天必须评估。")
        if view.is_suspected_abuse and view.abuse_marked_at:
            _draw_duty_to_report(view)
        if view.deadlines:
            _draw_steps(view)
        _draw_moves(moves)


def _draw_print(actor: Actor, view: ReferralView) -> None:
    print_act(
        actor, "referral_print", view.id, paper="受理登记表", child=view.child or "",
        make=lambda session, who, purpose: referral_prints.print_referral(
            session, who, referral_id=view.id, purpose=purpose
        ),
    )  # fmt: skip


def _draw_merged_into(referral_id: int) -> None:
    note("并到了这个孩子的另一件受理里，接下来的事在那一件里办。", icon="merge")
    if st.button("看那一件", key="referral_merged_into", icon=":material/arrow_forward:"):
        st.switch_page(navigation.path_of("referrals"), query_params={"referral": str(referral_id)})


def _how_it_came(view: ReferralView) -> str:
    parts = [CHANNELS[view.channel] + (f"（{WAYS[view.way]}）" if view.way else "")]
    if said := view.referred_by_name or view.speaker:
        parts.append(f"{said}说的")
    parts.append(f"{moment(view.received_at)} 收到")
    if view.owner_name:
        parts.append(f"{view.owner_name}接手")
    if view.parents_informed:
        parts.append(f"家里是否知道：{PARENTS[view.parents_informed]}")
    return "，".join(parts)


def _draw_words(view: ReferralView) -> None:
    written = {label: text for name, label in _WORDS.items() if (text := getattr(view, name))}
    for label, text in written.items():
        st.markdown(f":small[:gray[{label}]]  \n{formats.plain_lines(text)}")
    if not view.has_words:
        note("内容由关爱室看。这里只看得到办到了哪一步，和给您的反馈。", icon="lock")


def _draw_duty_to_report(view: ReferralView) -> None:
    with side_box("强制报告", badge=f":red-badge[:material/call: {DANGER_NUMBERS}]"):
        since = view.abuse_marked_at
        facts(
            {
                "标记": f"{moment(since)}，{elapsed(since)}" if since else "",
                "报警 110": moment(view.police_told_at) if view.police_told_at else "还没有",
                "教育局": moment(view.authority_told_at) if view.authority_told_at else "还没有",
            }
        )
        note("发现或怀疑侵害，要立即报警并报告教育局；不先告诉可能有关的家长。保护报告的人，保存证据。")


def _draw_steps(view: ReferralView) -> None:
    with side_box("到期"):
        for step in view.deadlines:
            st.markdown(f"{STEPS[step.clause_id]} {step_badge(step)} :small[:gray[{due_words(step.due_at)}]]")


def _draw_moves(moves: list[MoveRow]) -> None:
    with side_box("经过"):
        for step in moves:
            look = REFERRAL[step.to_state.value]
            reason = f"：{step.reason}" if step.reason else ""
            st.markdown(f"{look.badge()} :small[:gray[{formats.plain(f'{moment(step.at)}，{step.by_name}{reason}')}]]")
