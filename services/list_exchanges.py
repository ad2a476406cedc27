"""The lists exchanged with civil affairs and the like: which, what is still open, what the term owes (S-04)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, literal
from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    CareOption,
    CategoryKind,
    DifferencePart,
    DifferenceSide,
    DifferenceState,
    ExchangeBody,
    ExchangeDirection,
    ListDifference,
    ListExchange,
    OptionList,
    Post,
    PostHolder,
    RoleGrant,
    Student,
)
from services import attachments, audit, clock
from services.access import HOLDERS, Permission, Subject, allows, permitted
from services.actors import Actor
from services.answers import holds_on
from services.attachments import OpenedFile
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar, load_calendar
from services.errors import NotFound
from services.exchange.readings import Position
from services.list_standing import Standing, standings_of
from services.openings import is_noted
from services.regulations import deadlines
from services.regulations.deadlines import DutyState
from services.row_filters import sees_students
from services.sign_in import OFFICE

PAGE_SIZE = 10
LISTS = "lists"
NEEDED = "S-04.exchanges_a_term"


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One list received or given, as the table shows it."""

    id: int
    direction: ExchangeDirection
    body: ExchangeBody
    body_name: str | None
    kind: CategoryKind
    difficulty: str | None
    day: date
    rows: int
    matched: int
    agreeing: int
    refused: int
    differences: int
    open: int
    has_file: bool
    recorded_by: str | None
    recorded_at: datetime

    @property
    def with_whom(self) -> str:
        """The body, by its own name where it has one."""
        return self.body_name or self.body.label

    @property
    def what(self) -> str:
        """What the list speaks of."""
        return f"{self.kind.label}：{self.difficulty}" if self.difficulty else self.kind.label


@dataclass(frozen=True, slots=True)
class TermExchanges:
    """How the term stands: how many are owed, how many were received, when the next one is due."""

    term_label: str
    needed: int
    done: int
    state: DutyState
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Every exchange, the newest first, and how the term stands; no term, no duty."""

    rows: tuple[ExchangeRow, ...]
    term: TermExchanges | None
    difficulties: Mapping[int, str]  # those offered, for a form


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One difference as somebody decides on it."""

    id: int
    version: int
    student_id: int | None
    name: str
    class_label: str
    side: DifferenceSide
    part: DifferencePart
    position: Position | None
    theirs: str
    ours: str  # while it is open: as it stands now
    ours_then: str  # as it stood when the list came
    version_then: int | None
    standing: Standing | None  # None: decided, or nobody here is meant
    since: date | None
    document: str | None
    school: str | None
    state: DifferenceState
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class DifferencePage:
    """One page of the differences on a side; `counts` tells of every side how many are still open."""

    lines: tuple[DifferenceLine, ...]
    total: int
    counts: Mapping[DifferenceSide, int]
    decided: int


@dataclass(frozen=True, slots=True)
class OwedLists:
    """What the term asks of who answers for the lists: when the next is due, and what is still to be decided."""

    due_at: datetime | None
    open_count: int
    first_open: int | None  # the oldest exchange with something open
    is_for_office: bool  # somebody holds the office and may do it


@permitted(Permission.HOME_READ)
def find_owed(session: Session, actor: Actor, *, calendar: SchoolCalendar) -> OwedLists | None:
    """Return what the term's lists ask of this person; one statement, numbers only.

    Who exchanges them is told how much is still to be decided; who holds the office without that brings a list by a
    day and is told the day; None for everybody else, of whom nothing is asked.
    """
    may_decide = allows(actor, Permission.LIST_EXCHANGE)
    if not may_decide and not actor.holds_office:
        return None
    found = owed_of(session.execute(owed_part(asked_since(calendar))).one(), calendar)
    return found if may_decide else replace(found, open_count=0, first_open=None)


def asked_since(calendar: SchoolCalendar) -> date:
    """Return from which day on lists count for what is owed now: the term's first."""
    term = calendar.latest_term(clock.today())
    return term.first_day if term else clock.today()


def owed_part(since: date) -> Any:  # a select of literals and counts
    """Return the query behind OwedLists as one row of six columns, the shape of answers.vacancy_parts."""
    received = select(func.count(col(ListExchange.id))).where(
        ListExchange.direction == ExchangeDirection.RECEIVED,
        ListExchange.day >= since,
    )
    is_open = col(ListDifference.decided_at).is_(None)
    first = select(func.min(ListDifference.exchange_id)).where(is_open)
    still_open = select(func.count(col(ListDifference.id))).where(is_open)
    return select(  # type: ignore[call-overload]  # more columns than the stubs know
        first.scalar_subquery(),
        literal(LISTS),
        received.scalar_subquery(),
        literal(""),
        still_open.scalar_subquery(),
        _able_office().scalar_subquery(),
    )


