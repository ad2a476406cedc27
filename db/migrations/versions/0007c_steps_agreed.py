"""A step that reaches a family says who of the care room agreed to it beforehand, for every child alike (E-16)."""

import sqlalchemy as sa
from alembic import op

revision = "0007c"
down_revision = "0011b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("drop_out_step") as batch:
        batch.add_column(sa.Column("agreed_with_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_drop_out_step_agreed_with_id_app_user"), "app_user", ["agreed_with_id"], ["id"], ondelete="RESTRICT"
        )


def downgrade() -> None:
    with op.batch_alter_table("drop_out_step") as batch:
        batch.drop_constraint(op.f("fk_drop_out_step_agreed_with_id_app_user"), type_="foreignkey")
        batch.drop_column("agreed_with_id")
