"""The list somebody is about to receive: what was read of it, whom it means, what would differ.

Kept in session state and nowhere else: a reload of the page loses it, and the page then asks for the file again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st
from sqlmodel import Session
from streamlit.runtime.uploaded_file_manager import UploadedFile

from db.tables import CategoryKind, DifferenceSide
from db.transactions import reading
from services import list_receipts
from services.actors import Actor
from services.errors import DomainError
from services.exchange.authority_columns import AUTHORITY
from services.exchange.errors import UnreadableFile
from services.exchange.lists import RowsRead
from services.exchange.readings import Kind, Position, TableColumns
from services.exchange.writing import write_rejected
from services.imports.authorities import KnownBy, ListedRow, Scope
from services.list_receipts import ReceiptDetails, ReceiptPreview, StaleComparison
from ui.exchange_words import SIDES, finding_words
from ui.formats import plain
from ui.import_preview import download_rejected, draw_problems
from ui.import_state import Correctable, columns_of
from ui.import_words import place_words
from ui.layout import note, progress_line
from ui.messages import explain
from ui.tables import current_page, data_table, paging_line
from ui.views import choose_view

Item = TypeVar("Item")
_TAKEN, _ROUND = "care_receipt_taken", "care_receipt_round"
_PAGE_SIZE = 10
_NOTES = {
    "rejected": "这些行认不准，没有收。下载下来，照“要改的地方”改好，再从这里传一次。",
    "ticks": "没有完整的身份证号可对。看一眼是不是这个孩子，不是就去掉勾；隐去了字的，认准了再勾。",
    "warnings": "这些行照样收，请看一眼。",
    "duplicates": "前面已经有同一个孩子的同一类，这些行跳过，不用改。",
}


def scopes(difficulties: Mapping[int, str]) -> dict[Scope, str]:
    """Return what a list may speak of, each in words."""
    found = {
        Scope(CategoryKind.LEFT_BEHIND): "留守儿童",
        Scope(CategoryKind.IN_DIFFICULTY): "困境儿童，种类写在表里",
    }
    found |= {Scope(CategoryKind.IN_DIFFICULTY, key): f"困境儿童，都是{label}" for key, label in difficulties.items()}
    return found | {Scope(CategoryKind.SPECIAL_FAMILY): "特殊家庭的孩子"}


@dataclass(kw_only=True)
class Received(Correctable):
    """One chosen file, read for one scope."""

    file_id: str
    file_name: str
    scope: Scope
    preview: ReceiptPreview | None = None
    ticked: set[Position] | None = None  # None: nobody has looked, those with a whole name are

    @property
    def labels(self) -> Mapping[str, str]:
        """The fields of such lists."""
        return AUTHORITY.labels

    @property
    def tables(self) -> Sequence[TableColumns] | None:
        """The columns as they are read now."""
        return self.preview.reading.tables if self.preview else None

    @property
    def ticks(self) -> set[Position]:
        """The rows that count as the child they were taken for."""
        if self.preview is None:
            return set()
        return set(self.preview.comparison.ticked_first) if self.ticked is None else self.ticked

    def read(self, actor: Actor, data: bytes, progress: RowsRead | None = None) -> None:
        """Read the file with the corrections so far, and compare it with the register."""
        self.is_read = True
        try:
            file = list_receipts.read_authority(
                data, file_name=self.file_name, corrections=self.corrections, progress=progress
            )
            with reading() as session:
                preview = list_receipts.preview_receipt(session, actor, file=file, scope=self.scope)
        except UnreadableFile as error:
            self.refuse(error)
        except DomainError as error:
            self.preview, self.refusal = None, explain(error)
        else:
            self.columns = self.columns or columns_of(preview.reading)
            self.show(preview)

    def show(self, preview: ReceiptPreview) -> None:
        """Take a preview in place of the one before."""
        self.preview, self.refusal, self.ticked = preview, None, None

    def confirm(self, session: Session, actor: Actor, details: ReceiptDetails) -> int:
        """Keep the list; for a form's `save_and_get`."""
        if self.preview is None:
            raise list_receipts.NothingRead
        try:
            return list_receipts.confirm_receipt(
                session, actor, preview=self.preview, details=details, ticked=frozenset(self.ticks)
            )
        except StaleComparison as error:
            self.show(error.current)
            raise


def uploader_key() -> str:
    """Return the key of the field for the file: another one after each list, so that it stands empty."""
    return f"receipt_file_{st.session_state.get(_ROUND, 0)}"


