"""Rows by the hundred thousand: collected by table, written in few statements, sealed on the way."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel import Session, SQLModel

from db.base import new_uid
from db.sealing import seal_text
from db.tables import METADATA

ROWS_AT_ONCE = 20_000
SEALED = "_sealed"

Values = dict[str, Any]  # a row's columns, each of its own type


class Writer:
    """Takes rows with plain words for sealed columns, numbers them, and writes them in the tables' own order."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.counts: dict[str, int] = {}
        self._waiting: dict[Table, list[Values]] = {}
        self._next: dict[Table, int] = {}
        self._blank: dict[Table, Mapping[str, Any]] = {}

    def add(self, model: type[SQLModel], **values: Any) -> int:
        """Take one row and return its id; what is given for a sealed column is sealed here."""
        table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
        if table not in self._blank:
            self._blank[table] = _blank_row(table)
        row = {**self._blank[table], **values}
        if "uid" in row:
            row["uid"] = new_uid()
            for column in [name for name in values if name.endswith(SEALED)]:
                row[column] = seal_text(values[column], table=table.name, column=column, uid=row["uid"])
        if "id" in row:
            row["id"] = self._next[table] = self._next.get(table, 0) + 1
        self._waiting.setdefault(table, []).append(row)
        self.counts[table.name] = self.counts.get(table.name, 0) + 1
        if len(self._waiting[table]) >= ROWS_AT_ONCE:
            self.flush()
        return self._next.get(table, 0)

    def flush(self) -> None:
        """Write what is waiting, what others point at first."""
        for table in METADATA.sorted_tables:
            if rows := self._waiting.pop(table, None):
                self.session.connection().execute(insert(table), rows)

    def finish(self) -> None:
        """Write the rest, and let PostgreSQL count on from there."""
        self.flush()
        if self.session.get_bind().dialect.name != "postgresql":
            return
        for table in self._next:
            last = self.session.connection().execute(select(func.max(table.c.id))).scalar()
            sequence = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)")
            self.session.connection().execute(sequence, {"table": table.name, "last": last})


def _blank_row(table: Table) -> Mapping[str, Any]:
    """Return the row nobody has filled in: defaults where the table has them, else NULL."""
    return {
        column.name: column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None
        for column in table.columns
    }