def owed_of(row: Any, calendar: SchoolCalendar) -> OwedLists:  # a row of owed_part
    """Return what that row says."""
    first_open, _, received, _, open_count, able, *_rest = row
    term = calendar.latest_term(clock.today())
    needed = calendar.numbers.on(NEEDED, term.first_day) if term else 0
    due_at = None
    if term is not None and received < needed:
        due_day = deadlines.exchange_due(term=term, done=received, needed=needed)
        due_at = clock.at_school(due_day, END_OF_SCHOOL_DAY)
    return OwedLists(due_at, open_count, first_open, is_for_office=bool(able))


def _able_office() -> Any:
    """Return the query of how many hold the office today and may exchange lists."""
    roles = HOLDERS[Permission.LIST_EXCHANGE]
    return (
        select(func.count(col(PostHolder.id)))
        .join(Post, col(Post.id) == col(PostHolder.post_id))
        .join(AppUser, col(AppUser.id) == col(PostHolder.user_id))
        .join(RoleGrant, col(RoleGrant.user_id) == col(AppUser.id))
        .where(
            Post.code == OFFICE,
            AppUser.is_active,
            holds_on(clock.today()),
            col(RoleGrant.ended_at).is_(None),
            col(RoleGrant.role).in_(roles),
        )
    )


@permitted(Permission.LIST_EXCHANGE)
def list_exchanges(session: Session, actor: Actor) -> Exchanges:
    """Return every exchange, the newest first, and how this term stands; three statements."""
    rows = session.execute(_exchanges().order_by(col(ListExchange.day).desc(), col(ListExchange.id).desc())).all()
    calendar = load_calendar(session)
    listed = tuple(_row(row) for row in rows)
    offered = session.exec(
        select(CareOption)
        .where(CareOption.list_name == OptionList.DIFFICULTY, col(CareOption.is_offered))
        .order_by(col(CareOption.position), col(CareOption.id))
    )
    return Exchanges(listed, _term(calendar, listed), {row.id or 0: row.label for row in offered})


@permitted(Permission.LIST_EXCHANGE)
def find_exchange(session: Session, actor: Actor, *, exchange_id: int) -> ExchangeRow:
    """Return one exchange; one statement.

    Raises:
        NotFound: there is none.
    """
    row = session.execute(_exchanges().where(col(ListExchange.id) == exchange_id)).first()
    if row is None:
        raise NotFound
    return _row(row)


@permitted(Permission.LIST_EXCHANGE)
def list_differences(
    session: Session,
    actor: Actor,
    *,
    exchange_id: int,
    side: DifferenceSide | None,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> DifferencePage:
    """Return one page of what is open on a side of an exchange, or with no side of what was decided.

    Beside what is open stands what the register says now; six statements at most.
    """
    counts = _counts(session, exchange_id)
    decided_at = col(ListDifference.decided_at)
    shown = [decided_at.is_(None), col(ListDifference.side) == side] if side else [decided_at.is_not(None)]
    total = counts.get((side, True), 0) if side else sum(count for (_, open_), count in counts.items() if not open_)
    page = page if 1 <= page <= max(1, -(-total // page_size)) else 1
    rows: Sequence[Any] = session.execute(
        select(ListDifference, Student.name, AppUser.display_name)
        .join(Student, col(Student.id) == col(ListDifference.student_id), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ListDifference.decided_by_id), isouter=True)
        .where(
            ListDifference.exchange_id == exchange_id,
            *shown,
            col(ListDifference.student_id).is_(None) | sees_students(actor, Subject.CATEGORY),
        )
        # Whom nobody here knows stands last: there are many, and they are soon done.
        .order_by(col(ListDifference.student_id).is_(None), decided_at.desc(), col(ListDifference.id))
        .limit(page_size)
        .offset((page - 1) * page_size)
    ).all()
    exchange = session.get(ListExchange, exchange_id) if side and rows else None
    now = standings_of(session, [row[0] for row in rows], kind=exchange.kind) if exchange else {}
    return DifferencePage(
        lines=tuple(_line(row, name, who, now.get(row.id or 0)) for row, name, who in rows),
        total=total,
        counts={each: counts.get((each, True), 0) for each in DifferenceSide},
        decided=sum(count for (_, open_), count in counts.items() if not open_),
    )


@permitted(Permission.LIST_EXCHANGE)
def list_strangers(session: Session, actor: Actor, *, exchange_id: int) -> list[DifferenceLine]:
    """Return everything open about whom nobody here knows; one statement."""
    rows = session.exec(
        select(ListDifference)
        .where(
            ListDifference.exchange_id == exchange_id,
            col(ListDifference.student_id).is_(None),
            col(ListDifference.decided_at).is_(None),
        )
        .order_by(col(ListDifference.id))
    )
    return [_line(row, None, None) for row in rows]


@permitted(Permission.LIST_EXCHANGE)
def open_file(session: Session, actor: Actor, *, exchange_id: int) -> OpenedFile:
    """Return the file of an exchange, noted once in 30 minutes.

    Raises:
        NotFound: there is no such exchange, or its file was removed with a child's records.
        SealBroken: the file was tampered with.
    """
    exchange = session.get(ListExchange, exchange_id)
    if exchange is None or exchange.attachment_id is None:
        raise NotFound
    words = f"{exchange.body.label}{exchange.kind.label}名单{exchange.day:%Y%m%d}"
    opened = attachments.open_file(session, exchange.attachment_id, name=words)
    if not is_noted(session, actor, audit.Action.LIST_OPENED, record=(ListExchange, exchange_id)):
        audit.record(session, actor, audit.Action.LIST_OPENED, target=exchange, kind=exchange.kind.value)
    return opened


def content_of(row: ListDifference) -> dict[str, Any]:  # JSON, as it was sealed
    """Return what a difference keeps of both sides."""
    kept: dict[str, Any] = json.loads(unseal(row, "content_sealed") or "{}")
    return kept


def close_difference(session: Session, actor: Actor, row: ListDifference, state: DifferenceState) -> None:
    """Note what was decided about a difference, by whom."""
    row.state, row.decided_by_id, row.decided_at = state, actor.user_id, clock.now()
    row.version += 1
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.DIFFERENCE_DECIDED,
        target=row,
        student_id=row.student_id,
        state=state.value,
        kind=row.part.value,
    )


def _exchanges() -> Any:  # a select of more columns than the stubs know
    counted = (
        select(
            ListDifference.exchange_id,
            func.count().label("total"),
            func.count(case((col(ListDifference.decided_at).is_(None), 1))).label("open"),
        )
        .group_by(col(ListDifference.exchange_id))
        .subquery()
    )
    columns: list[Any] = [ListExchange, CareOption.label, AppUser.display_name, counted.c.total, counted.c.open]
    return (
        select(*columns)
        .select_from(ListExchange)
        .join(counted, counted.c.exchange_id == ListExchange.id, isouter=True)
        .join(CareOption, col(CareOption.id) == col(ListExchange.difficulty_id), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ListExchange.recorded_by_id), isouter=True)
    )


