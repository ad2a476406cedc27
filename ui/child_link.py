"""The way from what is about a child to the child's file."""

import streamlit as st

from services.access import Permission, allows
from services.actors import Actor
from ui import navigation


def child_link(actor: Actor, student_id: int | None, *, key: str) -> None:
    """Draw the way to a child's file, for who may open it; nothing where the child isn't known."""
    if student_id is None or not allows(actor, Permission.STUDENT_READ):
        return
    if st.button("打开孩子的档案", key=key, icon=":material/person:", type="tertiary"):
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
