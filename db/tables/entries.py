"""What is kept of a child term by term (E-14, F-14, I-12, I-22), and of its family (E-04, E-20)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class StudyLevel(Labelled):
    """How a child's results stand, as primary and junior schools grade them."""

    EXCELLENT = "excellent", "优"
    GOOD = "good", "良"
    PASS = "pass", "及格"
    BELOW = "below", "待及格"


class HealthState(Labelled):
    """How a child is, in body."""

    GOOD = "good", "良好"
    FAIR = "fair", "一般"
    WATCH = "watch", "要留意"


class Vaccination(Labelled):
    """Whether the planned immunisation is complete (E-14); not knowing is said, not guessed."""

    COMPLETE = "complete", "齐全"
    INCOMPLETE = "incomplete", "没打全"
    UNKNOWN = "unknown", "不清楚"


class TermEntry(SQLModel, table=True):
    """Results, state and health of one child in one term; the words are sealed."""

    __tablename__ = "term_entry"
    __table_args__ = (
        UniqueConstraint("student_id", "term_id"),
        CheckConstraint("height_cm IS NULL OR height_cm BETWEEN 60 AND 230", name="height"),
        CheckConstraint("weight_grams IS NULL OR weight_grams BETWEEN 8000 AND 200000", name="weight"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT")
    term_id: int = Field(foreign_key="term.id", ondelete="RESTRICT", index=True)
    study: StudyLevel | None = Field(default=None, sa_type=stored_by_value(StudyLevel), nullable=True)
    health: HealthState | None = Field(default=None, sa_type=stored_by_value(HealthState), nullable=True)
    checked_up_on: date | None = None
    height_cm: int | None = None
    weight_grams: int | None = None
    vaccination: Vaccination | None = Field(default=None, sa_type=stored_by_value(Vaccination), nullable=True)
    note_sealed: bytes | None = None
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1


class ParentsPromise(SQLModel, table=True):
    """The written promise of a child's parents or guardian (父母承诺书); a new one replaces the one before (E-20)."""

    __tablename__ = "parents_promise"
    __table_args__ = (
        Index(
            "uq_parents_promise_current",
            "student_id",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    signed_on: date
    signer_sealed: bytes | None = None
    place_sealed: bytes | None = None  # where the paper is
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    replaced_at: datetime | None = None


class FamilyEconomy(Labelled):
    """How a family manages, as whoever visits it puts it."""

    GOOD = "good", "较好"
    FAIR = "fair", "一般"
    POOR = "poor", "困难"
    VERY_POOR = "very_poor", "特别困难"


class FamilySurvey(SQLModel, table=True):
    """What was found out about a child's family for its plan; a new one replaces the one before (E-04)."""

    __tablename__ = "family_survey"
    __table_args__ = (
        Index(
            "uq_family_survey_current",
            "student_id",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    asked_on: date
    economy: FamilyEconomy = Field(sa_type=stored_by_value(FamilyEconomy))
    means_sealed: bytes | None = None  # what the family lives on, what weighs on it
    needs_sealed: bytes | None = None  # what the child needs to learn well
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    replaced_at: datetime | None = None


class ConsentPurpose(Labelled):
    """What a family is asked to agree to."""

    DATA = "data", "收集和使用孩子的信息"
    SCREENING = "screening", "心理筛查"
    COUNSELLING = "counselling", "心理辅导并记录"
    REFERRAL = "referral", "转介到校外机构"
    PHOTO = "photo", "拍照和公开照片"
    HANDOVER = "handover", "把辅导内容交给接收的学校"


class ConsentAnswer(Labelled):
    """What the family said."""

    GIVEN = "given", "同意"
    REFUSED = "refused", "不同意"
    WITHDRAWN = "withdrawn", "撤回同意"


class Consent(SQLModel, table=True):
    """One answer of a family for one purpose, dated; the newest counts, the others are its history."""

    __tablename__ = "consent"
    __table_args__ = (
        Index(
            "uq_consent_current",
            "student_id",
            "purpose",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    purpose: ConsentPurpose = Field(sa_type=stored_by_value(ConsentPurpose))
    answer: ConsentAnswer = Field(sa_type=stored_by_value(ConsentAnswer))
    day: date
    by_whom_sealed: bytes | None = None
    evidence_sealed: bytes | None = None
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    replaced_at: datetime | None = None
