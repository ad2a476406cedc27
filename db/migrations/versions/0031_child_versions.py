"""About which children the last writes to each table were: the others' duties need not be computed again."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "child_version",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", "child_id", name=op.f("pk_child_version")),
    )


def downgrade() -> None:
    op.drop_table("child_version")
