"""Contact cards with versions, kinds of left-behind children, editable lists of difficulties and levels."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None

PARTS = (
    "father_name,father_workplace,father_phone,mother_name,mother_workplace,mother_phone,home_address,guardian_name,"
    "guardian_relation,guardian_age,guardian_occupation,guardian_health,guardian_address,guardian_phone"
).split(",")
DIFFICULTIES = ("低保", "低保边缘", "特困", "孤儿", "事实无人抚养", "残疾", "脱贫户")
LEVELS = ("重点关注", "年级关注", "日常关注")
KINDS = {
    "both_away": ("父母都外出",),
    "one_away_other_unable": ("父亲外出，母亲难以监护", "母亲外出，父亲难以监护"),
    "one_away": ("一方外出",),
    "none_away": (),
}
WHEREABOUTS = ("at_home", "away", "deceased", "missing", "elsewhere")
GUARDIANSHIP = ("good", "fair", "poor")
FOUND_BY = ("check_round", "screening", "home_visit", "talk", "teacher", "parent", "authority", "list")
OPEN = "to_day IS NULL"
UNNAMED = "to_day IS NULL AND kind = 'in_difficulty' AND difficulty_id IS NULL"


def _add_choice(table: str, column: str, name: str, values: tuple[str, ...]) -> None:
    """Add a column with its check in one statement: both engines can, without rebuilding the table."""
    allowed = ", ".join(f"'{value}'" for value in values)
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(40) "
        f"CONSTRAINT ck_{table}_{name} CHECK ({column} IN ({allowed}))"
    )


def upgrade() -> None:
    _upgrade_students()
    _upgrade_categories()
    _set_import_kinds("students", "left_behind")
    _map_words()
    _count_cards()


def _set_import_kinds(*values: str) -> None:
    # On a server the column keeps its old check unless it is dropped first; a rewritten table has none but the new.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_import_batch_importkind"), "import_batch", type_="check")
    kinds = sa.Enum(*values, name="importkind", native_enum=False, create_constraint=True, length=40)
    with op.batch_alter_table("import_batch") as batch:
        batch.alter_column("kind", type_=kinds, existing_nullable=False)


def _upgrade_students() -> None:
    op.add_column("student", sa.Column("is_rural", sa.Boolean(), nullable=True))
    op.add_column("student", sa.Column("card_parts_filled", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "student", sa.Column("card_missing", sa.String(length=400), server_default=",".join(PARTS), nullable=False)
    )
    op.add_column("student", sa.Column("card_version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("guardian", sa.Column("birth_year", sa.Integer(), nullable=True))
    op.add_column("guardian", sa.Column("occupation_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("guardian", sa.Column("health_sealed", sa.LargeBinary(), nullable=True))
    _add_choice("guardian", "whereabouts", "whereabouts", WHEREABOUTS)
    op.create_table(
        "contact_card_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("parts_filled", sa.Integer(), nullable=False),
        sa.Column("changed", sa.String(length=400), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ended_by_id"],
            ["app_user.id"],
            name=op.f("fk_contact_card_version_ended_by_id_app_user"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_contact_card_version_student_id_student"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_card_version")),
        sa.UniqueConstraint("student_id", "number", name=op.f("uq_contact_card_version_student_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_contact_card_version_uid")),
    )
    op.create_index(op.f("ix_contact_card_version_student_id"), "contact_card_version", ["student_id"])


def _upgrade_categories() -> None:
    options = op.create_table(
        "care_option",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "list_name",
            sa.Enum("difficulty", "level", name="optionlist", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("list_name <> 'level' OR level BETWEEN 1 AND 3", name=op.f("ck_care_option_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_option")),
        sa.UniqueConstraint("level", name=op.f("uq_care_option_level")),
        sa.UniqueConstraint("list_name", "label", name=op.f("uq_care_option_list_name_label")),
    )
    common = {"is_offered": True, "version": 1}
    op.bulk_insert(
        options,
        [
            *(
                {"list_name": "difficulty", "label": label, "level": None, "position": place, **common}
                for place, label in enumerate(DIFFICULTIES, 1)
            ),
            *(
                {"list_name": "level", "label": label, "level": place, "position": place, **common}
                for place, label in enumerate(LEVELS, 1)
            ),
        ],
    )
    # Rebuilt on SQLite: of a reference written into the column it can't be told what a deletion does.
    with op.batch_alter_table("student_category") as batch:
        batch.add_column(sa.Column("difficulty_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_student_category_difficulty_id_care_option"),
            "care_option",
            ["difficulty_id"],
            ["id"],
            ondelete="RESTRICT",
        )
    _add_choice("student_category", "left_behind_kind", "leftbehindkind", tuple(KINDS))
    _add_choice("student_category", "guardianship", "guardianship", GUARDIANSHIP)
    _add_choice("student_category", "found_by", "foundby", FOUND_BY)
    op.add_column("student_category", sa.Column("document_sealed", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_student_category_difficulty_id"), "student_category", ["difficulty_id"])
    op.drop_index("uq_student_category_open", table_name="student_category")
    _unique("uq_student_category_open", ["student_id", "kind"], f"{OPEN} AND kind <> 'in_difficulty'")
    _unique("uq_student_category_difficulty", ["student_id", "difficulty_id"], OPEN)
    _unique("uq_student_category_difficulty_unnamed", ["student_id"], UNNAMED)


def _unique(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "student_category", columns, unique=True, sqlite_where=condition, postgresql_where=condition
    )


def _map_words() -> None:
    """Put what was written as free words where it belongs now; a word no list knows becomes an entry no longer offered."""
    connection = op.get_bind()
    for kind, words in KINDS.items():
        for word in words:
            connection.execute(
                sa.text(
                    "UPDATE student_category SET left_behind_kind = :kind, subkind = NULL "
                    "WHERE kind = 'left_behind' AND subkind = :word"
                ),
                {"kind": kind, "word": word},
            )
    connection.execute(
        sa.text(
            "INSERT INTO care_option (list_name, label, level, position, is_offered, version) "
            "SELECT DISTINCT 'difficulty', subkind, CAST(NULL AS INTEGER), 100, :is_offered, 1 FROM student_category "
            "WHERE kind = 'in_difficulty' AND subkind IS NOT NULL AND subkind NOT IN "
            "(SELECT label FROM care_option WHERE list_name = 'difficulty')"
        ).bindparams(sa.bindparam("is_offered", False, type_=sa.Boolean())),
    )
    connection.execute(
        sa.text(
            "UPDATE student_category SET difficulty_id = (SELECT id FROM care_option WHERE list_name = 'difficulty' "
            "AND label = student_category.subkind), subkind = NULL WHERE kind = 'in_difficulty' AND subkind IS NOT NULL"
        )
    )


def _count_cards() -> None:
    """Count what the cards have so far, by the rule of this version; age, occupation and health were not kept yet."""
    connection = op.get_bind()
    student = sa.table("student", sa.column("id"), sa.column("address_sealed"), sa.column("card_parts_filled"),
                       sa.column("card_missing"))  # fmt: skip
    guardian = sa.table(
        "guardian",
        *(
            sa.column(name)
            for name in ("id student_id kind name relation is_primary phone_sealed workplace_sealed address_sealed "
                         "ended_at").split()
        ),
    )  # fmt: skip
    found: dict[int, list[sa.Row[Any]]] = {}
    for row in connection.execute(sa.select(guardian).where(guardian.c.ended_at.is_(None)).order_by(guardian.c.id)):
        found.setdefault(row.student_id, []).append(row)
    rows = connection.execute(sa.select(student.c.id, student.c.address_sealed)).all()
    for student_id, address in rows:
        filled = _filled(address, found.get(student_id, []))
        if filled:
            connection.execute(
                student.update().where(student.c.id == student_id).values(
                    card_parts_filled=len(filled), card_missing=",".join(part for part in PARTS if part not in filled)
                )
            )  # fmt: skip


def _filled(address: bytes | None, people: list[sa.Row[Any]]) -> set[str]:
    filled = {"home_address"} if address else set()
    for who in ("father", "mother"):
        parent = next((each for each in people if each.kind == who), None)
        if parent is not None:
            filled |= {f"{who}_{part}" for part, value in (
                ("name", parent.name), ("workplace", parent.workplace_sealed), ("phone", parent.phone_sealed)
            ) if value}  # fmt: skip
    ranked = sorted((rank, not each.is_primary, each.id, each) for each in people if (rank := _rank(each)) is not None)
    main = ranked[0][3] if ranked else None
    if main is not None:
        filled |= {f"guardian_{part}" for part, value in (
            ("name", main.name), ("relation", main.relation or main.kind in ("father", "mother")),
            ("address", main.address_sealed), ("phone", main.phone_sealed),
        ) if value}  # fmt: skip
    return filled


def _rank(person: sa.Row[Any]) -> int | None:
    if person.kind in ("father", "mother"):
        return 3 if person.is_primary else None
    return {"entrusted": 0, "statutory": 1, "other": 2 if person.is_primary else 4}[person.kind]


def downgrade() -> None:
    for name in ("uq_student_category_difficulty_unnamed", "uq_student_category_difficulty", "uq_student_category_open"):
        op.drop_index(name, table_name="student_category")
    op.drop_index(op.f("ix_student_category_difficulty_id"), table_name="student_category")
    with op.batch_alter_table("student_category") as batch:
        for name in ("foundby", "guardianship", "leftbehindkind"):
            batch.drop_constraint(op.f(f"ck_student_category_{name}"), type_="check")
        batch.drop_constraint(op.f("fk_student_category_difficulty_id_care_option"), type_="foreignkey")
        for column in ("document_sealed", "found_by", "guardianship", "left_behind_kind", "difficulty_id"):
            batch.drop_column(column)
    _unique("uq_student_category_open", ["student_id", "kind"], OPEN)
    op.drop_table("care_option")
    op.drop_table("contact_card_version")
    with op.batch_alter_table("guardian") as batch:
        batch.drop_constraint(op.f("ck_guardian_whereabouts"), type_="check")
        for column in ("whereabouts", "health_sealed", "occupation_sealed", "birth_year"):
            batch.drop_column(column)
    with op.batch_alter_table("student") as batch:
        for column in ("card_version", "card_missing", "card_parts_filled", "is_rural"):
            batch.drop_column(column)
    _set_import_kinds("students")
