"""Pairing ledgers are imported, and staff may help without an account: teachers of earlier years, or not yet entered."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BEFORE = ("students", "left_behind", "screening", "special", "talks", "visits")


def upgrade() -> None:
    _set_import_kinds(*BEFORE, "pairings")
    _set_rule("staff_has_account", "account_is_staff", "user_id IS NULL OR kind = 'staff'")


def downgrade() -> None:
    # Who helps by name alone was none of the kinds then: kept as a volunteer, never lost.
    op.execute("UPDATE helper SET kind = 'volunteer' WHERE kind = 'staff' AND user_id IS NULL")
    _set_rule("account_is_staff", "staff_has_account", "(kind = 'staff') = (user_id IS NOT NULL)")
    wanted = "(SELECT id FROM import_batch WHERE kind = 'pairings')"
    for table in ("pairing", "helper"):  # what was imported stays, as if somebody had written it down
        op.execute(f"UPDATE {table} SET import_id = NULL WHERE import_id IN {wanted}")
    op.execute(f"DELETE FROM imported_row WHERE batch_id IN {wanted}")
    op.execute("DELETE FROM import_batch WHERE kind = 'pairings'")
    _set_import_kinds(*BEFORE)


def _set_rule(old: str, new: str, rule: str) -> None:
    with op.batch_alter_table("helper") as batch:
        batch.drop_constraint(op.f(f"ck_helper_{old}"), type_="check")
        batch.create_check_constraint(op.f(f"ck_helper_{new}"), rule)


def _set_import_kinds(*values: str) -> None:
    # On a server the column keeps its old check unless it is dropped first; a rewritten table has none but the new.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_import_batch_importkind"), "import_batch", type_="check")
    kinds = sa.Enum(*values, name="importkind", native_enum=False, create_constraint=True, length=40)
    with op.batch_alter_table("import_batch") as batch:
        batch.alter_column("kind", type_=kinds, existing_nullable=False)
