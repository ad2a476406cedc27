"""The school: settings, terms, days that differ from the calendar, classes and who teaches them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import stored_by_value


class Setting(SQLModel, table=True):
    """One setting of the school, as JSON text."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True, max_length=60)
    value: str
    version: int = 1


class ParameterVersion(SQLModel, table=True):
    """One number of the regulations as the school set it, in force from a day; what counted before stays."""

    __tablename__ = "parameter_version"
    __table_args__ = (
        UniqueConstraint("name", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)  # a name of services/regulations/parameters.toml
    number: int  # counts the versions of one parameter: two editors can't both write the next one
    value: str = Field(max_length=200)  # JSON
    in_force_from: date
    reason: str = Field(max_length=200)
    set_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    set_at: datetime
    withdrawn_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    withdrawn_at: datetime | None = None  # taken back before it came into force


class Term(SQLModel, table=True):
    """A school term, first and last school day included."""

    __tablename__ = "term"
    __table_args__ = (
        CheckConstraint("last_day > first_day", name="ends_after_start"),
        CheckConstraint("number IN (1, 2)", name="number"),
        UniqueConstraint("school_year", "number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_year: int  # the year it begins in: 2026 is 2026–2027学年
    number: int  # 1 autumn, 2 spring
    first_day: date
    last_day: date
    version: int = 1


class SchoolDayException(SQLModel, table=True):
    """A day on which the school does otherwise than the national calendar."""

    __tablename__ = "school_day_exception"

    day: date = Field(primary_key=True)
    is_school_day: bool
    label: str = Field(max_length=40)


class CompleteYear(SQLModel, table=True):
    """A calendar year whose days off and make-up days the school has entered itself, and says so."""

    __tablename__ = "complete_year"
    __table_args__ = (CheckConstraint("year BETWEEN 2000 AND 2101", name="year"),)

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    confirmed_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    confirmed_at: datetime


class SchoolClass(SQLModel, table=True):
    """One class in one school year; pupils moving up get a new class and keep the old membership."""

    __tablename__ = "school_class"
    __table_args__ = (
        UniqueConstraint("school_year", "grade", "number"),
        CheckConstraint("grade BETWEEN 1 AND 12", name="grade"),
        CheckConstraint("number BETWEEN 1 AND 60", name="number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_year: int
    grade: int
    number: int


class ClassTeacherKind(StrEnum):
    """In what capacity somebody teaches a class."""

    HOMEROOM = "homeroom"
    SUBJECT = "subject"


class ClassTeacher(SQLModel, table=True):
    """A teacher of a class, from–to, half-open."""

    __tablename__ = "class_teacher"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_class_teacher_homeroom",
            "class_id",
            unique=True,
            sqlite_where=text("kind = 'homeroom' AND to_day IS NULL"),
            postgresql_where=text("kind = 'homeroom' AND to_day IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    class_id: int = Field(foreign_key="school_class.id", ondelete="RESTRICT", index=True)
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    kind: ClassTeacherKind = Field(sa_type=stored_by_value(ClassTeacherKind))
    subject: str | None = Field(default=None, max_length=20)
    from_day: date
    to_day: date | None = None
