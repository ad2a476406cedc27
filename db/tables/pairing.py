"""Pairing (结对帮扶): who helps, whom, in which role, from when to when; what a guardian angel is paid (area J)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, sorted_by_bytes, stored_by_value
from db.tables.children import Gender


class HelperKind(Labelled):
    """Who somebody is that helps."""

    STAFF = "staff", "教职工"
    VOLUNTEER = "volunteer", "志愿者"
    PARTY_CADRE = "party_cadre", "党员干部"
    PARENT = "parent", "其他学生家长"
    PUPIL = "pupil", "学生"


class Helper(SQLModel, table=True):
    """Somebody who takes children on: an account, or a name with a phone; of staff alone some have an account."""

    __tablename__ = "helper"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (name IS NULL)", name="account_or_name"),
        CheckConstraint("user_id IS NULL OR kind = 'staff'", name="account_is_staff"),
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        CheckConstraint("capacity BETWEEN 0 AND 60", name="capacity"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    kind: HelperKind = Field(sa_type=stored_by_value(HelperKind))
    user_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT", unique=True)
    name: str | None = Field(default=None, max_length=40)
    name_order: str = Field(default="", sa_type=sorted_by_bytes(360), sa_column_kwargs={"server_default": ""})
    gender: Gender | None = Field(default=None, sa_type=stored_by_value(Gender), nullable=True)
    phone_sealed: bytes | None = None
    subjects: str = Field(default="", max_length=120)  # words of the school, joined by commas
    capacity: int  # so many children at once
    from_day: date
    to_day: date | None = None
    vetted_on: date | None = None  # volunteers are vetted before they meet a child (J-17)
    vetted_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    trained_until: date | None = None
    pledged_on: date | None = None
    note_sealed: bytes | None = None
    import_id: int | None = Field(default=None, foreign_key="import_batch.id", ondelete="RESTRICT")
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1


class PairingRole(Labelled):
    """What a helper is to a child."""

    MENTOR = "mentor", "导师"
    PROXY_PARENT = "proxy_parent", "代理家长（临时爸爸）"
    LOVE_MOTHER = "love_mother", "爱心妈妈"
    GUARDIAN_ANGEL = "guardian_angel", "爱心守护人"
    PARTY_CADRE = "party_cadre", "党员干部"
    VOLUNTEER = "volunteer", "志愿者"
    EXCELLENT_STUDENT = "excellent_student", "优秀学生（学习帮手）"
    BUDDY = "buddy", "手拉手好朋友"
    PEER_PARENT = "peer_parent", "其他学生家长"


SEVERAL = frozenset({PairingRole.BUDDY, PairingRole.VOLUNTEER, PairingRole.PEER_PARENT})
"""The kinds of which a child may have several at once."""


class PairingEnd(Labelled):
    """Why a pair ended."""

    DONE = "done", "约定的时间到了"
    CHILD_LEFT = "child_left", "孩子毕业、转走或离校"
    HELPER_LEFT = "helper_left", "帮扶人离开或不再担任"
    CHANGED = "changed", "换了帮扶人"
    NOT_FITTING = "not_fitting", "不合适"
    MISTAKE = "mistake", "登记错了"


class Pairing(SQLModel, table=True):
    """A child and a helper, from–to, half-open; of most kinds a child has one at a time."""

    __tablename__ = "pairing"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        CheckConstraint("(to_day IS NULL) OR (end_reason IS NOT NULL)", name="ends_with_reason"),
        Index(
            "uq_pairing_one_of_kind",
            "student_id",
            "role",
            unique=True,
            sqlite_where=text("to_day IS NULL AND role NOT IN ('buddy', 'volunteer', 'peer_parent')"),
            postgresql_where=text("to_day IS NULL AND role NOT IN ('buddy', 'volunteer', 'peer_parent')"),
        ),
        Index(
            "uq_pairing_same_helper",
            "student_id",
            "helper_id",
            "role",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
        Index("ix_pairing_helper", "helper_id", "to_day", "student_id"),
        Index("ix_pairing_child", "student_id", "role", "from_day", "to_day", "helper_id"),
        Index(
            "ix_pairing_import_id",
            "import_id",
            sqlite_where=text("import_id IS NOT NULL"),
            postgresql_where=text("import_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT")
    helper_id: int = Field(foreign_key="helper.id", ondelete="RESTRICT")
    role: PairingRole = Field(sa_type=stored_by_value(PairingRole))
    from_day: date
    to_day: date | None = None
    end_reason: PairingEnd | None = Field(default=None, sa_type=stored_by_value(PairingEnd), nullable=True)
    end_words_sealed: bytes | None = None
    content_sealed: bytes | None = None  # what it is about
    continues_id: int | None = Field(default=None, foreign_key="pairing.id", ondelete="RESTRICT")  # taken over from
    import_id: int | None = Field(default=None, foreign_key="import_batch.id", ondelete="RESTRICT")
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    version: int = 1


class PairingSubsidy(SQLModel, table=True):
    """What a guardian angel is paid for a term (J-14); without a day it is still owed, taken back it counts no more."""

    __tablename__ = "pairing_subsidy"
    __table_args__ = (
        UniqueConstraint("pairing_id", "term_id"),
        CheckConstraint("amount_fen > 0", name="amount"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    pairing_id: int = Field(foreign_key="pairing.id", ondelete="RESTRICT")
    term_id: int = Field(foreign_key="term.id", ondelete="RESTRICT", index=True)
    amount_fen: int
    paid_on: date | None = None
    note_sealed: bytes | None = None
    taken_back_on: date | None = None
    taken_back_sealed: bytes | None = None  # why
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1
