"""The system's own tables: audit events, drafts, facts about the installation."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.base import new_uid


class AuditEvent(SQLModel, table=True):
    """Who did what to which record, never the words themselves; append-only, chained by keyed digests."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_whose", "actor_id", "action", "at"),)

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(index=True)
    actor_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    actor_label: str | None = Field(default=None, max_length=80)  # the command line's operating-system user
    action: str = Field(max_length=60, index=True)
    target_table: str | None = Field(default=None, max_length=60)
    target_id: int | None = None
    # No foreign key: an import taken back removes children whose openings the chain keeps; no id is given twice.
    student_id: int | None = Field(default=None, index=True)
    details: str = "{}"  # JSON text, kept as written so that its digest can be computed again
    link: str = Field(max_length=64)


class Draft(SQLModel, table=True):
    """What one person has typed into one form about one subject and not yet saved."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("user_id", "form", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    form: str = Field(max_length=60)
    subject: str = Field(max_length=60)  # "student:5", or "new"
    content_sealed: bytes
    saved_at: datetime


class SystemFact(SQLModel, table=True):
    """A fact about this installation: which key it belongs to, whether it was claimed."""

    __tablename__ = "system_fact"

    name: str = Field(primary_key=True, max_length=60)
    value: str


class TableVersion(SQLModel, table=True):
    """How often a table was written to: what was computed from it still stands while its number is the same."""

    __tablename__ = "table_version"

    name: str = Field(primary_key=True, max_length=60)
    version: int = 0


class ChildVersion(SQLModel, table=True):
    """About which child a write to a table was; of the last hundred writes to each, and only where it is known."""

    __tablename__ = "child_version"

    name: str = Field(primary_key=True, max_length=60)
    version: int = Field(primary_key=True)
    child_id: int = Field(primary_key=True)
