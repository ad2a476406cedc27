"""A list of referrals is ordered and counted from a narrow index: the rows carry sealed words."""

from alembic import op

revision = "0013"
down_revision = "0007c"
branch_labels = None
depends_on = None

LISTED = (
    "state", "urgency", "received_at", "is_suspected_abuse", "owner_id", "registered_by_id", "referred_by_id",
    "student_id",
)  # fmt: skip


def upgrade() -> None:
    op.create_index("ix_referral_listed", "referral", LISTED)


def downgrade() -> None:
    op.drop_index("ix_referral_listed", table_name="referral")
