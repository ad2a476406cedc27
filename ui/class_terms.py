"""What a page about a class in a term begins with: the classes and terms there are, or what is missing first."""

import streamlit as st

from db.transactions import reading
from services import student_lists, term_entries
from services.actors import Actor
from ui.layout import empty_state


def classes_and_terms(actor: Actor, *, act: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return the names of the actor's classes and of the terms that have begun; the page ends where there are none."""
    with reading() as session:
        classes = {each.id: each.label for each in student_lists.list_writable_classes(session, actor)}
        terms = {each.id: each.label for each in term_entries.list_entry_terms(session, actor)}
    if not classes:
        empty_state("school", f"还没有归您{act}的班", "班主任由关爱室负责人在“设置”里安排，安排好这里就会有。")
        st.stop()
    if not terms:
        empty_state("event", "还没有开始的学期", f"先到“设置”里写上学期的起止日子，再来{act}。")
        st.stop()
    return classes, terms
