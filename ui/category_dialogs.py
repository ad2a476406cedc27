"""Dialogs about the categories of a child: what is asked depends on which one it is."""

from datetime import date
from typing import Any

import streamlit as st

from db.base import Labelled
from db.tables import CategoryKind, FoundBy, Guardianship, LeftBehindKind, OptionList
from db.transactions import reading
from services import care_options, categories, clock, special_kinds
from services.access import Permission
from services.actors import Actor
from services.categories import CategoryDetails
from services.category_lists import CategoryEntry
from services.student_files import StudentFile
from services.student_lists import GROUP_OF, CategoryGroup
from ui.card_form import choice
from ui.categories import category_words
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.forms import Form, shown
from ui.layout import KEEP, note
from ui.session import require_user
from ui.wording import day_field

_LABELS = {
    "kind": "哪一类", "from_day": "从哪天起",
    "left_behind_kind": "父母谁外出", "guardianship": "监护情况", "difficulty_id": "哪一种困境", "document": "文号",
    "level": "等级", "evidence": "原因、依据", "found_by": "怎么发现的",
}  # fmt: skip


@st.dialog("类别", dismissible=False)
def edit_category(file: StudentFile, entry: CategoryEntry | None) -> None:
    """Register the child in a category, or change what is said about one."""
    actor = require_user(Permission.CATEGORY_WRITE)
    name = f"child_category_form_{file.id}_{entry.id if entry else 0}"
    options = _options(actor, entry)
    form = Form(name, entry, labels=_LABELS, show=lambda field, value: _show(options, field, value))
    form.notices()
    kind = entry.kind if entry else _ask_kind(form, actor)
    if entry is not None:
        note(category_words(entry))
    if kind is None:
        note("先选哪一类，下面再问该写的几项。")
    with form_fields(form):
        from_day: date | None = clock.today()  # not asked before it is known which category
        if entry is None and kind is not None:
            with form.field("from_day", clock.today()) as key:
                from_day = day_field("从哪天起", key=key)
        asked = _ask(form, kind, options) if kind is not None else []
        saved, cancelled = buttons(form, f"保存{file.name}的类别")
    cancel_if(form, cancelled)
    if not saved:
        return
    kept = {field: form.drawn_from.values.get(field) for field in CategoryDetails.__dataclass_fields__}
    if kind is CategoryKind.IN_DIFFICULTY:
        kept["subkind"] = None  # chosen from the list from now on
    details = CategoryDetails(**(kept | form.typed(asked)))
    if entry is None:
        finish(
            form,
            lambda session: categories.add_category(
                session, actor, student_id=file.id, kind=kind, details=details, from_day=from_day
            ),
        )
    else:
        finish(
            form,
            lambda session: categories.change_category(
                session, actor, student_id=file.id, category_id=entry.id, version=form.version, details=details
            ),
        )


def _ask_kind(form: Form, actor: Actor) -> CategoryKind | None:
    """Outside the form's fields: what is asked below depends on it."""
    with reading() as session:
        kinds = special_kinds.list_offered_kinds(session, actor)
    with form.field("kind") as key:
        chosen: CategoryKind | None = st.selectbox(
            "哪一类",
            list(kinds),
            key=key,
            index=None,
            format_func=lambda each: kinds.get(each, each.label),
            placeholder="请选",
        )
    return chosen


def _options(actor: Actor, entry: CategoryEntry | None) -> dict[str, dict[int, str]]:
    """Return the words to choose from; one no longer offered only where it stands already."""
    with reading() as session:
        difficulties = care_options.list_options(session, actor, list_name=OptionList.DIFFICULTY)
        levels = care_options.list_options(session, actor, list_name=OptionList.LEVEL)
    own = entry.difficulty_id if entry else None
    return {
        "difficulty_id": {each.id: each.label for each in difficulties if each.is_offered or each.id == own},
        "level": {each.level: each.label for each in levels if each.level is not None},
    }


def _ask(form: Form, kind: CategoryKind, options: dict[str, dict[int, str]]) -> list[str]:
    """Draw what belongs to the category; return the names of the fields."""
    asked = ["evidence", "found_by"]
    group = GROUP_OF[kind]
    if group is CategoryGroup.LEFT_BEHIND:
        choice(form, "left_behind_kind", "父母谁外出", LeftBehindKind)
        with form.field("guardianship") as key:
            st.segmented_control(
                "监护情况", list(Guardianship), key=key, format_func=lambda each: each.label, wrap=True
            )
        asked += ["left_behind_kind", "guardianship"]
    elif group is CategoryGroup.IN_DIFFICULTY:
        words = options["difficulty_id"]
        with form.field("difficulty_id") as key:
            st.selectbox(
                "哪一种困境", list(words), key=key, index=None, placeholder="请选",
                format_func=lambda wanted: words.get(wanted, ""),
            )  # fmt: skip
        with form.field("document", "") as key:
            st.text_input("文号，民政等部门的认定", key=key, autocomplete="off")
        asked += ["difficulty_id", "document"]
    else:
        names = options["level"]
        with form.field("level") as key:
            st.segmented_control("等级", list(names), key=key, format_func=names.__getitem__, wrap=True)
        asked.append("level")
    choice(form, "found_by", "怎么发现的", FoundBy)
    with form.field("evidence", "") as key:
        st.text_area("原因、依据，比如证明、家访所见", key=key)
    return asked


@st.dialog("结束这一类", dismissible=False)
def end_category(file: StudentFile, entry: CategoryEntry) -> None:
    """Say that a category no longer holds; the record stays."""
    actor = require_user(Permission.CATEGORY_WRITE)
    form = Form(f"child_end_category_form_{entry.id}", entry)
    form.notices()
    st.text(f"{file.name}不再登记为“{category_words(entry)}”。以前的记录都还在。")
    with form_fields(form):
        with form.field("day", clock.today()) as key:
            day = day_field("从哪天起不再是", key=key)
        saved, cancelled = buttons(form, "结束", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: categories.end_category(
                session, actor, student_id=file.id, category_id=entry.id, version=form.version, day=day
            ),
        )


def _show(options: dict[str, dict[int, str]], field: str, value: Any) -> str:  # any field's value
    if field in options and value is not None:
        return options[field].get(value, shown(value))
    return value.label if isinstance(value, Labelled) else shown(value)
