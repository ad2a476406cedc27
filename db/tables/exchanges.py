"""Lists exchanged with civil affairs, the women's federation and the like, and where they differ from ours (S-04)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value
from db.tables.children import CategoryKind


class ExchangeBody(Labelled):
    """With whom lists are exchanged."""

    CIVIL_AFFAIRS = "civil_affairs", "民政"
    WOMEN = "women", "妇联"
    DISABLED = "disabled", "残联"
    EDUCATION = "education", "教育局"
    OTHER = "other", "其他部门"


class ExchangeDirection(Labelled):
    """Which way a list went."""

    RECEIVED = "received", "收到"
    GIVEN = "given", "给出"


class ListExchange(SQLModel, table=True):
    """One list received or given: of what, with whom, on which day; the file itself is a sealed attachment."""

    __tablename__ = "list_exchange"
    __table_args__ = (
        # Special psychology, physique and conduct never leave the school, nor come from outside.
        CheckConstraint("kind IN ('left_behind', 'in_difficulty', 'special_family')", name="exchanged"),
        CheckConstraint("difficulty_id IS NULL OR kind = 'in_difficulty'", name="difficulty"),
        Index(
            "uq_list_exchange_file",
            "file_digest",
            "kind",
            unique=True,
            sqlite_where=text("direction = 'received' AND difficulty_id IS NULL"),
            postgresql_where=text("direction = 'received' AND difficulty_id IS NULL"),
        ),
        Index(
            "uq_list_exchange_file_difficulty",
            "file_digest",
            "difficulty_id",
            unique=True,
            sqlite_where=text("direction = 'received' AND difficulty_id IS NOT NULL"),
            postgresql_where=text("direction = 'received' AND difficulty_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    direction: ExchangeDirection = Field(sa_type=stored_by_value(ExchangeDirection))
    body: ExchangeBody = Field(sa_type=stored_by_value(ExchangeBody))
    body_name: str | None = Field(default=None, max_length=40)
    kind: CategoryKind = Field(sa_type=stored_by_value(CategoryKind))
    difficulty_id: int | None = Field(default=None, foreign_key="care_option.id", ondelete="RESTRICT")
    day: date = Field(index=True)
    # None once a child on it was removed (retention): a file can't be removed in part.
    attachment_id: int | None = Field(default=None, foreign_key="attachment.id", ondelete="RESTRICT", unique=True)
    file_digest: str = Field(max_length=64)
    rows_count: int = 0
    matched_count: int = 0
    agreeing_count: int = 0
    refused_count: int = 0
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime


class DifferenceSide(Labelled):
    """On which side something stands."""

    LIST = "list", "名单上有，我们没登记"
    REGISTER = "register", "我们登记了，名单上没有"
    BOTH = "both", "两边都有，写得不一样"


class DifferencePart(Labelled):
    """What differs."""

    MARK = "mark", "登记"
    KIND = "kind", "种类"
    LEVEL = "level", "等级"
    DOCUMENT = "document", "文号"
    PHONE = "phone", "电话"
    ADDRESS = "address", "住址"


class DifferenceState(Labelled):
    """What was decided about a difference."""

    OPEN = "open", "还没定"
    ADOPTED = "adopted", "照名单改了"
    LEFT = "left", "留着没改"
    NOT_OURS = "not_ours", "不是我们的学生"


class ListDifference(SQLModel, table=True):
    """One thing in which a list and the register differ; what the list says is sealed, a decision closes it."""

    __tablename__ = "list_difference"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("student_id IS NOT NULL OR side = 'list'", name="whose"),
        Index("ix_list_difference_exchange_side", "exchange_id", "side", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    exchange_id: int = Field(foreign_key="list_exchange.id", ondelete="RESTRICT")
    student_id: int | None = Field(default=None, foreign_key="student.id", ondelete="RESTRICT", index=True)
    category_id: int | None = Field(default=None, foreign_key="student_category.id", ondelete="RESTRICT", index=True)
    difficulty_id: int | None = Field(default=None, foreign_key="care_option.id", ondelete="RESTRICT")
    side: DifferenceSide = Field(sa_type=stored_by_value(DifferenceSide))
    part: DifferencePart = Field(sa_type=stored_by_value(DifferencePart))
    content_sealed: bytes | None = None  # JSON: what the list says and where, and what we had then
    state: DifferenceState = Field(default=DifferenceState.OPEN, sa_type=stored_by_value(DifferenceState))
    reason_sealed: bytes | None = None
    decided_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    decided_at: datetime | None = None
    version: int = 1
