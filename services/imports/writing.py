"""Putting a matched roster into the tables, and keeping what is needed to take it back: few statements for any size."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlmodel import Session

from db.base import new_uid
from db.sealing import seal_text
from db.tables import CategoryKind, EnrolmentState, FoundBy, ImportAction, ImportedRow
from services.actors import Actor
from services.card_history import count_cards, read_cards, settle_cards
from services.imports.matching import Match, guardian_fields, is_other_class, left_behind_fields, pair_guardians
from services.imports.stored import (
    CATEGORY,
    CLASS,
    GUARDIAN,
    MEMBERSHIP,
    STUDENT,
    StoredChild,
    StoredGuardian,
    StoredLeftBehind,
)
from services.imports.wanted import WantedChild, WantedGuardian
from services.student_keys import name_keys
from services.students import LEFT_SCHOOL

IMPORTED = ImportedRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it

_SEALED_OF_GUARDIAN = ("phone", "second_phone", "workplace", "address", "occupation", "health")

Values = dict[str, Any]  # a row's columns, each of its own type
Progress = Callable[[int, int], None]
"""Is told how many of how many steps are done."""


@dataclass(slots=True)
class Written:
    """The rows an import wrote, noted so that it can be taken back."""

    rows: list[Values] = field(default_factory=list)

    def created(self, table: Table, ids: Iterable[int], *, version: int | None = 1) -> None:
        """Note new rows."""
        for row_id in ids:
            self._note(table, row_id, ImportAction.CREATED, version, None)

    def changed(self, table: Table, row_id: int, before: Values, *, version: int | None) -> None:
        """Note a changed row with its columns as they were."""
        self._note(table, row_id, ImportAction.CHANGED, version, json.dumps(encoded(before), ensure_ascii=False))

    def _note(self, table: Table, row_id: int, action: ImportAction, version: int | None, before: str | None) -> None:
        uid = new_uid()
        self.rows.append(
            {
                "uid": uid,
                "table_name": table.name,
                "row_id": row_id,
                "action": action,
                "version_after": version,
                "before_sealed": seal_text(before, table="imported_row", column="before_sealed", uid=uid),
            }
        )

    def save(self, session: Session, batch_id: int) -> None:
        """Write the notes."""
        session.execute(insert(IMPORTED), [row | {"batch_id": batch_id} for row in self.rows])


def encoded(values: Values) -> Values:
    """Return columns in the words of JSON; sealed ones stay sealed."""
    return {name: _encoded(value) for name, value in values.items()}


def _encoded(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, date) else value


def write_matches(
    session: Session,
    actor: Actor,
    new: Sequence[WantedChild],
    changed: Sequence[Match],
    *,
    school_year: int,
    today: date,
    in_class_since: date,
    now: datetime,
    progress: Progress | None = None,
) -> Written:
    """Write new children and what changed of the stored ones; the contact cards before are kept in the actor's name.

    `in_class_since` is the day new children count as being in their class; who changes class does so `today`.
    """
    writer = _Writer(session, school_year, today, in_class_since, now)
    cards = read_cards(session, [match.child.id for match in changed if match.child is not None])
    steps: list[Callable[[], None]] = [
        lambda: writer.ensure_classes([*new, *(match.wanted for match in changed)]),
        lambda: writer.add_children(new),
        lambda: writer.change_children(changed),
        writer.add_collected,
        lambda: count_cards(session, writer.new_ids),
        lambda: settle_cards(session, actor, cards),
    ]
    for done, step in enumerate(steps):
        if progress is not None:
            progress(done, len(steps))
        step()
    if progress is not None:
        progress(len(steps), len(steps))
    return writer.written


class _Writer:
    def __init__(self, session: Session, school_year: int, today: date, in_class_since: date, now: datetime) -> None:
        self.session = session
        self.school_year = school_year
        self.today = today
        self.in_class_since = in_class_since
        self.now = now
        self.written = Written()
        self.class_ids: dict[tuple[int, int], int] = {}
        self.new_ids: list[int] = []
        self.memberships: list[Values] = []
        self.guardians: list[Values] = []
        self.categories: list[Values] = []

    def ensure_classes(self, children: Iterable[WantedChild]) -> None:
        """Find the classes of the school year, and add those it does not have yet."""
        known = select(CLASS.c.grade, CLASS.c.number, CLASS.c.id).where(CLASS.c.school_year == self.school_year)
        self.class_ids = {(grade, number): row_id for grade, number, row_id in self.session.execute(known)}
        missing = sorted({child.class_key for child in children} - self.class_ids.keys())
        rows = [{"school_year": self.school_year, "grade": grade, "number": number} for grade, number in missing]
        ids = self._insert(CLASS, rows, version=None)
        self.class_ids.update(zip(missing, ids, strict=True))

    def add_children(self, children: Sequence[WantedChild]) -> None:
        """Insert children who are new; what hangs on them is collected."""
        ids = self.new_ids = self._insert(STUDENT, [self._student(child) for child in children])
        for student_id, child in zip(ids, children, strict=True):
            self._collect_membership(student_id, child, self.in_class_since)
            for guardian in child.guardians:
                self._collect_guardian(student_id, guardian, is_primary=guardian.is_primary)
            self._collect_categories(student_id, child, ())

    def change_children(self, matches: Sequence[Match]) -> None:
        """Bring stored children up to what the list says; versions rise, what stood there before is kept."""
        students: list[Values] = []
        guardians: list[Values] = []
        closed: list[Values] = []
        left_behind: list[Values] = []
        for match in matches:
            child = match.child
            if child is None:
                continue
            moves = is_other_class(match.wanted, child, self.school_year)
            values = _student_changes(match.wanted, child)
            if values or moves:
                students.append(self._changed(STUDENT, child, values))
            if moves:
                if child.stay is not None:
                    closed.append({"of_row": child.stay.id, "to_day": max(self.today, child.stay.from_day)})
                    self.written.changed(MEMBERSHIP, child.stay.id, {"to_day": None}, version=None)
                self._collect_membership(child.id, match.wanted, self.today)
            guardians.extend(self._guardian_changes(match.wanted, child))
            self._collect_categories(child.id, match.wanted, child.categories)
            if child.left_behind is not None and (
                values := {name: new for name, _title, _stored, new in left_behind_fields(match.wanted, child)}
            ):
                left_behind.append(self._changed(CATEGORY, child.left_behind, values))
        self._update(CATEGORY, left_behind)
        self._update(STUDENT, students)
        self._update(MEMBERSHIP, closed)
        self._update(GUARDIAN, guardians)

    def add_collected(self) -> None:
        """Insert memberships, guardians and categories, of new and of stored children."""
        self._insert(MEMBERSHIP, self.memberships, version=None)
        self._insert(GUARDIAN, self.guardians)
        self._insert(CATEGORY, self.categories)

    # --- rows ---

    def _student(self, child: WantedChild) -> Values:
        uid, row, keys = new_uid(), child.row, name_keys(child.row.name)
        return {
            "uid": uid,
            "student_no": child.student_no,
            "name": row.name,
            "name_initials": keys.initials,
            "name_pinyin": keys.pinyin,
            "name_order": keys.order,
            "gender": child.gender,
            "birth_day": row.birth_day,
            "id_number_sealed": _sealed("student", "id_number", uid, row.id_number),
            "id_number_hash": child.id_hash,
            "ethnicity": child.ethnicity,
            "is_boarding": row.boarding,
            "is_rural": child.is_rural,
            "address_sealed": _sealed("student", "address", uid, row.address),
            "residence_sealed": _sealed("student", "residence", uid, row.residence),
            "note_sealed": _sealed("student", "note", uid, row.note),
            "extra_sealed": _sealed("student", "extra", uid, _as_json(child.extra)),
            "state": EnrolmentState.ENROLLED,
            "recorded_at": self.now,
            "version": 1,
        }

    def _collect_membership(self, student_id: int, child: WantedChild, from_day: date) -> None:
        class_id = self.class_ids[child.class_key]
        self.memberships.append({"student_id": student_id, "class_id": class_id, "from_day": from_day})

    def _collect_guardian(self, student_id: int, guardian: WantedGuardian, *, is_primary: bool) -> None:
        uid = new_uid()
        self.guardians.append(
            {
                "uid": uid,
                "student_id": student_id,
                "kind": guardian.kind,
                "name": guardian.name,
                "relation": guardian.relation,
                "is_primary": is_primary,
                "phone_sealed": _sealed("guardian", "phone", uid, guardian.phone),
                "phone_hash": guardian.phone_hash,
                **{
                    f"{name}_sealed": _sealed("guardian", name, uid, getattr(guardian, name))
                    for name in _SEALED_OF_GUARDIAN[1:]
                },
                "birth_year": guardian.birth_year,
                "whereabouts": guardian.whereabouts,
                "version": 1,
            }
        )

    def _collect_categories(self, student_id: int, child: WantedChild, known: Iterable[str]) -> None:
        for kind in sorted(child.categories.difference(known)):
            self.categories.append(
                {
                    "uid": new_uid(),
                    "student_id": student_id,
                    "kind": kind,
                    **_left_behind_of(child, kind),
                    "from_day": self.today,
                    "recorded_at": self.now,
                    "version": 1,
                }
            )

    def _guardian_changes(self, wanted: WantedChild, child: StoredChild) -> Iterable[Values]:
        has_primary = any(known.is_primary for known in child.guardians)
        for guardian, known in pair_guardians(wanted.guardians, child.guardians):
            if known is None:  # who is the main contact already stays it
                self._collect_guardian(child.id, guardian, is_primary=guardian.is_primary and not has_primary)
                continue
            values: Values = {}
            for name, _title, _stored, value in guardian_fields(guardian, known):
                if name in _SEALED_OF_GUARDIAN:
                    values[f"{name}_sealed"] = _sealed("guardian", name, known.uid, str(value))
                else:
                    values[name] = value
            if "phone_sealed" in values:
                values["phone_hash"] = guardian.phone_hash
            if values:
                yield self._changed(GUARDIAN, known, values)

    def _changed(self, table: Table, stored: StoredChild | StoredGuardian | StoredLeftBehind, values: Values) -> Values:
        version = stored.version + 1
        self.written.changed(table, stored.id, {name: getattr(stored, name) for name in values}, version=version)
        return {"of_row": stored.id, "version": version, **values}

    # --- statements ---

    def _insert(self, table: Table, rows: list[Values], *, version: int | None = 1) -> list[int]:
        """Insert rows and return their ids in the same order."""
        if not rows:
            return []
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        ids = list(self.session.execute(statement, rows).scalars())
        self.written.created(table, ids, version=version)
        return ids

    def _update(self, table: Table, rows: Iterable[Values]) -> None:
        update_rows(self.session, table, rows)


def update_rows(session: Session, table: Table, rows: Iterable[Values]) -> None:
    """Update rows by their `of_row`, with one statement for all that change the same columns."""
    groups: dict[tuple[str, ...], list[Values]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(row)
    connection = session.connection()
    for names, group in groups.items():
        columns: Values = {name: bindparam(f"new_{name}") for name in names if name != "of_row"}
        connection.execute(
            update(table).where(table.c.id == bindparam("of_row")).values(columns),
            [{name if name == "of_row" else f"new_{name}": row[name] for name in names} for row in group],
        )


def _student_changes(wanted: WantedChild, child: StoredChild) -> Values:
    """Return the columns of a child that the list says otherwise; a blank cell says nothing."""
    row = wanted.row
    values: Values = {
        name: new
        for name, new in (
            ("gender", wanted.gender),
            ("birth_day", row.birth_day),
            ("student_no", wanted.student_no),
            ("ethnicity", wanted.ethnicity),
            ("is_boarding", row.boarding),
            ("is_rural", wanted.is_rural),
        )
        if new is not None and new != getattr(child, name) and not (name == "student_no" and child.has_number(str(new)))
    }
    if row.name != child.name:
        keys = name_keys(row.name)
        values |= {
            "name": row.name,
            "name_initials": keys.initials,
            "name_pinyin": keys.pinyin,
            "name_order": keys.order,
        }
    if wanted.id_hash is not None and not child.has_id(wanted.id_hash):
        values["id_number_hash"] = wanted.id_hash
        values["id_number_sealed"] = _sealed("student", "id_number", child.uid, row.id_number)
    for column, text in (("address", row.address), ("residence", row.residence), ("note", row.note)):
        if text is not None and text != child.text(column):
            values[f"{column}_sealed"] = _sealed("student", column, child.uid, text)
    if child.state in LEFT_SCHOOL:
        values |= {"state": EnrolmentState.ENROLLED, "left_on": None}
    extra = child.extra() if wanted.extra else {}
    if (merged := extra | wanted.extra) != extra:
        values["extra_sealed"] = _sealed("student", "extra", child.uid, _as_json(merged))
    return values


def _left_behind_of(child: WantedChild, kind: CategoryKind) -> Values:
    """Return the columns only some categories have; one statement inserts rows of the same columns."""
    said = child.left_behind if kind is CategoryKind.LEFT_BEHIND else None
    return {
        "left_behind_kind": said.kind if said else None,
        "guardianship": said.guardianship if said else None,
        "found_by": FoundBy.LIST,
    }


def _as_json(extra: dict[str, str]) -> str | None:
    return json.dumps(extra, ensure_ascii=False) if extra else None


def _sealed(table: str, column: str, uid: str, text: str | None) -> bytes | None:
    return seal_text(text, table=table, column=f"{column}_sealed", uid=uid)
