"""Checks by hand, class by class: all children once a term (E-02, E-07), the 四特 children once a quarter (G-01)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value
from db.tables.children import CategoryKind


class CheckKind(Labelled):
    """What a round goes through the children for."""

    CLASS_CHECK = "class_check", "排查"
    SPECIAL_CHECK = "special_check", "四特排查"


class CheckRound(SQLModel, table=True):
    """One round of checks in a term, or in a calendar quarter, with the day by which every class has returned it."""

    __tablename__ = "check_round"
    __table_args__ = (
        CheckConstraint("(kind = 'special_check') = (quarter_from IS NOT NULL)", name="quarter"),
        Index(
            "uq_check_round_term",
            "term_id",
            unique=True,
            sqlite_where=text("kind = 'class_check'"),
            postgresql_where=text("kind = 'class_check'"),
        ),
        Index("uq_check_round_quarter", "quarter_from", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    term_id: int = Field(foreign_key="term.id", ondelete="RESTRICT")
    kind: CheckKind = Field(default=CheckKind.CLASS_CHECK, sa_type=stored_by_value(CheckKind))
    quarter_from: date | None = None  # the quarter's first day; such a round may last into another term
    due_day: date  # as the clause said when the round was opened: a changed number does not move it
    opened_at: datetime
    opened_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")


class CheckReturn(SQLModel, table=True):
    """What one class returned; put right by another revision, the ones before stay."""

    __tablename__ = "check_return"
    __table_args__ = (
        UniqueConstraint("round_id", "class_id", "revision"),
        Index(
            "uq_check_return_current",
            "round_id",
            "class_id",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="check_round.id", ondelete="RESTRICT")
    class_id: int = Field(foreign_key="school_class.id", ondelete="RESTRICT", index=True)
    revision: int = 1
    children_count: int  # how many were in the class and gone through
    returned_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    returned_at: datetime
    replaced_at: datetime | None = None


class CheckResult(Labelled):
    """What a check found about one child in one category."""

    UNCHANGED = "unchanged", "还是这样"
    CHANGED = "changed", "有变化"
    ENDED = "ended", "不再是了"
    FOUND = "found", "新发现"
    NOT_SEEN = "not_seen", "还没见到"


class CheckFinding(SQLModel, table=True):
    """What a return says of one child in one category; the words are sealed."""

    __tablename__ = "check_finding"
    __table_args__ = (
        UniqueConstraint("return_id", "category_id"),
        CheckConstraint("level IS NULL OR level BETWEEN 1 AND 3", name="level"),
        CheckConstraint("(seen_on IS NULL) = (seen_by_id IS NULL)", name="seen"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    return_id: int = Field(foreign_key="check_return.id", ondelete="RESTRICT")
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    category_id: int = Field(foreign_key="student_category.id", ondelete="RESTRICT", index=True)
    kind: CategoryKind = Field(sa_type=stored_by_value(CategoryKind))
    result: CheckResult = Field(sa_type=stored_by_value(CheckResult))
    level: int | None = None
    seen_on: date | None = None  # of 四特, who is seen one by one
    seen_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    note_sealed: bytes | None = None
