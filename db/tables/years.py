"""From one school year to the next: who does not move up with the class, what was written, who left where to."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value
from db.tables.children import EnrolmentState
from db.tables.imports import ImportAction


class YearStep(Labelled):
    """What becomes of a child when the school year changes."""

    MOVES_UP = "moves_up", "升级"
    OTHER_CLASS = "other_class", "升到别的班"
    REPEATS = "repeats", "留级"
    LEAVES = "leaves", "离校"
    GRADUATES = "graduates", "毕业"


class YearException(SQLModel, table=True):
    """A child who does not simply move up with its class into a school year; noted before the change is made."""

    __tablename__ = "year_exception"
    __table_args__ = (UniqueConstraint("school_year", "student_id"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    school_year: int  # the one that begins
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    step: YearStep | None = Field(default=None, sa_type=stored_by_value(YearStep), nullable=True)  # None: taken back
    class_number: int | None = None
    place_sealed: bytes | None = None  # where a leaving child goes
    version: int = 1


class YearChange(SQLModel, table=True):
    """A school's move into a school year, as a whole; at most one a year that was not taken back."""

    __tablename__ = "year_change"
    __table_args__ = (
        Index(
            "uq_year_change_open",
            "school_year",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_year: int
    day: date  # the first day in the new classes
    leaving_day: date  # the last day of who graduates or leaves
    made_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    made_at: datetime
    moved_count: int = 0
    repeated_count: int = 0
    graduated_count: int = 0
    left_count: int = 0
    undone_at: datetime | None = None
    undone_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")


class YearChangeRow(SQLModel, table=True):
    """One row a change of year wrote, so that it can be taken back as a whole."""

    __tablename__ = "year_change_row"

    id: int | None = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="year_change.id", ondelete="RESTRICT", index=True)
    table_name: str = Field(max_length=40)
    row_id: int
    action: ImportAction = Field(sa_type=stored_by_value(ImportAction))


class EnrolmentChange(SQLModel, table=True):
    """A child came, paused, came back or left: from which day, from or to which school (E-13, E-17)."""

    __tablename__ = "enrolment_change"
    __table_args__ = (CheckConstraint("from_state IS NULL OR from_state <> to_state", name="is_a_change"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    from_state: EnrolmentState | None = Field(
        default=None, sa_type=stored_by_value(EnrolmentState, name="from_state"), nullable=True
    )
    to_state: EnrolmentState = Field(sa_type=stored_by_value(EnrolmentState))
    day: date
    place_sealed: bytes | None = None
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