def _row(row: Any) -> ExchangeRow:
    exchange, difficulty, recorded_by, total, still_open = row
    return ExchangeRow(
        id=exchange.id or 0,
        direction=exchange.direction,
        body=exchange.body,
        body_name=exchange.body_name,
        kind=exchange.kind,
        difficulty=difficulty,
        day=exchange.day,
        rows=exchange.rows_count,
        matched=exchange.matched_count,
        agreeing=exchange.agreeing_count,
        refused=exchange.refused_count,
        differences=total or 0,
        open=int(still_open or 0),
        has_file=exchange.attachment_id is not None,
        recorded_by=recorded_by,
        recorded_at=exchange.recorded_at,
    )


def _counts(session: Session, exchange_id: int) -> dict[tuple[DifferenceSide, bool], int]:
    """Return by side, and whether still open, how many differences there are."""
    is_open = col(ListDifference.decided_at).is_(None)
    rows = session.exec(
        select(ListDifference.side, is_open, func.count())
        .where(ListDifference.exchange_id == exchange_id)
        .group_by(ListDifference.side, is_open)
    ).all()
    return {(DifferenceSide(side), bool(open_)): count for side, open_, count in rows}


def _line(
    row: ListDifference, name: str | None, decided_by: str | None, standing: Standing | None = None
) -> DifferenceLine:
    kept = content_of(row)
    ours_then = kept.get("ours", "")
    since = kept.get("since")
    return DifferenceLine(
        id=row.id or 0,
        version=row.version,
        student_id=row.student_id,
        name=name or kept.get("name", ""),
        class_label=kept.get("class", ""),
        side=row.side,
        part=row.part,
        position=kept.get("position"),
        theirs=kept.get("theirs", ""),
        ours=standing.words if standing and standing.is_there else ours_then,
        ours_then=ours_then,
        version_then=kept.get("version"),
        standing=standing,
        since=date.fromisoformat(since) if since else None,
        document=kept.get("document"),
        school=kept.get("school"),
        state=row.state,
        reason=unseal(row, "reason_sealed"),
        decided_by=decided_by,
        decided_at=row.decided_at,
    )


def _term(calendar: SchoolCalendar, rows: Sequence[ExchangeRow]) -> TermExchanges | None:
    term = calendar.latest_term(clock.today())
    if term is None:
        return None
    needed = calendar.numbers.on(NEEDED, term.first_day)
    received = sorted(
        row.day for row in rows if row.direction is ExchangeDirection.RECEIVED and row.day >= term.first_day
    )
    if not needed:
        return TermExchanges(term.label, 0, len(received), DutyState.NOT_IN_FORCE, None)
    due_day = deadlines.exchange_due(term=term, done=min(len(received), needed - 1), needed=needed)
    due_at = clock.at_school(due_day, END_OF_SCHOOL_DAY)
    done_at = clock.at_school(received[needed - 1], END_OF_SCHOOL_DAY) if len(received) >= needed else None
    state = deadlines.state_at(due_at=due_at, done_at=done_at, now=clock.now())
    return TermExchanges(term.label, needed, len(received), state, None if done_at else due_at)
