"""The table of a class's entries: typed into, saved as a whole, and what happens when two type at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import streamlit as st

from db.base import Labelled, new_uid
from db.tables import HealthState, StudyLevel, Vaccination
from db.transactions import transaction
from services import clock, term_entries
from services.access import Permission
from services.actors import Actor
from services.errors import DomainError, FieldErrors
from services.term_entries import ClassEntries, EntriesChanged, EntryInput, EntryRow
from ui import entry_drafts
from ui.entry_drafts import Cells, TableDraft
from ui.formats import plain
from ui.forms import shown
from ui.layout import DISCARD, flash, form_end, leave_button, note
from ui.messages import explain
from ui.problems import problem_sentence
from ui.session import require_user
from ui.tables import ROW_HEIGHT, table_height
from ui.telling import tell, tell_again

_TABLES = "care_entry_tables"
_MARK = "care_entries_mark"
_CLASS, _TERM = "entries_class", "entries_term"
_CHOICES: Mapping[str, type[Labelled]] = {"study": StudyLevel, "health": HealthState, "vaccination": Vaccination}
LABELS = {
    "study": "学业", "health": "身体", "checked_up_on": "体检日期", "height_cm": "身高", "weight_kg": "体重",
    "vaccination": "预防接种", "note": "思想和成长",
}  # fmt: skip


@dataclass
class _Table:
    """What the table was drawn from, which stays until it is saved or given up."""

    rows: Sequence[EntryRow]
    round: int = 0  # counts the tables drawn: another key forgets what was typed into the one before
    refusals: list[str] = field(default_factory=list)
    theirs: tuple[EntryRow, ...] = ()
    restored: Mapping[int, Cells] = field(default_factory=dict)  # from the draft, by child; typing goes on over it
    saved_at: datetime | None = None  # when the draft was kept
    lost: int = 0  # how many cells of it have no row here any more


def choose(classes: Mapping[int, str], terms: Mapping[int, str]) -> tuple[int, int]:
    """Draw class and term, kept in the address; they wait while something typed is not saved."""
    _take(_CLASS, "class", classes)
    _take(_TERM, "term", terms)
    tell_again(_CLASS, _TERM)
    is_typing = _has_typed(st.session_state[_CLASS], st.session_state[_TERM])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        class_id = st.selectbox("班级", list(classes), format_func=classes.__getitem__, key=_CLASS, width=160,
                                disabled=is_typing, placeholder="请选")  # fmt: skip
        term_id = st.selectbox("学期", list(terms), format_func=terms.__getitem__, key=_TERM, width=240,
                               disabled=is_typing, placeholder="请选")  # fmt: skip
    for name, value in (("class", class_id), ("term", term_id)):
        if st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)
    return class_id, term_id


def _take(key: str, name: str, known: Mapping[int, str]) -> None:
    if st.session_state.get(key) not in known:
        asked = st.query_params.get(name, "")
        found = int(asked) if asked.isdecimal() and len(asked) < 12 else 0
        tell(key, found if found in known else next(iter(known)))


def draw(actor: Actor, entries: ClassEntries) -> None:
    """Draw the table, what was refused, and the buttons."""
    table = _table(actor, entries)
    for sentence in table.refusals:
        st.error(plain(sentence), icon=":material/error:")
    if table.theirs:
        _draw_conflict(entries, table)
    if table.lost:
        note(entry_drafts.lost_words(table.lost), icon="error")
    st.data_editor(
        _columns_of(_with_draft(table)),
        key=_key(entries, table),
        on_change=_keep,
        args=(entries, table),
        column_config=_config(table.rows),
        column_order=["name", *LABELS, "promise"] if _owes_promises(table.rows) else ["name", *LABELS],
        disabled=["name", "promise"],
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=table_height(len(table.rows)),
        num_rows="fixed",
        placeholder="",
        alt=f"{entries.class_label}的学期记录，{len(table.rows)} 人",
    )
    typed = _changed(entries, table)
    _draw_counts(entries, typed)
    with form_end(entry_drafts.words(table.saved_at) if typed else ""):
        if (typed or table.lost) and leave_button(DISCARD, key="entries_cancel"):
            _give_up(entries, table)
            st.rerun()
        submitted = st.button(
            plain(f"保存{entries.class_label}"), key="entries_save", type="primary", icon=":material/check:",
            disabled=not typed,
        )  # fmt: skip
    if submitted and _save(actor, entries, table, typed):
        flash("已保存。")
        st.rerun()
    elif submitted:
        st.rerun()


def inputs(rows: Sequence[EntryRow], typed: Mapping[int, Mapping[str, Any]]) -> list[EntryInput]:
    """Return what was typed, by position in the rows the table was drawn from, as the service takes it."""
    return [
        EntryInput(
            student_id=rows[place].student_id,
            version=rows[place].version,
            values=replace(rows[place].values, **_values_of(cells)),
        )
        for place, cells in sorted(typed.items())
        if place < len(rows)
    ]


def _value(name: str, cell: Any) -> Any:  # a cell as the browser sends it, a value as the service takes it
    if cell is None or cell == "":
        return None
    if name in _CHOICES:
        return next((each for each in _CHOICES[name] if each.label == cell), None)
    if name == "checked_up_on":
        return cell if isinstance(cell, date) else date.fromisoformat(str(cell)[:10])
    if name == "height_cm":
        return round(cell)
    return cell


def _save(actor: Actor, entries: ClassEntries, table: _Table, typed: Mapping[int, Mapping[str, Any]]) -> bool:
    rows = inputs(table.rows, typed)
    table.refusals, table.theirs = [], ()
    try:
        with transaction() as session:
            term_entries.save_class_entries(
                session, actor, class_id=entries.class_id, term_id=entries.term_id, rows=rows
            )
            entry_drafts.discard(session, actor, entries.class_id, entries.term_id)
    except FieldErrors as error:
        table.refusals = _problem_lines(error, table.rows)
    except EntriesChanged as error:
        table.refusals, table.theirs = [explain(error)], error.rows
    except DomainError as error:
        table.refusals = [explain(error)]
    else:
        _forget(entries, table)
        return True
    return False


def _problem_lines(error: FieldErrors, rows: Sequence[EntryRow]) -> list[str]:
    """Name child and column before each sentence: a table has no place under its cells."""
    names = {str(row.student_id): row.name for row in rows}
    lines = []
    for code, problem in error.problems.items():
        column, _, child = code.rpartition("_")
        lines.append(f"{names.get(child, '')}，{LABELS.get(column, '')}：{problem_sentence(problem)}")
    return lines


def _draw_conflict(entries: ClassEntries, table: _Table) -> None:
    """Show both versions; going on with either is a conscious act."""
    mine = {each.student_id: each.values for each in inputs(table.rows, _changed(entries, table))}
    lines = [
        {"": plain(f"{row.name}，{LABELS[name]}"), "现在存着的": plain(_words(stored)), "我写的": plain(_words(own))}
        for row in table.theirs
        for name in LABELS
        if (stored := getattr(row.values, name)) != (own := getattr(mine.get(row.student_id, row.values), name))
    ]
    with st.container(border=True):
        if lines:
            st.table(lines, border="horizontal", hide_index=True)
        else:
            note("两份写得一样。")
        with st.container(horizontal=True, gap="xsmall"):
            st.button("用现在存着的", key="entries_theirs", on_click=_give_up, args=(entries, table))
            st.button("留着我写的，再按保存", key="entries_mine", on_click=_keep_mine, args=(table,))


def _words(value: Any) -> str:  # any value of an entry
    return value.label if isinstance(value, Labelled) else shown(value)


def _keep_mine(table: _Table) -> None:
    """From now on these rows count as drawn from what is stored: the next save goes through."""
    versions = {row.student_id: row.version for row in table.theirs}
    table.rows = [replace(row, version=versions.get(row.student_id, row.version)) for row in table.rows]
    table.refusals, table.theirs = [], ()


def _table(actor: Actor, entries: ClassEntries) -> _Table:
    tables: dict[tuple[int, int], _Table] = st.session_state.setdefault(_TABLES, {})
    place = (entries.class_id, entries.term_id)
    known = tables.get(place)
    if known is None or _key(entries, known) not in st.session_state:  # drawn for the first time, or left and opened
        draft = entry_drafts.load(actor, *place, entries.rows)
        if draft is not None:
            known = tables[place] = _resumed(entries, draft, number=(known.round + 1) if known else 0)
        elif known is not None:
            known.restored, known.saved_at, known.lost = {}, None, 0
    if known is None or not (_changed(entries, known) or known.refusals):
        # Nothing typed yet: show what is stored now, in a new table where that is otherwise than before.
        is_same = known is not None and list(known.rows) == list(entries.rows)
        again = _Table(entries.rows, (known.round + 1) if known else 0, lost=known.lost if known else 0)
        tables[place] = known if known and is_same else again
    return tables[place]


def _resumed(entries: ClassEntries, draft: TableDraft, *, number: int) -> _Table:
    """Go on from a draft: a row somebody has saved since keeps the version typed over, so that both are shown."""
    rows = [replace(row, version=draft.versions.get(row.student_id, row.version)) for row in entries.rows]
    return _Table(rows, number, restored=draft.cells, saved_at=draft.saved_at, lost=draft.lost)


def _with_draft(table: _Table) -> list[EntryRow]:
    """Return the rows as they are shown: stored, and over it what the draft holds."""
    return [
        replace(row, values=replace(row.values, **_values_of(table.restored.get(row.student_id, {}))))
        for row in table.rows
    ]


def _values_of(cells: Cells) -> dict[str, Any]:
    """Return cells as the service takes them; columns this version doesn't know stay out."""
    return {name: _value(name, cell) for name, cell in cells.items() if name in LABELS}


