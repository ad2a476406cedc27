"""One child's tier and archive as somebody may read it: the tier held, how it came there, what waits (F-04)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    ArchiveLook,
    Assessment,
    CareKind,
    CareRecord,
    Case,
    PsychArchive,
    Referral,
    Student,
    TierChange,
    TierState,
    TierSuggestion,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.archive_lists import ArchiveRow, archive_row, detailed_archives, sets_tiers
from services.calendar import load_calendar
from services.errors import NotFound
from services.openings import is_noted
from services.record_views import sees_records
from services.row_filters import sees_cases, sees_referrals
from services.screening.results import is_talked_about
from services.tier_kinds import tier_order
from services.tier_requests import may_answer


@dataclass(frozen=True, slots=True)
class Change:
    """One event in the history of a child's tier; words and what it rests on for who may read them."""

    id: int
    version: int
    tier_id: int
    from_day: date
    state: TierState
    number: int | None
    recorded_at: datetime
    reason: str | None
    evidence: str | None
    author: str | None
    author_id: int | None
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    record_id: int | None
    record_label: str | None
    referral_id: int | None  # of the assessment it rests on


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a screening proposes, until a person has decided."""

    id: int
    version: int
    tier_id: int
    reason: str | None
    suggested_on: date
    suggested_by: str | None


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """One child's archive; history and suggestions only for who may read the reasons."""

    row: ArchiveRow
    changes: tuple[Change, ...]
    suggestions: tuple[Suggestion, ...]
    case_id: int | None
    case_owner: str | None
    group_id: int | None  # the warning group that stands around the child
    is_key: bool
    last_look: date | None
    last_looker: str | None
    tier_number: int
    may_set: bool
    may_answer: bool  # the lowering that waits
    review_days: tuple[tuple[str, int], ...]  # how often each tier offered is looked at again, the gravest first (F-04)
    group_days: int  # school days within which a key child has a warning group (G-07)
    handed_over_on: date | None  # the day on which somebody signed for it at another school
    is_opening_noted: bool

    @property
    def waiting(self) -> Change | None:
        """The lowering that waits for the second person."""
        return next((each for each in self.changes if each.state is TierState.WAITING), None)

    @property
    def held_since(self) -> date | None:
        """Since when the child has stood in its tier without a break."""
        standing = [each for each in self.changes if each.number is not None]
        since = None
        for each in sorted(standing, key=lambda change: -(change.number or 0)):
            if self.row.tier is None or each.tier_id != self.row.tier.id:
                break
            since = each.from_day
        return since


@permitted(Permission.ARCHIVE_READ)
def find_archive(session: Session, actor: Actor, *, student_id: int) -> ArchiveView:
    """Return a child's archive as far as this actor may know of it. Note the opening with `archives.note_opening`.

    Raises:
        NotFound: there is no such child for this actor.
    """
    found = session.execute(detailed_archives(actor, [student_id])).first()
    if found is None:
        raise NotFound
    reads = sets_tiers(actor)
    order = tier_order(session)
    tier = order.of(found.tier_id)
    calendar = load_calendar(session)
    numbers = calendar.numbers
    case = _case(session, actor, student_id) if reads else None
    changes = _changes(session, actor, student_id) if reads else ()
    waiting = next((each for each in changes if each.state is TierState.WAITING), None)
    look = session.execute(
        select(col(ArchiveLook.day), col(AppUser.display_name))
        .join(PsychArchive, col(PsychArchive.id) == col(ArchiveLook.archive_id))
        .join(AppUser, col(AppUser.id) == col(ArchiveLook.looked_by_id), isouter=True)
        .where(PsychArchive.student_id == student_id)
        .order_by(col(ArchiveLook.day).desc(), col(ArchiveLook.id).desc())
    ).first()
    return ArchiveView(
        row=archive_row(actor, found, order, calendar),
        changes=changes,
        suggestions=_suggestions(session, student_id) if reads else (),
        case_id=case[0] if case else None,
        case_owner=case[1] if case else None,
        group_id=found.group_id if reads else None,
        is_key=tier is not None and tier.rank >= order.key_rank,
        last_look=look[0] if look else None,
        last_looker=look[1] if look else None,
        tier_number=found.tier_number or 0,
        may_set=reads,
        may_answer=waiting is not None and may_answer(session, actor, waiting.author_id),
        review_days=tuple(
            (each.label, numbers.on(name, clock.today()))
            for each in order.offered
            if (name := order.review_parameter(each.rank)) is not None
        ),
        group_days=numbers.on("G-07.group_school_days", clock.today()),
        handed_over_on=found.handed_over_on,
        is_opening_noted=is_noted(session, actor, audit.Action.ARCHIVE_READ, student_id=student_id),
    )


