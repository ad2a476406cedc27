"""A subsidy that was written down or paid by mistake is taken back, with the day and the reason."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pairing_subsidy", sa.Column("taken_back_on", sa.Date(), nullable=True))
    op.add_column("pairing_subsidy", sa.Column("taken_back_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM pairing_subsidy WHERE taken_back_on IS NOT NULL")  # else it would be owed again
    with op.batch_alter_table("pairing_subsidy") as batch:
        batch.drop_column("taken_back_sealed")
        batch.drop_column("taken_back_on")
