"""A small school for the long tests, made once, and what must hold in it whatever happened."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from db import engine, upgrade, verification
from db.location import Location
from db.tables import (
    AppUser,
    AuditEvent,
    CareRecord,
    CareRecordVersion,
    CareRecordWords,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    Gender,
    Pledge,
    Referral,
    ReferralMove,
    Role,
    RoleGrant,
    SchoolClass,
    Student,
    Term,
    TierChange,
)
from db.transactions import reading, transaction
from services import accounts, clock
from services.actors import Actor
from services.calendar import school_year_of

CHILDREN = 30
NOBODY = Actor(None, "", frozenset())


def settle(folder: Path) -> Location:
    """Make the school in an empty folder: a term, a class, a lead, a counsellor, a homeroom teacher, children."""
    place = Location(folder / "data", folder / "key" / "care.key")
    upgrade.prepare(place)
    with transaction() as session:
        session.add(Term(school_year=2026, number=1, first_day=date(2026, 9, 1), last_day=date(2027, 1, 22)))
        found = SchoolClass(school_year=2026, grade=7, number=3)
        session.add(found)
        session.flush()
        staff = [
            make_staff(session, f"staff{number}", role)
            for number, role in enumerate((Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM))
        ]
        session.add(
            ClassTeacher(
                class_id=found.id or 0, user_id=staff[2], kind=ClassTeacherKind.HOMEROOM, from_day=date(2026, 9, 1)
            )
        )
        for number in range(CHILDREN):
            child = Student(
                student_no=f"L{number:05d}",
                name=f"试学生{number}",
                name_initials="sxs",
                name_pinyin="shixuesheng",
                gender=Gender.MALE,
                birth_day=date(2013, 1, 1) + timedelta(days=number),
                recorded_at=clock.now(),
            )
            session.add(child)
            session.flush()
            session.add(ClassMembership(student_id=child.id or 0, class_id=found.id or 0, from_day=date(2026, 9, 1)))
    return place


def make_staff(session: Session, username: str, role: Role) -> int:
    user = AppUser(
        username=username,
        display_name=f"试{username}",
        password_hash="x",
        must_change_password=False,
        created_at=clock.now(),
    )
    accounts.add_user(session, NOBODY, user, frozenset({role}))
    year = school_year_of(clock.today())
    session.add(Pledge(user_id=user.id or 0, school_year=year, text_id=1, accepted_at=clock.now()))
    return user.id or 0


def actor_called(session: Session, username: str) -> Actor:
    """Return a member of staff as an actor."""
    user = session.exec(select(AppUser).where(AppUser.username == username)).one()
    roles = session.exec(select(RoleGrant.role).where(RoleGrant.user_id == user.id)).all()
    return Actor(user.id, user.display_name, frozenset(Role(role) for role in roles))


def wrong_with(place: Location) -> list[str]:
    """Return everything that is not whole: a broken chain, an act without its event, a row without its other half."""
    runtime = engine.use(place)
    upgrade.check_current(runtime)
    found = [f"{finding.check}: {finding.where}" for finding in verification.verify(runtime).findings]
    with reading() as session:
        found += _unpaired(session)
    runtime.engine.dispose()
    return found


def events_in(place: Location) -> Counter[str]:
    """Return how often each act was done."""
    runtime = engine.use(place)
    with reading() as session:
        found = Counter(session.exec(select(AuditEvent.action)).all())
    runtime.engine.dispose()
    return found


def _count(session: Session, statement: object) -> int:
    return int(session.exec(statement).one())  # type: ignore[call-overload]


def _unpaired(session: Session) -> list[str]:
    def events(action: str) -> int:
        return _count(session, select(func.count()).select_from(AuditEvent).where(AuditEvent.action == action))

    pairs = {
        "accounts and their events": (
            _count(session, select(func.count()).select_from(AppUser)),
            events("account.created"),
        ),
        "accounts and their roles": (
            _count(session, select(func.count()).select_from(AppUser)),
            _count(session, select(func.count(func.distinct(RoleGrant.user_id)))),
        ),
        "referrals and their events": (
            _count(session, select(func.count()).select_from(Referral)),
            events("referral.registered"),
        ),
        "referrals and their first moves": (
            _count(session, select(func.count()).select_from(Referral)),
            _count(
                session, select(func.count()).select_from(ReferralMove).where(col(ReferralMove.from_state).is_(None))
            ),
        ),
        "versions and moves": (
            _count(session, select(func.coalesce(func.sum(Referral.version), 0))),
            _count(session, select(func.count()).select_from(ReferralMove)),
        ),
        "records and their events": (
            _count(session, select(func.count()).select_from(CareRecord)),
            events("record.saved"),
        ),
        "records and their words": (
            _count(session, select(func.count()).select_from(CareRecord)),
            _count(session, select(func.count()).select_from(CareRecordWords)),
        ),
        "records and the size of their groups": (
            _count(session, select(func.count()).select_from(CareRecord)),
            3 * _count(session, select(func.count(func.distinct(CareRecord.entry_uid)))),
        ),
        "amendments and what stood before": (
            events("record.amended"),
            _count(session, select(func.count()).select_from(CareRecordVersion)),
        ),
        "versions of records and amendments": (
            _count(session, select(func.coalesce(func.sum(CareRecord.version - 1), 0))),
            events("record.amended"),
        ),
        "tiers and their events": (
            _count(session, select(func.count()).select_from(TierChange)),
            events("tier.set"),
        ),
        "children and their classes": (
            _count(session, select(func.count()).select_from(Student)),
            _count(
                session, select(func.count()).select_from(ClassMembership).where(col(ClassMembership.to_day).is_(None))
            ),
        ),
        "imports and their events": (
            int(session.execute(text("SELECT count(*) FROM import_batch")).scalar_one()),
            events("import.confirmed"),
        ),
        "imported rows and what imports counted": (
            int(session.execute(text("SELECT coalesce(sum(created_count), 0) FROM import_batch")).scalar_one()),
            int(
                session.execute(
                    text("SELECT count(*) FROM imported_row WHERE table_name = 'student' AND action = 'created'")
                ).scalar_one()
            ),
        ),
    }
    return [f"{what}: {one} ≠ {other}" for what, (one, other) in pairs.items() if one != other]
