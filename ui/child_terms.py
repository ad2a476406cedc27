"""学期记录: what is kept of a child term by term, the newest first; at the side what is known of its family."""

import streamlit as st

from db.transactions import reading
from services import clock, term_entries
from services.actors import Actor
from services.student_files import StudentFile
from services.term_entries import ChildEntry, EntryValues
from ui import child_family, formats
from ui.formats import plain, plain_lines
from ui.layout import empty_state, side_column


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw the terms of a child; a class's table is where they are written."""
    with reading() as session:
        entries = term_entries.list_child_entries(session, actor, student_id=file.id)
    main, side = side_column(1.9)
    with main:
        if not entries:
            empty_state("school", "还没有学期记录", "班主任在“学期记录”里一个班一张表地记，记好会出现在这里。")
        for entry in entries:
            _draw_entry(entry)
    with side:
        child_family.draw(actor, file)


def _draw_entry(entry: ChildEntry) -> None:
    with st.container(border=True, gap="small"):
        st.markdown(f"**{plain(entry.term_label)}**")
        st.markdown(plain("，".join(_parts(entry.values)) or "只写了一句话"))
        if entry.values.note:
            st.markdown(f":gray[{plain_lines(entry.values.note)}]")


def _parts(values: EntryValues) -> list[str]:
    said = []
    if values.study:
        said.append(f"学业{values.study.label}")
    if values.health:
        said.append(f"身体{values.health.label}")
    if values.checked_up_on:
        said.append(f"{formats.day(values.checked_up_on, today=clock.today())}体检")
    if values.height_cm:
        said.append(f"身高 {values.height_cm} 厘米")
    if values.weight_kg:
        said.append(f"体重 {values.weight_kg:g} 公斤")
    if values.vaccination:
        said.append(f"预防接种{values.vaccination.label}")
    return said
