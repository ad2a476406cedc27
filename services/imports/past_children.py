"""Which child a row of an old spreadsheet means: its class may be today's, or the one of the day it tells of."""

from dataclasses import replace
from datetime import date

from services.calendar import school_year_of
from services.classes import class_label
from services.exchange.past_rows import ChildRow
from services.exchange.reasons import Reason
from services.imports.ledgers import find_child
from services.imports.matching import FieldChange, MatchedBy, Outcome, PreviewRow
from services.imports.stored import StoredChild, StoredChildren
from services.students import NO_CLASS

Found = tuple[StoredChild | None, MatchedBy | None, Reason | None]


def find_past_child(row: ChildRow, stored: StoredChildren, *, day: date | None, school_year: int) -> tuple[Found, bool]:
    """Find by number; else by name and class, then or now, where both don't mean two children.

    The second value says that the child was found by the class of today though the row tells of an earlier year.
    """
    now = find_child(row, stored)
    years = school_year - school_year_of(day) if day is not None else 0
    if now[1] in (MatchedBy.NUMBER, MatchedBy.ID) or row.grade is None or years <= 0:
        return now, False
    then = find_child(replace(row, grade=row.grade + years), stored)
    if Reason.STUDENT_AMBIGUOUS in (now[2], then[2]):
        return (None, None, Reason.STUDENT_AMBIGUOUS), False
    if now[0] is not None and then[0] is not None and now[0].id != then[0].id:
        return (None, None, Reason.STUDENT_AMBIGUOUS), False
    return (then, False) if then[0] is not None else (now, now[0] is not None)


def refused(row: ChildRow, reason: Reason) -> PreviewRow:
    """Return what a row would do that can't be taken."""
    label = class_label(row.grade, row.class_no) if row.grade and row.class_no else ""
    return PreviewRow(row.position, row.name, label, Outcome.CONFLICT, reason=reason)


def taken(
    row: ChildRow,
    child: StoredChild,
    by: MatchedBy,
    outcome: Outcome,
    changes: tuple[FieldChange, ...],
    *,
    school_year: int,
) -> PreviewRow:
    """Return what a row would do whose child is known."""
    place = child.class_in(school_year)
    label = class_label(*place) if place else NO_CLASS
    return PreviewRow(row.position, child.name, label, outcome, by, child.id, child.version, changes)
