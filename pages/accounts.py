"""Accounts: who can sign in, as what; first passwords, disabling."""

import streamlit as st

from db.transactions import reading
from services import account_lists
from services.account_lists import AccountPage, AccountRow
from ui import navigation
from ui.account_forms import MAY_MANAGE, add_account, enable_what_was_asked, last_seen, show_account
from ui.asked import number_asked
from ui.dialogs import open_dialog, opened
from ui.layout import Action, empty_state, note, page_header
from ui.session import require_user, school_name
from ui.slips import has_slip, show_slip
from ui.states import ACCOUNT
from ui.tables import StateColumn, TagColumn, data_table, opening_column, page_asked, paging_line
from ui.views import choose_view, opened_in_table

actor = require_user(*MAY_MANAGE)

SELECTED = "account"  # in the address: the id, so that a reload opens the same account
OPENED, PAGE = "accounts_open", "page"
ROWS = 10  # so that the opened account still stands in sight below
COLUMNS = {
    "name": opening_column("姓名", key=OPENED, width=110),
    "username": st.column_config.TextColumn("账号", width=120),
    "roles": TagColumn("岗位", width=270),
    "classes": st.column_config.TextColumn("班主任", width=110),
    "state": StateColumn("状态", list(ACCOUNT.values()), width=120),
    "seen": st.column_config.TextColumn("最近登录", width=130),
}


def table_row(row: AccountRow) -> dict[str, object]:
    return {
        "name": row.display_name,
        "username": row.username,
        "roles": [role.label for role in row.roles],
        "classes": "、".join(row.homeroom_of),
        "state": [ACCOUNT[row.state].cell()],
        "seen": last_seen(row),
    }


def choose_account(found: AccountPage) -> AccountRow | None:
    """Draw one page of the table and return the account opened in it, or named in the address."""
    ids = [row.id for row in found.rows]
    data_table(
        [table_row(row) for row in found.rows],
        COLUMNS,
        key=f"accounts_table_{hash(tuple(ids))}",  # a position means another person when the rows change
        alt=f"{found.total} 个账号，点姓名看这个账号",
    )
    paging_line(PAGE, total=found.total, unit="个账号", page_size=ROWS)
    asked = opened_in_table(ids, key=OPENED, parameter=SELECTED)
    return next((row for row in [*found.rows, found.chosen] if row is not None and row.id == asked), None)


add = Action(
    "新增账号",
    "accounts_add",
    icon="person_add",
    is_primary=SELECTED not in st.query_params,
    on_click=open_dialog,
    args=("account_add",),
)
imports = Action("导入教职工", "accounts_import", icon="upload")
clicked = page_header(
    "账号",
    "谁能登录，能看到什么。停用以后，写过的记录都还在。",
    actions=[] if has_slip() else [imports, add],
)
if clicked == "accounts_import":
    st.switch_page(navigation.path_of("import_staff"))
if has_slip():
    if show_slip(school_name=school_name(), button="收好了，回到账号"):
        st.rerun()
    st.stop()
enable_what_was_asked(actor)
view = choose_view({"active": "在用的", "disabled": "停用的"}, key="accounts_view")
with reading() as session:
    shown = account_lists.list_accounts(
        session,
        actor,
        is_active=view == "active",
        page=page_asked(PAGE),
        page_size=ROWS,
        chosen_id=number_asked(SELECTED),
    )
if shown.total:
    if chosen := choose_account(shown):
        show_account(actor, chosen)
    else:
        note("点姓名，就能改岗位、重设密码或停用。")
else:
    empty_state("person_off", "没有停用的账号", "离校的老师可以停用账号，写过的记录都留着。")
if opened("account_add"):
    add_account()
