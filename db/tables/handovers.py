"""Archives handed over to another school: one package of files, the children in it, and the receipt (F-12, C-10)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class HandoverReason(Labelled):
    """Why archives leave."""

    GRADUATION = "graduation", "毕业"
    TRANSFER = "transfer", "转学"


class HandoverWay(Labelled):
    """How a package reached who receives it."""

    BY_HAND = "by_hand", "当面交（U 盘、光盘）"
    MAIL = "mail", "机要、挂号邮寄"
    NETWORK = "network", "教育专网、内部系统"


class HandoverPackage(SQLModel, table=True):
    """One package that was made whole; the file itself lies in the data folder under its `uid`, for a while.

    Nobody here can open it: the password was shown once and is kept nowhere.
    """

    __tablename__ = "handover_package"
    __table_args__ = (
        CheckConstraint("(handed_on IS NULL) = (way IS NULL)", name="handed_by_a_way"),
        CheckConstraint("received_on IS NULL OR received_on >= handed_on", name="received_after_handed"),
        CheckConstraint("received_on IS NULL OR handed_on IS NOT NULL", name="handed_first"),
        CheckConstraint("withdrawn_at IS NULL OR received_on IS NULL", name="received_stays"),
        CheckConstraint("children > 0", name="somebody"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    reason: HandoverReason = Field(sa_type=stored_by_value(HandoverReason))
    to_sealed: bytes | None = None  # which school
    children: int
    files: int
    size_bytes: int
    sha256: str = Field(max_length=64)  # of the whole file
    made_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    made_at: datetime
    handed_on: date | None = None
    way: HandoverWay | None = Field(default=None, sa_type=stored_by_value(HandoverWay), nullable=True)
    receiver_sealed: bytes | None = None  # who took it, and the telephone
    received_on: date | None = None
    receipt_sealed: bytes | None = None  # who signed, what was remarked
    # The signed list as a picture; None where there is none, and once a child on it was removed (retention).
    attachment_id: int | None = Field(default=None, foreign_key="attachment.id", ondelete="RESTRICT", unique=True)
    withdrawn_at: datetime | None = None  # made for the wrong school, password lost: it counts for nobody
    withdrawn_sealed: bytes | None = None
    version: int = 1


class HandoverChild(SQLModel, table=True):
    """One child in a package."""

    __tablename__ = "handover_child"
    __table_args__ = (
        UniqueConstraint("package_id", "student_id"),
        Index("ix_handover_child_student", "student_id", "package_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    package_id: int = Field(foreign_key="handover_package.id", ondelete="RESTRICT")
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT")
    place: int  # its number inside the package
    items: int  # how many things its archive held
    with_notes: bool = False  # counselling in words, as the family agreed
