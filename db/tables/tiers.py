"""Tiers (分级) and psychological archives (心理档案): a child put into one, when, by whom, why (F-03, F-04, F-08)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class TierColour(Labelled):
    """What a tier is tinted with; its number and word carry it."""

    GRAY = "gray", "灰"
    BLUE = "blue", "蓝"
    GREEN = "green", "绿"
    YELLOW = "yellow", "黄"
    ORANGE = "orange", "橙"
    RED = "red", "红"
    VIOLET = "violet", "紫"


class Tier(SQLModel, table=True):
    """One tier as the school calls it; rank 0 is the ordinary one, the highest the gravest.

    Changes keep the tier itself: the word of today stands everywhere, also in history.
    """

    __tablename__ = "care_tier"
    __table_args__ = (CheckConstraint("rank >= 0", name="rank"),)

    id: int | None = Field(default=None, primary_key=True)
    rank: int = Field(unique=True)
    label: str = Field(max_length=40, unique=True)
    colour: TierColour = Field(sa_type=stored_by_value(TierColour))
    is_offered: bool = True
    version: int = 1


class TierState(Labelled):
    """Whether a change counts. What waits is a lowering that takes a second person's yes."""

    STANDING = "standing", "生效"
    WAITING = "waiting", "等第二个人同意"
    DECLINED = "declined", "没有同意"
    WITHDRAWN = "withdrawn", "撤回"


class TierChange(SQLModel, table=True):
    """One dated event: a child is put into a tier, or looked at again and left in it; nothing is overwritten.

    The n-th that counts of a child is `number` n: two at once can't both be. What waits follows the one it was asked
    over, and counts from the day of the yes.
    """

    __tablename__ = "tier_change"
    __table_args__ = (
        UniqueConstraint("student_id", "number"),
        CheckConstraint("(state = 'standing') = (number IS NOT NULL)", name="counts_by_number"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL) OR state = 'standing'", name="decided"),
        Index(
            "uq_tier_change_waiting",
            "student_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        # What the tier of a day is found by, without the rows and their sealed words.
        Index("ix_tier_change_held", "student_id", "number", "from_day", "tier_id", "author_id"),
        Index("ix_tier_change_raised", "tier_id", "student_id", "number", "from_day", "author_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    number: int | None = None
    follows: int = 0  # the number that stood when it was written; 0: none did
    tier_id: int = Field(foreign_key="care_tier.id", ondelete="RESTRICT")
    from_day: date
    reason_sealed: bytes | None = None
    evidence_sealed: bytes | None = None
    record_id: int | None = Field(default=None, foreign_key="care_record.id", ondelete="RESTRICT")
    assessment_id: int | None = Field(default=None, foreign_key="assessment.id", ondelete="RESTRICT")
    author_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    state: TierState = Field(default=TierState.STANDING, sa_type=stored_by_value(TierState))
    decided_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    decided_at: datetime | None = None
    note_sealed: bytes | None = None  # why the second person said no
    version: int = 1


class TierSuggestion(SQLModel, table=True):
    """What a screening proposes, with its reasons: a person takes it up or leaves it, with a word (H-04, G-09)."""

    __tablename__ = "tier_suggestion"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    tier_id: int = Field(foreign_key="care_tier.id", ondelete="RESTRICT")
    source_key: str = Field(max_length=80, unique=True)  # the same result read again suggests nothing new
    reason_sealed: bytes | None = None
    suggested_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    suggested_on: date
    change_id: int | None = Field(default=None, foreign_key="tier_change.id", ondelete="RESTRICT")  # taken up so
    ended_at: datetime | None = None
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    note_sealed: bytes | None = None  # why it was left
    version: int = 1


class PsychArchive(SQLModel, table=True):
    """One child's archive (一生一档): since when it is kept; what is in it is computed from the records (F-03)."""

    __tablename__ = "psych_archive"

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", unique=True)
    opened_on: date
    opened_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime


class ArchiveLook(SQLModel, table=True):
    """That somebody went through an archive and put it in order (F-08), on a day."""

    __tablename__ = "archive_look"

    id: int | None = Field(default=None, primary_key=True)
    archive_id: int = Field(foreign_key="psych_archive.id", ondelete="RESTRICT", index=True)
    day: date
    looked_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
