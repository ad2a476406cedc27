"""The children: who they are, their class over time, their guardians and categories."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, hash_of, new_uid, stored_by_value


class Gender(Labelled):
    """As the registration authority writes it."""

    MALE = "male", "男"
    FEMALE = "female", "女"


class EnrolmentState(Labelled):
    """Whether a child is at this school."""

    ENROLLED = "enrolled", "在校"
    ON_LEAVE = "on_leave", "休学"
    TRANSFERRED = "transferred", "已转出"
    GRADUATED = "graduated", "已毕业"
    DROPPED_OUT = "dropped_out", "已辍学"


class Student(SQLModel, table=True):
    """One child; its ID number and address are sealed, the number findable through its keyed hash."""

    __tablename__ = "student"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_no: str | None = Field(default=None, max_length=40, unique=True)
    name: str = Field(max_length=40, index=True)
    name_initials: str = Field(max_length=40, index=True)
    name_pinyin: str = Field(max_length=120, index=True)
    gender: Gender = Field(sa_type=stored_by_value(Gender))
    birth_day: date
    id_number_sealed: bytes | None = None
    id_number_hash: str | None = Field(
        default=None, max_length=64, unique=True, sa_column_kwargs=hash_of("id_number_sealed", purpose="id_number")
    )
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


class GuardianKind(Labelled):
    """Who somebody is to a child in law."""

    FATHER = "father", "父亲"
    MOTHER = "mother", "母亲"
    STATUTORY = "statutory", "其他法定监护人"
    ENTRUSTED = "entrusted", "委托监护人"
    OTHER = "other", "其他家人"


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
    phone_hash: str | None = Field(
        default=None, max_length=64, index=True, sa_column_kwargs=hash_of("phone_sealed", purpose="phone")
    )
    second_phone_sealed: bytes | None = None
    workplace_sealed: bytes | None = None
    address_sealed: bytes | None = None
    ended_at: datetime | None = None
    version: int = 1


class CategoryKind(Labelled):
    """Why a child needs care; the four special ones are 四特."""

    LEFT_BEHIND = "left_behind", "留守"
    IN_DIFFICULTY = "in_difficulty", "困境"
    SPECIAL_FAMILY = "special_family", "特殊家庭"
    SPECIAL_PHYSIQUE = "special_physique", "特殊体质"
    SPECIAL_PSYCHOLOGY = "special_psychology", "特殊心理"
    SPECIAL_CONDUCT = "special_conduct", "特殊言行"


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


class ContactOpening(SQLModel, table=True):
    """Somebody without a standing right read a child's phones: why, and until when."""

    __tablename__ = "contact_opening"
    __table_args__ = (
        CheckConstraint("expires_at > opened_at", name="ends_after_start"),
        Index("ix_contact_opening_user_student", "user_id", "student_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    reason_sealed: bytes | None = None
    opened_at: datetime
    expires_at: datetime
