"""Intake and assessment: a worry about a child from the first word to a bare case (clauses D)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import new_uid, stored_by_value


class ReferralChannel(StrEnum):
    """How a worry reached the care room (D-01)."""

    SELF = "self"
    TEACHER = "teacher"
    PARENT = "parent"
    SCREENING = "screening"
    OBSERVATION = "observation"


class ReferralWay(StrEnum):
    """By what means a parent told us."""

    PHONE = "phone"
    WECHAT = "wechat"
    VISIT = "visit"


class Urgency(StrEnum):
    """How soon somebody must look at it."""

    ORDINARY = "ordinary"
    URGENT = "urgent"
    DANGER = "danger"


class ParentsInformed(StrEnum):
    """Whether the family knows."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class ReferralState(StrEnum):
    """Where a referral stands; which moves are legal is declared in services.intake."""

    RECEIVED = "received"
    IN_ASSESSMENT = "in_assessment"
    ANSWERED = "answered"
    ROUTED = "routed"
    DECLINED = "declined"
    MERGED = "merged"


class Referral(SQLModel, table=True):
    """One worry about one child; the words are sealed, what rules need of them stands beside as plain columns."""

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint("student_id IS NOT NULL OR child_label_sealed IS NOT NULL", name="some_child"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_into"),
        CheckConstraint("NOT is_suspected_abuse OR abuse_marked_at IS NOT NULL", name="abuse_since"),
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="not_into_itself"),
        # Everything that says whether it waits for somebody: home is asked on every page, and reads no row for it.
        Index(
            "ix_referral_waiting",
            "owner_id",
            "state",
            "channel",
            "answered_at",
            "feedback_at",
            "feedback_read_at",
            "referred_by_id",
            "is_suspected_abuse",
            "police_told_at",
            "authority_told_at",
        ),
        # And everything a list is filtered, counted and ordered by.
        Index(
            "ix_referral_listed",
            "state",
            "urgency",
            "received_at",
            "is_suspected_abuse",
            "owner_id",
            "registered_by_id",
            "referred_by_id",
            "student_id",
        ),
        Index("ix_referral_suspected", "is_suspected_abuse", "student_id"),  # whose family must not be told
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int | None = Field(default=None, foreign_key="student.id", ondelete="RESTRICT", index=True)
    child_label_sealed: bytes | None = None  # a child not found in the register, as the speaker named it
    channel: ReferralChannel = Field(sa_type=stored_by_value(ReferralChannel))
    way: ReferralWay | None = Field(default=None, sa_type=stored_by_value(ReferralWay), nullable=True)
    referred_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    speaker_sealed: bytes | None = None  # who said it, when that is not a member of staff
    registered_by_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    owner_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    noticed_on: date
    received_at: datetime
    recorded_at: datetime
    urgency: Urgency = Field(default=Urgency.ORDINARY, sa_type=stored_by_value(Urgency))
    parents_informed: ParentsInformed = Field(default=ParentsInformed.UNCLEAR, sa_type=stored_by_value(ParentsInformed))
    is_suspected_abuse: bool = False
    abuse_marked_at: datetime | None = None  # from here the duty of mandatory reporting counts its time
    police_told_at: datetime | None = None
    authority_told_at: datetime | None = None
    facts_sealed: bytes | None = None
    child_words_sealed: bytes | None = None
    background_sealed: bytes | None = None
    tried_sealed: bytes | None = None
    parts_filled: int = 0  # of basic data, description, background (D-03)
    state: ReferralState = Field(default=ReferralState.RECEIVED, sa_type=stored_by_value(ReferralState))
    answered_at: datetime | None = None  # told the pupil or parent (D-04, D-05)
    answer_sealed: bytes | None = None
    feedback_at: datetime | None = None  # fact and advice to the referring teacher (C-09)
    feedback_sealed: bytes | None = None
    feedback_read_at: datetime | None = None
    merged_into_id: int | None = Field(default=None, foreign_key="referral.id", ondelete="RESTRICT")
    closed_at: datetime | None = None
    version: int = 1


class ReferralMove(SQLModel, table=True):
    """One step of a referral from state to state, with who, when and why."""

    __tablename__ = "referral_move"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    referral_id: int = Field(foreign_key="referral.id", ondelete="RESTRICT", index=True)
    from_state: ReferralState | None = Field(
        default=None, sa_type=stored_by_value(ReferralState, name="from_state"), nullable=True
    )
    to_state: ReferralState = Field(sa_type=stored_by_value(ReferralState))
    by_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    at: datetime
    reason_sealed: bytes | None = None


class Domain(StrEnum):
    """In which parts of life the trouble lies; an assessment may name several."""

    MIND = "mind"
    STUDY = "study"
    LIFE = "life"
    FAMILY = "family"
    PEERS = "peers"
    SAFETY = "safety"
    CONDUCT = "conduct"


class Severity(StrEnum):
    """Ordinary: a full-time counsellor follows (D-07). Serious: discussed together (D-08)."""

    ORDINARY = "ordinary"
    SERIOUS = "serious"


class Assessment(SQLModel, table=True):
    """The first assessment of a referral: nature, severity, measures (D-06)."""

    __tablename__ = "assessment"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    referral_id: int = Field(foreign_key="referral.id", ondelete="RESTRICT", unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    assessed_by_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    assessed_at: datetime
    domains: str = Field(max_length=120)  # Domain values joined by commas, in their order
    suggested_severity: Severity = Field(sa_type=stored_by_value(Severity, name="suggested_severity"))
    suggestion_reasons: str = Field(max_length=400)  # keys of the rules that spoke, joined by commas
    severity: Severity = Field(sa_type=stored_by_value(Severity))
    is_overridden: bool = False
    override_reason_sealed: bytes | None = None
    nature_sealed: bytes | None = None
    measures_sealed: bytes | None = None
    parts_filled: int = 0  # of nature, severity, measures
    version: int = 1


class Case(SQLModel, table=True):
    """A child's support, opened by routing a referral. At which stage it is follows from its records (case_stages)."""

    __tablename__ = "care_case"
    __table_args__ = (UniqueConstraint("referral_id"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    referral_id: int = Field(foreign_key="referral.id", ondelete="RESTRICT")
    severity: Severity = Field(sa_type=stored_by_value(Severity))
    owner_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    opened_at: datetime
    closed_at: datetime | None = None
    version: int = 1


class CaseConference(SQLModel, table=True):
    """A joint discussion of a serious case (D-08), due by a time."""

    __tablename__ = "case_conference"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    case_id: int = Field(foreign_key="care_case.id", ondelete="RESTRICT", index=True)
    called_at: datetime
    planned_at: datetime | None = None
    place_sealed: bytes | None = None
    held_at: datetime | None = None
    findings_sealed: bytes | None = None
    conclusion_sealed: bytes | None = None
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime | None = None  # when the record was first written
    version: int = 1


class ConferenceParticipant(SQLModel, table=True):
    """One named participant of a conference: staff by account, others by name."""

    __tablename__ = "conference_participant"
    __table_args__ = (
        CheckConstraint("user_id IS NOT NULL OR guest_sealed IS NOT NULL", name="somebody"),
        Index(
            "uq_conference_participant_user",
            "conference_id",
            "user_id",
            unique=True,
            sqlite_where=text("user_id IS NOT NULL"),
            postgresql_where=text("user_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    conference_id: int = Field(foreign_key="case_conference.id", ondelete="RESTRICT", index=True)
    user_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    guest_sealed: bytes | None = None
    is_invited: bool = True  # else came without having been asked
    is_present: bool | None = None  # unknown until the record is written
