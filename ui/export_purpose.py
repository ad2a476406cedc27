"""What an export is for: asked wherever children's data leave the program."""

import streamlit as st

from services.student_exports import ExportPurpose
from ui.forms import Form


def ask_for_purpose(form: Form) -> ExportPurpose | None:
    """Draw the field and return what is chosen."""
    with form.field("purpose") as key:
        return st.selectbox(
            "做什么用",
            list(ExportPurpose),
            key=key,
            index=None,
            placeholder="请选",
            format_func=lambda each: each.label,
        )
