"""Taking an import back as a whole, unless somebody has worked with what it wrote."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, delete, select
from sqlmodel import Session, col

from db.sealing import open_text
from db.tables import METADATA, ContactCardVersion, ContactOpening, Draft, ImportAction
from services.actors import Actor
from services.card_history import read_cards, settle_cards
from services.errors import DomainError
from services.imports.stored import CATEGORY, CLASS, GUARDIAN, MEMBERSHIP, STUDENT
from services.imports.writing import IMPORTED, Values, update_rows
from services.student_keys import name_keys


@dataclass(frozen=True, slots=True)
class BlockedRow:
    """A child whose entry in the register somebody has edited since the import."""

    student_id: int
    name: str


class UndoBlocked(DomainError):
    """An import can't be taken back; `rows` names the children edited since.

    A child of whom there is any other record is never among them, whatever the record: who takes a roster back may
    not know of every referral, and would learn from a name of suspected abuse. There may be no rows.
    """

    def __init__(self, rows: tuple[BlockedRow, ...]) -> None:
        super().__init__(len(rows))
        self.rows = rows


@dataclass(frozen=True, slots=True)
class _Note:
    """One row the import wrote."""

    table: str
    row_id: int
    action: ImportAction
    version_after: int | None
    before: Values


_BATCH = METADATA.tables["import_batch"]
_OWN = {table.name: table for table in (STUDENT, GUARDIAN, MEMBERSHIP, CATEGORY)}
_BESIDE = tuple(METADATA.tables[str(table.__tablename__)] for table in (ContactOpening, ContactCardVersion))
"""Rows that go with a child: that somebody looked at it, of which the chain keeps the event, and how its card stood
before an edit, which stands in the way by itself."""


def take_back(session: Session, actor: Actor, batch_id: int) -> None:
    """Remove what an import created and restore what it changed, versions rising; then forget the notes.

    Raises:
        UndoBlocked: somebody has edited what it wrote, or something refers to it.
    """
    notes = _notes(session, batch_id)
    _refuse_if_used(session, batch_id, notes)
    cards = read_cards(session, _kept_children(session, batch_id))
    for table in _BESIDE:
        session.execute(delete(table).where(table.c.student_id.in_(_created(batch_id, STUDENT))))
    for table in (CATEGORY, GUARDIAN, MEMBERSHIP, STUDENT):
        session.execute(delete(table).where(table.c.id.in_(_created(batch_id, table))))
    session.execute(
        delete(CLASS).where(CLASS.c.id.in_(_created(batch_id, CLASS)), *(~used for used in _uses_of_class()))
    )
    for table in _OWN.values():
        update_rows(session, table, _restored(table, notes))
    session.execute(delete(IMPORTED).where(IMPORTED.c.batch_id == batch_id))
    _carry_over(session, notes)
    session.expire_all()
    settle_cards(session, actor, cards)


def _notes(session: Session, batch_id: int) -> list[_Note]:
    rows = session.execute(select(IMPORTED).where(IMPORTED.c.batch_id == batch_id).order_by(IMPORTED.c.id))
    return [_Note(row.table_name, row.row_id, row.action, row.version_after, _before(row)) for row in rows]


def _before(row: Any) -> Values:  # a row of the notes
    text = open_text(row.before_sealed, table="imported_row", column="before_sealed", uid=row.uid)
    return json.loads(text) if text else {}


def _created(batch_id: int, table: Table) -> Select[tuple[int]]:
    return select(IMPORTED.c.row_id).where(
        IMPORTED.c.batch_id == batch_id,
        IMPORTED.c.table_name == table.name,
        IMPORTED.c.action == ImportAction.CREATED,
    )


def _kept_children(session: Session, batch_id: int) -> set[int]:
    """Return the children who stay and of whose card the import wrote something."""
    written = select(IMPORTED.c.row_id).where(IMPORTED.c.batch_id == batch_id)
    ids = select(STUDENT.c.id).where(STUDENT.c.id.in_(written.where(IMPORTED.c.table_name == STUDENT.name)))
    of_guardians = select(GUARDIAN.c.student_id).where(
        GUARDIAN.c.id.in_(written.where(IMPORTED.c.table_name == GUARDIAN.name))
    )
    found = {*session.execute(ids).scalars(), *session.execute(of_guardians).scalars()}
    return found - set(session.execute(_created(batch_id, STUDENT)).scalars())


def _restored(table: Table, notes: Iterable[_Note]) -> Iterator[Values]:
    for note in notes:
        if note.table == table.name and note.action is ImportAction.CHANGED:
            values = {name: _decoded(table, name, value) for name, value in note.before.items()}
            if table is STUDENT and "name" in values:  # notes older than the column don't hold it
                values["name_order"] = name_keys(values["name"]).order
            if note.version_after is not None:
                values["version"] = note.version_after + 1
            yield {"of_row": note.row_id, **values}


def _carry_over(session: Session, notes: Iterable[_Note]) -> None:
    """Let earlier imports know the version of rows that are again as they left them: they are next."""
    restored = {
        (note.table, note.row_id, note.version_after - 1): note.version_after + 1
        for note in notes
        if note.action is ImportAction.CHANGED and note.version_after is not None
    }
    if not restored:
        return
    earlier = session.execute(
        select(IMPORTED.c.id, IMPORTED.c.table_name, IMPORTED.c.row_id, IMPORTED.c.version_after).where(
            IMPORTED.c.version_after.is_not(None)
        )
    )
    update_rows(
        session,
        IMPORTED,
        [
            {"of_row": row_id, "version_after": restored[key]}
            for row_id, *known in earlier.all()
            if (key := tuple(known)) in restored
        ],
    )


def _decoded(table: Table, column: str, value: Any) -> Any:  # as it came from JSON, and as its column wants it
    kind = table.c[column].type.python_type
    if value is None:
        return None
    if kind is bytes:
        return bytes.fromhex(value)
    if kind is date:
        return date.fromisoformat(value)
    return kind(value) if issubclass(kind, Enum) else value


# --- what stands in the way ---


def _refuse_if_used(session: Session, batch_id: int, notes: list[_Note]) -> None:
    """Refuse by name what stands in the register, without names what may be known to few."""
    referring = list(_referring(session, batch_id, notes))
    edited = {*_edited(session, batch_id, notes), *(each for each, table in referring if table.name in _OWN)}
    edited |= set(_merged_since(session, batch_id, notes))
    if edited:
        rows = session.execute(select(STUDENT.c.id, STUDENT.c.name).order_by(STUDENT.c.id))
        raise UndoBlocked(tuple(BlockedRow(row.id, row.name) for row in rows if row.id in edited))
    if referring or _is_drafted(session, notes):
        raise UndoBlocked(())


def _edited(session: Session, batch_id: int, notes: list[_Note]) -> Iterator[int]:
    """Yield the children of which a row has another version than the import gave it."""
    for table in (STUDENT, GUARDIAN, CATEGORY):
        noted = {note.row_id: note.version_after for note in notes if note.table == table.name}
        if not noted:
            continue
        owner = table.c.id if table is STUDENT else table.c.student_id
        mine = select(IMPORTED.c.row_id).where(IMPORTED.c.batch_id == batch_id, IMPORTED.c.table_name == table.name)
        rows = session.execute(select(table.c.id, table.c.version, owner).where(table.c.id.in_(mine)).with_for_update())
        for row_id, version, student_id in rows:
            if version != noted[row_id]:
                yield student_id


def _merged_since(session: Session, batch_id: int, notes: list[_Note]) -> Iterator[int]:
    """Yield the children whose entries were merged after the import wrote one of them: its rows are mixed."""
    imported_at = session.execute(select(_BATCH.c.imported_at).where(_BATCH.c.id == batch_id)).scalar_one()
    merged = session.execute(
        select(STUDENT.c.id, STUDENT.c.merged_into_id).where(STUDENT.c.merged_at >= imported_at)
    ).all()
    if not merged:
        return
    touched = {note.row_id for note in notes if note.table == STUDENT.name}
    for table in (GUARDIAN, CATEGORY, MEMBERSHIP):
        ids = select(IMPORTED.c.row_id).where(IMPORTED.c.batch_id == batch_id, IMPORTED.c.table_name == table.name)
        touched |= set(session.execute(select(table.c.student_id).where(table.c.id.in_(ids))).scalars())
    for other_id, kept_id in merged:
        if touched & {other_id, kept_id}:
            yield kept_id


def _referring(session: Session, batch_id: int, notes: list[_Note]) -> Iterator[tuple[int, Table]]:
    """Yield the children with rows, of any table, that point at what the import created and are not its own."""
    own: defaultdict[str, set[int]] = defaultdict(set)
    for note in notes:
        own[note.table].add(note.row_id)
    for table in METADATA.sorted_tables:
        for key in table.foreign_keys if table not in _BESIDE else ():
            target = _OWN.get(key.column.table.name)
            if target is None:
                continue
            owner = target.c.id if target is STUDENT else target.c.student_id
            rows = session.execute(
                select(next(iter(table.primary_key.columns)), owner)
                .join(target, target.c.id == key.parent)
                .where(key.parent.in_(_created(batch_id, target)))
            )
            for row_id, student_id in rows:
                if row_id not in own[table.name]:
                    yield student_id, table


def _is_drafted(session: Session, notes: list[_Note]) -> bool:
    """Whether somebody is writing about a new child: a draft names its child without a foreign key."""
    subjects = {
        f"student:{note.row_id}" for note in notes if note.table == STUDENT.name and note.action is ImportAction.CREATED
    }
    written = session.execute(select(col(Draft.subject)).where(col(Draft.subject).like("student:%"))).scalars()
    return not subjects.isdisjoint(written)


def _uses_of_class() -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each table that may point at a class: whether it does."""
    for table in METADATA.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is CLASS:
                yield select(key.parent).where(key.parent == CLASS.c.id).exists()
