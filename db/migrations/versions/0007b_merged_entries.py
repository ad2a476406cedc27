"""Two entries of one child become one: the merged entry leads to the kept one."""

import sqlalchemy as sa
from alembic import op

revision = "0007b"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("student", sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True))
    # Column and checks in one statement: both engines can, without rebuilding the table.
    op.execute(
        "ALTER TABLE student ADD COLUMN merged_into_id INTEGER "
        "CONSTRAINT ck_student_not_into_itself CHECK (merged_into_id <> id) "
        "CONSTRAINT ck_student_merged_since CHECK ((merged_into_id IS NULL) = (merged_at IS NULL))"
    )
    op.create_index(op.f("ix_student_merged_into_id"), "student", ["merged_into_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_student_merged_into_id"), table_name="student")
    with op.batch_alter_table("student") as batch:
        for name in ("not_into_itself", "merged_since"):
            batch.drop_constraint(op.f(f"ck_student_{name}"), type_="check")
        for column in ("merged_into_id", "merged_at"):
            batch.drop_column(column)
