"""Closing a case (结案): asked with the reason, agreed to by a second person, followed up, and opened again (I-25)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class ClosingOutcome(Labelled):
    """Why help ends (I-25); what somebody saw is said in words."""

    SOLVED = "solved", "问题解决了"
    BETTER = "better", "明显好转，不用再专门帮"
    TAKEN_OVER = "taken_over", "校外机构接手了"
    LEFT = "left", "毕业、转走或离校"


class ClosingState(Labelled):
    """Whether a closing counts: it waits for a second person's yes first."""

    WAITING = "waiting", "等第二个人同意"
    AGREED = "agreed", "同意了"
    DECLINED = "declined", "没有同意"
    WITHDRAWN = "withdrawn", "撤回"


class CaseClosure(SQLModel, table=True):
    """One time a case was to be closed: what was asked, the answer, the look afterwards, and the way back.

    A case is closed while it has one that was agreed to and was not reopened: at most one, as the database says.
    """

    __tablename__ = "case_closure"
    __table_args__ = (
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("reopened_at IS NULL OR state = 'agreed'", name="reopened_after_yes"),
        CheckConstraint("followed_on IS NULL OR state = 'agreed'", name="followed_after_yes"),
        CheckConstraint("state <> 'agreed' OR decided_by_id <> asked_by_id", name="never_ones_own"),
        CheckConstraint("follow_up_on IS NOT NULL OR outcome = 'left'", name="follow_up"),
        Index(
            "uq_case_closure_counts",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'agreed' AND reopened_at IS NULL"),
            postgresql_where=text("state = 'agreed' AND reopened_at IS NULL"),
        ),
        Index(
            "uq_case_closure_waiting",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        # Home asks on every page what waits and what is to be looked at, and reads no sealed word for it.
        Index("ix_case_closure_due", "state", "follow_up_on", "followed_on", "reopened_at", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    case_id: int = Field(foreign_key="care_case.id", ondelete="RESTRICT", index=True)
    state: ClosingState = Field(default=ClosingState.WAITING, sa_type=stored_by_value(ClosingState))
    outcome: ClosingOutcome = Field(sa_type=stored_by_value(ClosingOutcome))
    reason_sealed: bytes | None = None
    missing: str = Field(default="", max_length=200)  # codes of the list that were not met, joined by commas
    despite_sealed: bytes | None = None  # why it is closed though something is missing
    follow_up_on: date | None = None
    asked_by_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    asked_at: datetime
    decided_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    decided_at: datetime | None = None
    note_sealed: bytes | None = None  # why the second person said no, or a word with the yes
    followed_on: date | None = None
    followed_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    follow_up_sealed: bytes | None = None
    reopened_at: datetime | None = None
    reopened_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    reopen_reason_sealed: bytes | None = None
    version: int = 1
