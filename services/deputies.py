"""Who stands in for an absence, and who gives the second yes (Access and Two persons)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from db.locks import Turn, take_turn
from db.tables import AppUser, Deputy, Post, PostHolder
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.answers import deputies_on, holds_on
from services.asking_together import asked
from services.editing import lock_version
from services.fields import Checker
from services.posts import DAY, check_day, check_person

SECOND_PERSON = "second_person"
NO_SECOND_PERSON = "no_second_person"
LONGEST_ABSENCE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Absence:
    """Who is stood in for by whom, first and last day included."""

    id: int
    version: int
    absent: str
    deputy: str
    first_day: date
    last_day: date


@permitted(Permission.POST_READ)
def list_absences(session: Session, actor: Actor) -> list[Absence]:
    """Return the absences of today and to come, the nearest first."""
    absent, deputy = AppUser.__table__.alias("absent"), AppUser.__table__.alias("standing_in")  # type: ignore[attr-defined]
    rows = session.exec(
        select(Deputy, absent.c.display_name, deputy.c.display_name)
        .join(absent, absent.c.id == Deputy.absent_id)
        .join(deputy, deputy.c.id == Deputy.deputy_id)
        .where(Deputy.to_day > clock.today(), Deputy.to_day > col(Deputy.from_day))
        .order_by(col(Deputy.from_day), col(Deputy.id))
    ).all()
    return [
        Absence(row.id or 0, row.version, away, standing_in, row.from_day, row.to_day - DAY)
        for row, away, standing_in in rows
    ]


@permitted(Permission.POST_WRITE)
def name_deputy(
    session: Session,
    actor: Actor,
    *,
    absent_id: int | None,
    deputy_id: int | None,
    first_day: date | None,
    last_day: date | None,
) -> int:
    """Let somebody stand in for an absent colleague in every post, first and last day included.

    Whoever stands in sees what the absent one sees by relation (the own class), as far as the own roles go.

    Raises:
        FieldErrors: somebody or a day is missing, the two are one, or somebody stands in on these days already.
    """
    take_turn(session, Turn.POSTS)
    check = Checker()
    check_person(session, check, "absent_id", absent_id)
    check_person(session, check, "deputy_id", deputy_id)
    if absent_id is not None and absent_id == deputy_id:
        check.add("deputy_id", "same_person")
    check_day(check, "first_day", first_day)
    check_day(check, "last_day", last_day)
    if first_day and last_day and not check.problems:
        if last_day < first_day:
            check.add("last_day", "before_start")
        elif last_day - first_day >= LONGEST_ABSENCE:
            check.add("last_day", "too_many_days", limit=LONGEST_ABSENCE.days)
        elif _is_stood_in_for(session, absent_id, first_day, last_day + DAY):
            check.add("first_day", "absence_overlaps")
    check.finish()
    row = Deputy(
        absent_id=absent_id or 0,
        deputy_id=deputy_id or 0,
        from_day=first_day or clock.today(),
        to_day=(last_day or clock.today()) + DAY,
        recorded_at=clock.now(),
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.DEPUTY_NAMED, target=row, absent_id=absent_id, deputy_id=deputy_id)
    return row.id or 0


@permitted(Permission.POST_WRITE)
def end_absence(session: Session, actor: Actor, *, absence_id: int, version: int) -> None:
    """Say that somebody is back: from today nobody stands in any more; an absence to come is called off.

    Raises:
        NotFound: there is no such absence.
        EditedMeanwhile: somebody ended it already.
    """
    take_turn(session, Turn.POSTS)
    row = lock_version(session, Deputy, absence_id, version=version)
    row.to_day = min(row.to_day, max(row.from_day, clock.today()))
    audit.record(session, actor, audit.Action.DEPUTY_ENDED, target=row, absent_id=row.absent_id)


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """Who gives the second yes today; nobody, where the school has named none."""

    user_id: int | None
    name: str | None
    is_default: bool  # nobody is named: the leader named for suspected abuse
    stands_in_for: str | None = None


@permitted(Permission.POST_READ)
def find_second_person(session: Session, actor: Actor) -> SecondPerson:
    """Return who is asked for a second yes today: the holder of the post, their deputy, else a named leader.

    Nobody approves their own: whoever asks for a yes compares `user_id` with who made the request.
    """
    today = clock.today()
    holds = _holds_the_post()
    found = session.exec(
        select(AppUser.id, AppUser.display_name, holds.label("holds"))
        .where(AppUser.is_active, or_(holds, AppUser.is_protection_leader))
        .order_by(holds.desc(), col(AppUser.id))
    ).first()
    if found is None:
        return SecondPerson(None, None, True)
    user_id, name, is_named = found
    return _or_deputy(session, user_id or 0, name, today) if is_named else SecondPerson(user_id, name, True)


def second_person_part() -> Any:  # a select
    """Return the query of the post of the second person where nobody can give a second yes; asking_together's shape.

    Says the same as find_second_person, for home, which is asked on every page.
    """
    able = select(AppUser.id).where(AppUser.is_active, or_(_holds_the_post(), AppUser.is_protection_leader))
    return asked(NO_SECOND_PERSON, of_id=col(Post.id)).where(col(Post.code) == SECOND_PERSON, ~able.exists())


def _holds_the_post() -> Any:
    """Return the question of an account: does it hold the post today."""
    post = aliased(Post)
    return (
        select(PostHolder.id)
        .join(post, col(post.id) == col(PostHolder.post_id))
        .where(PostHolder.user_id == AppUser.id, col(post.code) == SECOND_PERSON, holds_on(clock.today()))
        .correlate(AppUser)
        .exists()
    )


def _or_deputy(session: Session, user_id: int, name: str, today: date) -> SecondPerson:
    if user_id not in deputies_on(session, today):
        return SecondPerson(user_id, name, False)
    deputy = session.exec(
        select(AppUser.id, AppUser.display_name)
        .join(Deputy, col(Deputy.deputy_id) == col(AppUser.id))
        .where(Deputy.absent_id == user_id, Deputy.from_day <= today, Deputy.to_day > today, AppUser.is_active)
    ).one()
    return SecondPerson(deputy[0], deputy[1], False, stands_in_for=name)


def _is_stood_in_for(session: Session, absent_id: int | None, from_day: date, to_day: date) -> bool:
    clash = select(Deputy.id).where(
        Deputy.absent_id == absent_id,
        Deputy.from_day < to_day,
        Deputy.to_day > from_day,
        Deputy.to_day > col(Deputy.from_day),
    )
    return session.exec(clash).first() is not None