def _changed(entries: ClassEntries, table: _Table) -> dict[int, dict[str, Any]]:
    """Return what differs from what is stored, by position: the draft, and what was typed since."""
    typed = _typed(_key(entries, table))
    places = {
        place: {**table.restored.get(row.student_id, {}), **typed.get(place, {})}
        for place, row in enumerate(table.rows)
    }
    return {place: cells for place, cells in places.items() if cells}


def _keep(entries: ClassEntries, table: _Table) -> None:
    cells = {table.rows[place].student_id: found for place, found in _changed(entries, table).items()}
    versions = {row.student_id: row.version for row in table.rows}
    table.saved_at = entry_drafts.keep(entries.class_id, entries.term_id, cells, versions) or table.saved_at


def _give_up(entries: ClassEntries, table: _Table) -> None:
    """Throw away what was typed, the draft with it."""
    actor = require_user(Permission.ENTRY_WRITE)
    with transaction() as session:
        entry_drafts.discard(session, actor, entries.class_id, entries.term_id)
    _forget(entries, table)


def _forget(entries: ClassEntries, table: _Table) -> None:
    st.session_state[_TABLES][entries.class_id, entries.term_id] = _Table(entries.rows, table.round + 1)


def _has_typed(class_id: int, term_id: int) -> bool:
    table: _Table | None = st.session_state.get(_TABLES, {}).get((class_id, term_id))
    return table is not None and bool(_typed(f"entries_{class_id}_{term_id}_{table.round}"))


