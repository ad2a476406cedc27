"""Carrying posts and groups over into a new term: what would go on, with ticks, and the one act."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from db.transactions import reading
from services import carrying_over, clock
from services.access import Permission
from services.actors import Actor
from services.carrying_over import Chosen, EndingGroup, EndingPost
from services.terms_ahead import TermAhead
from ui import formats
from ui.dialogs import close_dialog, opened
from ui.formats import plain
from ui.forms import Form
from ui.layout import KEEP, field_error, flash, form_end, leave_button, note
from ui.session import require_user
from ui.wording import day_field

CARRY_POSTS, CARRY_GROUPS = "new_term_posts", "new_term_groups"


def draw_dialogs(actor: Actor, ahead: TermAhead) -> None:
    """Draw the dialog that is open, if any."""
    if opened(CARRY_POSTS):
        with reading() as session:
            posts = carrying_over.list_ending_posts(session, actor)
        _carry_posts(posts, ahead)
    elif opened(CARRY_GROUPS):
        with reading() as session:
            groups = carrying_over.list_ending_groups(session, actor)
        _carry_groups(groups)


@st.dialog("到期的岗位接着任", icon=":material/badge:", dismissible=False)
def _carry_posts(found: Sequence[EndingPost], ahead: TermAhead) -> None:
    actor = require_user(Permission.POST_WRITE)
    # Frozen as first shown: what somebody else does meanwhile is refused, not done differently.
    form = Form(CARRY_POSTS, {"offered": tuple(found)})
    form.notices()
    offered: tuple[EndingPost, ...] = form.drawn_from.values["offered"]
    note("打勾的人从下面这天起接着任。换了人的，去掉勾，到“岗位与小组”里另外定。")
    ticked = _ticks(form, [each for each in offered if each.is_active], _post_words)
    for each in offered:
        if not each.is_active:
            note(f"{each.label}：{each.holder}的账号停用了，请另外定人。", icon="person_off")
    with form.field("from_day", max(ahead.first_day, clock.today()) if not ahead.dates else ahead.first_day) as key:
        from_day = day_field("从哪天起", key=key)
    note("还没到期的，从到期的第二天接上，中间不空。")
    _end(
        form,
        f"{len(ticked)} 个岗位接着任",
        lambda session: carrying_over.carry_posts_over(session, actor, chosen=ticked, from_day=from_day),
        done=f"{len(ticked)} 个岗位接上了。要改，到“岗位与小组”里点“不再担任”。",
    )


@st.dialog("班级小组跟着升", icon=":material/groups:", dismissible=False)
def _carry_groups(found: Sequence[EndingGroup]) -> None:
    actor = require_user(Permission.POST_WRITE)
    form = Form(CARRY_GROUPS, {"offered": tuple(found)})
    form.notices()
    offered: tuple[EndingGroup, ...] = form.drawn_from.values["offered"]
    note("打勾的小组今天起到新的班，人跟着走；账号停用的不带。没有新班的，今天解散，记录都留着。")
    ticked = _ticks(form, offered, _group_words)
    _end(
        form,
        f"{len(ticked)} 个小组",
        lambda session: carrying_over.carry_groups_over(session, actor, chosen=ticked),
        done=f"{len(ticked)} 个小组安排好了。",
    )


def _ticks(form: Form, offered: Sequence[Any], words: Callable[[Any], str]) -> list[Chosen]:
    """Draw a tick for each line, all set; return the chosen ones in the versions shown."""
    chosen = []
    with st.container(gap="xsmall"):
        for each in offered:
            with form.field(f"tick_{each.id}", True) as key:
                if st.checkbox(plain(words(each)), key=key):
                    chosen.append(Chosen(each.id, each.version))
    if not chosen:
        field_error("还没有勾一个。")
    return chosen


def _post_words(each: EndingPost) -> str:
    until = formats.day(each.last_day, today=clock.today()) if each.last_day else ""
    return f"{each.label}：{each.holder}" + (f"，任到{until}" if until else "，跟着班走")


def _group_words(each: EndingGroup) -> str:
    return f"{each.name}：到{each.target_label}" if each.class_id else f"{each.name}：解散"


def _end(form: Form, label: str, act: Callable[[Any], object], *, done: str) -> None:
    with form_end():
        if leave_button(KEEP, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button(plain(label), key=form.key("save"), type="primary", icon=":material/check:")
    if submitted and form.save(act):
        flash(done)
        close_dialog()
