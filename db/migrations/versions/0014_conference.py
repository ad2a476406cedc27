"""A conference with place, findings, who came and what was decided; its record keeps how it stood before."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0015"
branch_labels = None
depends_on = None

STATES = ("open", "done", "dropped")


def upgrade() -> None:
    for name in ("place_sealed", "findings_sealed", "conclusion_sealed"):
        op.add_column("case_conference", sa.Column(name, sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("case_conference") as batch:
        batch.add_column(sa.Column("recorded_by_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_case_conference_recorded_by_id_app_user"), "app_user", ["recorded_by_id"], ["id"],
            ondelete="RESTRICT",
        )  # fmt: skip
    op.add_column("case_conference", sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "conference_participant", sa.Column("is_invited", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column("conference_participant", sa.Column("is_present", sa.Boolean(), nullable=True))
    op.create_table(
        "conference_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        _points_at("conference_version", "conference_id", "case_conference"),
        _points_at("conference_version", "ended_by_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conference_version")),
        sa.UniqueConstraint("conference_id", "number", name=op.f("uq_conference_version_conference_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_conference_version_uid")),
    )
    op.create_index(op.f("ix_conference_version_conference_id"), "conference_version", ["conference_id"])
    _add_decisions()


def _add_decisions() -> None:
    op.create_table(
        "case_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="decisionstate", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (ended_on IS NULL)", name=op.f("ck_case_decision_ended_on_a_day")),
        sa.CheckConstraint("(state = 'open') = (ended_by_id IS NULL)", name=op.f("ck_case_decision_ended_by_somebody")),
        _points_at("case_decision", "conference_id", "case_conference"),
        *(_points_at("case_decision", column, "app_user") for column in ("owner_id", "decided_by_id", "ended_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_decision")),
        sa.UniqueConstraint("uid", name=op.f("uq_case_decision_uid")),
    )
    op.create_index(op.f("ix_case_decision_conference_id"), "case_decision", ["conference_id"])
    op.create_index("ix_case_decision_owed", "case_decision", ["owner_id", "state", "due_on", "conference_id"])


def _points_at(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="RESTRICT")


def downgrade() -> None:
    op.drop_table("case_decision")
    op.drop_table("conference_version")
    with op.batch_alter_table("conference_participant") as batch:
        batch.drop_column("is_present")
        batch.drop_column("is_invited")
    with op.batch_alter_table("case_conference") as batch:
        batch.drop_constraint(op.f("fk_case_conference_recorded_by_id_app_user"), type_="foreignkey")
        for name in ("recorded_at", "recorded_by_id", "conclusion_sealed", "findings_sealed", "place_sealed"):
            batch.drop_column(name)
