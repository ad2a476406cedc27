"""The field for a user name, the same wherever an account is made: it says at once what can't be a name."""

import streamlit as st

from services.accounts import username_problem
from services.sign_in import normalise_name
from ui.forms import Form
from ui.layout import note

HINT = "登录用，小写字母或数字"


def username_field(form: Form, name: str, *, start: str = "") -> str:
    """Draw the field and return what stands in it; where it is stored otherwise than typed, say how."""
    with form.field(name, start) as key:
        typed = str(st.text_input("账号", key=key, placeholder=HINT, autocomplete="off") or "")
        problem = username_problem(typed)
        form.point_out(name, problem)
        if problem is None and typed and (login := normalise_name(typed)) != typed:
            note(f"登录时写 {login}")
    return typed
