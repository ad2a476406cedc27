"""Where it is known about which children was written, only theirs are evaluated again: the same comes out."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.tables import METADATA, CareRecord, Pairing, PsychArchive, Student, StudentCategory
from db.transactions import reading, transaction
from db.written import CHILD_OF
from services import clock
from services.regulations import evaluation, kept_results
from services.regulations.kept_results import whole_school
from services.regulations.standings import ClauseResult
from tests.services.regulations.random_schools import RandomSchool

LATER = datetime(2028, 1, 1, tzinfo=UTC)


def as_compared(result: ClauseResult) -> tuple:
    """In one order; records on the same day prove a duty in any."""
    standings = [structs.replace(each, proof=tuple(sorted(each.proof))) for each in result.standings]
    return result.state, result.totals, sorted(map(repr, standings))


def kept(on: date) -> dict[str, tuple]:
    with reading() as session:
        return {clause_id: as_compared(each) for clause_id, each in whole_school(session, on=on).items()}


def fresh(on: date) -> dict[str, tuple]:
    kept_results.forget_all()
    return kept(on)


def write_about_a_child(random: Random) -> None:
    """One of the acts of a day, on rows as they are: another day, an end, one more; some are refused."""
    with contextlib.suppress(IntegrityError), transaction() as session:
        table = random.choice([CareRecord, Pairing, StudentCategory, Student, PsychArchive])
        rows = session.exec(select(table).order_by(col(table.id))).all()
        if not rows:
            return
        row = random.choice(rows)
        if table is CareRecord:
            change_record(session, row, random)
        elif table is PsychArchive:
            row.opened_on -= timedelta(days=random.randrange(1, 200))
        elif table is Student:
            row.birth_day = row.birth_day and row.birth_day + timedelta(days=1)
            row.note_sealed = b"noted"
        else:
            row.to_day = None if row.to_day and random.random() < 0.5 else row.from_day + timedelta(days=40)


def change_record(session: Session, row: CareRecord, random: Random) -> None:
    if random.random() < 0.5:
        row.day += timedelta(days=random.randrange(-40, 40))
        return
    session.add(
        CareRecord(
            student_id=row.student_id, kind=row.kind, day=row.day + timedelta(days=random.randrange(-20, 20)),
            author_id=row.author_id, minutes=row.minutes, recorded_at=row.recorded_at,
        )
    )  # fmt: skip


@pytest.mark.parametrize("number", range(3))
def test_what_one_child_changes_comes_out_as_if_all_were_evaluated(session, number):
    clock.set_fixed(LATER)
    school = RandomSchool(session, number)
    session.commit()
    days = school.days(4)

    @given(seed=st.integers(min_value=0, max_value=2**32))
    @settings(deadline=None, derandomize=True, max_examples=25, phases=[Phase.generate])
    def check(seed: int) -> None:
        random = Random(seed)
        on = random.choice(days)
        before = fresh(on)
        for _ in range(random.randrange(1, 4)):
            write_about_a_child(random)
        mended = kept(on)
        changed.append(before != mended)
        assert mended == fresh(on)

    changed: list[bool] = []
    check()
    assert any(changed)


def test_only_the_children_written_about_are_evaluated_again(session, monkeypatch):
    clock.set_fixed(LATER)
    school = RandomSchool(session, 1)
    session.commit()
    on = school.days(1)[0]
    fresh(on)
    asked = []
    evaluate = evaluation.evaluate

    def noted(*rest, **named):
        asked.append((named["clause_ids"], named.get("reach")))
        return evaluate(*rest, **named)

    monkeypatch.setattr(kept_results, "evaluate", noted)
    with transaction() as write:
        record = write.exec(select(CareRecord).order_by(col(CareRecord.id))).first()
        record.day -= timedelta(days=1)
    kept(on)

    ((_, reach),) = asked
    assert reach.children == [record.student_id]


def test_a_note_or_another_birthday_changes_no_figure(session, monkeypatch):
    clock.set_fixed(LATER)
    school = RandomSchool(session, 1)
    session.commit()
    on = school.days(1)[0]
    before = fresh(on)
    monkeypatch.setattr(kept_results, "evaluate", pytest.fail)
    with transaction() as write:
        child = write.exec(select(Student).order_by(col(Student.id))).first()
        child.note_sealed, child.birth_day = b"noted", child.birth_day + timedelta(days=1)

    assert kept(on) == before


def test_what_is_written_to_a_whole_table_is_noted_of_no_child(session):
    clock.set_fixed(LATER)
    school = RandomSchool(session, 2)
    session.commit()
    on = school.days(1)[0]
    before = fresh(on)
    with transaction() as write:
        write.connection().execute(update(CareRecord).values(withdrawn_at=LATER))

    after = kept(on)

    assert after == fresh(on)
    assert after != before


@pytest.mark.parametrize(("name", "column"), CHILD_OF.items())
def test_every_table_named_has_a_row_a_child(name, column):
    table = METADATA.tables[name]

    assert column == "id" or {each.column.table.name for each in table.c[column].foreign_keys} == {"student"}
