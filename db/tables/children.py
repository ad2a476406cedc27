"""The children: who they are, their class over time, their guardians and categories."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.base import new_uid, stored_by_value


class Gender(StrEnum):
    """As the registration authority writes it."""

    MALE = "male"
    FEMALE = "female"


class EnrolmentState(StrEnum):
    """Whether a child is at this school."""

    ENROLLED = "enrolled"
    ON_LEAVE = "on_leave"
    TRANSFERRED = "transferred"
    GRADUATED = "graduated"
    DROPPED_OUT = "dropped_out"


class Student(SQLModel, table=True):
    """One child; its ID number and address are sealed, the number findable through its keyed hash."""

    __tablename__ = "student"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_no: str | None = Field(default=None, max_length=40, unique=True)
    name: str = Field(max_length=40, index=True)
    name_initials: str = Field(max_length=40, index=True)
    name_pinyin: str = Field(max_length=120, index=True)
    gender: Gender = Field(sa_type=stored_by_value(Gender))
    birth_day: date
    id_number_sealed: bytes | None = None
    id_number_hash: str | None = Field(default=None, max_length=64, unique=True)
    ethnicity: str | None = Field(default=None, max_length=20)
    is_boarding: bool | None = None
    address_sealed: bytes | None = None
    residence_sealed: bytes | None = None  # 户籍所在地
    state: EnrolmentState = Field(default=EnrolmentState.ENROLLED, sa_type=stored_by_value(EnrolmentState))
    entered_on: date | None = None
    left_on: date | None = None
    note_sealed: bytes | None = None
    extra_sealed: bytes | None = None  # columns of an imported list that have no field here, as JSON
    recorded_at: datetime
    version: int = 1


class ClassMembership(SQLModel, table=True):
    """A child in a class, from–to, half-open; at most one open membership a child."""

    __tablename__ = "class_membership"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_class_membership_open",
            "student_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    class_id: int = Field(foreign_key="school_class.id", ondelete="RESTRICT", index=True)
    from_day: date
    to_day: date | None = None


class GuardianKind(StrEnum):
    """Who somebody is to a child in law."""

    FATHER = "father"
    MOTHER = "mother"
    STATUTORY = "statutory"
    ENTRUSTED = "entrusted"
    OTHER = "other"


class Guardian(SQLModel, table=True):
    """A parent or guardian of one child, with what the contact card asks for (E-08)."""

    __tablename__ = "guardian"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    kind: GuardianKind = Field(sa_type=stored_by_value(GuardianKind))
    name: str | None = Field(default=None, max_length=40)
    relation: str | None = Field(default=None, max_length=20)
    is_primary: bool = False
    phone_sealed: bytes | None = None
    phone_hash: str | None = Field(default=None, max_length=64, index=True)
    second_phone_sealed: bytes | None = None
    workplace_sealed: bytes | None = None
    address_sealed: bytes | None = None
    ended_at: datetime | None = None
    version: int = 1


class CategoryKind(StrEnum):
    """Why a child needs care; the four special ones are 四特."""

    LEFT_BEHIND = "left_behind"
    IN_DIFFICULTY = "in_difficulty"
    SPECIAL_FAMILY = "special_family"
    SPECIAL_PHYSIQUE = "special_physique"
    SPECIAL_PSYCHOLOGY = "special_psychology"
    SPECIAL_CONDUCT = "special_conduct"


class StudentCategory(SQLModel, table=True):
    """A child in a category, from–to, half-open, with level and evidence; at most one open row a kind."""

    __tablename__ = "student_category"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        CheckConstraint("level IS NULL OR level BETWEEN 1 AND 3", name="level"),
        Index(
            "uq_student_category_open",
            "student_id",
            "kind",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    kind: CategoryKind = Field(sa_type=stored_by_value(CategoryKind))
    subkind: str | None = Field(default=None, max_length=40)
    level: int | None = None  # 1 the gravest
    evidence_sealed: bytes | None = None
    from_day: date
    to_day: date | None = None
    recorded_at: datetime
    version: int = 1
