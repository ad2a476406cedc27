"""Lists exchanged with civil affairs and the like: what was received and given, and what is still to be decided."""

import streamlit as st

from db.transactions import reading
from services import list_exchanges
from services.access import Permission
from ui import navigation
from ui.asked import number_asked
from ui.dialogs import open_dialog, opened
from ui.exchange_differences import draw_exchange
from ui.exchange_table import GIVE, draw_table, give_dialog, term_badges
from ui.layout import Action, empty_state, page_header
from ui.session import require_user

actor = require_user(Permission.LIST_EXCHANGE)

with reading() as session:
    exchanges = list_exchanges.list_exchanges(session, actor)

receive = Action("收到一份名单", "exchange_receive", "upload", True)
clicked = page_header(
    "名单核对",
    "和民政、妇联、残联对名单：谁漏了，谁不再是了，哪里写得不一样。",
    badges=term_badges(exchanges.term),
    actions=[
        Action("给出我们的名单", "exchange_give_open", "outgoing_mail", False, open_dialog, (GIVE, 0)),
        receive,
    ],
)
if clicked == receive.key:
    st.switch_page(navigation.path_of("exchange_receive"))

if not exchanges.rows:
    empty_state(
        "compare_arrows",
        "还没有和外面核对过名单",
        "向民政、妇联要一份表格，点“收到一份名单”传上来，差别会一处一处列出来。",
    )
else:
    chosen = draw_table(exchanges) or number_asked("exchange")
    for row in exchanges.rows:
        if row.id == chosen:
            draw_exchange(actor, row)
if opened(GIVE, 0):
    give_dialog(exchanges)
