"""Indexes from which home is answered in a large school: whom to talk with after a result, whom a check has not seen."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

RESULTS = ["needs_contact", "contact_id", "owner_id", "student_id", "recorded_at"]
CATEGORIES = ["kind", "student_id"]
OPEN = sa.text("to_day IS NULL")


def upgrade() -> None:
    _make_anew("ix_screening_result_open", "screening_result", [*RESULTS, "taken_on"])
    _make_anew("ix_student_category_open", "student_category", [*CATEGORIES, "recorded_at"], OPEN)


def downgrade() -> None:
    _make_anew("ix_screening_result_open", "screening_result", RESULTS)
    _make_anew("ix_student_category_open", "student_category", CATEGORIES, OPEN)


def _make_anew(name: str, table: str, columns: list[str], where: sa.TextClause | None = None) -> None:
    op.drop_index(name, table_name=table)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
