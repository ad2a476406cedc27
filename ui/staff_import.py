"""The list of staff somebody is importing: what was read of it, what it would do, and doing it.

Kept in session state and nowhere else: a reload of the page loses it, and the page then asks for the file again.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from db.transactions import reading, transaction
from services import passwords, staff_imports
from services.actors import Actor
from services.errors import DomainError
from services.exchange.errors import UnreadableFile
from services.exchange.readings import Kind
from services.exchange.refusals import refusal_sentence
from services.exchange.staff import StaffReading
from services.exchange.writing import write_rejected
from services.imports.matching import Outcome
from services.staff_imports import StaffPreview, StaffResult, StaleStaffPreview
from ui.formats import masked_phone, plain
from ui.import_preview import download_rejected, draw_problems
from ui.import_words import place_words
from ui.layout import DISCARD, leave_button, note, progress_line
from ui.messages import explain
from ui.slips import keep_slips
from ui.tables import current_page, data_table, paging_line
from ui.views import choose_view

_TAKEN, _ROUND, _DONE = "care_staff_taken", "care_staff_round", "care_staff_done"
_PAGE_SIZE = 10
_NOTES = {
    "rejected": "这些行不会写进去。下载下来，照“要改的地方”改好，再从这里导入一次。",
    "warnings": "这些行会导入，请看一眼对不对。",
    "new": "会给每个人建一个账号，登录名照姓名拼音来。",
    "changed": "空着的格子不会擦掉现在存着的内容。岗位只加不减。",
    "duplicates": "前面已经有同一个人，这些行跳过，不用改。",
}


@dataclass
class Taken:
    """One chosen file: the preview of what it would do, or why it can't be read."""

    digest: str
    preview: StaffPreview | None = None
    refusal: str | None = None

    @cached_property
    def reading(self) -> StaffReading:
        """The reading with the rows that can't be taken among the rejected."""
        if self.preview is None:
            raise ValueError("nothing was read")
        return self.preview.full_reading()

    def show(self, preview: StaffPreview) -> None:
        """Take a preview in place of the one before."""
        self.preview = preview
        self.__dict__.pop("reading", None)


def uploader_key() -> str:
    """Return the key of the field for the file: another one after each import, so that it stands empty."""
    return f"staff_file_{st.session_state.get(_ROUND, 0)}"


def done() -> StaffResult | None:
    """Return the import that was just made, until somebody goes on."""
    found: StaffResult | None = st.session_state.get(_DONE)
    return found


def forget_done() -> None:
    """Go on after an import. For a button's `on_click`."""
    st.session_state.pop(_DONE, None)


