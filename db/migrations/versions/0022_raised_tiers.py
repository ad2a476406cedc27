"""Find the few children above the ordinary tier by their tiers.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_tier_change_raised", "tier_change", ["tier_id", "student_id", "number", "from_day", "author_id"]
    )


def downgrade() -> None:
    op.drop_index("ix_tier_change_raised", table_name="tier_change")
