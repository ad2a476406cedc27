"""What every page asks is answered from narrow indexes: rows carry sealed words, and each page of them is decrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

WAITING = (
    "owner_id", "state", "channel", "answered_at", "feedback_at", "feedback_read_at", "referred_by_id",
    "is_suspected_abuse", "police_told_at", "authority_told_at",
)  # fmt: skip
OPEN = sa.text("to_day IS NULL")


def upgrade() -> None:
    op.create_index("ix_referral_waiting", "referral", WAITING)
    op.drop_index("ix_referral_owner_state", table_name="referral")  # the new one begins with it
    op.create_index("ix_referral_suspected", "referral", ["is_suspected_abuse", "student_id"])
    op.create_index("ix_student_counted", "student", ["merged_into_id", "state", "card_parts_filled"])
    op.create_index("ix_student_listed", "student", ["merged_into_id", "state", "name_order"])
    op.drop_index(op.f("ix_student_merged_into_id"), table_name="student")
    for name, table, columns in (
        ("ix_student_category_open", "student_category", ["kind", "student_id"]),
        ("ix_class_membership_open_class", "class_membership", ["class_id", "student_id"]),
    ):
        op.create_index(name, table, columns, sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index("ix_class_membership_open_class", table_name="class_membership")
    op.drop_index("ix_student_category_open", table_name="student_category")
    op.create_index(op.f("ix_student_merged_into_id"), "student", ["merged_into_id"])
    op.drop_index("ix_student_listed", table_name="student")
    op.drop_index("ix_student_counted", table_name="student")
    op.drop_index("ix_referral_suspected", table_name="referral")
    op.create_index("ix_referral_owner_state", "referral", ["owner_id", "state"])
    op.drop_index("ix_referral_waiting", table_name="referral")
