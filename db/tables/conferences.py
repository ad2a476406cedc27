"""What a conference wrote down before it was amended, and what it decided: each with an owner and a due day (D-08)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class DecisionState(Labelled):
    """Whether a decision is still to be carried out."""

    OPEN = "open", "还没做"
    DONE = "done", "做完了"
    DROPPED = "dropped", "不用做了"


class ConferenceVersion(SQLModel, table=True):
    """How a conference's record stood before it was amended; the words as JSON in the one sealed column."""

    __tablename__ = "conference_version"
    __table_args__ = (UniqueConstraint("conference_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    conference_id: int = Field(foreign_key="case_conference.id", ondelete="RESTRICT", index=True)
    number: int  # the version of the conference that stood so
    content_sealed: bytes | None = None
    ended_at: datetime
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")


class CaseDecision(SQLModel, table=True):
    """One thing a conference decided: what, who does it, by which day, and how it ended."""

    __tablename__ = "case_decision"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (ended_on IS NULL)", name="ended_on_a_day"),
        CheckConstraint("(state = 'open') = (ended_by_id IS NULL)", name="ended_by_somebody"),
        # Home is asked on every page: what somebody owes is found without reading a sealed word.
        Index("ix_case_decision_owed", "owner_id", "state", "due_on", "conference_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    conference_id: int = Field(foreign_key="case_conference.id", ondelete="RESTRICT", index=True)
    text_sealed: bytes | None = None
    owner_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    due_on: date
    decided_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")  # who wrote it down
    recorded_at: datetime
    state: DecisionState = Field(default=DecisionState.OPEN, sa_type=stored_by_value(DecisionState))
    ended_on: date | None = None
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    ended_at: datetime | None = None  # when that was written down
    note_sealed: bytes | None = None
    version: int = 1
