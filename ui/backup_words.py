"""Backups in words: why one was not made, how large it is, what stands at the side."""

from datetime import datetime

import streamlit as st

from services import backup_work, backups, clock
from services.actors import Actor
from services.backups import Outcome, RunRow, SecondFolder
from ui.forms import Form
from ui.layout import flash, form_end, note, side_box
from ui.referral_words import moment
from ui.states import BACKUP

PROBLEMS = {
    "no_room": "盘满了，放不下。请腾出地方，再点“现在做一份”。",
    "unproven": "做了，读回来不一样，已经作废。请看看盘有没有问题。",
    "unwritable": "备份文件夹写不进去。请让运行关爱室的账号能写它。",
    "missing": "备份的文件不在了。请再做一份。",
    "broken_off": "做到一半停了，多半是停了电或关了服务。请再做一份。",
    "tools_missing": "这台机器上没有 pg_dump 和 pg_restore，或版本旧。请装好 PostgreSQL 的客户端工具。",
    "folder_missing": "第二个文件夹不在：盘没插，或网络盘没连上。接好以后会自己补上。",
    "folder_not_writable": "第二个文件夹写不进去。请让运行关爱室的账号能写它。",
    "folder_full": "第二个文件夹的盘满了。请腾出地方，会自己补上。",
    "folder_inside": "第二个文件夹在数据的文件夹里。请换一块盘。",
    "folder_not_absolute": "第二个文件夹的位置没写完整。请改好。",
}
UNKNOWN = "没做成。请在服务器上运行 manage.py doctor，看看怎么办。"


def problem_words(code: str | None) -> str:
    """Return why a backup or its second copy is not there, and what to do."""
    return PROBLEMS.get(code, UNKNOWN) if code else ""


def outcome_words(outcome: Outcome) -> str:
    """Return what came of a backup just asked for."""
    if outcome.problem:
        return problem_words(outcome.problem)
    return "备份做好了，已验证。" if outcome.is_proven else "备份做好了，还没有验证：数据库账号不能建临时库来试恢复。"


def size_words(size_bytes: int | None) -> str:
    """Return 1.6 MB, or 404 KB."""
    if size_bytes is None:
        return ""
    return f"{size_bytes / 2**20:,.1f} MB" if size_bytes >= 2**20 else f"{size_bytes / 2**10:,.0f} KB"


def second_words(run: RunRow) -> str:
    """Return where a run's second copy is, for the table."""
    if run.second_copy_at:
        return "✓ 另一块盘" if run.is_off_disk else "同一块盘，不算"
    if run.is_off_disk:
        return "✓ 就在另一块盘"
    return "没有" if run.file else ""


def draw_off_disk(last: datetime | None) -> None:
    """Say how old the newest proven backup off this disk is."""
    if last is None:
        with side_box("离开这块盘的备份", badge=BACKUP["late"].badge("还没有")):
            note("这块盘坏了，数据和备份会一起没了。请在下面设第二个文件夹，或把文件拷到 U 盘。")
        return
    days = (clock.today() - clock.local(last).date()).days
    look = BACKUP["late"] if days > backups.OFF_DISK_DAYS else BACKUP["proven"]
    with side_box("离开这块盘的备份", badge=look.badge("今天" if days == 0 else f"{days} 天前")):
        note(f"{moment(last)} 放在另一块盘上，验证过。超过 {backups.OFF_DISK_DAYS} 天没有新的，工作台会提醒。")


def draw_second_folder(actor: Actor, stored: SecondFolder, newest: RunRow | None) -> None:
    """Draw the form for the second folder, what was wrong with it last, and what it is for."""
    with side_box("第二个文件夹"):
        form = Form("backups_folder", stored)
        form.notices()
        with form.field("folder", "") as key:
            folder = st.text_input(
                "U 盘或网络盘上的文件夹", key=key, placeholder="例如 /mnt/usb/backup", autocomplete="off"
            )
        if newest and newest.second_problem and stored.folder:
            st.markdown(f":small[:orange[:material/warning: {problem_words(newest.second_problem)}]]")
        note("每份备份都会拷一份过去，在那里再验证一遍。留空就不拷。")
        with form_end():
            is_sent = st.button("试一下，保存", key="backups_folder_save")
        if is_sent:
            _save_folder(actor, form, str(folder or ""))


def _save_folder(actor: Actor, form: Form, folder: str) -> None:
    with st.spinner("正在试着写一下…"):
        tried = backup_work.try_second_folder(folder)
    version = form.version
    if not form.save(
        lambda session: backups.save_second_folder(session, actor, folder=folder, version=version, tried=tried)
    ):
        return
    if tried is None:
        flash("已保存：不拷第二份。")
    elif tried.is_same_disk:
        flash("已保存。它和数据在同一块盘上，盘坏了会一起没，所以不算离开这块盘。", icon="warning")
    else:
        flash(f"已保存。能写，还有 {tried.free_mb:,} MB。")
    st.rerun()


def draw_recovery(*, is_checked: bool) -> None:
    """Say how the recovery sheet is got, and whether a right copy is known to be there."""
    badge = BACKUP["proven"].badge("核对过") if is_checked else BACKUP["unproven"].badge("还没核对")
    with side_box("恢复单", badge=badge):
        note("备份要有密钥才打得开。密钥坏了，只有抄好的恢复单能救回来。")
        note("在服务器上运行 manage.py key show 抄下来，再运行 manage.py key check 核对两组。", icon="terminal")
