"""Findings of a class check name their category row: a child may be in difficulty in several ways."""

import sqlalchemy as sa
from alembic import op

revision = "0006d"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = (
    "left_behind", "in_difficulty", "special_family", "special_physique", "special_psychology", "special_conduct",
)  # fmt: skip
KEPT = "uid, return_id, student_id, kind, result, level, note_sealed"
CATEGORY = (
    "(SELECT max(c.id) FROM student_category c WHERE c.student_id = b.student_id AND c.kind = b.kind)"  # noqa: S608
)


def upgrade() -> None:
    _rewrite(
        f"INSERT INTO check_finding ({KEPT}, category_id) "  # noqa: S608
        f"SELECT {KEPT}, {CATEGORY} FROM check_finding_before b WHERE {CATEGORY} IS NOT NULL",
        _category(),
        sa.UniqueConstraint("return_id", "category_id", name=op.f("uq_check_finding_return_id_category_id")),
    )
    op.create_index(op.f("ix_check_finding_category_id"), "check_finding", ["category_id"], unique=False)


def downgrade() -> None:
    first = "b.id = (SELECT min(o.id) FROM check_finding_before o WHERE o.return_id = b.return_id"
    _rewrite(
        f"INSERT INTO check_finding ({KEPT}) SELECT {KEPT} FROM check_finding_before b "  # noqa: S608
        f"WHERE {first} AND o.student_id = b.student_id AND o.kind = b.kind)",
        sa.UniqueConstraint(
            "return_id", "student_id", "kind", name=op.f("uq_check_finding_return_id_student_id_kind")
        ),
    )


def _rewrite(copy: str, *parts: sa.schema.SchemaItem) -> None:
    """Make the table anew: a batch on the embedded database would lose its checks."""
    op.execute("CREATE TABLE check_finding_before AS SELECT * FROM check_finding")
    op.drop_table("check_finding")
    op.create_table(
        "check_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("kind", _enum("categorykind", *KINDS), nullable=False),
        sa.Column("result", _enum("checkresult", "unchanged", "changed", "ended", "found"), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("level IS NULL OR level BETWEEN 1 AND 3", name=op.f("ck_check_finding_level")),
        sa.ForeignKeyConstraint(
            ["return_id"],
            ["check_return.id"],
            name=op.f("fk_check_finding_return_id_check_return"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_check_finding_student_id_student"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_finding")),
        sa.UniqueConstraint("uid", name=op.f("uq_check_finding_uid")),
        *parts,
    )
    op.execute(copy)
    op.drop_table("check_finding_before")
    op.create_index(op.f("ix_check_finding_student_id"), "check_finding", ["student_id"], unique=False)


def _category() -> sa.Column[int]:
    return sa.Column(
        "category_id",
        sa.Integer(),
        sa.ForeignKey(
            "student_category.id",
            name=op.f("fk_check_finding_category_id_student_category"),
            ondelete="RESTRICT",
        ),
        nullable=False,
    )


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