def _key(entries: ClassEntries, table: _Table) -> str:
    return f"entries_{entries.class_id}_{entries.term_id}_{table.round}_{_session_mark()}"


def _session_mark() -> str:
    """Return what sets this session's tables apart: after the server was started anew nobody gets another's cells."""
    mark: str = st.session_state.setdefault(_MARK, new_uid()[:8])
    return mark


def _typed(key: str) -> dict[int, dict[str, Any]]:
    state: Any = st.session_state.get(key) or {}
    return {int(place): dict(cells) for place, cells in state.get("edited_rows", {}).items() if cells}


def _owes_promises(rows: Sequence[EntryRow]) -> bool:
    return any(row.promise is not None for row in rows)


def _columns_of(rows: Sequence[EntryRow]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"name": [row.name for row in rows]}
    for name in LABELS:
        values = [getattr(row.values, name) for row in rows]
        columns[name] = [value.label if isinstance(value, Labelled) else value for value in values]
    columns["promise"] = [None if row.promise is None else "✓ 已交" if row.promise else "✕ 没交" for row in rows]
    return columns


def _config(rows: Sequence[EntryRow]) -> dict[str, Any]:  # column configurations have no common public type
    config = st.column_config
    choices = {
        name: config.SelectboxColumn(LABELS[name], options=[each.label for each in choice], width=84)
        for name, choice in _CHOICES.items()
    }
    return {
        "name": config.TextColumn("姓名", width=96),
        **choices,
        "checked_up_on": config.DateColumn(LABELS["checked_up_on"], format="YYYY-MM-DD", width=104,
                                           max_value=clock.today()),
        "height_cm": config.NumberColumn("身高（厘米）", format="%d", step=1, width=96),
        "weight_kg": config.NumberColumn("体重（公斤）", format="%.1f", step=0.1, width=96),
        "note": config.TextColumn(LABELS["note"], width=180, max_chars=500),
        "promise": config.TextColumn("承诺书", width=80),
    }  # fmt: skip


def _draw_counts(entries: ClassEntries, typed: Mapping[int, Any]) -> None:
    missing = []
    if entries.without_study:
        missing.append(f"{entries.without_study} 人还没记学业")
    if entries.without_check_up:
        missing.append(f"{entries.without_check_up} 人还没记体检")
    unsigned = sum(row.promise is False for row in entries.rows)
    if unsigned:
        missing.append(f"{unsigned} 个留守孩子还没交承诺书，在孩子的一页上登记")
    words = f"{len(entries.rows)} 人" + "".join(f"，{each}" for each in missing) + "。"
    st.caption(plain(words))
    if typed:
        note(f"改了 {len(typed)} 人，还没保存。", icon="edit")
