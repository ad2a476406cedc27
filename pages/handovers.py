"""Archives handed over to another school: packages, their receipts, whose is still to be done."""

import streamlit as st

from db.transactions import reading
from services import handover_views
from services.access import Permission
from services.errors import NotFound
from services.handover_views import PAGE_SIZE
from ui import handover_list
from ui.asked import number_asked
from ui.handover_panel import draw_package
from ui.layout import Action, empty_state, page_header, refusal
from ui.session import require_user
from ui.tables import page_asked, paging_line

TITLE = "档案移交"
LINE = "毕业、转学的孩子，档案做成只有密码能打开的一个文件，交给接收的学校，收回签好的清单。"
actor = require_user(Permission.ARCHIVE_HAND_OVER)


def open_one(package_id: int) -> None:
    st.query_params["package"] = str(package_id)


if chosen := number_asked("package"):
    if page_header(TITLE, LINE, actions=[Action("回到清单", "handovers_back", icon="arrow_back")]):
        del st.query_params["package"]
        st.rerun()
    handover_list.draw_password()
    try:
        with reading() as session:
            view = handover_views.find_package(session, actor, package_id=chosen)
    except NotFound as error:
        refusal(error)
        st.stop()
    draw_package(view)
    st.stop()

student_id = number_asked("student") or 0
with reading() as session:
    packages = handover_views.list_packages(session, actor, page=page_asked("handovers_packages"))
    found = handover_views.list_candidates(session, actor, student_id=student_id or None)
page_header(TITLE, LINE, actions=handover_list.make_action(found, student_id))
handover_list.draw_password()
if packages.rows:
    handover_list.draw_packages(packages, open_one)
    paging_line("handovers_packages", total=packages.total, unit="份", page_size=PAGE_SIZE)
if found.children:
    handover_list.draw_candidates(found)
elif not packages.rows:
    empty_state("move_to_inbox", "没有要移交的档案", "建了档的孩子毕业、转出以后，会出现在这里。")
handover_list.draw_opened(found)
