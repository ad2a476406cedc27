"""What was copied when, whether it was proven, and whether a copy stands off this disk."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from db.base import Labelled, stored_by_value


class BackupReason(Labelled):
    """Why a backup was made."""

    DAILY = "daily", "每天自动"
    MANUAL = "manual", "手动"


class BackupRun(SQLModel, table=True):
    """One backup, begun and perhaps finished. The unique day decides which process makes the day's."""

    __tablename__ = "backup_run"
    __table_args__ = (Index("ix_backup_run_started_at", "started_at"),)

    id: int | None = Field(default=None, primary_key=True)
    day: date | None = Field(default=None, unique=True)  # the daily one's; others have none
    reason: BackupReason = Field(sa_type=stored_by_value(BackupReason))
    started_at: datetime
    made_at: datetime | None = None
    proven_at: datetime | None = None  # made without proof: PostgreSQL's tools were missing
    file: str | None = Field(default=None, max_length=1000)
    size_bytes: int | None = Field(default=None, sa_type=BigInteger)
    head_seq: int | None = Field(default=None, sa_type=BigInteger)
    head_link: str | None = Field(default=None, max_length=64)
    second_file: str | None = Field(default=None, max_length=1000)
    second_copy_at: datetime | None = None  # copied into the second folder and proven there
    off_disk_at: datetime | None = None  # since when a proven copy stands on another disk than the data
    problem: str | None = Field(default=None, max_length=40)  # why there is no backup, as a code
    second_problem: str | None = Field(default=None, max_length=40)  # why there is no second copy, as a code
    removed_at: datetime | None = None  # cleared away, a newer proven one being there
