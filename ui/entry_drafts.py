"""Keeping what is typed into the table of a class: saved with every cell, offered again for the same class and term."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.transactions import reading, transaction
from services import drafts
from services.actors import Actor
from services.errors import DomainError
from services.term_entries import EntryRow
from ui.drafts import saved_words
from ui.layout import note
from ui.session import who_is_there

FORM = "class_entries"
_OTHERS = "care_entry_drafts"
_SHOWN = 3

Cells = Mapping[str, Any]  # as the browser sends them, by column


@dataclass(frozen=True)
class TableDraft:
    """Cells by child, each with the version of the row it was typed over."""

    cells: Mapping[int, Cells]
    versions: Mapping[int, int]
    saved_at: datetime
    lost: int = 0  # how many cells are of children that are in the table no more


def subject_of(class_id: int, term_id: int) -> str:
    """Name the one table a draft belongs to."""
    return f"{class_id}-{term_id}"


def load(actor: Actor, class_id: int, term_id: int, rows: Sequence[EntryRow]) -> TableDraft | None:
    """Return the actor's own draft of this table, counting what is of children gone from it; note where others lie."""
    with reading() as session:
        found = {each.subject: each for each in drafts.list_drafts(session, actor, form=FORM)}
    here = found.pop(subject_of(class_id, term_id), None)
    st.session_state[_OTHERS] = tuple(found)
    if here is None:
        return None
    known = {str(row.student_id): row for row in rows}
    rows_typed = {child: typed for child, typed in here.content.items() if isinstance(typed, dict)}
    kept = {int(child): typed for child, typed in rows_typed.items() if child in known}
    lost = sum(len(typed.get("cells") or {}) for child, typed in rows_typed.items() if child not in known)
    cells = {child: typed.get("cells") or {} for child, typed in kept.items()}
    versions = {child: int(typed.get("version") or 0) for child, typed in kept.items()}
    return TableDraft(cells, versions, here.saved_at, lost) if lost or any(cells.values()) else None


def keep(class_id: int, term_id: int, cells: Mapping[int, Cells], versions: Mapping[int, int]) -> datetime | None:
    """Save the cells typed so far, for `on_change`; a draft that can't be saved never stops the typing."""
    actor, subject = who_is_there(), subject_of(class_id, term_id)
    if actor is None:
        return None
    content = {
        str(child): {"version": versions[child], "cells": dict(typed)} for child, typed in cells.items() if typed
    }
    try:
        with transaction() as session:
            if content:
                return drafts.save_draft(session, actor, form=FORM, subject=subject, content=content)
            drafts.discard_draft(session, actor, form=FORM, subject=subject)
    except DomainError:
        pass
    return None


def discard(session: Session, actor: Actor, class_id: int, term_id: int) -> None:
    """Throw the draft of a table away: what stood in it is saved, or not wanted."""
    drafts.discard_draft(session, actor, form=FORM, subject=subject_of(class_id, term_id))


def lost_words(lost: int) -> str:
    """Say how much of the draft has no place in the table any more."""
    return f"上次写到一半的，有 {lost:,} 处放不回来：孩子已经不在这张表上，或和另一份合并时两份写得不一样。"


def words(saved_at: datetime | None) -> str:
    """草稿已在 09:41 保存."""
    return saved_words(saved_at) if saved_at else ""


def name_others(classes: Mapping[int, str], terms: Mapping[int, str]) -> None:
    """Say in which other tables something typed still waits to be saved."""
    places = [subject.partition("-") for subject in st.session_state.get(_OTHERS, ())]
    labels = [
        f"{classes[int(class_id)]}（{terms[int(term_id)]}）"
        for class_id, _, term_id in places
        if class_id.isdecimal() and term_id.isdecimal() and int(class_id) in classes and int(term_id) in terms
    ]
    if labels:
        more = f"等 {len(labels)} 处" if len(labels) > _SHOWN else ""
        shown = f"{'、'.join(labels[:_SHOWN])}{more}"
        note(f"还有写了没保存的：{shown}。选那个班、那个学期，就能接着写。", icon="edit")
