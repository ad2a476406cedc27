"""First passwords of an import that nobody could print: a new lot for who has not chosen a password yet."""

from collections.abc import Sequence

import streamlit as st

from db.transactions import reading, transaction
from services import clock, passwords, staff_reissues
from services.access import Permission
from services.actors import Actor
from services.errors import DomainError
from services.staff_reissues import StaffImport
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import clock as clock_words
from ui.formats import day, plain
from ui.layout import KEEP, act_list, act_row, form_end, leave_button, note, refusal
from ui.session import require_user
from ui.slips import keep_slips
from ui.states import ACCOUNT

_REISSUE = "staff_reissue"


def draw_waiting_imports(actor: Actor) -> None:
    """Draw the imports whose people still wait for a first password, each with the way to a new lot."""
    with reading() as session:
        found = staff_reissues.list_waiting_imports(session, actor)
    if found:
        _draw_list(found)
    for each in found:
        if opened(_REISSUE, each.id):
            _ask_to_reissue(each)


def _draw_list(found: Sequence[StaffImport]) -> None:
    with act_list("还没换第一次密码的"):
        for each in found:
            act_row(
                f"{_when(each)}导入的 {each.total:,} 人，{len(each.waiting):,} 人还没换",
                ACCOUNT["first_password"].badge(),
                "纸条没印出来、没发到的，可以重新发一批",
                "重新发一批",
                key=f"staff_reissue_{each.id}",
                on_click=open_dialog,
                args=(_REISSUE, each.id),
            )


@st.dialog("重新发一批第一次密码", icon=":material/lock_reset:", dismissible=False)
def _ask_to_reissue(found: StaffImport) -> None:
    actor = require_user(Permission.STAFF_IMPORT)
    count = len(found.waiting)
    st.markdown(f"给还没换过第一次密码的 **{count:,} 人**重新发一批？")
    note("他们手里以前的纸条马上不能用。已经换成自己密码的人不受影响。新的只显示一次，请准备好打印。")
    place = st.container()
    with form_end():
        if leave_button(KEEP, key="staff_reissue_keep"):
            close_dialog()
        confirmed = st.button(f"重新发 {count:,} 个", key="staff_reissue_yes", type="primary")
    if not confirmed:
        return
    with place:
        bar = st.progress(0.0, text=plain(f"正在做第一次密码，共 {count} 个，请等一等。"))

    def tell(made: int, overall: int) -> None:
        bar.progress(made / overall, text=plain(f"正在做第一次密码，{made} 个，共 {overall} 个。"))

    prepared = passwords.first_passwords(count, tell)
    bar.empty()
    try:
        with transaction() as session:
            slips = staff_reissues.reissue_first_passwords(session, actor, waiting=found.waiting, prepared=prepared)
    except DomainError as error:
        with place:
            refusal(error)
        return
    keep_slips(slips)
    close_dialog()


def _when(found: StaffImport) -> str:
    moment = clock.local(found.made_at)
    return f"{day(moment.date(), today=clock.today())} {clock_words(moment, clock.SCHOOL_ZONE)} "
