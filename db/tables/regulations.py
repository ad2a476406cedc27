"""How the school keeps its regulations: which clauses count since when, what is excused, each week as it was told."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class ClauseSwitch(SQLModel, table=True):
    """One clause put into force, or out of it, from a day; what counted before stays."""

    __tablename__ = "clause_switch"
    __table_args__ = (
        UniqueConstraint("clause_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    clause_id: str = Field(max_length=10)  # an id of services/regulations/clauses.toml
    number: int  # counts the switches of one clause: two editors can't both write the next one
    is_on: bool
    from_day: date
    reason: str | None = Field(default=None, max_length=200)
    set_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    set_at: datetime
    withdrawn_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    withdrawn_at: datetime | None = None  # taken back before it came into force


class ExcuseKind(Labelled):
    """Why something owed isn't asked for."""

    EXEMPT = "exempt", "免做"
    DONE_OTHERWISE = "done_otherwise", "另法"


class ExcuseState(Labelled):
    """Whether an excuse counts: it takes a second person's yes."""

    WAITING = "waiting", "等第二个人同意"
    STANDING = "standing", "生效"
    DECLINED = "declined", "没有同意"
    WITHDRAWN = "withdrawn", "撤回"


class ClauseExcuse(SQLModel, table=True):
    """A clause that a child, a class or the school need not keep, or kept otherwise, on the days from–to, half-open."""

    __tablename__ = "clause_excuse"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day > from_day", name="ends_after_start"),
        CheckConstraint("student_id IS NULL OR class_id IS NULL", name="one_subject"),
        CheckConstraint("kind = 'exempt' OR to_day IS NOT NULL", name="otherwise_for_a_time"),
        CheckConstraint("(state IN ('standing', 'declined')) = (answered_at IS NOT NULL)", name="answered"),
        Index("ix_clause_excuse_child", "student_id", "clause_id", "state"),
        Index(
            "ix_clause_excuse_waiting",
            "state",
            "asked_by_id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    kind: ExcuseKind = Field(sa_type=stored_by_value(ExcuseKind))
    clause_id: str = Field(max_length=10)
    part: str | None = Field(default=None, max_length=40)  # one of a clause's duties; None: all of them
    student_id: int | None = Field(default=None, foreign_key="student.id", ondelete="RESTRICT")
    class_id: int | None = Field(default=None, foreign_key="school_class.id", ondelete="RESTRICT")
    from_day: date
    to_day: date | None = None
    reason_sealed: bytes | None = None
    state: ExcuseState = Field(default=ExcuseState.WAITING, sa_type=stored_by_value(ExcuseState))
    asked_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    asked_at: datetime
    answered_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    answered_at: datetime | None = None
    answer_sealed: bytes | None = None  # why the second person said no
    withdrawn_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    withdrawn_at: datetime | None = None
    version: int = 1


class ClauseWeek(SQLModel, table=True):
    """One school week as it was told: frozen once, never computed again; the chain of events holds its digest."""

    __tablename__ = "clause_week"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    first_day: date = Field(unique=True)  # its Monday: whoever writes the row first has frozen the week
    told_on: date  # the last day that was counted
    frozen_at: datetime
    frozen_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    numbers: str  # JSON: the week's figures, no child in them
    lists_sealed: bytes | None = None  # JSON: whom the figures counted
    digest: str = Field(max_length=64)  # SHA-256 over figures and lists


class ClauseWeekState(SQLModel, table=True):
    """How one clause stood in a frozen week."""

    __tablename__ = "clause_week_state"
    __table_args__ = (UniqueConstraint("week_id", "clause_id"),)

    id: int | None = Field(default=None, primary_key=True)
    week_id: int = Field(foreign_key="clause_week.id", ondelete="RESTRICT")
    clause_id: str = Field(max_length=10)
    state: str = Field(max_length=20)
    required: int
    done: int
    due: int
    overdue: int
    missed: int
    exempt: int


class ClassPaperKind(Labelled):
    """What a class files each term for its left-behind children."""

    PLAN = "plan", "班级帮扶计划"  # I-05, at the beginning of term
    SUMMARY = "summary", "班级帮扶小结"  # I-06, at its end


class ClassPaper(SQLModel, table=True):
    """A class's plan or summary of a term in the homeroom teacher's words; put right in place, with a version."""

    __tablename__ = "class_paper"
    __table_args__ = (UniqueConstraint("class_id", "term_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    class_id: int = Field(foreign_key="school_class.id", ondelete="RESTRICT")
    term_id: int = Field(foreign_key="term.id", ondelete="RESTRICT", index=True)
    kind: ClassPaperKind = Field(sa_type=stored_by_value(ClassPaperKind))
    words_sealed: bytes | None = None
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime  # when it was filed first: putting it right later doesn't make it late
    version: int = 1
