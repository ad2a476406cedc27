"""Forms that lose nothing: problems under their fields, and an edit that knows what it was drawn from.

    form = Form("guardian_form", row, labels={"name": "姓名", "phone": "电话"})
    form.notices()                                  # refusals and conflicts stand here, outside st.form
    with st.form(form.key("fields"), enter_to_submit=False):
        with form.field("name", "") as key:         # the problem with it stands right below
            name = st.text_input("姓名", key=key)
        submitted = st.form_submit_button("保存")
    if submitted and form.save(lambda session: guardians.save_guardian(session, actor, …, version=form.version)):
        flash("已保存。")
        st.rerun()

What the form was drawn from (id, version, values) is frozen when it is first drawn, and stays until it is saved,
cancelled or left; so the submit carries the version somebody saw, not the one read by the submit's own run.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

import streamlit as st
from sqlmodel import Session, SQLModel
from streamlit.delta_generator import DeltaGenerator

from db.transactions import transaction
from services import clock
from services.errors import DomainError, EditedMeanwhile, FieldErrors, Problem
from ui import layout
from ui.formats import plain
from ui.problems import problem_sentence
from ui.refusals import explain
from ui.telling import keep_telling, tell
from ui.widget_kinds import kind_of
from ui.wording import whole

Result = TypeVar("Result")
_STATE = "care_form_"  # outlives a rerun by itself, unlike the fields
BLANK = "（空）"
CHANGED_SINCE = "您上次写到一半的都在；这一条后来改过。两份都在下面，请选一份，或合起来再存。"


@dataclass(frozen=True)
class Frozen:
    """What a form was drawn from; a form for something new has neither id nor version."""

    id: int | None = None
    version: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _State:
    drawn_from: Frozen
    fields: set[str] = field(default_factory=set)
    started: dict[str, Any] = field(default_factory=dict)  # what stood in the fields when they were first drawn
    problems: dict[str, Problem] = field(default_factory=dict)
    refused: dict[str, Any] = field(default_factory=dict)  # what stood in the fields with a problem when they got it
    unseen: set[str] = field(default_factory=set)  # with a problem, and not drawn then
    refusal: str | None = None
    theirs: Frozen | None = None  # how the record stands now, where somebody was faster
    edited_by: str | None = None


def freeze(row: object | None) -> Frozen:
    """Return id, version and values of a row: a table row, a dataclass, or a mapping."""
    match row:
        case None:
            values: dict[str, Any] = {}
        case Mapping():
            values = dict(row)
        case SQLModel():
            values = {name: getattr(row, name) for name in type(row).model_fields}
        case _ if is_dataclass(row):
            values = {each.name: getattr(row, each.name) for each in fields(row)}
        case _:
            raise TypeError(type(row).__qualname__)
    return Frozen(values.get("id"), values.get("version"), values)


def frozen(key: str, row: object | None) -> Frozen:
    """Return what a form was first drawn from: the row given now, if this is the first time."""
    state: _State = st.session_state.setdefault(_STATE + key, _State(freeze(row)))
    return state.drawn_from


def release(key: str) -> None:
    """Forget a form: saved or cancelled. What was typed goes with the fields."""
    state: _State | None = st.session_state.pop(_STATE + key, None)
    for name in state.fields if state else ():
        st.session_state.pop(f"{key}_{name}", None)


class Form:
    """One form on screen; see the module."""

    def __init__(
        self,
        name: str,
        row: object | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        around: Mapping[str, str] | None = None,
        show: Callable[[str, Any], str] | None = None,
    ) -> None:
        """Draw from `row` the first time. `labels` and `show(field, value)` name fields and values in a conflict.

        `around` names what the form doesn't ask for but was decided upon: told in a conflict where it changed.
        """
        self.name = name
        self._labels = dict(labels or {})
        self._around = dict(around or {})
        self._show = show or (lambda _field, value: shown(value))
        if was_left(name) or _is_of_another(name, row):
            release(name)
        frozen(name, row)
        self._slots: dict[str, DeltaGenerator] = {}
        self._holders: dict[str, Callable[[], object]] = {}  # of what is no single widget: what stands there
        self._notices: DeltaGenerator | None = None
        self._seen: dict[str, Problem] = {}  # what is wrong with what stands there now, before anybody saves

    @property
    def _state(self) -> _State:
        state: _State = st.session_state[_STATE + self.name]
        return state

    @property
    def drawn_from(self) -> Frozen:
        """What the form was first drawn from."""
        return self._state.drawn_from

    @property
    def version(self) -> int:
        """The version to save against."""
        return self.drawn_from.version or 0

    @property
    def is_fresh(self) -> bool:
        """Whether no field of it was drawn yet: the first time, or the first again after it was left."""
        return not self._state.fields

    @property
    def is_open(self) -> bool:
        """Whether it is neither saved nor cancelled."""
        return _STATE + self.name in st.session_state

    def key(self, name: str) -> str:
        """Return the widget key of a field or a button of this form."""
        return f"{self.name}_{name}"

    def notices(self) -> None:
        """Keep a place for refusals and conflicts; they hold buttons, so it lies outside `st.form`."""
        self._notices = st.empty()
        self._draw_notices()

    @contextmanager
    def field(
        self, name: str, start: Any = None, *, is_filled: bool = True, holds: Callable[[], object] | None = None
    ) -> Generator[str]:
        """Open one field: gives its widget's key, filled from what the form was drawn from, else from `start`.

        A widget that nobody but the person can fill (a file) is not. `holds` tells what stands in a field that is more
        than one widget: a problem stands under it only until that is another.
        """
        key = self.key(name)
        if is_filled and key not in st.session_state:
            value = self.drawn_from.values.get(name)
            tell(key, start if value is None else value)
            self._state.started.setdefault(name, st.session_state[key])
        if is_filled:
            keep_telling(key)
        self._state.fields.add(name)
        with layout.field():
            yield key
            if holds is not None:
                self._holders[name] = holds
            self._slots[name] = st.empty()
            self._draw_problem(name)

    def point_out(self, name: str, problem: Problem | None) -> None:
        """Say under a field what is already wrong with what stands in it; inside its `field`."""
        if problem is not None:
            self._seen[name] = problem

    def typed(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what stands in the fields of these names."""
        values = {name: st.session_state.get(self.key(name)) for name in names}
        return {name: whole(value) if isinstance(value, float) else value for name, value in values.items()}

    def changed(self) -> dict[str, Any]:
        """Return what stands in the fields otherwise than in what the form was drawn from."""
        before = {name: value for name, value in self.drawn_from.values.items() if value is not None}
        before = self._state.started | before
        typed = {name: value for name, value in self.typed(self._state.fields).items() if _is_drawn(self.key(name))}
        return {name: value for name, value in typed.items() if _or_none(value) != _or_none(before.get(name))}

    def draw_also_from(self, values: Mapping[str, Any]) -> None:
        """Freeze what has come onto the form since it was first drawn; what is frozen already stays as it is."""
        state = self._state
        if new := {name: value for name, value in values.items() if name not in state.drawn_from.values}:
            state.drawn_from = replace(state.drawn_from, values={**state.drawn_from.values, **new})

    def resume(self, typed: Mapping[str, Any], *, version: int, over: Mapping[str, Any] | None = None) -> None:
        """Put back what was typed over a version; where another one is stored now, both are shown. Before `notices`.

        `over` are further values it was typed over, each told where it is another now.
        """
        state, now = self._state, self.drawn_from
        for name, value in typed.items():
            tell(self.key(name), value)
            state.fields.add(name)
        seen = {name: value for name, value in (over or {}).items() if name in now.values}
        if version != self.version:
            state.theirs = now
        elif any(now.values[name] != value for name, value in seen.items()):
            state.theirs = replace(now, values={name: now.values[name] for name in seen})
        else:
            return
        state.drawn_from = replace(now, version=version, values={**now.values, **seen})
        state.refusal = CHANGED_SINCE

    def save(self, act: Callable[[Session], object]) -> bool:
        """Do the act in one transaction; say whether it was saved. Otherwise everything typed still stands."""
        return self.save_and_get(lambda session: (act(session),)) is not None

    def save_and_get(self, act: Callable[[Session], Result]) -> Result | None:
        """Do the act in one transaction and return what it gave; None where it wasn't saved, as with `save`."""
        saved = self.try_first(lambda: _in_transaction(act))
        if saved is not None:
            self._redraw()  # the page may go on in this run: nothing refused before should stand there
            release(self.name)
        return saved

    def try_first(self, act: Callable[[], Result]) -> Result | None:
        """Do what is slow, or may refuse, before the transaction; None where it was refused, and the form says why."""
        state = self._state
        state.problems, state.refusal, state.theirs = {}, None, None
        try:
            return act()
        except FieldErrors as error:
            state.problems = dict(error.problems)
            state.refused = {name: self._standing(name) for name in error.problems}
            state.unseen = error.problems.keys() - self._slots.keys()
        except EditedMeanwhile as error:
            state.theirs, state.refusal, state.edited_by = freeze(error.current), explain(error), error.edited_by
        except DomainError as error:
            state.refusal = explain(error)
        self._redraw()
        return None

    def cancel(self) -> None:
        """Give up what was typed."""
        release(self.name)

    def _redraw(self) -> None:
        self._draw_notices()
        for name in self._slots:
            self._draw_problem(name)

    def _standing(self, name: str) -> object:
        holder = self._holders.get(name)
        return holder() if holder else _or_none(st.session_state.get(self.key(name)))

    def _outgrow(self, name: str) -> None:
        """Take back a problem with what no longer stands in the field; one that was nowhere to be seen has a place."""
        state = self._state
        is_other = name in state.problems and self._standing(name) != state.refused.get(name)
        if is_other:
            del state.problems[name]
        if is_other or name in state.unseen:
            state.unseen.discard(name)
            self._draw_notices()

    def _draw_problem(self, name: str) -> None:
        self._outgrow(name)
        problem = self._state.problems.get(name) or self._seen.get(name)
        if problem is None:
            self._slots[name].empty()
            return
        with self._slots[name].container():
            layout.field_error(problem_sentence(problem, kind_of(self.key(name))))

    def _draw_notices(self) -> None:
        if self._notices is None:
            return
        state = self._state
        refusal = state.refusal or self._what_to_mend()
        if refusal is None:
            self._notices.empty()
            return
        with self._notices.container():
            if state.theirs is None:
                st.error(plain(refusal), icon=":material/error:")
            else:
                self._draw_conflict(state.theirs, refusal)

    def _what_to_mend(self) -> str | None:
        """Return how much is to be mended, with what stands under no field; that is named."""
        state = self._state
        if not state.problems:
            return None
        unseen = [
            f"{self._labels[name]}：{sentence}" if name in self._labels else sentence
            for name, problem in state.problems.items()
            if name in state.unseen and (sentence := problem_sentence(problem))
        ]
        return " ".join([explain(FieldErrors(state.problems)), *unseen])

    def _draw_conflict(self, theirs: Frozen, refusal: str) -> None:
        """Show both versions, and what else was changed; taking one is a conscious act, and so is saving again."""
        typed = self.typed(name for name in self._state.fields if self.key(name) in st.session_state)
        mine = [
            {"": plain(self._labels.get(name, name)), "现在存着的": plain(stored), "我写的": plain(own)}
            for name in self._labels
            if name in typed
            and name in theirs.values
            and (stored := self._show(name, theirs.values[name])) != (own := self._show(name, typed[name]))
        ]
        is_same = bool(typed.keys() & theirs.values.keys()) and not mine
        changed = self._changed_since(theirs) - typed.keys()
        is_clash = bool(mine) or (is_same and not changed)
        others = f"{self._state.edited_by or '别人'}刚改过这一条。您写的都在；请看看改了什么，再存一次。"
        st.error(plain(refusal if is_clash else others), icon=":material/error:")
        with st.container(border=True):
            tables = [rows for rows in (mine, self._elsewhere(theirs, changed)) if rows]
            for rows in tables:
                st.table(rows, border="horizontal", hide_index=True)
            if not tables:
                layout.note("两份写得一样。" if is_clash else "改的不在这张表上。可以先回去看看现在的样子。")
            with st.container(horizontal=True, gap="xsmall"):
                if is_clash:
                    st.button("用现在存着的", key=self.key("take_theirs"), on_click=_take_theirs, args=(self.name,))
                keep = "留着我写的，再按保存" if is_clash else "看过了，再按保存"
                st.button(keep, key=self.key("keep_mine"), on_click=_keep_mine, args=(self.name,))

    def _elsewhere(self, theirs: Frozen, changed: set[str]) -> list[dict[str, str]]:
        """Return what this form doesn't ask for and somebody changed since it was drawn."""
        names = self._labels | self._around
        return [
            {
                "": plain(names[name]),
                "现在存着的": plain(self._show(name, theirs.values[name])),
                "我打开时": plain(self._show(name, self.drawn_from.values[name])),
            }
            for name in names
            if name in changed
        ]

    def _changed_since(self, theirs: Frozen) -> set[str]:
        """Return what of the record is another than when the form was drawn, as far as both are known."""
        before = self.drawn_from.values
        known = (before.keys() & theirs.values.keys()) - {"id", "version"}
        return {name for name in known if before[name] != theirs.values[name]}


