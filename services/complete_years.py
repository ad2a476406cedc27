"""Years whose holidays the program doesn't know: the school enters them by hand and says when they are complete."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.locks import Turn, take_turn
from db.tables import AppUser, CompleteYear, SchoolDayException
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.errors import DomainError, NotFound


class NothingEntered(DomainError):
    """Not one day off of the year stands in the calendar: no school has a year without any."""

    def __init__(self, *, year: int) -> None:
        super().__init__()
        self.year = year


class AlreadyComplete(DomainError):
    """Somebody else has said so meanwhile."""

    def __init__(self, *, year: int, name: str | None) -> None:
        super().__init__()
        self.year, self.name = year, name


@dataclass(frozen=True, slots=True)
class UnannouncedYear:
    """A year inside the terms that the program knows no holidays of."""

    year: int
    days_off: int  # days entered on which there is no school
    make_up_days: int  # days entered on which there is
    is_complete: bool
    confirmed_by: str | None
    confirmed_on: date | None


@permitted(Permission.HOME_READ)
def list_unannounced_years(session: Session, actor: Actor) -> list[UnannouncedYear]:
    """Return the years the school has to enter itself, and how far it is; one statement beside the calendar."""
    calendar = load_calendar(session)
    rows = session.exec(
        select(CompleteYear, AppUser.display_name).join(
            AppUser, col(AppUser.id) == col(CompleteYear.confirmed_by_id), isouter=True
        )
    ).all()
    confirmed = {row.year: (row, name) for row, name in rows}
    found = []
    for year in calendar.unannounced_years():
        row, name = confirmed.get(year, (None, None))
        own = [is_school_day for day, is_school_day in calendar.exceptions.items() if day.year == year]
        confirmed_on = clock.local(row.confirmed_at).date() if row else None
        found.append(UnannouncedYear(year, own.count(False), own.count(True), row is not None, name, confirmed_on))
    return found


@permitted(Permission.SCHOOL_WRITE)
def confirm_year(session: Session, actor: Actor, *, year: int) -> None:
    """Say that every day off and make-up day of a year is entered; home stops asking for it.

    Raises:
        NotFound: the year is known anyway, or no term touches it.
        NothingEntered: not one day off of it is entered.
        AlreadyComplete: somebody has said so already.
    """
    take_turn(session, Turn.SCHOOL)
    if year not in load_calendar(session).unannounced_years():
        raise NotFound
    if (known := session.get(CompleteYear, year)) is not None:
        raise AlreadyComplete(year=year, name=_name_of(session, known))
    days_off = select(func.count()).where(
        col(SchoolDayException.day).between(date(year, 1, 1), date(year, 12, 31)),
        col(SchoolDayException.is_school_day).is_(False),
    )
    if session.exec(days_off).one() == 0:
        raise NothingEntered(year=year)
    row = CompleteYear(year=year, confirmed_by_id=actor.user_id, confirmed_at=clock.now())
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # said by another process since it was looked up
        raise AlreadyComplete(year=year, name=None) from None
    _note(session, actor, audit.Action.YEAR_COMPLETED, year)


@permitted(Permission.SCHOOL_WRITE)
def reopen_year(session: Session, actor: Actor, *, year: int) -> None:
    """Take it back: something is missing after all, and home asks for it again.

    Raises:
        NotFound: nobody has said it, or somebody has taken it back already.
    """
    take_turn(session, Turn.SCHOOL)
    row = session.get(CompleteYear, year)
    if row is None:
        raise NotFound
    session.delete(row)
    _note(session, actor, audit.Action.YEAR_REOPENED, year)


def _name_of(session: Session, row: CompleteYear) -> str | None:
    user = session.get(AppUser, row.confirmed_by_id) if row.confirmed_by_id else None
    return user.display_name if user else None


def _note(session: Session, actor: Actor, action: audit.Action, year: int) -> None:
    first_day, last_day = date(year, 1, 1), date(year, 12, 31)
    audit.record(session, actor, action, day=first_day.isoformat(), last_day=last_day.isoformat())
