"""What an import wrote, so that it can be taken back as a whole."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from db.base import new_uid, row_of, stored_by_value


class ImportKind(StrEnum):
    """What kind of list was imported."""

    STUDENTS = "students"
    LEFT_BEHIND = "left_behind"
    SCREENING = "screening"
    SPECIAL = "special"  # 四特学生台账
    TALKS = "talks"
    VISITS = "visits"
    PAIRINGS = "pairings"  # 结对帮扶登记表


class ImportBatch(SQLModel, table=True):
    """One confirmed import of one file."""

    __tablename__ = "import_batch"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    kind: ImportKind = Field(sa_type=stored_by_value(ImportKind))
    file_name_sealed: bytes | None = None
    file_digest: str = Field(max_length=64)
    imported_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    imported_at: datetime
    created_count: int = 0
    changed_count: int = 0
    unchanged_count: int = 0
    rejected_count: int = 0
    undone_at: datetime | None = None
    undone_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")


class ImportAction(StrEnum):
    """What an import did to one row of one table."""

    CREATED = "created"
    CHANGED = "changed"


class ImportedRow(SQLModel, table=True):
    """One row an import wrote: for a changed one also how it looked before, sealed."""

    __tablename__ = "imported_row"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    batch_id: int = Field(foreign_key="import_batch.id", ondelete="RESTRICT", index=True)
    table_name: str = Field(max_length=40)
    row_id: int
    action: ImportAction = Field(sa_type=stored_by_value(ImportAction))
    version_after: int | None = None  # somebody edited the row since, if its version is higher
    before_sealed: bytes | None = Field(default=None, sa_column_kwargs=row_of("table_name", "row_id"))