def _is_of_another(name: str, row: object | None) -> bool:
    """Whether what stands under this name was drawn from another record than the one given now."""
    state: _State | None = st.session_state.get(_STATE + name)
    now = freeze(row).id
    return state is not None and None not in (state.drawn_from.id, now) and state.drawn_from.id != now


def _is_drawn(key: str) -> bool:
    return key in st.session_state


def _or_none(value: Any) -> Any:  # any field's value
    """Return None for what is written blank; no is an answer."""
    return None if value in ("", [], ()) else value


def shown(value: Any) -> str:
    """Write any value of a field for a person."""
    if value is None or value == "" or value == []:
        return BLANK
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{shown(clock.local(value).date())} {clock.local(value):%H:%M}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    return str(value)


def _in_transaction(act: Callable[[Session], Result]) -> Result:
    with transaction() as session:
        return act(session)


def was_left(name: str) -> bool:
    """Whether the form's fields were gone for a run: the page was left, or its dialog closed."""
    state: _State | None = st.session_state.get(_STATE + name)
    return bool(state and state.fields and not any(f"{name}_{each}" in st.session_state for each in state.fields))


def is_being_filled(name: str) -> bool:
    """Whether a form was drawn and is neither saved nor left: it stays on screen whatever is stored meanwhile."""
    return _STATE + name in st.session_state and not was_left(name)


def _take_theirs(name: str) -> None:
    state: _State = st.session_state[_STATE + name]
    if state.theirs is not None:
        for each in state.fields & set(state.theirs.values):
            value = state.theirs.values[each]
            before = st.session_state.get(f"{name}_{each}")
            tell(f"{name}_{each}", "" if value is None and isinstance(before, str) else value)
    _settle(state)


def _keep_mine(name: str) -> None:
    _settle(st.session_state[_STATE + name])


def _settle(state: _State) -> None:
    """From now on the form counts as drawn from what is stored: the next save goes through."""
    if state.theirs is not None:
        state.drawn_from = replace(state.theirs, values={**state.drawn_from.values, **state.theirs.values})
    state.theirs, state.refusal, state.problems = None, None, {}
