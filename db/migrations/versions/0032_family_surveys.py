"""What was found out about a child's family for its plan (E-04)."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_CURRENT = sa.text("replaced_at IS NULL")


def upgrade() -> None:
    economy = sa.Enum(
        "good", "fair", "poor", "very_poor", name="familyeconomy", native_enum=False, create_constraint=True, length=40
    )
    op.create_table(
        "family_survey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("economy", economy, nullable=False),
        sa.Column("means_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("needs_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["app_user.id"], name=op.f("fk_family_survey_recorded_by_id_app_user"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_family_survey_student_id_student"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_survey")),
        sa.UniqueConstraint("uid", name=op.f("uq_family_survey_uid")),
    )  # fmt: skip
    op.create_index(op.f("ix_family_survey_student_id"), "family_survey", ["student_id"])
    op.create_index(
        "uq_family_survey_current", "family_survey", ["student_id"], unique=True, sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("uq_family_survey_current", table_name="family_survey")
    op.drop_index(op.f("ix_family_survey_student_id"), table_name="family_survey")
    op.drop_table("family_survey")
