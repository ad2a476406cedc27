"""What a demonstration is about: its size, its days, and what one area tells the next."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from db.tables import Role
from services import clock
from services.calendar import SchoolCalendar, TermDates, school_year_of
from services.demonstration.names import Inventor

GRADES = range(1, 10)  # a nine-year school
CLASS_SIZE = 42
SCHOOL = "青澜县望舒中心学校（演示）"
PASSWORD = "Wangshu-2026"  # noqa: S105  printed for whoever tries the demonstration


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff."""

    id: int
    username: str
    display_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Child:
    """One child of the register."""

    id: int
    name: str
    grade: int
    class_id: int
    homeroom_id: int
    is_left_behind: bool
    is_special: bool
    came_on: date


@dataclass(frozen=True, slots=True, order=True)
class Deed:
    """Something that leaves an event, at its time."""

    at: datetime
    actor_id: int
    action: str
    target_table: str | None = None
    target_id: int | None = None
    student_id: int | None = None


@dataclass
class Plan:
    """The invented school while it is being made."""

    students: int
    today: date
    inventor: Inventor
    staff: list[Person] = field(default_factory=list)
    class_ids: dict[tuple[int, int, int], int] = field(default_factory=dict)  # school year, grade, number
    homeroom_of: dict[int, int] = field(default_factory=dict)  # class → account
    difficulty_ids: list[int] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    consented: set[int] = field(default_factory=set)  # children whose family agrees to being referred out
    deeds: list[Deed] = field(default_factory=list)

    @property
    def school_year(self) -> int:
        """The school year of today; the one before is told too."""
        return school_year_of(self.today)

    @property
    def years(self) -> tuple[int, int]:
        """The two school years."""
        return self.school_year - 1, self.school_year

    @property
    def first_day(self) -> date:
        """The day everything begins."""
        return date(self.school_year - 1, 9, 1)

    @property
    def terms(self) -> list[TermDates]:
        """The terms of both school years."""
        return [
            TermDates(index * 2 + number, year, number, *days)
            for index, year in enumerate(self.years)
            for number, days in (
                (1, (date(year, 9, 1), date(year + 1, 1, 22))),
                (2, (date(year + 1, 2, 22), date(year + 1, 7, 3))),
            )
        ]

    @property
    def calendar(self) -> SchoolCalendar:
        """The school calendar of both years."""
        return SchoolCalendar(self.terms)

    def school_days(self) -> list[date]:
        """Return every school day up to today."""
        calendar, days = self.calendar, (self.today - self.first_day).days + 1
        every = (self.first_day + timedelta(days=number) for number in range(days))
        return [day for day in every if calendar.is_school_day(day)]

    def of_role(self, *roles: Role) -> list[Person]:
        """Return the staff of these roles."""
        return [person for person in self.staff if person.role in roles]

    def count_of(self, per_thousand: float) -> int:
        """Return how many of something this school has, at least one."""
        return max(1, round(self.students * per_thousand / 1000))

    def moment(self, day: date, *, first_hour: int = 8, last_hour: int = 17) -> datetime:
        """Return an instant of a day's working hours; on the last day, before now."""
        minutes = self.inventor.random.randrange(first_hour * 60, last_hour * 60)
        found = clock.at_school(day, time(minutes // 60, minutes % 60, self.inventor.random.randrange(60)))
        return min(found, clock.now())

    def did(
        self,
        at: datetime,
        actor_id: int,
        action: str,
        target: tuple[str, int] | None = None,
        student_id: int | None = None,
    ) -> None:
        """Note that somebody did something that leaves an event."""
        table, row_id = target or (None, None)
        self.deeds.append(Deed(at, actor_id, action, table, row_id, student_id))
