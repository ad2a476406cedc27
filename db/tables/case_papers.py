"""What a case is looked back on in: stage summaries (I-04) and evaluations of the effect by several voices (Q-06)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class EvaluationMoment(Labelled):
    """When in a case the effect is looked at."""

    BEGINNING = "beginning", "开始时"
    MIDWAY = "midway", "中途"
    END = "end", "结案前"


class StageSummary(SQLModel, table=True):
    """What changed in a stretch of days and what is next; what was done is counted from the records, never kept."""

    __tablename__ = "stage_summary"
    __table_args__ = (
        CheckConstraint("from_on <= to_on", name="some_days"),
        CheckConstraint("next_on > to_on", name="next_is_later"),
        UniqueConstraint("case_id", "to_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    case_id: int = Field(foreign_key="care_case.id", ondelete="RESTRICT")
    from_on: date
    to_on: date  # included
    next_on: date  # the next one is due
    changed_sealed: bytes | None = None
    next_sealed: bytes | None = None
    written_by_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    written_at: datetime
    version: int = 1


class StageSummaryVersion(SQLModel, table=True):
    """How a summary stood before it was amended, as JSON in the one sealed column."""

    __tablename__ = "stage_summary_version"
    __table_args__ = (UniqueConstraint("summary_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    summary_id: int = Field(foreign_key="stage_summary.id", ondelete="RESTRICT")
    number: int  # the version of the summary that stood so
    content_sealed: bytes | None = None
    ended_at: datetime
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")


class EffectEvaluation(SQLModel, table=True):
    """The effect of a case at one time: every voice with scores and words, as JSON in the one sealed column.

    `held_on` is the day the last of them spoke. Whether it is complete (Q-06) follows from the two counts, which are
    written with the words, so that rules read none of them.
    """

    __tablename__ = "effect_evaluation"
    __table_args__ = (
        CheckConstraint("voices BETWEEN 1 AND 4", name="some_voice"),
        CheckConstraint("dimensions BETWEEN 1 AND 4", name="some_dimension"),
        UniqueConstraint("case_id", "moment", "held_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    case_id: int = Field(foreign_key="care_case.id", ondelete="RESTRICT")
    moment: EvaluationMoment = Field(sa_type=stored_by_value(EvaluationMoment))
    held_on: date
    voices: int  # how many kinds of voices were heard: child, teacher, parent, questionnaire
    dimensions: int  # of how many of the regulation's four somebody spoke
    content_sealed: bytes | None = None
    written_by_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    written_at: datetime
    version: int = 1


class EffectEvaluationVersion(SQLModel, table=True):
    """How an evaluation stood before it was amended."""

    __tablename__ = "effect_evaluation_version"
    __table_args__ = (UniqueConstraint("evaluation_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    evaluation_id: int = Field(foreign_key="effect_evaluation.id", ondelete="RESTRICT")
    number: int
    content_sealed: bytes | None = None
    ended_at: datetime
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
