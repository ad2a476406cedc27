"""Drop-outs: a child that does not come to school, why, who brings it back, what was done, how it ended (E-16)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class DropOutReason(Labelled):
    """Why a child does not come; the main one, further ones stand in the words."""

    UNKNOWN = "unknown", "还不知道"
    STUDY = "study", "厌学、跟不上"
    POVERTY = "poverty", "家里困难"
    WORK = "work", "外出打工"
    WITH_PARENTS = "with_parents", "随父母去了外地"
    FAMILY = "family", "家庭变故、没人管"
    ILLNESS = "illness", "生病、身体原因"
    MIND = "mind", "情绪、心理原因"
    PEERS = "peers", "和同学老师处不好、被欺负"
    INTERNET = "internet", "沉迷网络"
    MARRIAGE = "marriage", "早婚"
    OTHER = "other", "别的原因"


class DropOutOutcome(Labelled):
    """How it ended."""

    RETURNED = "returned", "回来上学了"
    TRANSFERRED = "transferred", "转到别的学校"
    STILL_OUT = "still_out", "还没有回来"


class DropOutStepKind(Labelled):
    """What was done to bring a child back, or whom it was told."""

    CALL = "call", "打电话"
    TALK = "talk", "谈话"
    HOME_VISIT = "home_visit", "家访"
    NOTICE = "notice", "送书面通知"
    TOLD_OFFICE = "told_office", "报领导小组办公室"
    TOLD_TOWNSHIP = "told_township", "报乡镇（街道）"
    TOLD_AUTHORITY = "told_authority", "报教育局"
    OTHER = "other", "别的"


class DropOut(SQLModel, table=True):
    """One time a child stayed away, from the day it was noticed to how it ended; at most one open a child."""

    __tablename__ = "drop_out"
    __table_args__ = (
        CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name="closed_with_outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_on IS NULL)", name="ended_with_outcome"),
        CheckConstraint("ended_on IS NULL OR ended_on >= noticed_on", name="ends_after_start"),
        CheckConstraint("last_seen_on IS NULL OR last_seen_on <= noticed_on", name="seen_before"),
        Index(
            "uq_drop_out_open",
            "student_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    # The class it stayed away from: its homeroom teacher follows it also when the register lets it go.
    class_id: int | None = Field(default=None, foreign_key="school_class.id", ondelete="RESTRICT", index=True)
    noticed_on: date
    noticed_by_sealed: bytes | None = None  # who noticed: a member of staff, a classmate, a neighbour
    last_seen_on: date | None = None  # the last day at school
    reason: DropOutReason = Field(default=DropOutReason.UNKNOWN, sa_type=stored_by_value(DropOutReason))
    words_sealed: bytes | None = None
    owner_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT", index=True)  # None: post
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    outcome: DropOutOutcome | None = Field(default=None, sa_type=stored_by_value(DropOutOutcome), nullable=True)
    ended_on: date | None = None
    ending_sealed: bytes | None = None
    closed_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    closed_at: datetime | None = None
    version: int = 1


class DropOutStep(SQLModel, table=True):
    """One thing done for a child that stays away, on a day; put right in place, with a version."""

    __tablename__ = "drop_out_step"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    drop_out_id: int = Field(foreign_key="drop_out.id", ondelete="RESTRICT", index=True)
    kind: DropOutStepKind = Field(sa_type=stored_by_value(DropOutStepKind))
    day: date
    words_sealed: bytes | None = None
    taken_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    # Who of the care room's heads said yes before the family was reached; None: a head wrote it, or it reached nobody.
    agreed_with_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1
