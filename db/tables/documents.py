"""Documents a school keeps (plans, rules, records), and the sealed files of any area."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.base import LARGE_COLUMN, new_uid, stored_by_value

MAX_FILE_BYTES = 20 * 1024 * 1024


class FileKind(StrEnum):
    """What a file is, told by its content; the value is the end of the name it leaves with."""

    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    DOC = "doc"
    XLS = "xls"
    PPT = "ppt"
    JPEG = "jpg"
    PNG = "png"


class Attachment(SQLModel, table=True):
    """One file, sealed; the name it came with is not kept, for it may say more than the record."""

    __tablename__ = "attachment"
    __table_args__ = (CheckConstraint(f"size_bytes BETWEEN 1 AND {MAX_FILE_BYTES}", name="size_bytes"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    kind: FileKind = Field(sa_type=stored_by_value(FileKind))
    size_bytes: int
    content_sealed: bytes = Field(sa_column_kwargs=LARGE_COLUMN)
    added_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    added_at: datetime


class Document(SQLModel, table=True):
    """One edition of a document; a newer edition points at the one it replaces, which stays."""

    __tablename__ = "document"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_start"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=40, index=True)  # a name of services/documents.toml
    title: str = Field(max_length=80)
    clause_ids: str = Field(max_length=200)  # the clauses it proves, joined by commas
    valid_from: date
    valid_to: date | None = None  # the last day it is valid; none: until replaced
    attachment_id: int = Field(foreign_key="attachment.id", ondelete="RESTRICT", unique=True)
    replaces_id: int | None = Field(default=None, foreign_key="document.id", ondelete="RESTRICT", unique=True)
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
    withdrawn_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    withdrawn_at: datetime | None = None
    version: int = 1


class DocumentReview(SQLModel, table=True):
    """A document was looked through on a day, and by whom (L-06)."""

    __tablename__ = "document_review"
    __table_args__ = (UniqueConstraint("document_id", "looked_on"),)

    id: int | None = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id", ondelete="RESTRICT")
    looked_on: date
    looked_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    recorded_at: datetime
