"""A check of the 四特 children every quarter: rounds of a quarter, who saw a child on which day."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017b"
branch_labels = None
depends_on = None

KINDS = (
    "left_behind", "in_difficulty", "special_family", "special_physique", "special_psychology", "special_conduct",
)  # fmt: skip
RESULTS = ("unchanged", "changed", "ended", "found")
KEPT = "uid, return_id, student_id, category_id, kind, result, level, note_sealed"


def upgrade() -> None:
    _set_round_kinds("class_check", "special_check")
    with op.batch_alter_table("check_round") as batch:
        batch.create_check_constraint(
            op.f("ck_check_round_quarter"), "(kind = 'special_check') = (quarter_from IS NOT NULL)"
        )
    of_term = sa.text("kind = 'class_check'")
    op.create_index(
        "uq_check_round_term", "check_round", ["term_id"], unique=True, sqlite_where=of_term, postgresql_where=of_term
    )
    op.create_index("uq_check_round_quarter", "check_round", ["quarter_from"], unique=True)
    _rewrite_findings(
        (*RESULTS, "not_seen"),
        sa.Column("seen_on", sa.Date(), nullable=True),
        sa.Column(
            "seen_by_id",
            sa.Integer(),
            sa.ForeignKey("app_user.id", name=op.f("fk_check_finding_seen_by_id_app_user"), ondelete="RESTRICT"),
            nullable=True,
        ),
        sa.CheckConstraint("(seen_on IS NULL) = (seen_by_id IS NULL)", name=op.f("ck_check_finding_seen")),
    )


def downgrade() -> None:
    of_quarter = "SELECT id FROM check_round WHERE kind = 'special_check'"
    returns = f"SELECT id FROM check_return WHERE round_id IN ({of_quarter})"  # noqa: S608  fixed text
    op.execute(f"DELETE FROM check_finding WHERE return_id IN ({returns})")  # noqa: S608
    op.execute(f"DELETE FROM check_return WHERE round_id IN ({of_quarter})")  # noqa: S608
    op.execute("DELETE FROM check_round WHERE kind = 'special_check'")
    _rewrite_findings(RESULTS)
    op.drop_index("uq_check_round_quarter", table_name="check_round")
    op.drop_index("uq_check_round_term", table_name="check_round")
    with op.batch_alter_table("check_round") as batch:
        batch.drop_constraint(op.f("ck_check_round_quarter"), type_="check")
    _set_round_kinds("class_check")


def _set_round_kinds(*values: str) -> None:
    # On a server the column keeps its old check unless it is dropped first; a rewritten table has none but the new.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_check_round_checkkind"), "check_round", type_="check")
    with op.batch_alter_table("check_round") as batch:
        if len(values) > 1:
            batch.add_column(sa.Column("quarter_from", sa.Date(), nullable=True))
            batch.drop_constraint(op.f("uq_check_round_term_id_kind"), type_="unique")
        else:
            batch.drop_column("quarter_from")
            batch.create_unique_constraint(op.f("uq_check_round_term_id_kind"), ["term_id", "kind"])
        batch.alter_column("kind", type_=_enum("checkkind", *values), existing_nullable=False)


def _rewrite_findings(results: tuple[str, ...], *parts: sa.schema.SchemaItem) -> None:
    """Make the table anew: a batch on the embedded database would lose its checks."""
    op.execute("CREATE TABLE check_finding_before AS SELECT * FROM check_finding")
    op.drop_table("check_finding")
    op.create_table(
        "check_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        _points_at("return_id", "check_return"),
        _points_at("student_id", "student"),
        _points_at("category_id", "student_category"),
        sa.Column("kind", _enum("categorykind", *KINDS), nullable=False),
        sa.Column("result", _enum("checkresult", *results), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("level IS NULL OR level BETWEEN 1 AND 3", name=op.f("ck_check_finding_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_finding")),
        sa.UniqueConstraint("uid", name=op.f("uq_check_finding_uid")),
        sa.UniqueConstraint("return_id", "category_id", name=op.f("uq_check_finding_return_id_category_id")),
        *parts,
    )
    op.execute(
        f"INSERT INTO check_finding ({KEPT}) SELECT {KEPT} FROM check_finding_before ORDER BY id"  # noqa: S608
    )
    op.drop_table("check_finding_before")
    for column in ("student_id", "category_id"):
        op.create_index(op.f(f"ix_check_finding_{column}"), "check_finding", [column], unique=False)


def _points_at(column: str, table: str) -> sa.Column[int]:
    name = op.f(f"fk_check_finding_{column}_{table}")
    return sa.Column(column, sa.Integer(), sa.ForeignKey(f"{table}.id", name=name, ondelete="RESTRICT"), nullable=False)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
