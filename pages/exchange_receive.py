"""Receiving a list from civil affairs or another body: choose the file, see whom it means, keep it."""

import streamlit as st

from db.tables import ExchangeBody
from db.transactions import reading
from services import clock, list_exchanges
from services.access import Permission
from services.list_receipts import ReceiptDetails
from ui import exchange_receipt, navigation
from ui.forms import Form
from ui.import_columns import draw_columns
from ui.layout import DISCARD, Action, field_error, flash, leave_button, note, page_header
from ui.session import require_user
from ui.wording import day_field

actor = require_user(Permission.LIST_EXCHANGE)

if page_header(
    "收到一份名单",
    "选对方给的表格，先看对上了谁、差在哪里，再收下。收下不会改名册。",
    actions=[Action("看核对过的", "receipt_back", "compare_arrows")],
):
    st.switch_page(navigation.path_of("exchanges"))
with reading() as session:
    choices = exchange_receipt.scopes(list_exchanges.list_exchanges(session, actor).difficulties)

form = Form("receipt", labels={"body": "谁给的", "body_name": "部门的名称", "day": "哪天收到的"})
form.notices()
left, middle, right = st.columns((2, 1.4, 1.2))
with left, form.field("scope", next(iter(choices))) as key:
    scope = st.selectbox(
        "名单上是哪些孩子", list(choices), key=key, format_func=choices.__getitem__, placeholder="请选"
    )
with middle, form.field("body") as key:
    body = st.selectbox(
        "谁给的", list(ExchangeBody), key=key, index=None, placeholder="请选", format_func=lambda each: each.label
    )
with right, form.field("day", clock.today()) as key:
    day = day_field("哪天收到的", key=key)
name = None
if body is ExchangeBody.OTHER:
    with form.field("body_name", "") as key:
        name = st.text_input("部门的名称", key=key, autocomplete="off")
with st.container(gap="xsmall"):
    file = st.file_uploader("名单文件", key=exchange_receipt.uploader_key())
    if file is None:
        note("收 xlsx、xls、ods、csv，最多 20 MB。表头要有姓名，最好有身份证号、班级或出生日期。文件加密存放。")
    found = exchange_receipt.received(actor, file, scope)
    if found and found.refusal:
        field_error(found.refusal)
if found and found.preview:
    with st.container(border=True):
        exchange_receipt.draw_summary(found, found.preview)
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            leave_button(DISCARD, key="receipt_cancel", on_click=exchange_receipt.forget)
            confirmed = st.button("收下这份名单", key="receipt_confirm", type="primary", icon=":material/check:")
    if confirmed:
        confirm = found.confirm
        with st.spinner("正在收下，文件加密存放。"):
            saved = form.save_and_get(
                lambda session: confirm(session, actor, ReceiptDetails(body=body, body_name=name, day=day))
            )
        if saved is not None:
            exchange_receipt.forget()
            flash("收下了。差别在下面，一处一处定。")
            st.switch_page(navigation.path_of("exchanges"), query_params={"exchange": str(saved)})
if found:
    draw_columns(found, kept="原来的文件会整份留着")
if found and found.preview:
    exchange_receipt.draw_lists(found, found.preview)
