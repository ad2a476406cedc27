"""What the school calls the kinds of 四特, and which of them it uses."""

import sqlalchemy as sa
from alembic import op

revision = "0011b"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = (
    ("special_family", "特殊家庭"),
    ("special_physique", "特殊体质"),
    ("special_psychology", "特殊心理"),
    ("special_conduct", "特殊言行"),
)


def upgrade() -> None:
    table = op.create_table(
        "special_kind",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "left_behind",
                "in_difficulty",
                "special_family",
                "special_physique",
                "special_psychology",
                "special_conduct",
                name="categorykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_kind")),
        sa.UniqueConstraint("kind", name=op.f("uq_special_kind_kind")),
        sa.UniqueConstraint("label", name=op.f("uq_special_kind_label")),
    )
    op.bulk_insert(table, [{"kind": k, "label": label, "is_offered": True, "version": 1} for k, label in KINDS])


def downgrade() -> None:
    op.drop_table("special_kind")
