"""Whether somebody's opening is noted already is asked on every visit to a record: found without going through all."""

from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_event_whose", "audit_event", ["actor_id", "action", "at"], unique=False)
    op.drop_index(op.f("ix_audit_event_actor_id"), table_name="audit_event")  # the new one begins with it


def downgrade() -> None:
    op.create_index(op.f("ix_audit_event_actor_id"), "audit_event", ["actor_id"], unique=False)
    op.drop_index("ix_audit_event_whose", table_name="audit_event")
