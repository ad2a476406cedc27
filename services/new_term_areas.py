"""The areas a new term touches, each with the facts it asks for and its lines; to add one, add an entry to AREAS."""

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, select

from db.tables import (
    AppUser,
    AuditEvent,
    BellDayKind,
    BellPeriod,
    BellTimetable,
    CheckKind,
    CheckRound,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    Deputy,
    Pledge,
    RoleGrant,
    SchoolClass,
    YearChange,
)
from services import carrying_over, clock
from services.access import PLEDGED_ROLES
from services.answers import lacks_homeroom, seat_label
from services.asking_together import Fact, asked
from services.audit import Action
from services.calendar import knows_year
from services.classes import class_label
from services.document_kinds import DocumentState, document_kinds
from services.document_overviews import EDITIONS, editions_part, states_of_kinds
from services.term_lines import Area, Line, LineKind, LineState, Situation
from services.terms_ahead import TermAhead

USUAL_WEEKS = range(14, 26)
"""Terms have 20 to 22 weeks; what is far from that is worth a second look (domain notes §6)."""
_LONGEST_ABSENCE_BACK = timedelta(days=31)


def _dates(now: Situation) -> Iterator[Line]:
    dates, before = now.ahead.dates, now.ahead.before
    if dates is None:
        yield Line(LineKind.DATES, LineState.OPEN, "missing", first_day=now.ahead.expected_on)
        return
    weeks = -(-((dates.last_day - dates.first_day).days + 1) // 7)
    why, state = "", LineState.DONE
    if before is not None and dates.first_day <= before.last_day:
        why, state = "overlaps", LineState.OPEN
    elif weeks not in USUAL_WEEKS:
        why, state = "length", LineState.LOOK
    yield Line(LineKind.DATES, state, why, count=weeks, first_day=dates.first_day, last_day=dates.last_day)


def _holidays(now: Situation) -> Iterator[Line]:
    if now.ahead.dates is None:
        yield Line(LineKind.HOLIDAYS, LineState.LATER, "dates")
        return
    years = now.ahead.dates.years
    if unknown := [year for year in years if year in now.calendar.unknown_years()]:
        yield Line(LineKind.HOLIDAYS, LineState.OPEN, labels=_words(unknown))
        return
    why = "known" if all(knows_year(year) for year in years) else "confirmed"
    yield Line(LineKind.HOLIDAYS, LineState.DONE, why, labels=_words(years))


def _bell_parts(ahead: TermAhead, _today: date) -> Sequence[Any]:
    newest = select(func.max(BellTimetable.from_day)).where(col(BellTimetable.from_day) <= ahead.first_day)
    return [
        asked("bells", first=func.count(col(BellPeriod.id)), label=cast(col(BellTimetable.from_day), String))
        .select_from(BellTimetable)
        .join(BellDayKind, col(BellDayKind.timetable_id) == col(BellTimetable.id), isouter=True)
        .join(BellPeriod, col(BellPeriod.day_kind_id) == col(BellDayKind.id), isouter=True)
        .where(col(BellTimetable.from_day) == newest.scalar_subquery())
        .group_by(col(BellTimetable.from_day))
    ]


def _bells(now: Situation) -> Iterator[Line]:
    found = now.rows("bells")
    if not found or not found[0].first:
        yield Line(LineKind.BELLS, LineState.OPEN, "empty" if found else "")
    else:
        yield Line(LineKind.BELLS, LineState.DONE, first_day=date.fromisoformat(found[0].label))


def _class_parts(ahead: TermAhead, _today: date) -> Sequence[Any]:
    year = ahead.school_year
    taught = select(ClassTeacher.class_id).where(
        ClassTeacher.kind == ClassTeacherKind.SUBJECT, col(ClassTeacher.to_day).is_(None)
    )
    of_year = col(SchoolClass.school_year) == year
    return [
        asked("classes", first=func.count(col(SchoolClass.id))).where(of_year),
        _classes("homeroom").where(of_year, lacks_homeroom()),
        _classes("subjects").where(of_year, col(SchoolClass.id).not_in(taught)),
        asked("moved", first=func.count(col(YearChange.id))).where(
            col(YearChange.school_year) == year, col(YearChange.undone_at).is_(None)
        ),
        asked("not_moved", first=func.count(col(ClassMembership.id)))
        .select_from(ClassMembership)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .where(col(SchoolClass.school_year) == year - 1, col(ClassMembership.to_day).is_(None)),
    ]


def _classes(about: str) -> Any:
    return asked(about, of_id=col(SchoolClass.id), second=col(SchoolClass.grade), third=col(SchoolClass.number))


def _promotion(now: Situation) -> Iterator[Line]:
    if not now.ahead.is_autumn:
        return
    if now.count("not_moved"):
        yield Line(LineKind.PROMOTION, LineState.OPEN if now.has_begun else LineState.LATER)
    else:
        yield Line(LineKind.PROMOTION, LineState.DONE, "" if now.count("moved") else "nobody")


def _teachers(now: Situation) -> Iterator[Line]:
    if not now.count("classes"):
        waits = now.ahead.is_autumn and now.count("not_moved")
        yield Line(LineKind.HOMEROOM, LineState.LATER if waits else LineState.OPEN, "no_classes")
        return
    for kind, about in ((LineKind.HOMEROOM, "homeroom"), (LineKind.SUBJECTS, "subjects")):
        lacking = sorted((fact.second or 0, fact.third or 0) for fact in now.rows(about))
        labels = tuple(class_label(grade, number) for grade, number in lacking)
        yield Line(kind, LineState.OPEN if labels else LineState.DONE, labels=labels, count=now.count("classes"))


def _post_parts(ahead: TermAhead, _today: date) -> Sequence[Any]:
    return [
        carrying_over.posts_part(ahead),
        carrying_over.groups_part(ahead),
        carrying_over.closed_members_part(),
    ]


def _posts(now: Situation) -> Iterator[Line]:
    found = now.rows(carrying_over.POSTS)
    for kind, is_open in ((LineKind.POSTS, True), (LineKind.POSTS_CLOSED, False)):
        labels = tuple(_post_label(fact) for fact in found if bool(fact.first) is is_open)
        if labels or is_open:
            yield Line(kind, LineState.OPEN if labels else LineState.DONE, labels=labels)


def _post_label(fact: Fact) -> str:
    place = seat_label("", grade=fact.second, number=fact.third)
    return f"{fact.label}（{place}）" if place else fact.label


def _groups(now: Situation) -> Iterator[Line]:
    labels = tuple(fact.label for fact in now.rows(carrying_over.GROUPS))
    if labels and not now.count("classes"):
        yield Line(LineKind.GROUPS, LineState.LATER, labels=labels)
    else:
        yield Line(LineKind.GROUPS, LineState.OPEN if labels else LineState.DONE, labels=labels)
    if closed := tuple(dict.fromkeys(fact.label for fact in now.rows(carrying_over.CLOSED_MEMBERS))):
        yield Line(LineKind.GROUP_MEMBERS, LineState.OPEN, labels=closed)


def _deputy_parts(ahead: TermAhead, _today: date) -> Sequence[Any]:
    absent, again = aliased(AppUser), aliased(Deputy)
    goes_on = select(again.id).where(
        col(again.absent_id) == col(Deputy.absent_id), col(again.to_day) > col(Deputy.to_day)
    )
    return [
        asked("deputies", of_id=col(Deputy.id), label=col(absent.display_name))
        .select_from(Deputy)
        .join(absent, col(absent.id) == col(Deputy.absent_id))
        .where(
            col(absent.is_active),
            col(Deputy.to_day) > col(Deputy.from_day),
            col(Deputy.to_day) > ahead.ended_since - _LONGEST_ABSENCE_BACK,
            col(Deputy.to_day) <= ahead.first_day,
            ~goes_on.exists(),
        )
    ]


def _deputies(now: Situation) -> Iterator[Line]:
    """Nobody records that somebody came back: whoever was stood in for is named, to be looked at."""
    if names := tuple(dict.fromkeys(fact.label for fact in now.rows("deputies"))):
        yield Line(LineKind.DEPUTIES, LineState.LOOK, labels=names)


def _check_parts(ahead: TermAhead, _today: date) -> Sequence[Any]:
    term_id = ahead.dates.id if ahead.dates else 0
    exported = and_(
        col(AuditEvent.action) == Action.EXPORT_MADE.value,
        col(AuditEvent.at) >= clock.at_school(ahead.first_day, time(0)),
        col(AuditEvent.details).contains('"class_lists"'),
    )
    return [
        asked("checks", first=func.count(col(CheckRound.id))).where(
            col(CheckRound.term_id) == term_id, CheckRound.kind == CheckKind.CLASS_CHECK
        ),
        asked("class_lists", first=func.count(col(AuditEvent.seq))).where(exported),
    ]


def _checks(now: Situation) -> Iterator[Line]:
    """The round of this term (E-02), and the five lists of every class drawn up anew (E-10)."""
    not_yet = LineState.OPEN if now.has_begun else LineState.LATER
    yield Line(LineKind.CHECKS, LineState.DONE if now.count("checks") else not_yet)
    yield Line(LineKind.CLASS_LISTS, LineState.DONE if now.count("class_lists") else not_yet)


def _pledge_parts(ahead: TermAhead, _today: date) -> Sequence[Any]:
    accepted = select(Pledge.id).where(Pledge.user_id == AppUser.id, Pledge.school_year == ahead.school_year)
    return [
        asked("pledges", first=func.count(col(AppUser.id))).where(_is_asked_to_pledge()),
        asked("unpledged", first=func.count(col(AppUser.id))).where(_is_asked_to_pledge(), ~accepted.exists()),
    ]


def _is_asked_to_pledge() -> ColumnElement[bool]:
    held = select(RoleGrant.user_id).where(
        col(RoleGrant.ended_at).is_(None), col(RoleGrant.role).in_(sorted(PLEDGED_ROLES))
    )
    return and_(col(AppUser.is_active), col(AppUser.id).in_(held))


def _pledges(now: Situation) -> Iterator[Line]:
    """Everybody accepts by themselves once the school year has begun (A-03)."""
    if not now.ahead.is_autumn:
        return
    waiting = now.count("unpledged")
    state = LineState.OPEN if now.today >= date(now.ahead.school_year, 9, 1) else LineState.LATER
    yield Line(LineKind.PLEDGES, state if waiting else LineState.DONE, count=waiting)


_WANTING = (DocumentState.EXPIRED, DocumentState.EXPIRING, DocumentState.REVIEW_DUE, DocumentState.MISSING)


def _documents(now: Situation) -> Iterator[Line]:
    """How the documents will stand on the first day, or stand today; looked through is only what was after it began."""
    day = max(now.ahead.first_day, now.today)
    states = states_of_kinds((fact.label for fact in now.rows(EDITIONS)), day=day, calendar=now.calendar)
    wanting = _WANTING if now.has_begun else tuple(each for each in _WANTING if each is not DocumentState.REVIEW_DUE)
    labels = tuple(document_kinds()[name].label for name, state in states.items() if state in wanting)
    yield Line(LineKind.DOCUMENTS, LineState.OPEN if labels else LineState.DONE, labels=labels)


def _words(years: Sequence[int]) -> tuple[str, ...]:
    return tuple(str(year) for year in years)


AREAS = (
    Area(_dates),
    Area(_holidays),
    Area(_bells, _bell_parts),
    Area(_promotion),
    Area(_teachers, _class_parts),
    Area(_posts, _post_parts),
    Area(_groups),
    Area(_deputies, _deputy_parts),
    Area(_checks, _check_parts),
    Area(_pledges, _pledge_parts),
    Area(_documents, lambda _ahead, _today: [editions_part()]),
)
"""In the order a school goes through them; an area may use the facts another asks for."""