@dataclass(frozen=True, slots=True)
class Ground:
    """A record or an assessment that a tier can rest on."""

    id: int
    label: str
    day: date


@permitted(Permission.TIER_WRITE)
def list_grounds(session: Session, actor: Actor, *, student_id: int) -> tuple[tuple[Ground, ...], tuple[Ground, ...]]:
    """Return the child's latest records and assessments that the actor may know of; two statements."""
    records = session.exec(
        select(col(CareRecord.id), col(CareRecord.kind), col(CareRecord.day), col(CareRecord.import_id))
        .join(Student, col(Student.id) == col(CareRecord.student_id))
        .where(CareRecord.student_id == student_id, col(CareRecord.withdrawn_at).is_(None), sees_records(actor))
        .order_by(col(CareRecord.day).desc(), col(CareRecord.id).desc())
        .limit(_LATEST)
    ).all()
    assessed = session.exec(
        select(Assessment.id, Assessment.assessed_at)
        .join(Referral, col(Referral.id) == col(Assessment.referral_id))
        .where(Assessment.student_id == student_id, sees_referrals(actor))
        .order_by(col(Assessment.assessed_at).desc(), col(Assessment.id).desc())
        .limit(_LATEST)
    ).all()
    return (
        tuple(
            Ground(each_id or 0, f"{CareKind(kind).label}{'（补录）' if import_id else ''}", day)
            for each_id, kind, day, import_id in records
        ),
        tuple(Ground(each_id or 0, "需求评估", clock.local(at).date()) for each_id, at in assessed),
    )


_LATEST = 20


def _changes(session: Session, actor: Actor, student_id: int) -> tuple[Change, ...]:
    """Return the history, the newest first; what a change rests on only where the reader may know of it."""
    author, decider = aliased(AppUser), aliased(AppUser)
    known = and_(col(CareRecord.id) == col(TierChange.record_id), sees_records(actor))
    seen = and_(col(Referral.id) == col(Assessment.referral_id), sees_referrals(actor))
    columns: list[Any] = [
        TierChange,
        author.display_name,
        decider.display_name,
        CareRecord.kind,
        CareRecord.day,
        Referral.id,
    ]
    rows = session.execute(
        select(*columns)
        .select_from(TierChange)
        .join(Student, col(Student.id) == col(TierChange.student_id))
        .join(author, col(author.id) == col(TierChange.author_id), isouter=True)
        .join(decider, col(decider.id) == col(TierChange.decided_by_id), isouter=True)
        .join(CareRecord, known, isouter=True)
        .join(Assessment, col(Assessment.id) == col(TierChange.assessment_id), isouter=True)
        .join(Referral, seen, isouter=True)
        .where(TierChange.student_id == student_id)
        .order_by(col(TierChange.recorded_at).desc(), col(TierChange.id).desc())
    ).all()
    return tuple(_change(*row) for row in rows)


def _change(
    row: TierChange,
    author: str | None,
    decider: str | None,
    kind: CareKind | None,
    day: date | None,
    referral_id: int | None,
) -> Change:
    return Change(
        id=row.id or 0,
        version=row.version,
        tier_id=row.tier_id,
        from_day=row.from_day,
        state=row.state,
        number=row.number,
        recorded_at=row.recorded_at,
        reason=unseal(row, "reason_sealed"),
        evidence=unseal(row, "evidence_sealed"),
        author=author,
        author_id=row.author_id,
        decided_by=decider,
        decided_at=row.decided_at,
        note=unseal(row, "note_sealed"),
        record_id=row.record_id if kind else None,
        record_label=f"{CareKind(kind).label} {day.month}月{day.day}日" if kind and day else None,
        referral_id=referral_id,
    )


def _suggestions(session: Session, student_id: int) -> tuple[Suggestion, ...]:
    rows = session.exec(
        select(TierSuggestion, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(TierSuggestion.suggested_by_id), isouter=True)
        .where(TierSuggestion.student_id == student_id, col(TierSuggestion.ended_at).is_(None), is_talked_about())
        .order_by(col(TierSuggestion.suggested_on).desc(), col(TierSuggestion.id).desc())
    ).all()
    return tuple(
        Suggestion(row.id or 0, row.version, row.tier_id, unseal(row, "reason_sealed"), row.suggested_on, name)
        for row, name in rows
    )


def _case(session: Session, actor: Actor, student_id: int) -> Any:
    """Return the newest case of a child that the actor may open, with who owns it."""
    return session.execute(
        select(Case.id, AppUser.display_name)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(AppUser, col(AppUser.id) == col(Case.owner_id), isouter=True)
        .where(Case.student_id == student_id, sees_cases(actor))
        .order_by(col(Case.closed_at).is_(None).desc(), col(Case.opened_at).desc())
    ).first()
