"""Support plans: versions as they were written, and the goals and measures of the one in force (I-01, I-02, F-05)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class PlanKind(Labelled):
    """What a plan is for; without a case there are plans too (F-05, I-07)."""

    CASE = "case", "个案帮扶方案"
    CARE = "care", "关爱方案（一生一策）"
    CONDUCT = "conduct", "教育管理方案"


class PlanState(Labelled):
    """Where one version of a plan stands; which moves there are stands in services.plans."""

    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "等审批"
    RETURNED = "returned", "退回"
    IN_FORCE = "in_force", "在用"
    REPLACED = "replaced", "换成新的一版"
    ENDED = "ended", "结束"


class GoalState(Labelled):
    """Whether a goal was reached."""

    OPEN = "open", "在努力"
    PARTLY = "partly", "部分达到"
    REACHED = "reached", "达到了"
    MISSED = "missed", "没达到"


class MeasureDomain(Labelled):
    """In which part of life a measure helps."""

    MIND = "mind", "心理"
    STUDY = "study", "学业"
    LIFE = "life", "生活"


class MeasureRhythm(Labelled):
    """How often a measure is carried out."""

    DAILY = "daily", "每个上课日"
    WEEKLY = "weekly", "每周"
    FORTNIGHTLY = "fortnightly", "每两周"
    MONTHLY = "monthly", "每月"
    ONCE = "once", "一次"
    AS_NEEDED = "as_needed", "需要时"


class MeasureState(Labelled):
    """Whether a measure still goes on."""

    OPEN = "open", "在做"
    DONE = "done", "做完了"
    STOPPED = "stopped", "不做了"


class SupportPlan(SQLModel, table=True):
    """The plan of a case, or of a child without one; what it says stands in its versions.

    `version` rises with whatever is written of it: two editors of one plan meet here.
    """

    __tablename__ = "support_plan"
    __table_args__ = (
        UniqueConstraint("case_id"),
        CheckConstraint("(case_id IS NOT NULL) = (kind = 'case')", name="kind_of_case"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    case_id: int | None = Field(default=None, foreign_key="care_case.id", ondelete="RESTRICT")
    kind: PlanKind = Field(sa_type=stored_by_value(PlanKind))
    owner_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT", index=True)  # with a case: who owns the case
    begun_at: datetime
    version: int = 1


class PlanVersion(SQLModel, table=True):
    """A plan as it was written once; in force until the next one is."""

    __tablename__ = "plan_version"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        Index("uq_plan_version_in_force", "plan_id", unique=True,
              sqlite_where=text("state = 'in_force'"), postgresql_where=text("state = 'in_force'")),
        Index("uq_plan_version_pending", "plan_id", unique=True,
              sqlite_where=text("state IN ('draft', 'submitted')"),
              postgresql_where=text("state IN ('draft', 'submitted')")),
        # Home asks on every page what stands how, and reads no sealed word for it.
        Index("ix_plan_version_waiting", "state", "review_on", "plan_id", "number", "submitted_at"),
        CheckConstraint("state <> 'in_force' OR in_force_at IS NOT NULL", name="in_force_since"),
        CheckConstraint("state <> 'submitted' OR submitted_at IS NOT NULL", name="submitted_since"),
        CheckConstraint("(state IN ('replaced', 'ended')) = (ended_at IS NOT NULL)", name="ended_since"),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    plan_id: int = Field(foreign_key="support_plan.id", ondelete="RESTRICT", index=True)
    number: int
    state: PlanState = Field(default=PlanState.DRAFT, sa_type=stored_by_value(PlanState))
    review_on: date  # no plan without one
    content_sealed: bytes | None = None  # goals and measures as JSON
    reason_sealed: bytes | None = None  # why it was changed
    written_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    written_at: datetime
    submitted_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    submitted_at: datetime | None = None
    answered_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    answered_at: datetime | None = None
    answer_sealed: bytes | None = None  # why it was returned, or a word with the yes
    in_force_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    end_reason_sealed: bytes | None = None


class PlanAuthor(SQLModel, table=True):
    """Somebody who wrote at a version of a plan: nobody says yes to what is their own."""

    __tablename__ = "plan_author"
    __table_args__ = (UniqueConstraint("plan_version_id", "user_id"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_version_id: int = Field(foreign_key="plan_version.id", ondelete="RESTRICT")
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    first_at: datetime


class PlanGoal(SQLModel, table=True):
    """One goal of the plan in force, and whether it was reached; it stays when a later version leaves it out."""

    __tablename__ = "plan_goal"
    __table_args__ = (CheckConstraint("(state = 'open') = (judged_on IS NULL)", name="judged_on_a_day"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    plan_id: int = Field(foreign_key="support_plan.id", ondelete="RESTRICT", index=True)
    place: int
    text_sealed: bytes | None = None
    sign_sealed: bytes | None = None  # how one will see that it is reached
    state: GoalState = Field(default=GoalState.OPEN, sa_type=stored_by_value(GoalState))
    judged_on: date | None = None
    judged_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    note_sealed: bytes | None = None
    left_at: datetime | None = None  # since when no version in force has it
    version: int = 1


class PlanMeasure(SQLModel, table=True):
    """One measure of the plan in force: who does what, from when to when, how often (I-02)."""

    __tablename__ = "plan_measure"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("(state = 'open') = (ended_on IS NULL)", name="ended_on_a_day"),
        CheckConstraint("(state = 'open') = (ended_by_id IS NULL)", name="ended_by_somebody"),
        # Home is asked on every page: what somebody owes is found without reading a sealed word.
        Index("ix_plan_measure_owed", "responsible_id", "state", "left_at", "plan_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    plan_id: int = Field(foreign_key="support_plan.id", ondelete="RESTRICT", index=True)
    place: int
    domain: MeasureDomain = Field(sa_type=stored_by_value(MeasureDomain))
    text_sealed: bytes | None = None
    responsible_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    starts_on: date
    ends_on: date
    rhythm: MeasureRhythm = Field(sa_type=stored_by_value(MeasureRhythm))
    last_noted_on: date | None = None  # the day of the latest note, for what is due next
    state: MeasureState = Field(default=MeasureState.OPEN, sa_type=stored_by_value(MeasureState))
    ended_on: date | None = None
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    outcome_sealed: bytes | None = None
    left_at: datetime | None = None  # since when no version in force has it
    version: int = 1


class MeasureNote(SQLModel, table=True):
    """What came of a measure on one day."""

    __tablename__ = "measure_note"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    measure_id: int = Field(foreign_key="plan_measure.id", ondelete="RESTRICT", index=True)
    day: date
    text_sealed: bytes | None = None
    written_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
