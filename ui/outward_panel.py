"""One referral out of the school on screen: to whom, why, the answer, how the child was asked after."""

from datetime import date

import streamlit as st

from db.tables import ConsentAnswer
from services import clock, outward_letters
from services.access import Permission
from services.actors import Actor
from services.outward_views import OutwardView, StoredFollowUp
from ui import formats, navigation, outward_dialogs
from ui.child_link import child_link
from ui.dialogs import open_dialog
from ui.formats import plain, plain_lines
from ui.layout import facts, labelled_words, note, side_box, side_column
from ui.outward_words import NO_CONSENT, row_badge, row_words
from ui.referral_words import URGENCIES, moment
from ui.word_file import print_act

_SMALL_BUTTON = 72


def draw_outward(actor: Actor, view: OutwardView) -> None:
    """Draw one with its follow-ups and acts."""
    row = view.row
    main, side = side_column(1.9)
    with main:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{plain(f'{row.child}，{row.class_label}')}** {row_badge(row)}")
            note(row_words(row))
            labelled_words("为什么转", view.stored.reason)
            labelled_words("交了什么", view.stored.handed)
            if row.answered_on:
                labelled_words(f"回音，{_day(row.answered_on)}", view.answer)
            if row.ended_on is None:
                _draw_acts(view)
            with st.container(horizontal=True, gap="xsmall"):
                child_link(actor, row.student_id, key="outward_child")
                if view.case_id is not None and st.button(
                    "打开个案", key="outward_case", icon=":material/folder_shared:", type="tertiary"
                ):
                    st.switch_page(navigation.path_of("cases"), query_params={"case": str(view.case_id)})
        _draw_follow_ups(view)
    with side:
        _draw_body(actor, view)
        _draw_consent(view)
    outward_dialogs.draw_opened(view)


def _draw_acts(view: OutwardView) -> None:
    number = view.row.id
    with st.container(horizontal=True, gap="xsmall"):
        _act("记跟进", outward_dialogs.FOLLOW, number, 0, icon="add", is_primary=True)
        _act("改回音" if view.row.answered_on else "记回音", outward_dialogs.ANSWER, number, icon="reply")
        _act("改", outward_dialogs.EDIT, number, icon="edit")
        _act("结束", outward_dialogs.END, number, icon="task_alt")


def _act(label: str, name: str, *about: int, icon: str, is_primary: bool = False) -> None:
    st.button(
        plain(label), key=name, icon=f":material/{icon}:", type="primary" if is_primary else "secondary",
        on_click=open_dialog, args=(name, *about),
    )  # fmt: skip


def _draw_follow_ups(view: OutwardView) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**跟进**")
        if view.row.ended_on is not None:
            outcome = view.row.outcome.label if view.row.outcome else ""
            st.markdown(f"**{_day(view.row.ended_on)}结束：{plain(outcome)}**  \n{plain_lines(view.ending or '')}")
        if not view.follow_ups:
            note("还没有。隔一阵问一次对方、问问孩子怎么样，问一次记一次。")
        for each in view.follow_ups:
            _draw_follow_up(view, each)


def _draw_follow_up(view: OutwardView, each: StoredFollowUp) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        agreed = f"，事先和{each.agreed_with}说好" if each.agreed_with else ""
        who = plain(f"{each.taken_by or ''}{agreed}")
        words = plain_lines(each.words or "")
        st.markdown(f"**{_day(each.day)} {each.contact.label}** :small[:gray[{who}]]  \n{words}", width="stretch")
        if view.row.ended_on is None:
            st.button("改", key=f"outward_follow_{each.id}", width=_SMALL_BUTTON, on_click=open_dialog,
                      args=(outward_dialogs.FOLLOW, view.row.id, each.id))  # fmt: skip


def _draw_body(actor: Actor, view: OutwardView) -> None:
    with side_box("转给谁"):
        rows = {
            "哪一类": view.row.target_kind.label,
            "单位": view.stored.target or "",
            "找谁": view.stored.contact or "没有写",
            "急不急": URGENCIES[view.row.urgency],
            "谁跟进": view.row.owner_name,
        }
        facts(rows, alt="转给谁")
        note(f"{view.recorded_by or '命令行'}在 {moment(view.recorded_at)} 登记。")
        if outward_letters.may_be_written(view):
            number = view.row.id
            print_act(
                actor, "outward_letter", number, paper="转介信", child=view.row.child,
                make=lambda session, who, purpose: outward_letters.print_letter(
                    session, who, outward_id=number, purpose=purpose
                ),
                permission=Permission.OUTWARD_REFER,
            )  # fmt: skip


def _draw_consent(view: OutwardView) -> None:
    with side_box("家里同意"):
        if view.consent_on is not None:
            note(f"{_day(view.consent_on)}家里同意的。", icon="check_circle")
        else:
            st.markdown(NO_CONSENT)
            labelled_words("为什么等不及", view.stored.emergency)
        is_open = view.row.ended_on is None
        if view.consent_now in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN) and is_open:
            note("家里现在不同意：不再交材料；怎么接着做，和负责人商量。", icon="front_hand")
        elif view.consent_on is None and view.consent_now is not ConsentAnswer.GIVEN and is_open:
            note("事后还要问家里：问到了，在孩子的“同意和承诺”里记下。", icon="info")


def _day(value: date) -> str:
    return formats.day(value, today=clock.today())
