"""One package of archives on screen: who is in it, how it stands, and the acts: give away, receipt, take back."""

import streamlit as st

from db.tables import HandoverWay
from db.transactions import transaction
from services import clock, handover_files, handovers
from services.access import Permission
from services.errors import DomainError
from services.handover_views import HandoverState, PackageView
from services.handovers import HandedEntry, ReceiptEntry
from ui import formats
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import plain
from ui.forms import Form
from ui.layout import CLOSE, KEEP, facts, flash, form_end, leave_button, note, refusal, side_box, side_column
from ui.referral_words import moment
from ui.session import require_user
from ui.states import HANDOVER
from ui.wording import day_field

FETCH, HANDED, RECEIPT, WITHDRAW, SCAN = (
    f"handover_{each}" for each in ("fetch", "handed", "receipt", "withdraw", "scan")
)
_LABELS = {"handed_on": "哪天", "way": "怎么交的", "receiver": "谁接的"}
_RECEIPT_LABELS = {"received_on": "哪天签的", "receipt": "谁签的"}
_ZIP = "application/zip"
_SCANS = ["pdf", "jpg", "jpeg", "png"]


def draw_package(view: PackageView) -> None:
    """Draw one package with its acts."""
    row = view.row
    main, side = side_column(1.9)
    with main, st.container(border=True, gap="small"):
        st.markdown(f"**{plain(row.to)}** {HANDOVER[row.state.value].badge()}")
        note(f"{row.made_by or '命令行'}在 {moment(row.made_at)} 做的，{row.reason.label}，{row.children:,} 个孩子。")
        _draw_acts(view)
        names = "、".join(each.name for each in view.packed)
        st.markdown(plain(names))
        if told := [each.name for each in view.packed if each.with_notes]:
            note(f"家里同意把辅导内容也交过去的：{'、'.join(told)}。", icon="check_circle")
    with side:
        _draw_facts(view)
    _draw_opened(view)


def _draw_acts(view: PackageView) -> None:
    number, state = view.row.id, view.row.state
    with st.container(horizontal=True, gap="xsmall"):
        if view.has_file:
            _act("下载移交包", FETCH, number, "download", is_primary=state is HandoverState.MADE)
        if state is HandoverState.MADE:
            _act("记交出去", HANDED, number, "outbox")
        if state is HandoverState.HANDED:
            _act("记回执", RECEIPT, number, "task_alt", is_primary=True)
            _act("改交出去", HANDED, number, "edit")
        if state in (HandoverState.MADE, HandoverState.HANDED):
            _act("作废", WITHDRAW, number, "block")
        if view.has_scan:
            _act("看签好的清单", SCAN, number, "description")
    if not view.has_file and state in (HandoverState.MADE, HandoverState.HANDED):
        note("文件已经不在这里了。还要的话，作废这一份，重新做一份。", icon="info")


def _act(label: str, name: str, number: int, icon: str, *, is_primary: bool = False) -> None:
    st.button(
        plain(label), key=name, icon=f":material/{icon}:", type="primary" if is_primary else "secondary",
        on_click=open_dialog, args=(name, number),
    )  # fmt: skip


def _draw_facts(view: PackageView) -> None:
    row, today = view.row, clock.today()
    rows = {"文件": f"{view.files:,} 个", "大小": f"{max(1, view.size_bytes // 1024):,} KB"}
    if row.handed_on and view.way:
        rows |= {"交出去": formats.day(row.handed_on, today=today), "怎么交的": view.way.label}
        rows["谁接的"] = view.receiver or ""
    if row.received_on:
        rows |= {"回执": formats.day(row.received_on, today=today), "谁签的": view.receipt or ""}
    with side_box("这一份"):
        facts(rows, alt="移交包")
        if view.withdrawn_reason:
            note(f"作废，因为{view.withdrawn_reason}")
        if view.has_file:
            note(f"文件留到 {formats.day(view.file_until, today=today)}，有了回执就清掉。密码这里没有，谁也打不开。")
        st.caption(plain(f"整个文件的 SHA-256：{view.sha256}"))


def _draw_opened(view: PackageView) -> None:
    for name, draw in ((FETCH, _fetch), (HANDED, _handed), (RECEIPT, _receipt), (WITHDRAW, _withdraw), (SCAN, _scan)):
        if opened(name, view.row.id):
            draw(view)
            return


