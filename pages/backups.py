"""Backups: what was made and proven, one more now, where the second copies go."""

import streamlit as st

from db.transactions import reading
from services import backup_work, backups, recovery
from services.access import Permission
from services.backups import RunRow, RunState
from ui.backup_words import (
    draw_off_disk,
    draw_recovery,
    draw_second_folder,
    outcome_words,
    problem_words,
    second_words,
    size_words,
)
from ui.layout import Action, empty_state, flash, note, page_header, side_column
from ui.referral_words import moment
from ui.session import require_user
from ui.states import BACKUP
from ui.tables import StateColumn, current_page, data_table, paging_line

actor = require_user(Permission.BACKUP_MANAGE)

PAGE, ROWS = "page", 10
COLUMNS = {
    "made": st.column_config.TextColumn("什么时候", width=150),
    "reason": st.column_config.TextColumn("怎么做的", width=110),
    "state": StateColumn("状态", list(BACKUP.values()), width=120),
    "size": st.column_config.TextColumn("大小", width=100, alignment="right"),
    "second": st.column_config.TextColumn("第二份", width=140),
}


def table_row(run: RunRow) -> dict[str, object]:
    return {
        "made": moment(run.started_at),
        "reason": run.reason.label,
        "state": [BACKUP[run.state].cell()],
        "size": size_words(run.size_bytes),
        "second": second_words(run),
    }


now = Action("现在做一份", "backups_now", icon="backup", is_primary=True)
if page_header("备份", "每天自动做一份，做完读一遍验证，留 30 天。别人照常用。", actions=[now]):
    with st.spinner("正在备份，做完会读一遍验证…"):
        outcome = backup_work.make_now(actor, is_apart=True)
    flash(outcome_words(outcome), icon="error" if outcome.problem else "check")
    st.rerun()

with reading() as session:
    runs = backups.list_runs(session, actor)
    last = backups.find_last_off_disk(session, actor)
    second = backups.find_second_folder(session, actor)
    is_checked = recovery.is_checked(session, actor)

main, side = side_column()
with main:
    if not runs:
        empty_state("backup", "还没有备份", "服务开着，今天的这一份过一会儿自己会做；也可以点“现在做一份”。")
    else:
        page = current_page(PAGE, total=len(runs), page_size=ROWS)
        shown = runs[(page - 1) * ROWS : page * ROWS]
        data_table([table_row(run) for run in shown], COLUMNS, key="backups_table", alt=f"{len(runs)} 份备份")
        paging_line(PAGE, total=len(runs), unit="份", page_size=ROWS)
        if words := problem_words(runs[0].problem):
            st.markdown(f":small[:red[:material/error: 最近一次：{words}]]")
    if made := next((run.file for run in runs if run.file and run.state is not RunState.REMOVED), None):
        note(f"最近的文件：{made}。它是加密的，可以直接拷到 U 盘。", icon="folder")
    note(
        "恢复：停掉服务，在服务器上运行 manage.py restore 备份文件。坏的、别的密钥的，不会碰现在的数据。",
        icon="restore",
    )
with side:
    draw_off_disk(last)
    draw_second_folder(actor, second, next(iter(runs), None))
    draw_recovery(is_checked=is_checked)
