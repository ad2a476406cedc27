"""One class's check: every child in a category, what was newly found, and what was returned before."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.tables import CheckKind, CheckResult
from services import check_returns, clock
from services.actors import Actor
from services.check_kinds import ANSWERS, TOLD, needs_level
from services.check_sheets import CheckLine, CheckSheet, ReturnView
from services.check_sight import CheckAnswer, NewFinding
from ui import formats
from ui.categories import LEVELS
from ui.check_sight import all_asked, draw_reason, draw_sight, seen_words
from ui.form_drafts import FormDraft, has_draft
from ui.formats import plain
from ui.forms import Form, is_being_filled, shown
from ui.layout import DISCARD, flash, form_end, leave_button, note
from ui.states import DUTY

_ROWS, _AMENDING = "found_rows", "care_rounds_amending"
_DRAFT = "rounds"


def draw_sheet(actor: Actor, sheet: CheckSheet) -> None:
    """Draw what was returned, or the form for it."""
    is_amending = st.session_state.get(_AMENDING) == _subject(sheet)
    is_open = not sheet.version or is_amending or is_being_filled(_name(sheet))
    if not is_open and not has_draft(actor, _DRAFT, _subject(sheet)):
        _draw_returned(sheet)
    else:
        _draw_form(actor, sheet)


def _name(sheet: CheckSheet) -> str:
    return f"rounds_{sheet.round_id}_{sheet.class_id}"


def _subject(sheet: CheckSheet) -> str:
    return f"class:{sheet.class_id}:{sheet.round_id}"


def _draft_of(form: Form, sheet: CheckSheet) -> FormDraft:
    rows = {_ROWS: lambda found: [int(row) for row in found or ()]}
    over = tuple(name for line in sheet.lines for name in _drawn_over(line))
    return FormDraft(form, _DRAFT, _subject(sheet), partial(_read, sheet), rows, about=tuple(sheet.others), over=over)


def _read(sheet: CheckSheet, name: str, value: Any) -> Any:  # any field's value, as the draft has it and as it was
    """Read one field of a draft; a line, a child or a kind that is on the sheet no more is a KeyError."""
    part, _, which = name.rpartition("_")
    if part in {"result", "note", "level", "seen_on", "seen_by"} and int(which) not in {
        line.category_id for line in sheet.lines
    }:
        raise KeyError(name)
    levels = {each: each for each in LEVELS}
    readers: dict[str, Callable[[Any], Any]] = {
        "result": {each.value: each for each in ANSWERS[sheet.kind]}.__getitem__,
        "note": str,
        "level": levels.__getitem__,
        "found_student": {each: each for each in sheet.others}.__getitem__,
        "found_kind": {kind.value: kind for kind in sheet.kinds}.__getitem__,
        "found_level": levels.__getitem__,
        "found_note": str,
        "seen_on": date.fromisoformat,
        "found_seen_on": date.fromisoformat,
        "seen_by": {each: each for each in sheet.people}.__getitem__,
        "found_seen_by": {each: each for each in sheet.people}.__getitem__,
        "has_asked": bool,
    }
    return None if value is None else readers[part](value)


def _draw_returned(sheet: CheckSheet) -> None:
    current, *earlier = sheet.returns
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{plain(sheet.class_label)}** {DUTY['met'].badge('交了')}", width="content")
            st.button("改这一份", key="rounds_amend", icon=":material/edit:", on_click=_amend, args=(sheet,))
        _draw_return(sheet, current)
    for each in earlier:
        with st.expander(
            f"改之前的第 {each.revision:,} 份", key=f"rounds_earlier_{each.revision}", on_change="rerun"
        ) as box:
            if box.open:
                _draw_return(sheet, each)


def _amend(sheet: CheckSheet) -> None:
    st.session_state[_AMENDING] = _subject(sheet)


def _draw_return(sheet: CheckSheet, view: ReturnView) -> None:
    when = formats.day(clock.local(view.returned_at).date(), today=clock.today())
    note(f"{view.returned_by or '命令行'} {when}交，问过全班 {view.children_count} 人。")
    if not view.lines:
        note(
            "没有发现要登记的情况。"
            if sheet.kind is CheckKind.CLASS_CHECK
            else "全班过了一遍，没有四特的孩子，也没有新怀疑的。"
        )
    for line in view.lines:
        said = [line.kind_name, line.result.label]
        if line.level:
            said.append(LEVELS[line.level])
        if seen := seen_words(line):
            said.append(seen)
        words = f"{'，'.join(said)}。{line.note or ''}"
        st.markdown(f"{plain(line.name)} :small[:gray[{plain(words)}]]")


def _draw_form(actor: Actor, sheet: CheckSheet) -> None:
    form = Form(
        _name(sheet), _fields(sheet), labels=_labels(sheet), around=_standings(sheet), show=partial(_show, sheet)
    )
    form.draw_also_from({name: value for line in sheet.lines for name, value in _drawn_over(line).items()})
    draft = _draft_of(form, sheet)
    draft.offer(actor)
    with st.container(border=True):
        st.markdown(f"**{plain(sheet.class_label)}** :small[:gray[{len(sheet.others)} 人]]")
        form.notices()
        draft.remind()
        if sheet.lines:
            unseen = "、还没见到" if sheet.kind is CheckKind.SPECIAL_CHECK else ""
            note(f"已经登记的孩子，一个一个确认。有变化、不再是{unseen}的，写一句怎么回事。")
        for line in sheet.lines:
            _draw_line(form, draft, sheet, line, actor)
        rows = _draw_found(form, draft, sheet, actor)
        with form.field("has_asked_others", False) as key:
            asked = st.checkbox(all_asked(sheet, has_findings=bool(rows)), key=key, on_change=draft.keep)
        with form_end(draft.line()):
            if (sheet.version or draft.line()) and leave_button(DISCARD, key=form.key("cancel")):
                draft.throw_away(actor)
                st.session_state.pop(_AMENDING, None)
                st.rerun()
            label = "交改过的这一份" if sheet.version else f"交{sheet.class_label}的排查"
            submitted = st.button(plain(label), key=form.key("save"), type="primary", icon=":material/check:")

    def save(session: Session) -> None:
        check_returns.return_check(
            session, actor, class_id=sheet.class_id, version=form.version, answers=_answers(form, sheet),
            found=_found(form), has_asked_others=bool(asked), kind=sheet.kind,
        )  # fmt: skip
        draft.discard(session, actor)

    if submitted and form.save(save):
        draft.forget()
        st.session_state.pop(_AMENDING, None)
        flash(f"{sheet.class_label}的排查交了。")
        st.rerun()


def _fields(sheet: CheckSheet) -> dict[str, Any]:  # values of several types
    """Return what the form is drawn from, by field."""
    said = {f"result_{line.category_id}": line.result for line in sheet.lines}
    notes: dict[str, Any] = {f"note_{line.category_id}": line.note for line in sheet.lines}
    levels = {f"level_{line.category_id}": line.level for line in sheet.lines}
    if sheet.people:
        notes |= {f"seen_on_{line.category_id}": line.seen_on for line in sheet.lines}
        notes |= {f"seen_by_{line.category_id}": line.seen_by_id for line in sheet.lines}
    over = {name: value for line in sheet.lines for name, value in _drawn_over(line).items()}
    return {"id": sheet.class_id, "version": sheet.version, **said, **notes, **levels, **over}


def _drawn_over(line: CheckLine) -> dict[str, Any]:
    """Return what an answer is given to: the category as it stands, and which version that is."""
    return {f"standing_{line.category_id}": line.standing, f"version_{line.category_id}": line.version}


def _standings(sheet: CheckSheet) -> dict[str, str]:
    return {f"standing_{line.category_id}": f"{line.name}，{line.kind_name}，登记着的" for line in sheet.lines}


def _labels(sheet: CheckSheet) -> dict[str, str]:
    """Name the fields of the sheet for the box that shows two versions."""
    labels = {}
    for line in sheet.lines:
        labels[f"result_{line.category_id}"] = f"{line.name}，{line.kind_name}"
        labels[f"note_{line.category_id}"] = f"{line.name}，怎么回事"
        labels[f"level_{line.category_id}"] = f"{line.name}，{line.kind_name}，程度"
        labels[f"seen_on_{line.category_id}"] = f"{line.name}，哪天见的"
        labels[f"seen_by_{line.category_id}"] = f"{line.name}，谁见的"
    return labels


def _show(sheet: CheckSheet, field: str, value: Any) -> str:  # any field's value
    if field.startswith("seen_by_") and value in sheet.people:
        return sheet.people[value]
    if field.startswith("level_") and value in LEVELS:
        return LEVELS[value]
    return CheckResult(value).label if field.startswith("result_") and value else shown(value)


def _draw_line(form: Form, draft: FormDraft, sheet: CheckSheet, line: CheckLine, actor: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        since = formats.day(line.from_day, today=clock.today())
        level = f"，{LEVELS[line.level]}" if line.level else ""
        kind = f"{line.kind_name}，{line.subkind}" if line.subkind else line.kind_name
        st.markdown(f"**{plain(line.name)}**  \n:small[:gray[{plain(f'{kind}{level}，{since}起')}]]", width=220)
        with form.field(f"result_{line.category_id}") as key:
            result = st.segmented_control(
                plain(f"{line.name}{line.kind_name}"), list(ANSWERS[sheet.kind]), key=key,
                format_func=lambda each: each.label, label_visibility="collapsed", wrap=True,
                on_change=draft.keep,
            )  # fmt: skip
    draw_reason(form, draft, sheet, line, result)
    if result is not None and result is not CheckResult.NOT_SEEN:
        draw_sight(form, draft, sheet, actor, str(line.category_id))


def _draw_found(form: Form, draft: FormDraft, sheet: CheckSheet, actor: Actor) -> list[int]:
    key_of_rows = form.key(_ROWS)
    rows: list[int] = st.session_state.setdefault(key_of_rows, [])
    if rows:
        st.markdown("**新发现的**")
    for row in rows:
        with st.container(border=True):
            left, right = st.columns(2)
            with left, form.field(f"found_student_{row}") as key:
                st.selectbox(
                    "哪个孩子", list(sheet.others), key=key, index=None, placeholder="请选",
                    format_func=lambda child: sheet.others.get(child, ""), on_change=draft.keep,
                )  # fmt: skip
            with right, form.field(f"found_kind_{row}") as key:
                st.selectbox(
                    "哪一类", list(sheet.kinds), key=key, index=None, placeholder="请选",
                    format_func=lambda each: sheet.kinds.get(each, each.label), on_change=draft.keep,
                )  # fmt: skip
            with form.field(f"found_level_{row}") as key:
                st.segmented_control("程度，一级最重", list(LEVELS), key=key, format_func=LEVELS.__getitem__, wrap=True,
                                     on_change=draft.keep)  # fmt: skip
            with form.field(f"found_note_{row}", "") as key:
                st.text_input("看到、听到什么", key=key, autocomplete="off", on_change=draft.keep)
            draw_sight(form, draft, sheet, actor, str(row), prefix="found_")
            st.button("不写这一条", key=form.key(f"drop_{row}"), type="tertiary", on_click=_drop, args=(draft, row))
    st.button("加一个新发现的孩子", key=form.key("add_found"), icon=":material/add:", on_click=_add_row, args=(draft,))
    return rows


def _add_row(draft: FormDraft) -> None:
    rows: list[int] = st.session_state.setdefault(draft.form.key(_ROWS), [])
    rows.append(max(rows, default=-1) + 1)
    draft.keep()


def _drop(draft: FormDraft, row: int) -> None:
    st.session_state[draft.form.key(_ROWS)].remove(row)
    for part in ("student", "kind", "level", "note", "seen_on", "seen_by"):
        st.session_state.pop(draft.form.key(f"found_{part}_{row}"), None)
    draft.keep()


def _answers(form: Form, sheet: CheckSheet) -> list[CheckAnswer]:
    answers = []
    for line in sheet.lines:
        names = ("result", "note", "level", "seen_on", "seen_by")
        typed = {name: form.typed([f"{name}_{line.category_id}"]).popitem()[1] for name in names}
        result = typed["result"]
        asks_level = result is CheckResult.CHANGED or needs_level(sheet.kind, result, line.level)
        answers.append(
            CheckAnswer(
                category_id=line.category_id,
                version=form.drawn_from.values.get(f"version_{line.category_id}", 0),
                result=result,
                note=typed["note"] if result in TOLD else None,
                level=typed["level"] if asks_level else None,
                seen_on=typed["seen_on"],
                seen_by_id=typed["seen_by"],
            )
        )
    return answers


def _found(form: Form) -> list[NewFinding]:
    return [
        NewFinding(
            student_id=st.session_state.get(form.key(f"found_student_{row}")),
            kind=st.session_state.get(form.key(f"found_kind_{row}")),
            level=st.session_state.get(form.key(f"found_level_{row}")),
            note=st.session_state.get(form.key(f"found_note_{row}")),
            seen_on=st.session_state.get(form.key(f"found_seen_on_{row}")),
            seen_by_id=st.session_state.get(form.key(f"found_seen_by_{row}")),
            row=row,
        )
        for row in st.session_state.get(form.key(_ROWS), [])
    ]
