"""Following a result up: who talks with the child, that somebody did, and what then is proposed (H-04, G-09)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from db.tables import CareKind, CareRecord, ScreeningResult, Student
from services import audit, clock
from services.access import Permission, Subject, allows, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, NotFound
from services.fields import Checker
from services.record_views import sees_records, written_at_the_time
from services.referral_moves import list_takers
from services.referrals import may_own
from services.row_filters import sees_students
from services.screening.results import is_open
from services.screening.suggestions import suggest
from services.students import lock_named

COUNTING = frozenset({CareKind.TALK, CareKind.SHORT_TALK, CareKind.COUNSELLING, CareKind.HOME_VISIT})
"""Work records in which somebody met the child itself; a call to the family is none."""
_NEWEST = 8


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A work record that may be noted as the contact after a result."""

    id: int
    kind: CareKind
    day: date


@permitted(Permission.SCREENING_WRITE)
def list_contacts(session: Session, actor: Actor, *, result_id: int) -> list[KnownContact]:
    """Return the records of a child since its result in which somebody met it, the newest first; one statement."""
    rows = session.execute(
        select(CareRecord.id, CareRecord.kind, CareRecord.day)  # type: ignore[call-overload]  # an enumeration
        .join(ScreeningResult, col(ScreeningResult.student_id) == col(CareRecord.student_id))
        .join(Student, col(Student.id) == col(CareRecord.student_id))
        .where(
            ScreeningResult.id == result_id,
            col(CareRecord.kind).in_(COUNTING),
            col(CareRecord.is_done),
            col(CareRecord.withdrawn_at).is_(None),
            CareRecord.day >= ScreeningResult.taken_on,
            written_at_the_time(),
            sees_records(actor),
            sees_students(actor, Subject.SCREENING),
        )
        .order_by(col(CareRecord.day).desc(), col(CareRecord.id).desc())
        .limit(_NEWEST)
    )
    return [KnownContact(number or 0, CareKind(kind), day) for number, kind, day in rows]


@permitted(Permission.SCREENING_WRITE)
def note_contact(session: Session, actor: Actor, *, result_id: int, record_id: int | None) -> None:
    """Note a work record as the contact after a result, and after every other open one of the child up to that day.

    One in which nobody was met is noted as tried; the duty stays. A result that was talked about keeps its contact.

    Raises:
        NotFound: there is no such result, or no such record of this child that this actor knows of.
        FieldErrors: no record is chosen, or one in which nobody could meet the child, or from before the result.
    """
    check = Checker()
    if record_id is None:
        check.add("record", "required")
    check.finish()
    result = _locked(session, actor, result_id)
    record = session.exec(
        select(CareRecord)
        .join(Student, col(Student.id) == col(CareRecord.student_id))
        .where(
            CareRecord.id == record_id,
            CareRecord.student_id == result.student_id,
            written_at_the_time(),
            sees_records(actor),
        )
    ).first()
    if record is None or record.withdrawn_at is not None:
        raise NotFound
    if record.kind not in COUNTING or record.day < result.taken_on:
        check.add("record", "unknown_choice")
    check.finish()
    covered = session.exec(
        select(ScreeningResult)
        .where(
            ScreeningResult.student_id == result.student_id,
            col(ScreeningResult.needs_contact),
            ScreeningResult.taken_on <= record.day,
            is_open(),  # an attempt or a withdrawn record closed none; what closed one stays
        )
        .order_by(col(ScreeningResult.id))
        .with_for_update()
    ).all()
    for each in covered:
        each.contact_id, each.version = record.id, each.version + 1
        session.add(each)
        audit.record(session, actor, audit.Action.SCREENING_CONTACTED, target=each, student_id=each.student_id)
    if record.is_done:
        suggest(session, actor, covered, record)
    session.flush()


@permitted(Permission.RECORD_WRITE)
def note_saved_record(session: Session, actor: Actor, *, result_id: int, record_ids: Sequence[int]) -> None:
    """Note a record that was just written from a result's line as its contact, where it is one: of that child, met.

    What somebody wrote instead about another child, or without meeting it, is saved all the same; the duty stays.
    """
    if not allows(actor, Permission.SCREENING_WRITE):
        return
    fitting = session.exec(
        select(CareRecord.id)
        .join(ScreeningResult, col(ScreeningResult.student_id) == col(CareRecord.student_id))
        .where(
            ScreeningResult.id == result_id,
            col(CareRecord.id).in_(record_ids),
            col(CareRecord.kind).in_(COUNTING),
            CareRecord.day >= ScreeningResult.taken_on,
        )
    ).first()
    if fitting is not None:
        note_contact(session, actor, result_id=result_id, record_id=fitting)


@permitted(Permission.SCREENING_WRITE)
def hand_over(session: Session, actor: Actor, *, result_id: int, version: int, owner_id: int | None) -> None:
    """Let somebody else of the care room follow a result up.

    Raises:
        NotFound: there is no such result for this actor.
        FieldErrors: nobody is chosen, or somebody who can't.
        EditedMeanwhile: somebody followed it up since.
    """
    check = Checker()
    if owner_id is None:
        check.add("owner", "required")
    elif not may_own(session, owner_id, is_suspected_abuse=False):
        check.add("owner", "unknown_choice")
    check.finish()
    result = _edited(session, actor, result_id, version)
    result.owner_id = owner_id
    session.flush()
    audit.record(
        session, actor, audit.Action.SCREENING_HANDED_OVER, target=result, student_id=result.student_id
    )  # fmt: skip


@permitted(Permission.SCREENING_WRITE)
def list_owners(session: Session, actor: Actor) -> dict[int, str]:
    """Return who of the care room can follow a result up: id and name."""
    return list_takers(session, actor, is_suspected_abuse=False)


@permitted(Permission.SCREENING_WRITE)
def ask_homeroom(session: Session, actor: Actor, *, result_id: int, version: int, asks: bool) -> None:
    """Ask the homeroom teacher to look after a child, without scale, score or tier; or take that back.

    Raises:
        NotFound: there is no such result for this actor.
        EditedMeanwhile: somebody followed it up since.
    """
    result = _edited(session, actor, result_id, version)
    result.homeroom_asked_at = clock.now() if asks else None
    session.flush()
    audit.record(
        session, actor, audit.Action.SCREENING_HOMEROOM_ASKED, target=result, student_id=result.student_id
    )  # fmt: skip


def _locked(session: Session, actor: Actor, result_id: int) -> ScreeningResult:
    """Return a result this actor may follow up, its child locked before it."""
    named = select(ScreeningResult.student_id).where(ScreeningResult.id == result_id)
    lock_named(session, named)
    found = session.exec(
        select(ScreeningResult)
        .join(Student, col(Student.id) == col(ScreeningResult.student_id))
        .where(ScreeningResult.id == result_id, sees_students(actor, Subject.SCREENING))
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound
    return found


def _edited(session: Session, actor: Actor, result_id: int, version: int) -> ScreeningResult:
    _locked(session, actor, result_id)
    try:
        return lock_version(session, ScreeningResult, result_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(
            {"owner": error.current.owner_id, "asks": error.current.homeroom_asked_at is not None},
            edited_by=last_editor(session, error.current),
        ) from None
