"""Bell periods (节次): timetables in force from a day, their kinds of day, and the periods of each kind."""

from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

import db.base  # noqa: F401  it names the constraints, so it comes before any table


class BellTimetable(SQLModel, table=True):
    """The bell times in force from a day until the next timetable begins: winter's leave autumn as it was."""

    __tablename__ = "bell_timetable"

    id: int | None = Field(default=None, primary_key=True)
    from_day: date = Field(unique=True)
    version: int = 1


class BellDayKind(SQLModel, table=True):
    """One kind of day in a timetable: 平日, 周五, 考试."""

    __tablename__ = "bell_day_kind"
    __table_args__ = (UniqueConstraint("timetable_id", "name"), UniqueConstraint("id", "timetable_id"))

    id: int | None = Field(default=None, primary_key=True)
    timetable_id: int = Field(foreign_key="bell_timetable.id", ondelete="RESTRICT")
    name: str = Field(max_length=20)
    version: int = 1


class BellWeekday(SQLModel, table=True):
    """Which kind of day a weekday is; in one timetable a weekday is of one kind."""

    __tablename__ = "bell_weekday"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        ForeignKeyConstraint(
            ["day_kind_id", "timetable_id"], ["bell_day_kind.id", "bell_day_kind.timetable_id"], ondelete="RESTRICT"
        ),
    )

    timetable_id: int = Field(primary_key=True)
    weekday: int = Field(primary_key=True)  # 0 is Monday
    day_kind_id: int


class BellPeriod(SQLModel, table=True):
    """One period of a kind of day, half-open on the school's clock; periods of a day don't overlap."""

    __tablename__ = "bell_period"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("number BETWEEN 1 AND 30", name="number"),
        UniqueConstraint("day_kind_id", "number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    day_kind_id: int = Field(foreign_key="bell_day_kind.id", ondelete="RESTRICT")
    number: int  # its place in the day, from 1
    name: str = Field(max_length=20)
    starts_at: time
    ends_at: time
    is_lesson: bool  # in its time pupils can't come to the room (C-17)


class BellDate(SQLModel, table=True):
    """A single day that goes by another kind of day, or by the periods of a weekday (a make-up Saturday)."""

    __tablename__ = "bell_date"
    __table_args__ = (
        CheckConstraint("(day_kind_id IS NULL) <> (follows_weekday IS NULL)", name="one_of_two"),
        CheckConstraint("follows_weekday IS NULL OR follows_weekday BETWEEN 0 AND 6", name="follows_weekday"),
    )

    day: date = Field(primary_key=True)
    day_kind_id: int | None = Field(default=None, foreign_key="bell_day_kind.id", ondelete="RESTRICT")
    follows_weekday: int | None = None