def forget() -> None:
    """Drop the chosen file. For a button's `on_click`."""
    st.session_state.pop(_TAKEN, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def taken(actor: Actor, file: UploadedFile | None) -> Taken | None:
    """Return what was read of the chosen file, reading it if it is new."""
    if file is None:
        st.session_state.pop(_TAKEN, None)
        return None
    data = file.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    found: Taken | None = st.session_state.get(_TAKEN)
    if found is None or found.digest != digest:
        found = Taken(digest)
        st.session_state[_TAKEN] = found
        with progress_line("正在读这份表，请等一等。") as tell:
            try:
                staff = staff_imports.read_staff(data, file_name=file.name, progress=tell)
                with reading() as session:
                    found.preview = staff_imports.preview_staff(session, actor, reading=staff)
            except UnreadableFile as error:
                found.refusal = refusal_sentence(error)
    return found


def confirm(actor: Actor, found: Taken) -> None:
    """Make the first passwords with a line of progress, then import in one transaction; nothing is drawn inside."""
    preview = found.preview
    if preview is None:
        return
    count = preview.count(Outcome.NEW)
    bar = st.progress(0.0, text=plain(f"正在做第一次密码，共 {count} 个，请等一等。"))

    def tell(made: int, overall: int) -> None:
        bar.progress(made / overall, text=plain(f"正在做第一次密码，{made} 个，共 {overall} 个。"))

    prepared = passwords.first_passwords(count, tell)
    bar.empty()
    try:
        with transaction() as session:
            result = staff_imports.confirm_staff(session, actor, preview=preview, prepared=prepared)
    except StaleStaffPreview as error:
        found.show(error.current)
        found.refusal = explain(error)
        return
    except DomainError as error:
        found.refusal = explain(error)
        return
    if result.slips:
        keep_slips(result.slips)
    st.session_state[_DONE] = result
    forget()


def draw_summary(found: Taken) -> bool:
    """Draw the counts and the one button that imports; return whether it was just clicked."""
    preview = found.preview
    if preview is None:
        return False
    to_write = preview.count(Outcome.NEW) + preview.count(Outcome.CHANGED)
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        with st.container(width="content", gap="xxsmall"):
            st.markdown(f"**{_counts_line(found, preview)}**")
            note("还没有写进去。确认以后，新账号的第一次密码只显示一次，请准备好打印。" if to_write else "没有要写的。")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            leave_button(DISCARD, key="staff_cancel", on_click=forget)
            if not to_write:
                return False
            return st.button(
                f"确认导入 {to_write:,} 位教职工", key="staff_confirm", type="primary", icon=":material/check:"
            )


def _counts_line(found: Taken, preview: StaffPreview) -> str:
    rows = found.reading
    overall = len(rows.rows) + len(rows.rejected) + len(rows.duplicates)
    return (
        f"共 {overall:,} 行：新增 {preview.count(Outcome.NEW):,}，改动 {preview.count(Outcome.CHANGED):,}，"
        f"没变 {preview.count(Outcome.UNCHANGED):,}，不能导入 {len(rows.rejected):,}，重复跳过 {len(rows.duplicates):,}"
    )


def draw_lists(found: Taken) -> None:
    """Draw the lists of what to look at, one at a time; those without anything are left out."""
    preview = found.preview
    if preview is None:
        return
    problems = {
        kind: [each for each in found.reading.problems if each.kind is kind]
        for kind in (Kind.REJECTED, Kind.WARNING, Kind.DUPLICATE)
    }
    sizes = {
        "rejected": ("不能导入", len(problems[Kind.REJECTED])),
        "warnings": ("要留意", len(problems[Kind.WARNING])),
        "new": ("新增", preview.count(Outcome.NEW)),
        "changed": ("改动", preview.count(Outcome.CHANGED)),
        "duplicates": ("重复", len(problems[Kind.DUPLICATE])),
    }
    labels = {name: f"{label} {count:,}" for name, (label, count) in sizes.items() if count}
    if not labels:
        return
    name = choose_view(labels, key="staff_view")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        note(_NOTES[name])
        if name == "rejected":
            download_rejected(write_rejected(found.reading), key="staff_rejected")
    if name in ("new", "changed"):
        _draw_people(preview, Outcome.NEW if name == "new" else Outcome.CHANGED, f"staff_page_{name}")
    else:
        of = {"rejected": Kind.REJECTED, "warnings": Kind.WARNING, "duplicates": Kind.DUPLICATE}[name]
        draw_problems(problems[of], f"staff_page_{name}", what=sizes[name][0])


def _draw_people(preview: StaffPreview, outcome: Outcome, key: str) -> None:
    plans = [plan for plan in preview.plans if plan.outcome is outcome]
    page = current_page(key, total=len(plans), page_size=_PAGE_SIZE)
    text = st.column_config.TextColumn
    data_table(
        [
            {
                "name": plan.name,
                "username": plan.username,
                "what": "、".join(
                    f"{change.label}：{_value(change.label, change.stored)} → {_value(change.label, change.new)}"
                    for change in plan.changes
                )
                if plan.changes
                else "、".join(role.label for role in sorted(plan.roles)),
                "place": place_words(plan.position),
            }
            for plan in plans[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]
        ],
        {
            "name": text("姓名", width=110),
            "username": text("账号", width=150),
            "what": text("岗位" if outcome is Outcome.NEW else "会改什么", width=430),
            "place": text("在哪里", width=190),
        },
        key=f"{key}_table",
        alt=f"共 {len(plans)} 人。",
    )
    paging_line(key, total=len(plans), unit="人", page_size=_PAGE_SIZE)


def _value(label: str, text: str) -> str:
    return (masked_phone(text) if label == "电话" and text else text) or "空"
