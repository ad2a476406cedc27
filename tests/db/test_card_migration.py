"""What a school of the first release had, in the tables of this one."""

from datetime import UTC, datetime

from alembic import command
from sqlalchemy import select, text

from db import engine, upgrade
from db.location import Location
from db.tables import CareOption, Guardian, Student, StudentCategory

PLAIN = "INSERT INTO student (uid, name, name_initials, name_pinyin, gender, birth_day, state, recorded_at, version"
NOW = datetime(2026, 11, 22, tzinfo=UTC).isoformat()


def test_cards_are_counted_and_words_put_where_they_belong(tmp_path):
    runtime = upgrade.prepare(Location(tmp_path / "data", tmp_path / "care.key"))
    config = upgrade._config()
    with runtime.engine.connect().execution_options(**engine.WRITE) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        for uid, address in (("a", "x'01'"), ("b", "NULL")):
            connection.execute(
                text(
                    f"{PLAIN}, address_sealed) VALUES ('{uid}', '江小满', 'jxm', 'jxm', 'female', '2013-05-21', "
                    f"'enrolled', '{NOW}', 1, {address})"
                )
            )
        for kind, name, is_primary in (("mother", "林初雪", 1), ("other", None, 0), ("entrusted", "顾兰亭", 0)):
            connection.execute(
                text(
                    "INSERT INTO guardian (uid, student_id, kind, name, relation, is_primary, phone_sealed, version) "
                    "VALUES (:kind, 1, :kind, :name, :relation, :main, x'02', 1)"
                ),
                {"kind": kind, "name": name, "relation": "外婆" if kind == "entrusted" else None, "main": is_primary},
            )
        for place, (kind, subkind) in enumerate(
            [("left_behind", "母亲外出，父亲难以监护"), ("in_difficulty", "低保"), ("special_family", "单亲")]
        ):
            connection.execute(
                text(
                    "INSERT INTO student_category (uid, student_id, kind, subkind, from_day, recorded_at, version) "
                    f"VALUES ('{place}', 1, :kind, :subkind, '2026-09-01', '{NOW}', 1)"
                ),
                {"kind": kind, "subkind": subkind},
            )
        connection.execute(
            text(
                "INSERT INTO student_category (uid, student_id, kind, subkind, from_day, recorded_at, version) "
                f"VALUES ('other', 2, 'in_difficulty', '父母大病', '2026-09-01', '{NOW}', 1)"
            )
        )

        command.upgrade(config, "head")

        cards = connection.execute(select(Student.card_parts_filled, Student.card_missing).order_by(Student.id)).all()
        assert cards[0].card_parts_filled == 6
        assert "guardian_age" in cards[0].card_missing.split(",")
        assert "guardian_phone" not in cards[0].card_missing.split(",")
        assert cards[1].card_parts_filled == 0
        assert connection.execute(select(Guardian.whereabouts)).scalars().all() == [None] * 3
        kinds = connection.execute(
            select(StudentCategory.kind, StudentCategory.left_behind_kind, StudentCategory.subkind, CareOption.label)
            .join(CareOption, isouter=True)
            .order_by(StudentCategory.id)
        ).all()
        assert [tuple(row) for row in kinds] == [
            ("left_behind", "one_away_other_unable", None, None),
            ("in_difficulty", None, None, "低保"),
            ("special_family", None, "单亲", None),
            ("in_difficulty", None, None, "父母大病"),
        ]
        offered = dict(connection.execute(select(CareOption.label, CareOption.is_offered)).all())
        assert offered["父母大病"] is False
        assert offered["低保"] is True
        kind_check = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'import_batch'")).scalar()
        assert "left_behind" in str(kind_check)
    runtime.engine.dispose()


def test_the_migration_counts_as_the_service_does(tmp_path):
    """The rule is written twice: migrations don't import services, which go on changing."""
    from types import SimpleNamespace

    from db.tables import GuardianKind
    from services.card_parts import missing_of

    migration = _migration()
    blank = dict.fromkeys(("birth_year", "occupation_sealed", "health_sealed", "whereabouts", "relation"))
    for kinds in (["father"], ["mother", "other"], ["other", "statutory", "entrusted"], ["father", "mother"], []):
        for primary in range(-1, len(kinds)):
            people = [
                SimpleNamespace(
                    id=place, kind=GuardianKind(kind), name="试" if place else None, is_primary=place == primary,
                    phone_sealed=b"1", workplace_sealed=None, address_sealed=b"1" if place % 2 else None, **blank,
                )
                for place, kind in enumerate(kinds)
            ]  # fmt: skip
            missing = {part.value for part in missing_of(has_address=True, people=people)}
            assert migration._filled(b"1", people) == set(migration.PARTS) - missing


def _migration():
    from importlib import import_module

    return import_module("db.migrations.versions.0005_contact_cards")
