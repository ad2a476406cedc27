"""A child's time line as one person may read it: all sources as one list, counted by kind and paged in SQL."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, String, bindparam, cast, literal, null, or_, union_all
from sqlmodel import Session, func, select

from db.tables import Student
from services.access import Permission, permitted
from services.actors import Actor
from services.kept_statements import kept_for_asker
from services.row_filters import sees_students
from services.time_line.parts import Source
from services.time_line.sources import SOURCES

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class TimeLineRow:
    """One line: that something happened, and what of it this reader may know; no word of any record."""

    source: Source
    kind: str  # what the list is filtered by
    record_id: int
    day: date
    at: datetime
    what: str | None
    state: str | None
    label: str | None
    detail: str | None
    number: int | None
    person: str | None
    may_open: bool


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many lines of one kind there are."""

    source: Source
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One page of the lines, the newest first, and how many there are of each kind."""

    rows: tuple[TimeLineRow, ...]
    kinds: tuple[KindCount, ...]  # in the order of the sources, whatever is filtered
    total: int  # of the kind asked for


@permitted(Permission.STUDENT_READ)
def list_time_line(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    kind: str | None = None,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> TimeLine:
    """Return one page of everything this actor may know of a child, the newest first; one statement.

    A kind nothing is of counts as none asked for, a page that isn't there as the first. Nothing for whom the
    child is hidden.
    """
    found = _read(session, actor, student_id, kind=kind, page=page, page_size=page_size)
    if not found.rows and found.kinds:  # the address is old: another kind, or fewer pages than that
        kind = kind if any(each.kind == kind for each in found.kinds) else None
        found = _read(session, actor, student_id, kind=kind, page=1, page_size=page_size)
    return found


def _read(session: Session, actor: Actor, student_id: int, *, kind: str | None, page: int, page_size: int) -> TimeLine:
    """Return how many there are of each kind and one page of the kind asked for, in one statement."""
    offset = (max(page, 1) - 1) * page_size
    asked = {"child": student_id, "kind": kind, "page_size": page_size, "offset": offset}
    found = [dict(each._mapping) for each in session.execute(_question(actor), asked)]
    kinds = [KindCount(Source(each["source"]), each["kind"], each["record_id"]) for each in found if not each["place"]]
    return TimeLine(
        rows=tuple(_row(each) for each in found if each["place"]),
        kinds=tuple(sorted(kinds, key=_place)),
        total=sum(each.count for each in kinds if kind in (None, each.kind)),
    )


@kept_for_asker
def _question(actor: Actor) -> Any:
    """Return the question of a page and of how many there are of each kind; child, kind and page are handed in."""
    lines = _lines(actor)
    kind = bindparam("kind", type_=String)
    newest = (lines.c.day.desc(), lines.c.at.desc(), lines.c.source, lines.c.record_id.desc(), lines.c.state)
    on_page: Any = (
        select(lines, func.row_number().over(order_by=newest).label("place"))
        .where(or_(kind.is_(None), lines.c.kind == kind))
        .order_by(*newest)
        .limit(bindparam("page_size", type_=Integer))
        .offset(bindparam("offset", type_=Integer))
        .subquery()
    )
    blank: dict[str, Any] = {
        "record_id": func.count(),
        "place": literal(0),
        "source": lines.c.source,
        "kind": lines.c.kind,
    }
    columns: list[Any] = [blank.get(each.key, cast(null(), each.type)).label(each.key) for each in on_page.c]
    counted = select(*columns).select_from(lines).group_by(lines.c.source, lines.c.kind)
    both: Any = union_all(select(on_page), counted).subquery()
    return select(both).order_by(both.c.place)


def _lines(actor: Actor) -> Any:  # a CTE of more columns than its stubs can type
    """Return all sources as one; a child that is hidden has none, whatever else would be this actor's."""
    child: Any = bindparam("child", type_=Integer)
    is_seen = select(Student.id).where(Student.id == child, sees_students(actor)).exists()
    parts = [spec.lines(actor, child).where(is_seen) for spec in SOURCES if spec.is_for(actor)]
    return union_all(*parts).cte("line")


def _place(count: KindCount) -> tuple[int, int, str]:
    return list(Source).index(count.source), -count.count, count.kind


def _row(found: dict[str, Any]) -> TimeLineRow:
    source, may_open = Source(found.pop("source")), bool(found.pop("may_open"))
    del found["place"]
    return TimeLineRow(source=source, may_open=may_open, **found)
