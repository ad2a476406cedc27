"""What the school kept before the program, taken from its spreadsheets and marked 补录."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None

MARKED = ("care_record", "student_category")
BEFORE = ("students", "left_behind", "screening")
OF_A_CHILD = ("student_id", "day", "kind", "is_done", "withdrawn_at", "author_id")
NEW = ("special", "talks", "visits")
IMPORTED = sa.text("import_id IS NOT NULL")


def upgrade() -> None:
    for table in MARKED:
        # Rebuilt on SQLite: of a reference written into the column it can't be told what a deletion does.
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
            batch.create_foreign_key(
                op.f(f"fk_{table}_import_id_import_batch"), "import_batch", ["import_id"], ["id"], ondelete="RESTRICT"
            )
        # Not of all: nearly every record was not imported, and whoever asks for those must not come this way.
        op.create_index(
            op.f(f"ix_{table}_import_id"), table, ["import_id"], sqlite_where=IMPORTED, postgresql_where=IMPORTED
        )
    op.add_column("care_record", sa.Column("author_name", sa.String(length=40), nullable=True))
    _set_index(*OF_A_CHILD, "import_id")
    _set_import_kinds(*BEFORE, *NEW)


def downgrade() -> None:
    _set_index(*OF_A_CHILD)
    for table in MARKED:
        op.drop_index(op.f(f"ix_{table}_import_id"), table_name=table)
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_import_id_import_batch"), type_="foreignkey")
            batch.drop_column("import_id")
    with op.batch_alter_table("care_record") as batch:
        batch.drop_column("author_name")
    wanted = "(SELECT id FROM import_batch WHERE kind IN ('special', 'talks', 'visits'))"
    op.execute(f"DELETE FROM imported_row WHERE batch_id IN {wanted}")
    op.execute("DELETE FROM import_batch WHERE kind IN ('special', 'talks', 'visits')")
    _set_import_kinds(*BEFORE)


def _set_index(*columns: str) -> None:
    """A child's list, and whether something was done in a stretch of days, are read from this index alone."""
    op.drop_index("ix_care_record_child", table_name="care_record")
    op.create_index("ix_care_record_child", "care_record", columns)


def _set_import_kinds(*values: str) -> None:
    # On a server the column keeps its old check unless it is dropped first; a rewritten table has none but the new.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_import_batch_importkind"), "import_batch", type_="check")
    kinds = sa.Enum(*values, name="importkind", native_enum=False, create_constraint=True, length=40)
    with op.batch_alter_table("import_batch") as batch:
        batch.alter_column("kind", type_=kinds, existing_nullable=False)
