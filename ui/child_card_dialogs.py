"""Dialogs about a child's contact card: how it stood before, and printing it."""

from datetime import datetime

import streamlit as st

from db.transactions import reading
from services import card_prints, clock, contact_cards
from services.access import Permission
from services.contact_cards import CardVersion
from services.student_files import StudentFile
from ui import formats
from ui.card_words import CODES, code_words
from ui.dialogs import close_dialog
from ui.forms import Form
from ui.layout import CLOSE, facts, leave_button, note
from ui.session import require_user
from ui.word_file import offer_word, word_of

_COMMAND_LINE = "信息老师在服务器上"


@st.dialog("联系卡以前的样子", dismissible=False)
def show_versions(file: StudentFile) -> None:
    """Show what stood on the card before each change, the latest first."""
    actor = require_user(Permission.STUDENT_READ)
    with reading() as session:
        versions = contact_cards.list_versions(session, actor, student_id=file.id)
    if not versions:
        note("联系卡填好以后还没有改过。")
    for version in versions:
        with st.expander(formats.plain(f"{_when(version.ended_at)}，{version.ended_by or _COMMAND_LINE}改了")):
            note(f"改了：{code_words(version.changed)}。下面是改以前的样子。")
            facts(_shown(version), alt="联系卡以前的样子")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if leave_button(CLOSE, key="child_versions_close"):
            close_dialog()


def _shown(version: CardVersion) -> dict[str, str]:
    return {label: version.words[code] for code, label in CODES.items() if code in version.words}


def _when(moment: datetime) -> str:
    local = clock.local(moment)
    return f"{formats.day(local.date(), today=clock.today())} {formats.clock(moment, clock.SCHOOL_ZONE)}"


@st.dialog("打印联系卡", dismissible=False)
def print_card(file: StudentFile) -> None:
    """Ask what for, note it, and give the Word document."""
    actor = require_user(Permission.STUDENT_EXPORT)
    form = Form(f"child_print_card_{file.id}")
    offer_word(
        form,
        lambda purpose: word_of(
            lambda session: card_prints.print_card(session, actor, student_id=file.id, purpose=purpose)
        ),
        f"下载{file.name}的联系卡",
    )