def forget() -> None:
    """Drop the chosen file. For a button's `on_click`."""
    st.session_state.pop(_TAKEN, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def received(actor: Actor, file: UploadedFile | None, scope: Scope) -> Received | None:
    """Return what was read of the chosen file, reading it if it is new, or corrected, or of another scope."""
    if file is None:
        st.session_state.pop(_TAKEN, None)
        return None
    found: Received | None = st.session_state.get(_TAKEN)
    if found is None or found.file_id != file.file_id:
        digest = hashlib.sha256(file.getvalue()).hexdigest()
        found = Received(file_id=file.file_id, file_name=file.name, digest=digest, scope=scope)
        st.session_state[_TAKEN] = found
    if found.scope != scope:
        found.scope, found.is_read = scope, False
    if not found.is_read:
        with progress_line("正在读这份表，请等一等。") as tell:
            found.read(actor, file.getvalue(), tell)
    return found


def draw_summary(found: Received, preview: ReceiptPreview) -> None:
    """Draw how many rows there are, whom they mean, and how much differs as things are ticked."""
    full = preview.full_reading()
    matched = len(preview.comparison.matched(found.ticks))
    overall = len(full.rows) + len(full.rejected) + len(full.duplicates)
    strangers = sum(each.student_id is None for each in preview.comparison.findings(found.ticks))
    st.markdown(
        f"**共 {overall:,} 行：对上 {matched:,} 人，没对上 {strangers:,} 行，认不准没收 {len(full.rejected):,} 行，"
        f"重复 {len(full.duplicates):,} 行**"
    )
    counts = preview.counts(found.ticks)
    note("；".join(f"{SIDES[side]} {counts[side]:,} 处" for side in DifferenceSide) + "。")
    if preview.comparison.unsure:
        note(f"有 {len(preview.comparison.unsure):,} 个孩子可能就在认不准的行里，没有算作“名单上没有”。", icon="info")
    note("收下以后名册还是原样，一处一处由您来定。", icon="info")


def draw_lists(found: Received, preview: ReceiptPreview) -> None:
    """Draw the lists of what to look at, one at a time; those without anything are left out."""
    full = preview.full_reading()
    problems = {kind: [each for each in full.problems if each.kind is kind] for kind in Kind}
    ticks = [row for row in preview.comparison.rows if row.wants_tick]
    sizes = {
        "ticks": ("要您认一认", len(ticks)),
        "rejected": ("认不准，没收", len(problems[Kind.REJECTED])),
        **{side.value: (SIDES[side], count) for side, count in preview.counts(found.ticks).items()},
        "warnings": ("要留意", len(problems[Kind.WARNING])),
        "duplicates": ("重复", len(problems[Kind.DUPLICATE])),
    }
    labels = {name: f"{label} {count:,}" for name, (label, count) in sizes.items() if count}
    if not labels:
        return
    name = choose_view(labels, key="receipt_view")
    if name in _NOTES:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            note(_NOTES[name])
            if name == "rejected":
                download_rejected(write_rejected(full), key="receipt_rejected")
    match name:
        case "ticks":
            _draw_ticks(found, ticks)
        case "rejected" | "warnings" | "duplicates":
            kind = {"rejected": Kind.REJECTED, "warnings": Kind.WARNING, "duplicates": Kind.DUPLICATE}[name]
            draw_problems(problems[kind], f"receipt_page_{name}", what=sizes[name][0])
        case _:
            _draw_findings(found, preview, DifferenceSide(name))


def _draw_ticks(found: Received, rows: Sequence[ListedRow]) -> None:
    key = "receipt_page_ticks"
    with st.container(border=True, gap="xsmall"):
        for row in _page_of(rows, key):
            tick = f"receipt_tick_{found.digest[:12]}_{row.position}"
            st.session_state[tick] = row.position in found.ticks
            how = "名单上隐去了字" if row.known_by is KnownBy.MASK else "姓名和班级、生日或身份证号的一部分对上"
            words = f":small[:gray[{plain(place_words(row.position))}。{how}]]"
            st.checkbox(
                f"**{plain(row.name)}**，{plain(row.class_label)} {words}",
                key=tick,
                on_change=_tick,
                args=(found, row.position, tick),
            )
    paging_line(key, total=len(rows), unit="行", page_size=_PAGE_SIZE)


def _tick(found: Received, position: Position, key: str) -> None:
    ticked = set(found.ticks)
    (ticked.add if st.session_state[key] else ticked.discard)(position)
    found.ticked = ticked


def _draw_findings(found: Received, preview: ReceiptPreview, side: DifferenceSide) -> None:
    key = f"receipt_page_{side.value}"
    findings = [each for each in preview.comparison.findings(found.ticks) if each.side is side]
    text = st.column_config.TextColumn
    data_table(
        [
            {
                "name": each.name,
                "class": each.class_label,
                "what": finding_words(each),
                "place": place_words(each.position) if each.position is not None else "",
            }
            for each in _page_of(findings, key)
        ],
        {
            "name": text("姓名", width=110),
            "class": text("班级", width=110),
            "what": text("差在哪里", width=480),
            "place": text("在哪里", width=180),
        },
        key=f"{key}_table",
        alt=f"{SIDES[side]}，共 {len(findings)} 处。",
    )
    paging_line(key, total=len(findings), unit="处", page_size=_PAGE_SIZE)


def _page_of(items: Sequence[Item], key: str) -> Sequence[Item]:
    page = current_page(key, total=len(items), page_size=_PAGE_SIZE)
    return items[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]
