"""Every sealed column and keyed hash, found in the tables' metadata; read to check them, rewritten for a new key.

A column whose name ends in `_sealed` is sealed under its table, its own name and the row's `uid`. What depends on it is
marked in the metadata: `hash_of`, `row_of`, `FORGOTTEN_WITH_KEY` in `db.base`.
"""

import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, bindparam, delete, select, tuple_, update

from db.base import FORGOTTEN, HASH_OF, LARGE, ROW_OF
from db.errors import SealBroken
from db.keys import Keys
from db.sealing import hash_with, open_bytes, seal_bytes
from db.tables import METADATA

SUFFIX = "_sealed"
BATCH, BATCH_OF_FILES = 500, 4  # rows in memory at a time
AnyColumn = Column[Any]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns, and the keyed hashes that follow from them: hash → (sealed column, purpose)."""

    table: Table
    sealed: tuple[AnyColumn, ...]
    hashes: dict[AnyColumn, tuple[str, str]] = field(default_factory=dict)

    @property
    def key(self) -> tuple[AnyColumn, ...]:
        """The primary key."""
        return tuple(self.table.primary_key.columns)


def sealed_tables() -> list[SealedTable]:
    """Return every table that holds something sealed."""
    found = []
    for table in METADATA.sorted_tables:
        sealed = tuple(column for column in table.columns if column.name.endswith(SUFFIX))
        hashes = {column: column.info[HASH_OF] for column in table.columns if HASH_OF in column.info}
        if sealed:
            found.append(SealedTable(table, sealed, hashes))
    return found


def find_broken_seals(connection: Connection, keys: Keys, *, limit: int = 20) -> Iterator[str]:
    """Yield table, column and row of what does not open in its row, or is not found by its keyed hash."""
    found = 0
    for each in sealed_tables():
        for row in _rows(connection, each):
            for where in _broken_in(row, each, keys):
                yield where
                found += 1
                if found >= limit:
                    return


def reseal(connection: Connection, old: Keys, new: Keys) -> int:
    """Seal everything anew and compute every keyed hash anew; returns how many values were sealed.

    Raises:
        SealBroken: something does not open with the old key.
    """
    count = 0
    for each in sealed_tables():
        names = [column.name for column in (*each.sealed, *each.hashes)]
        statement = (
            update(each.table)
            .where(and_(*(column == bindparam(f"key_{column.name}") for column in each.key)))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        for batch in _batches(connection, each):
            uids = _uids_of_rows_inside(connection, each, batch)
            changed = [_resealed(row, each, old, new, uids) for row in batch]
            connection.execute(statement, changed)
            count += sum(row[column.name] is not None for row in batch for column in each.sealed)
    for table in METADATA.sorted_tables:
        if any(FORGOTTEN in column.info for column in table.columns):
            connection.execute(delete(table))
    return count


def _rows(connection: Connection, each: SealedTable) -> Iterator[Any]:
    for batch in _batches(connection, each):
        yield from batch


def _batches(connection: Connection, each: SealedTable) -> Iterator[list[Any]]:
    """Read by the primary key, a batch at a time, so that writing in between disturbs nothing."""
    columns = [*each.key, each.table.c.uid, *each.sealed, *each.hashes]
    if ROW_OF in {mark for column in each.sealed for mark in column.info}:
        columns += [each.table.c[name] for column in each.sealed for name in column.info.get(ROW_OF, ())]
    size = BATCH_OF_FILES if any(LARGE in column.info for column in each.sealed) else BATCH
    query = select(*dict.fromkeys(columns)).order_by(*each.key).limit(size)
    last: tuple[Any, ...] | None = None
    while True:
        after = query if last is None else query.where(tuple_(*each.key) > tuple_(*last))
        batch = [dict(row) for row in connection.execute(after).mappings()]
        if batch:
            yield batch
            last = tuple(batch[-1][column.name] for column in each.key)
        if len(batch) < size:
            return


def _broken_in(row: Any, each: SealedTable, keys: Keys) -> Iterator[str]:
    name = each.table.name
    where = " ".join(str(row[column.name]) for column in each.key)
    texts: dict[str, str] = {}
    for column in each.sealed:
        if row[column.name] is None:
            continue
        try:
            plain = open_bytes(keys, row[column.name], table=name, column=column.name, uid=row["uid"])
        except SealBroken:
            yield f"{name}.{column.name} {where}"
            continue
        with suppress(UnicodeDecodeError):  # an attachment is no text
            texts[column.name] = plain.decode()
    for column, (sealed, purpose) in each.hashes.items():
        text = texts.get(sealed)
        wanted = hash_with(keys, purpose, text) if text is not None else None
        if row[sealed] is not None and text is None:
            continue  # told above
        if not hmac.compare_digest(row[column.name] or "", wanted or ""):
            yield f"{name}.{column.name} {where}"


def _resealed(row: Any, each: SealedTable, old: Keys, new: Keys, uids: dict[tuple[str, int], str]) -> dict[str, Any]:
    name = each.table.name
    values: dict[str, Any] = {f"key_{column.name}": row[column.name] for column in each.key}
    for column in each.sealed:
        sealed = row[column.name]
        if sealed is not None:
            plain = open_bytes(old, sealed, table=name, column=column.name, uid=row["uid"])
            if mark := column.info.get(ROW_OF):
                inside = (row[mark[0]], row[mark[1]])
                plain = _resealed_inside(plain, inside[0], uids.get(inside), old, new)
            sealed = seal_bytes(new, plain, table=name, column=column.name, uid=row["uid"])
        values[f"new_{column.name}"] = sealed
    for column, (from_column, purpose) in each.hashes.items():
        values[f"new_{column.name}"] = _hash_of(row[from_column], name, from_column, row["uid"], purpose, old, new)
    return values


def _hash_of(sealed: bytes | None, table: str, column: str, uid: str, purpose: str, old: Keys, new: Keys) -> str | None:
    if sealed is None:
        return None
    return hash_with(new, purpose, open_bytes(old, sealed, table=table, column=column, uid=uid).decode())


def _uids_of_rows_inside(connection: Connection, each: SealedTable, batch: list[Any]) -> dict[tuple[str, int], str]:
    """Return the uid of every row that is kept, as it was before, inside a sealed column of this batch."""
    wanted: dict[str, set[int]] = {}
    for column in each.sealed:
        if mark := column.info.get(ROW_OF):
            for row in batch:
                wanted.setdefault(row[mark[0]], set()).add(row[mark[1]])
    found: dict[tuple[str, int], str] = {}
    for name, ids in wanted.items():
        table = METADATA.tables.get(name)
        if table is not None and "uid" in table.c:
            query = select(table.c.id, table.c.uid).where(table.c.id.in_(ids))
            found |= {(name, row_id): uid for row_id, uid in connection.execute(query)}
    return found


def _resealed_inside(plain: bytes, name: str, uid: str | None, old: Keys, new: Keys) -> bytes:
    """Seal anew what stands sealed in a row kept as JSON; of a row that is gone there is nothing to bring back."""
    values: dict[str, Any] = json.loads(plain)
    table = METADATA.tables.get(name)
    if table is None or uid is None:
        return plain
    for column in (table.c[key] for key in list(values) if key in table.c):
        value = values[column.name]
        if column.name.endswith(SUFFIX) and value is not None:
            opened = open_bytes(old, bytes.fromhex(value), table=name, column=column.name, uid=uid)
            values[column.name] = seal_bytes(new, opened, table=name, column=column.name, uid=uid).hex()
            for hashed in table.c:
                if hashed.info.get(HASH_OF, ("",))[0] == column.name and values.get(hashed.name):
                    values[hashed.name] = hash_with(new, hashed.info[HASH_OF][1], opened.decode())
    return json.dumps(values, ensure_ascii=False).encode()
