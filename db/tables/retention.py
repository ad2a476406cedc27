"""How long records are kept: who must be kept longer, and the runs that remove what has reached its term."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class RetentionHold(SQLModel, table=True):
    """A child whose records must be kept beyond their term, and why; at most one a child that was not lifted."""

    __tablename__ = "retention_hold"
    __table_args__ = (
        Index(
            "uq_retention_hold_open",
            "student_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    reason_sealed: bytes | None = None
    set_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    set_at: datetime
    lifted_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    lifted_at: datetime | None = None
    version: int = 1


class RetentionRun(SQLModel, table=True):
    """One removal as a whole: asked for by one person, agreed to by another, done child by child."""

    __tablename__ = "retention_run"
    __table_args__ = (
        CheckConstraint("agreed_by_id IS NULL OR agreed_by_id <> proposed_by_id", name="two_persons"),
        CheckConstraint("finished_at IS NULL OR agreed_at IS NOT NULL", name="agreed_first"),
    )

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(max_length=64)  # of what was shown when it was asked for
    open_slot: int | None = Field(default=1, unique=True)  # 1 until finished or taken back: one at a time
    proposed_by_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    proposed_at: datetime
    agreed_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    agreed_at: datetime | None = None
    finished_at: datetime | None = None
    withdrawn_at: datetime | None = None
    version: int = 1


class RetentionState(Labelled):
    """What became of one child's records in a run."""

    WAITING = "waiting", "等着清理"
    REMOVED = "removed", "已清理"
    KEPT = "kept", "有变动，没有清理"


class RetentionItem(SQLModel, table=True):
    """One child in a run; without a foreign key, for its number is all that stays."""

    __tablename__ = "retention_item"
    __table_args__ = (UniqueConstraint("run_id", "student_id"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="retention_run.id", ondelete="RESTRICT")
    student_id: int
    is_whole: bool  # the child itself goes; else only the care records
    fingerprint: str = Field(max_length=64)
    state: RetentionState = Field(default=RetentionState.WAITING, sa_type=stored_by_value(RetentionState))
    rows_count: int = 0
    done_at: datetime | None = None
