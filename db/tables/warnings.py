"""Early-warning working groups (预警干预小组): who stands around a key child, from when to when (G-07)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class WarningRole(Labelled):
    """In what capacity somebody sits in a group; the first seven are the regulation's."""

    PARTY_CADRE = "party_cadre", "结对的党员干部"
    PSYCH_TEACHER = "psych_teacher", "兼职心理教师"
    HOMEROOM = "homeroom", "班主任"
    SUBJECT_TEACHER = "subject_teacher", "任课教师"
    PEER_OFFICER = "peer_officer", "心理委员"
    FRIEND = "friend", "好朋友"
    PARENT = "parent", "家长"
    OTHER = "other", "其他人"


class WarningGroup(SQLModel, table=True):
    """One child's group, from–to, half-open; at most one stands at a time."""

    __tablename__ = "warning_group"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_warning_group_open",
            "student_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    from_day: date
    to_day: date | None = None
    founded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1


class WarningMember(SQLModel, table=True):
    """One member: staff by account; pupils and parents by name with a phone, never an account."""

    __tablename__ = "warning_member"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (name_sealed IS NULL)", name="staff_or_name"),
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index("ix_warning_member_user", "user_id", "to_day", "group_id"),
        Index(
            "uq_warning_member_user",
            "group_id",
            "user_id",
            unique=True,
            sqlite_where=text("to_day IS NULL AND user_id IS NOT NULL"),
            postgresql_where=text("to_day IS NULL AND user_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    group_id: int = Field(foreign_key="warning_group.id", ondelete="RESTRICT", index=True)
    role: WarningRole = Field(sa_type=stored_by_value(WarningRole))
    user_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    name_sealed: bytes | None = None
    phone_sealed: bytes | None = None
    from_day: date
    to_day: date | None = None
    recorded_at: datetime
    version: int = 1
