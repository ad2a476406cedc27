"""Everything a school wrote down, read whole, and the plainest questions about it: who was where on which day."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from db.tables import (
    AppUser,
    ArchiveLook,
    CareRecord,
    Case,
    CaseClosure,
    CategoryKind,
    CheckFinding,
    CheckReturn,
    CheckRound,
    ClassMembership,
    ClassPaper,
    ClassTeacher,
    ClauseExcuse,
    ClauseSwitch,
    Consent,
    ContactCardVersion,
    Deputy,
    EnrolmentChange,
    EnrolmentState,
    ExcuseKind,
    ExcuseState,
    FamilySurvey,
    HandoverChild,
    HandoverPackage,
    Helper,
    ListExchange,
    Pairing,
    PlanMeasure,
    PlanVersion,
    PsychArchive,
    Referral,
    RoleGrant,
    SchoolClass,
    ScreeningResult,
    ScreeningRound,
    StageSummary,
    Student,
    StudentCategory,
    SupportPlan,
    TermEntry,
)
from services import clock

DAY = timedelta(days=1)
TABLES = (
    AppUser, ArchiveLook, CareRecord, Case, CaseClosure, CheckFinding, CheckReturn, CheckRound, ClassMembership,
    ClassPaper, ClassTeacher, ClauseExcuse, ClauseSwitch, Consent, ContactCardVersion, Deputy, EnrolmentChange,
    FamilySurvey, HandoverChild, HandoverPackage, Helper, ListExchange, Pairing, PlanMeasure, PlanVersion,
    PsychArchive, Referral, RoleGrant, SchoolClass, ScreeningResult, ScreeningRound, StageSummary, Student,
    StudentCategory, SupportPlan, TermEntry,
)  # fmt: skip
BEGINNING = (ClassMembership, StudentCategory, Pairing)
"""What counts only once it has begun; when it will end is known."""
SPECIAL = {
    CategoryKind.SPECIAL_FAMILY,
    CategoryKind.SPECIAL_PHYSIQUE,
    CategoryKind.SPECIAL_PSYCHOLOGY,
    CategoryKind.SPECIAL_CONDUCT,
}


def days_of(first: date, last: date) -> Iterable[date]:
    """Every day from one to another, both included."""
    day = first
    while day <= last:
        yield day
        day += DAY


def holds(row: Any, day: date) -> bool:
    """Whether a row from–to, half-open, holds on a day."""
    return row.from_day <= day and (row.to_day is None or day < row.to_day)


def read_rows(session) -> dict[type, list[Any]]:
    """Read everything, column by column, as plain things."""
    return {
        table: [
            SimpleNamespace(**row)
            for row in session.execute(select(table.__table__).order_by(table.__table__.c.id)).mappings()
        ]
        for table in TABLES
    }


class Book:
    """All rows of a school as they are known of a day; nothing is asked of the database after reading them."""

    def __init__(self, rows: dict[type, list[Any]], calendar, on: date) -> None:
        self.calendar, self.numbers, self.on = calendar, calendar.numbers, on
        self.written = rows  # with what begins only later
        self.rows = rows | {table: [row for row in rows[table] if row.from_day <= on] for table in BEGINNING}
        self.rows[EnrolmentChange] = [row for row in rows[EnrolmentChange] if row.day <= on]
        self._kept: dict[Any, Any] = {}

    def __getitem__(self, table: type) -> list[Any]:
        return self.rows[table]

    def once(self, key: Any, ask) -> Any:
        """Answer a question once: asking takes long, and it is asked again and again."""
        if key not in self._kept:
            self._kept[key] = ask()
        return self._kept[key]

    def of(self, table: type, child: int) -> list[Any]:
        """The rows of one child."""
        return self.once(table, lambda: self._by_child(table)).get(child, [])

    def _by_child(self, table: type) -> dict[int, list[Any]]:
        found = defaultdict(list)
        for row in self[table]:
            found[row.student_id].append(row)
        return found

    # --- the calendar ---

    def is_school_day(self, day: date) -> bool:
        return self.once(("school day", day), lambda: self.calendar.is_school_day(day))

    def school_days(self, first: date, last: date) -> list[date]:
        return self.once(
            ("days", first, last), lambda: [day for day in days_of(first, last) if self.is_school_day(day)]
        )

    def written_in_time(self, day: date, recorded_at: Any) -> bool:
        """Whether what was done on a day was written down soon enough (A-06)."""
        return clock.local(recorded_at).date() <= self.in_time_until(day)

    def in_time_until(self, day: date) -> date:
        number = self.numbers.on("A-06.late_record_school_days", day)
        return self.once(("in time", day), lambda: self.calendar.add_school_days(day, number) if number else day)

    # --- the children ---

    @cached_property
    def children(self) -> list[Any]:
        """Those nobody found twice."""
        return [child for child in self[Student] if child.merged_into_id is None]

    def class_on(self, child: int, day: date) -> int | None:
        return next((row.class_id for row in self.of(ClassMembership, child) if holds(row, day)), None)

    def class_around(self, child: int, day: date) -> int | None:
        """The class of a day, else the last one before it, else the first one after."""
        rows = sorted(self.of(ClassMembership, child), key=lambda row: row.from_day)
        begun = [row for row in rows if row.from_day <= day]
        return begun[-1].class_id if begun else rows[0].class_id if rows else None

    def state_on(self, child: int, day: date) -> EnrolmentState:
        """How a child stood on a day: as the last change before it says; without any as its entry says."""
        changes = sorted(self.of(EnrolmentChange, child), key=lambda row: (row.day, row.id))
        if changes:
            past = [row for row in changes if row.day <= day]
            return past[-1].to_state if past else EnrolmentState.ENROLLED
        entry = next(row for row in self[Student] if row.id == child)
        if entry.left_on is not None and day < entry.left_on:
            return EnrolmentState.ENROLLED
        return entry.state

    def is_there(self, child: int, day: date) -> bool:
        """Whether a child was in a class, neither on leave nor gone."""
        return self.once(
            ("there", child, day),
            lambda: self.class_on(child, day) is not None and self.state_on(child, day) is EnrolmentState.ENROLLED,
        )

    def has_category(self, child: int, day: date, kinds: set[CategoryKind]) -> bool:
        return any(row.kind in kinds and holds(row, day) for row in self.of(StudentCategory, child))

    def belongs(self, child: int, population: str, day: date) -> bool:
        """Whether a child was one of those a clause is about, leaving aside whether it was there."""
        if population == "pupils":
            return True
        if population == "left_behind":
            return self.has_category(child, day, {CategoryKind.LEFT_BEHIND})
        if population == "four_special":
            return self.has_category(child, day, SPECIAL)
        if population == "cared_for":
            return self.has_category(child, day, SPECIAL | {CategoryKind.LEFT_BEHIND})
        return bool(self.pairs(child, day, population.removeprefix("pair:")))

    def is_asked_about(self, child: int, population: str, day: date) -> bool:
        return self.once(
            ("asked", child, population, day),
            lambda: self.is_there(child, day) and self.belongs(child, population, day),
        )

    def of_population(self, population: str, day: date) -> list[int]:
        """The children there on a day of whom a clause asks."""
        return [child.id for child in self.children if self.is_asked_about(child.id, population, day)]

    # --- pairs, teachers, deputies ---

    def pairs(self, child: int, day: date, role: str | None = None) -> list[Any]:
        """The pairs a child is in on a day."""
        return [row for row in self.of(Pairing, child) if holds(row, day) and (role is None or row.role.value == role)]

    @cached_property
    def helpers(self) -> dict[int, Any]:
        return {row.id: row for row in self[Helper]}

    @cached_property
    def users(self) -> dict[int, Any]:
        return {row.id: row for row in self[AppUser]}

    def homeroom_of(self, child: int, day: date) -> set[int]:
        """The homeroom teacher of a child's class on a day, and whoever stands in for that teacher."""
        class_id = self.class_around(child, day)
        teachers = {
            row.user_id
            for row in self[ClassTeacher]
            if row.class_id == class_id and row.kind == "homeroom" and holds(row, day)
        }
        return teachers | self.deputies_of(teachers, day)

    def deputies_of(self, users: set[int], day: date) -> set[int]:
        """Who stands in for somebody on a day."""
        return {row.deputy_id for row in self[Deputy] if row.absent_id in users and holds(row, day)}

    # --- excuses ---

    @cached_property
    def _standing_excuses(self) -> dict[str, list[Any]]:
        found = defaultdict(list)
        for row in self[ClauseExcuse]:
            if row.state is ExcuseState.STANDING:
                found[row.clause_id].append(row)
        return found

    def excuses(self, clause: str, part: str | None, kind: ExcuseKind) -> list[Any]:
        """What counts as an excuse of a duty: with the second person's yes."""
        return [
            row
            for row in self._standing_excuses.get(clause, ())
            if row.kind is kind and (row.part is None or row.part == part)
        ]

    def excuses_child(self, row: Any, child: int, day: date) -> bool:
        """Whether an excuse is a child's on a day: its own, its class's, the school's."""
        if not holds(row, day):
            return False
        if row.student_id is not None:
            return bool(row.student_id == child)
        return row.class_id is None or row.class_id == self.class_on(child, day)

    def is_exempt(self, clause: str, part: str | None, child: int, day: date) -> bool:
        return any(self.excuses_child(row, child, day) for row in self.excuses(clause, part, ExcuseKind.EXEMPT))

    def is_silenced(self, child: int, day: date) -> bool:
        """Whether nothing may reach a child's family, because of suspected abuse."""
        return any(
            row.is_suspected_abuse and clock.local(row.abuse_marked_at).date() <= day
            for row in self.of(Referral, child)
        )

    # --- switches ---

    @cached_property
    def _switches(self) -> dict[str, list[Any]]:
        found = defaultdict(list)
        for row in self[ClauseSwitch]:
            if row.withdrawn_at is None:
                found[row.clause_id].append(row)
        return found

    def is_in_force(self, clause: str, day: date) -> bool:
        begun = [row for row in self._switches.get(clause, ()) if row.from_day <= day]
        return bool(begun) and max(begun, key=lambda row: (row.from_day, row.number)).is_on

    def in_force_since(self, clause: str, day: date) -> date:
        """The first of the days without a break on which a clause counted up to this one."""
        while self.is_in_force(clause, day - DAY):
            day -= DAY
        return day