@st.dialog("下载移交包", dismissible=False)
def _fetch(view: PackageView) -> None:
    actor = require_user(Permission.ARCHIVE_HAND_OVER)
    note("用 U 盘、光盘当面交，或走教育专网；不要用微信、QQ、个人邮箱发。密码当面或打电话另外告诉，不和文件放在一起。")
    key, number = "care_handover_file", view.row.id
    asked = False
    with form_end():
        if leave_button(CLOSE, key="handover_fetch_close"):
            st.session_state.pop(key, None)
            close_dialog()
        asked = st.button("取文件", key="handover_fetch_yes", type="primary")
    if asked:
        try:
            with transaction() as session:
                content = handovers.fetch_package(session, actor, package_id=number)
            st.session_state[key] = (number, content)
        except DomainError as error:
            refusal(error)
    ready = st.session_state.get(key)
    if ready and ready[0] == number:
        name = f"档案移交 {clock.local(view.row.made_at):%Y%m%d} {view.row.children}人.zip"
        st.download_button("下载", ready[1], file_name=name, mime=_ZIP, key="handover_download",
                           icon=":material/download:", on_click="ignore")  # fmt: skip


@st.dialog("记交出去", dismissible=False)
def _handed(view: PackageView) -> None:
    actor = require_user(Permission.ARCHIVE_HAND_OVER)
    drawn = {"id": view.row.id, "version": view.row.version, "handed_on": view.row.handed_on, "way": view.way,
             "receiver": view.receiver}  # fmt: skip
    form = Form(f"{HANDED}_form_{view.row.id}", drawn, labels=_LABELS)
    form.notices()
    with form_fields(form):
        with form.field("handed_on", clock.today()) as key:
            day_field("哪天交的", key=key)
        with form.field("way") as key:
            st.pills("怎么交的", list(HandoverWay), key=key, format_func=lambda each: each.label, wrap=True)
        with form.field("receiver", "") as key:
            st.text_input("谁接的：单位、姓名、电话", key=key, autocomplete="off")
        saved, cancelled = buttons(form, "记下")
    cancel_if(form, cancelled)
    if saved:
        entry = HandedEntry(**form.typed(_LABELS))
        finish(form, lambda session: handovers.record_handed(
            session, actor, package_id=view.row.id, version=form.version, entry=entry))  # fmt: skip


@st.dialog("记回执", dismissible=False)
def _receipt(view: PackageView) -> None:
    actor = require_user(Permission.ARCHIVE_HAND_OVER)
    form = Form(f"{RECEIPT}_form_{view.row.id}", {"id": view.row.id, "version": view.row.version})
    form.notices()
    note("包里的“移交清单”打印出来，双方签名；对方签好的拍照或扫描，放在这里。记下以后，这里的文件就清掉。")
    with form.field("received_on", clock.today()) as key:
        received_on = day_field("哪天签的", key=key)
    with form.field("receipt", "") as key:
        receipt = st.text_input("谁签的，说了什么", key=key, autocomplete="off")
    with form.field("scan", is_filled=False) as key:
        scan = st.file_uploader("签好的清单（没有就不放）", key=key, type=_SCANS)
    with form_end():
        if leave_button(KEEP, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        saved = st.button("记下回执", key=form.key("save"), type="primary")
    if saved:
        entry = ReceiptEntry(
            received_on=received_on, receipt=receipt, scan=scan.getvalue() if scan else None,
            scan_name=scan.name if scan else "",
        )  # fmt: skip
        done = form.save(lambda session: handovers.record_receipt(
            session, actor, package_id=view.row.id, version=form.version, entry=entry))  # fmt: skip
        if done:
            handover_files.sweep()
            flash("已记下回执。")
            close_dialog()


@st.dialog("作废这一份", dismissible=False)
def _withdraw(view: PackageView) -> None:
    actor = require_user(Permission.ARCHIVE_HAND_OVER)
    form = Form(f"{WITHDRAW}_form_{view.row.id}", {"id": view.row.id, "version": view.row.version})
    form.notices()
    note("密码丢了、交错了学校、里面要补，就作废，重新做。已经交出去的，请对方删掉。")
    with form_fields(form):
        with form.field("reason", "") as key:
            reason = st.text_input("为什么", key=key, autocomplete="off")
        saved, cancelled = buttons(form, "作废", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        done = form.save(lambda session: handovers.withdraw_package(
            session, actor, package_id=view.row.id, version=form.version, reason=reason))  # fmt: skip
        if done:
            handover_files.sweep()
            flash("已作废。")
            close_dialog()


@st.dialog("签好的清单", dismissible=False)
def _scan(view: PackageView) -> None:
    actor = require_user(Permission.ARCHIVE_HAND_OVER)
    file = None
    try:
        with transaction() as session:
            file = handovers.open_receipt(session, actor, package_id=view.row.id)
    except DomainError as error:
        refusal(error)
    with form_end():
        if leave_button(CLOSE, key="handover_scan_close"):
            close_dialog()
        if file is not None:
            st.download_button("下载", file.content, file_name=file.file_name, mime=file.mime, type="primary",
                               key="handover_scan_download", icon=":material/download:", on_click="ignore")  # fmt: skip
