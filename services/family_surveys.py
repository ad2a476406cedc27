"""What was found out about a child's family, for its plan: how it manages, what the child needs (E-04)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, false
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import FamilyEconomy, FamilySurvey, Student
from services import audit, clock
from services.access import Permission, Subject, allows, permitted
from services.actors import Actor
from services.errors import EditedMeanwhile, NotFound
from services.fields import LONG, Checker
from services.row_filters import sees_students
from services.student_rights import require_writable


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyEntry:
    """What the form asks; `needs` is what the child needs to learn well."""

    asked_on: date | None = None
    economy: FamilyEconomy | None = None
    means: str | None = None
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class SurveyLine:
    """One survey, as the child's page shows it."""

    id: int
    asked_on: date
    economy: FamilyEconomy
    means: str | None
    needs: str | None
    is_current: bool


@permitted(Permission.ENTRY_WRITE)
def list_surveys(session: Session, actor: Actor, *, student_id: int) -> tuple[SurveyLine, ...]:
    """Return the surveys of a child's family, the newest first; one statement."""
    rows = session.exec(
        select(FamilySurvey)
        .join(Student, col(Student.id) == col(FamilySurvey.student_id))
        .where(FamilySurvey.student_id == student_id, sees_students(actor), sees_students(actor, Subject.CATEGORY))
        .order_by(col(FamilySurvey.asked_on).desc(), col(FamilySurvey.id).desc())
    ).all()
    return tuple(line_of(row) for row in rows)


@permitted(Permission.ENTRY_WRITE)
def record_survey(
    session: Session, actor: Actor, *, student_id: int, entry: SurveyEntry, replaces_id: int | None = None
) -> int:
    """Record what was found out on a day; `replaces_id` is the survey the form was drawn from.

    Raises:
        NotFound, NotAllowed: the child is not this actor's to write.
        FieldErrors: day, economy or needs are missing, or a day that can't be.
        EditedMeanwhile: somebody recorded one since; `current` is a SurveyLine.
    """
    require_writable(session, actor, student_id, Permission.ENTRY_WRITE)
    child = session.exec(select(Student).where(Student.id == student_id).with_for_update(key_share=True)).one()
    before = session.exec(
        select(FamilySurvey).where(FamilySurvey.student_id == student_id, col(FamilySurvey.replaced_at).is_(None))
    ).first()
    if (before.id if before else None) != replaces_id:
        raise EditedMeanwhile(line_of(before) if before else {})
    row = _checked(entry, earliest=before.asked_on if before else child.birth_day)
    if before is not None:
        before.replaced_at = clock.now()
        session.add(before)
        session.flush()  # at most one counts
    row.student_id, row.recorded_by_id = student_id, actor.user_id
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # recorded by another process since it was looked up
        raise EditedMeanwhile({}) from None
    audit.record(session, actor, audit.Action.SURVEY_RECORDED, target=row, student_id=student_id)
    return row.id or 0


def _checked(entry: SurveyEntry, *, earliest: date) -> FamilySurvey:
    """Return a survey that can be, of no child yet; refuse everything else at once."""
    check = Checker()
    means = check.text("means", entry.means, limit=LONG)
    needs = check.required_text("needs", entry.needs, limit=LONG)
    for name in ("asked_on", "economy"):
        if getattr(entry, name) is None:
            check.add(name, "required")
    check.not_future("asked_on", entry.asked_on, today=clock.today())
    if entry.asked_on is not None and entry.asked_on < earliest:
        check.add("asked_on", "before_last", day=earliest)
    check.finish()
    if entry.asked_on is None or entry.economy is None:  # refused above; said again for the types
        raise NotFound
    row = FamilySurvey(student_id=0, asked_on=entry.asked_on, economy=entry.economy, recorded_at=clock.now())
    seal(row, "means_sealed", means)
    seal(row, "needs_sealed", needs)
    return row


def current_survey(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that joins a child with the survey that counts; with none for who may not read it."""
    if not allows(actor, Permission.ENTRY_WRITE):
        return false()
    return and_(
        col(FamilySurvey.student_id) == col(Student.id),
        col(FamilySurvey.replaced_at).is_(None),
        sees_students(actor),
        sees_students(actor, Subject.CATEGORY),
    )


def line_of(row: FamilySurvey) -> SurveyLine:
    """Return a survey that was read, with its words."""
    return SurveyLine(
        row.id or 0, row.asked_on, row.economy, unseal(row, "means_sealed"), unseal(row, "needs_sealed"),
        row.replaced_at is None,
    )  # fmt: skip
