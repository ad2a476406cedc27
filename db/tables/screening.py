"""Screening: a round of one scale in one term, the results imported into it, and who was away (H-01…H-04).

The scores are sealed; what rules count (void or not, level, how grave, followed up or not) are plain columns.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.base import new_uid


class ScreeningRound(SQLModel, table=True):
    """One round: a scale in a term, named by school year and half, so that results of terms long past have one too."""

    __tablename__ = "screening_round"
    __table_args__ = (
        UniqueConstraint("school_year", "half", "scale"),
        CheckConstraint("half IN (1, 2)", name="half"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_year: int
    half: int
    scale: str = Field(max_length=20)
    opened_at: datetime
    opened_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    closed_at: datetime | None = None
    closed_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    version: int = 1


class ScreeningResult(SQLModel, table=True):
    """One child's result on one day; the latest valid one of a round counts. Who talked with it stands beside it."""

    __tablename__ = "screening_result"
    __table_args__ = (
        # Once a child and day; `number` tells two of one day apart that came together when entries were merged.
        UniqueConstraint("round_id", "student_id", "taken_on", "number"),
        CheckConstraint("rank BETWEEN 0 AND 3", name="rank"),
        Index("ix_screening_result_child", "student_id", "taken_on"),
        # Of whom somebody still has to hear, found from the index alone.
        Index(
            "ix_screening_result_open",
            "needs_contact",
            "contact_id",
            "owner_id",
            "student_id",
            "recorded_at",
            "taken_on",
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    round_id: int = Field(foreign_key="screening_round.id", ondelete="RESTRICT")
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT")
    taken_on: date
    number: int = 1
    is_valid: bool
    level: str = Field(max_length=20)  # a code of its scale's file
    rank: int  # the tier it suggests: 0 none … 3 gravest; a person decides
    is_urgent: bool = False  # a crisis item, or a red level: somebody talks with the child the same day (H-04)
    needs_contact: bool = False
    high_count: int = 0  # subscales that stand out
    scores_sealed: bytes | None = None  # JSON
    import_id: int | None = Field(default=None, foreign_key="import_batch.id", ondelete="RESTRICT", index=True)
    owner_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")  # None: the head's
    recorded_at: datetime
    contact_id: int | None = Field(default=None, foreign_key="care_record.id", ondelete="RESTRICT", index=True)
    suggestion_id: int | None = Field(default=None, foreign_key="tier_suggestion.id", ondelete="RESTRICT", index=True)
    homeroom_asked_at: datetime | None = None  # its teacher is asked to look after the child
    version: int = 1


class ScreeningAbsence(SQLModel, table=True):
    """A list said that a child was not tested: away that day, or not answered."""

    __tablename__ = "screening_absence"
    __table_args__ = (UniqueConstraint("round_id", "student_id"),)

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="screening_round.id", ondelete="RESTRICT")
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    import_id: int | None = Field(default=None, foreign_key="import_batch.id", ondelete="RESTRICT", index=True)
    recorded_at: datetime
