"""What somebody has half written about an entry that becomes part of another: it goes along, or is said to be left."""

import json
from typing import Any

from sqlmodel import Session, col, select

from db.base import JsonObject
from db.sealing import seal, unseal
from db.tables import Draft, Student, TermEntry

LOOK_AGAIN = -1  # a version no record has: whoever goes on is shown what is stored beside what was typed
_INTAKE, _CHOSEN = "intake", "student_id"  # the form of a referral, and in its draft the child that was chosen
_RECORDS = ("record", "record_amend")  # those of work records: the child that was chosen, and all it is about
# The check of a class, the record of a conference, a support plan; and in their drafts the children they may tell of.
_CHECK, _CONFERENCE, _PLAN, _ABOUT = "rounds", "conference", "plan", "about"
_FOUND = "found_student_"  # and the fields of it that hold a child
_TABLE = "class_entries"  # the table of a class; its draft holds cells by child


def move_drafts(session: Session, kept: Student, other: Student) -> None:
    """Let every draft about the other entry be about the kept one; two about one thing become one."""
    old, new = f"student:{other.id}", f"student:{kept.id}"
    own = {(row.user_id, row.form): row for row in session.exec(select(Draft).where(Draft.subject == new))}
    for row in session.exec(select(Draft).where(Draft.subject == old)).all():
        mine = own.get((row.user_id, row.form))
        content = _joined(_content(row), _content(mine) if mine else {})
        if mine is not None:
            session.delete(row)
        else:
            row.subject = new
        _put(session, mine or row, content)
    terms = set(session.exec(select(TermEntry.term_id).where(col(TermEntry.student_id).in_([kept.id, other.id]))))
    forms = (_INTAKE, _CHECK, _CONFERENCE, _PLAN, _TABLE, *_RECORDS)
    for row in session.exec(select(Draft).where(col(Draft.form).in_(forms))).all():
        content = _content(row)
        if row.form == _TABLE:
            term = row.subject.rpartition("-")[2]
            changed = _rows_joined(content, str(kept.id), str(other.id), is_stored=term in map(str, terms))
        else:
            changed = _renamed(content, kept, other)
        if changed != content:
            _put(session, row, changed)


def _content(row: Draft) -> JsonObject:
    found: JsonObject = json.loads(unseal(row, "content_sealed") or "{}")
    return found


def _put(session: Session, row: Draft, content: JsonObject) -> None:
    seal(row, "content_sealed", json.dumps(content, ensure_ascii=False))
    session.add(row)


def _joined(theirs: JsonObject, mine: JsonObject) -> JsonObject:
    """Return one draft over the kept record: what was typed there counts, the rest of the other's beside it.

    Fields typed over a record carry its version, which is another record's now.
    """
    content = theirs | mine
    if "fields" not in content:
        return content
    before: list[dict[str, Any]] = [each.get("fields") or {} for each in (theirs, mine)]
    clashes = sum(name in before[1] and before[1][name] != value for name, value in before[0].items())
    left_out = clashes + sum(int(each.get("left_out") or 0) for each in (theirs, mine))
    content |= {"fields": before[0] | before[1], "version": LOOK_AGAIN}
    return content | ({"left_out": left_out} if left_out else {})


def _rows_joined(content: JsonObject, kept: str, other: str, *, is_stored: bool) -> JsonObject:
    """Put the other's cells into the kept one's row; those it has otherwise keep their place, which is in no table."""
    if other not in content:
        return content
    theirs, mine = content[other], content.get(kept) or {}
    cells, own = theirs.get("cells") or {}, mine.get("cells") or {}
    clashing = {name: value for name, value in cells.items() if name in own and own[name] != value}
    rest = {child: row for child, row in content.items() if child != other}
    rest[kept] = {"version": LOOK_AGAIN if is_stored else 0, "cells": cells | own}
    return rest | ({other: {**theirs, "cells": clashing}} if clashing else {})


def _renamed(content: JsonObject, kept: Student, other: Student) -> JsonObject:
    """Return a draft that holds children by their ids, the kept one's in place of the other's."""
    changed = dict(content)
    if content.get(_CHOSEN) == other.id:
        changed[_CHOSEN] = kept.id
    if other.id in content.get(_ABOUT, ()):
        changed[_ABOUT] = [*content[_ABOUT], kept.id]
    if fields := content.get("fields"):
        changed["fields"] = {
            name: kept.id if name.startswith(_FOUND) and value == other.id else value for name, value in fields.items()
        }
    return changed
