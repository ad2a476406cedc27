"""Archives (心理档案): beginning one for a child, and going through it (F-03, F-08)."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal
from db.tables import ArchiveLook, PsychArchive, Student, TierChange
from services import audit, clock
from services.access import Permission, Subject, allows, permitted
from services.actors import Actor
from services.errors import NotFound
from services.fields import LONG, Checker
from services.openings import is_noted
from services.row_filters import grounds_for, sees_students
from services.student_rights import still_there, writes_students
from services.tier_kinds import tier_order
from services.tier_news import is_news

MOST_AT_ONCE = 2_000


@permitted(Permission.ARCHIVE_WRITE)
def begin_archives(
    session: Session, actor: Actor, *, student_ids: Iterable[int], ordinary_reason: str | None = None
) -> int:
    """Begin the archives of these children from today on, and return how many that were; who has one keeps it.

    With `ordinary_reason`, who was never put into a tier is put into the ordinary one, for that reason (F-04).

    Raises:
        NotFound: a child is not there, or the actor may not write about it.
        FieldErrors: nobody is chosen, too many are, or the reason is too long.
    """
    wanted = sorted(set(student_ids))
    check = Checker()
    if not wanted or len(wanted) > MOST_AT_ONCE:
        check.add("children", "choice_needed" if not wanted else "too_many", limit=MOST_AT_ONCE)
    reason = check.text("ordinary_reason", ordinary_reason, limit=LONG)
    check.finish()
    writable = writes_students(actor, Permission.ARCHIVE_WRITE).condition
    there = select(Student.id).where(col(Student.id).in_(wanted), writable).order_by(col(Student.id))
    if len(session.exec(still_there(session, there)).all()) != len(wanted):
        raise NotFound
    have = set(session.exec(select(PsychArchive.student_id).where(col(PsychArchive.student_id).in_(wanted))))
    begun = [_begin(session, actor, student_id) for student_id in wanted if student_id not in have]
    if reason and allows(actor, Permission.TIER_WRITE):
        _put_into_ordinary(session, actor, wanted, reason)
    return len([each for each in begun if each])


@permitted(Permission.ARCHIVE_WRITE)
def look_through(session: Session, actor: Actor, *, student_id: int) -> None:
    """Note that a child's archive was gone through today and put in order (F-08).

    Raises:
        NotFound: there is no such child, or no archive of it, that the actor may write about.
    """
    writable = writes_students(actor, Permission.ARCHIVE_WRITE).condition
    found = session.exec(
        still_there(
            session,
            select(PsychArchive)
            .join(Student, col(Student.id) == col(PsychArchive.student_id))
            .where(PsychArchive.student_id == student_id, writable),
        )
    ).first()
    if found is None:
        raise NotFound
    look = ArchiveLook(archive_id=found.id or 0, day=clock.today(), looked_by_id=actor.user_id, recorded_at=clock.now())
    session.add(look)
    session.flush()
    audit.record(session, actor, audit.Action.ARCHIVE_LOOKED_THROUGH, target=found, student_id=student_id)


@permitted(Permission.ARCHIVE_READ)
def note_opening(session: Session, actor: Actor, *, student_id: int) -> None:
    """Note that the actor read a child's archive: once per person, child and 30 minutes, or where a tier is news.

    Raises:
        NotFound: there is no such child for this actor.
    """
    seen = select(Student).where(Student.id == student_id, sees_students(actor, Subject.TIER))
    child = session.exec(seen.with_for_update(key_share=True)).first()  # two tabs of one person don't both note it
    if child is None:
        raise NotFound
    is_known = is_noted(session, actor, audit.Action.ARCHIVE_READ, student_id=student_id)
    if not is_known or is_news(session, actor, student_id=student_id):
        grounds = grounds_for(session, actor, student_id=student_id)
        audit.record(session, actor, audit.Action.ARCHIVE_READ, target=child, student_id=student_id, grounds=grounds)


def _begin(session: Session, actor: Actor, student_id: int) -> bool:
    row = PsychArchive(
        student_id=student_id, opened_on=clock.today(), opened_by_id=actor.user_id, recorded_at=clock.now()
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:  # somebody began it a moment ago: it is there
        return False
    audit.record(session, actor, audit.Action.ARCHIVE_OPENED, target=row, student_id=student_id)
    return True


def _put_into_ordinary(session: Session, actor: Actor, student_ids: list[int], reason: str) -> None:
    ordinary = tier_order(session).kinds[-1].id
    known = select(TierChange.student_id).where(
        col(TierChange.student_id).in_(student_ids), col(TierChange.number).is_not(None)
    )
    in_one: set[int] = set(session.exec(known))
    today: date = clock.today()
    for student_id in student_ids:
        if student_id in in_one:
            continue
        row = TierChange(
            student_id=student_id,
            number=1,
            tier_id=ordinary,
            from_day=today,
            author_id=actor.user_id,
            recorded_at=clock.now(),
        )
        seal(row, "reason_sealed", reason)
        try:
            with session.begin_nested():
                session.add(row)
                session.flush()
        except IntegrityError:  # put into another one a moment ago
            continue
        audit.record(session, actor, audit.Action.TIER_SET, target=row, student_id=student_id)
