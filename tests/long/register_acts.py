"""What is killed in the middle of the register: a retention run; drop-outs and merges. Each process tells its acts."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pypinyin  # noqa: F401 # half a second, which the program leaves to whoever first needs it: not what is killed
from sqlmodel import Session, col, select

from db import engine
from db.location import Location
from db.tables import (
    DropOut,
    DropOutOutcome,
    DropOutReason,
    DropOutStepKind,
    EnrolmentState,
    Gender,
    GuardianKind,
    RetentionRun,
    Student,
)
from db.transactions import reading, transaction
from services import clock, drop_outs, guardians, merges, retention, retention_work, students
from services.actors import Actor
from services.drop_outs import DropOutEntry, EndingEntry, StepEntry
from services.errors import DomainError
from services.guardians import GuardianEntry
from services.student_entries import StudentEntry
from tests.long.world import actor_called

BATCH = 12
LEFT_ON = date(2016, 7, 1)
NOTICED_ON = date(2016, 5, 9)
KINDS = (DropOutStepKind.TALK, DropOutStepKind.CALL, DropOutStepKind.TOLD_TOWNSHIP)
Act = Callable[[random.Random], None]


def place_in(folder: Path) -> Location:
    """Return where the school in a folder is."""
    return Location(folder / "data", folder / "key" / "care.key")


# --- retention ---


def remove_due(folder: Path, told: Connection, _seed: int) -> None:
    """Carry out the run that was agreed to, to its end."""
    engine.use(place_in(folder))
    with reading() as session:
        lead, run_id = actor_called(session, "staff0"), open_run(session)
    told.send("remove")
    if run_id is not None:
        retention_work.remove_all(lead, run_id=run_id)
    told.send("finished")


def open_run(session: Session) -> int | None:
    """Return the run that is not finished."""
    return session.exec(select(RetentionRun.id).where(RetentionRun.open_slot == 1)).first()


def agree_to_a_batch(number: int) -> int:
    """Let children of long ago be due, with what hangs on them; one asks, another says yes; return the run."""
    with transaction() as session:
        lead, leader = actor_called(session, "staff0"), actor_called(session, "leader")
        for place in range(BATCH):
            _make_due(session, lead, f"{number}-{place}")
        run_id = retention.propose_run(session, lead, digest=retention.find_retention(session, lead).digest)
    with transaction() as session:
        run = session.get_one(RetentionRun, run_id)
        retention.agree_run(session, leader, run_id=run_id, version=run.version)
    return run_id


def _make_due(session: Session, lead: Actor, name: str) -> None:
    child = Student(
        student_no=f"D{name}", name=f"试旧生{name}", name_initials="sjs", name_pinyin="shijiusheng",
        gender=Gender.FEMALE, birth_day=date(2002, 3, 1), state=EnrolmentState.GRADUATED, left_on=LEFT_ON,
        recorded_at=clock.now(),
    )  # fmt: skip
    session.add(child)
    session.flush()
    entry = GuardianEntry(kind=GuardianKind.MOTHER, name="试母", phone="15400000001")
    guardians.save_guardian(session, lead, student_id=child.id or 0, entry=entry)
    row = DropOut(student_id=child.id or 0, noticed_on=NOTICED_ON, reason=DropOutReason.STUDY, recorded_at=clock.now())
    session.add(row)
    session.flush()
    for kind in KINDS:
        step = StepEntry(kind=kind, day=NOTICED_ON, words="见到外婆，说周末回来")
        drop_outs.save_step(session, lead, drop_out_id=row.id or 0, entry=step)
    ending = EndingEntry(outcome=DropOutOutcome.RETURNED, ended_on=NOTICED_ON)
    drop_outs.end_drop_out(session, lead, drop_out_id=row.id or 0, version=row.version, entry=ending)


# --- drop-outs and merges ---


def work_on_register(folder: Path, told: Connection, seed: int) -> None:
    """Do one act after the other, for ever."""
    engine.use(place_in(folder))
    chance = random.Random(seed)
    while True:
        name = chance.choice(sorted(ACTS))
        told.send(name)
        _do(ACTS[name], chance)


def work_a_while(folder: Path, told: Connection, seed: int) -> None:
    """Do each act some times, and end."""
    engine.use(place_in(folder))
    chance = random.Random(seed)
    for name in sorted(ACTS) * 3:
        told.send(name)
        ACTS[name](chance)
    told.send("finished")


def _do(act: Act, chance: random.Random) -> None:
    try:
        act(chance)
    except DomainError:  # what chance asked can't be: a refusal, nothing half-written
        return


def drop_out(chance: random.Random) -> None:
    """Notice that a child does not come, often taking it out of its class."""
    with transaction() as session:
        lead = actor_called(session, "staff0")
        followed = select(DropOut.student_id).where(col(DropOut.closed_at).is_(None))
        child = _one_of(session, chance, col(Student.id).not_in(followed), Student.state == EnrolmentState.ENROLLED)
        entry = DropOutEntry(noticed_on=clock.today(), noticed_by="试", words="说不想读了")
        drop_outs.register_drop_out(
            session, lead, student_id=child.id or 0, version=child.version, entry=entry,
            has_dropped_out=chance.random() < 0.7,
        )  # fmt: skip


def step(chance: random.Random) -> None:
    """Write down a step for a child that stays away."""
    with transaction() as session:
        row = _open_one(session, chance)
        if row is None:
            return
        entry = StepEntry(kind=chance.choice(KINDS), day=clock.today(), words="做了一步")
        drop_outs.save_step(session, actor_called(session, "staff0"), drop_out_id=row.id or 0, entry=entry)


def end(chance: random.Random) -> None:
    """Bring a child back into the class."""
    with transaction() as session:
        row = _open_one(session, chance)
        if row is None:
            return
        ending = EndingEntry(outcome=DropOutOutcome.RETURNED, ended_on=clock.today(), class_id=1)
        lead = actor_called(session, "staff0")
        drop_outs.end_drop_out(session, lead, drop_out_id=row.id or 0, version=row.version, entry=ending)


def merge(chance: random.Random) -> None:
    """Enter a child a second time, with a guardian and sometimes followed; then make one entry of both."""
    with transaction() as session:
        lead = actor_called(session, "staff0")
        child = _one_of(session, chance, Student.state == EnrolmentState.ENROLLED)
        kept_id, followed = child.id or 0, chance.random() < 0.5
        entry = StudentEntry(name=child.name, gender=child.gender, birth_day=child.birth_day)
        other = students.create_student(session, lead, entry=entry, class_id=None)
        mother = GuardianEntry(kind=GuardianKind.MOTHER, name="试母", phone="15400000001")
        guardians.save_guardian(session, lead, student_id=other.id, entry=mother)
        if followed and drop_outs.open_drop_out(session, kept_id) is None:
            noticed = DropOutEntry(noticed_on=clock.today() - timedelta(days=1), noticed_by="试")
            version = session.get_one(Student, other.id).version
            drop_outs.register_drop_out(session, lead, student_id=other.id, version=version, entry=noticed)
    with transaction() as session:
        lead = actor_called(session, "staff0")
        shown = merges.compare_entries(session, lead, kept_id=kept_id, other_id=other.id)
        merges.merge_entries(
            session, lead, kept_id=kept_id, other_id=other.id, digest=shown.digest, choices={}, is_one_child=True
        )


ACTS: dict[str, Act] = {"drop_out": drop_out, "step": step, "end": end, "merge": merge}


def _one_of(session: Session, chance: random.Random, *conditions: object) -> Student:
    first = select(Student).where(col(Student.student_no).startswith("L"), col(Student.merged_into_id).is_(None))
    return chance.choice(session.exec(first.where(*conditions).order_by(col(Student.id))).all())  # type: ignore[arg-type]


def _open_one(session: Session, chance: random.Random) -> DropOut | None:
    first = select(DropOut).join(Student).where(col(DropOut.closed_at).is_(None))
    rows = session.exec(first.where(col(Student.student_no).startswith("L"))).all()
    return chance.choice(rows) if rows else None
