"""Referrals out of the school (转介): to whom, why, with whose consent, the answer, the follow-up (C-08, C-09)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value
from db.tables.intake import Urgency


class OutwardTarget(Labelled):
    """What kind of body a child is referred to."""

    HOSPITAL = "hospital", "医院、心理门诊"
    AGENCY = "agency", "社会心理服务机构"
    CIVIL_AFFAIRS = "civil_affairs", "民政、儿童福利"
    POLICE = "police", "公安、司法"
    EDUCATION = "education", "教育局、未成年人心理中心"
    OTHER = "other", "别的单位"


class OutwardOutcome(Labelled):
    """How a referral out ended."""

    TAKEN_OVER = "taken_over", "对方接下了，学校配合"
    BACK = "back", "好转，回到校内帮扶"
    NO_NEED = "no_need", "对方看过，不用再去"
    NOT_GONE = "not_gone", "家里没有去"
    NOT_TAKEN = "not_taken", "对方没有接"
    MISTAKE = "mistake", "登记错了"


class OutwardContact(Labelled):
    """With whom a follow-up was."""

    BODY = "body", "对方单位"
    CHILD = "child", "孩子本人"
    FAMILY = "family", "家里"
    SCHOOL = "school", "班主任、任课教师"


class OutwardReferral(SQLModel, table=True):
    """One child referred to one body outside; its words are sealed, what rules need of them stands beside.

    `consent_on` is the day of the family's consent it rests upon; without one it is an emergency, with the reason.
    """

    __tablename__ = "outward_referral"
    __table_args__ = (
        CheckConstraint("consent_on IS NOT NULL OR is_emergency", name="consent_or_emergency"),
        CheckConstraint("(outcome IS NULL) = (ended_on IS NULL)", name="ended_with_outcome"),
        CheckConstraint("answered_on IS NULL OR answered_on >= referred_on", name="answer_after_start"),
        CheckConstraint("ended_on IS NULL OR ended_on >= referred_on", name="ends_after_start"),
        # Home is asked on every page: what somebody follows is found without reading a sealed word.
        Index("ix_outward_referral_owed", "owner_id", "ended_on", "referred_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    case_id: int | None = Field(default=None, foreign_key="care_case.id", ondelete="RESTRICT", index=True)
    owner_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")  # who follows it
    target_kind: OutwardTarget = Field(sa_type=stored_by_value(OutwardTarget))
    target_sealed: bytes | None = None  # which hospital, which ward
    contact_sealed: bytes | None = None  # who there, and the telephone
    reason_sealed: bytes | None = None
    handed_sealed: bytes | None = None  # what was handed over: a letter, a summary
    urgency: Urgency = Field(default=Urgency.ORDINARY, sa_type=stored_by_value(Urgency))
    referred_on: date
    consent_on: date | None = None
    is_emergency: bool = False
    emergency_sealed: bytes | None = None  # why nobody could wait for a consent
    answered_on: date | None = None
    answer_sealed: bytes | None = None
    last_followed_on: date | None = None  # written with each follow-up, so that what is due is asked of one row
    outcome: OutwardOutcome | None = Field(default=None, sa_type=stored_by_value(OutwardOutcome), nullable=True)
    ended_on: date | None = None
    ending_sealed: bytes | None = None
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1


class OutwardFollowUp(SQLModel, table=True):
    """One time somebody asked how a child that was referred out fares; put right in place, with a version."""

    __tablename__ = "outward_follow_up"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    outward_id: int = Field(foreign_key="outward_referral.id", ondelete="RESTRICT", index=True)
    day: date
    contact: OutwardContact = Field(sa_type=stored_by_value(OutwardContact))
    words_sealed: bytes | None = None
    # Who of the care room's heads said yes before the family was reached; None: a head wrote it, or it reached nobody.
    agreed_with_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    taken_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1
