"""A process that works without a pause until it is killed: registers, assesses, records, sets tiers, imports …"""

import multiprocessing
import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pypinyin  # noqa: F401 # half a second, which the program leaves to whoever first needs it: not what is killed
from sqlmodel import select

from db import engine
from db.location import Location
from db.tables import (
    CareChannel,
    CareKind,
    CarePlace,
    CareRecord,
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
    Student,
    Tier,
)
from db.transactions import reading, transaction
from services import accounts, clock, intake, records, referral_moves, student_imports, tiers
from services.errors import EditedMeanwhile
from services.tier_rows import last_standing
from tests.long.world import actor_called

STARTS_IN = 10  # seconds; on a machine at work


@contextmanager
def at_work_until_killed(folder: Path, seed: int) -> Iterator[None]:
    """Have a worker at work in a folder, and kill it at the end of the block.

    It begins with everything imported, so that what is killed is the work and not the start.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__, "tests.long.frozen"])
    heard, told = processes.Pipe(duplex=False)
    worker = processes.Process(target=_work_and_tell, args=(folder, seed, told))
    worker.start()
    told.close()
    assert heard.poll(STARTS_IN)
    assert heard.recv() == "at work"
    try:
        yield
    finally:
        worker.kill()
        worker.join()
    try:
        raise AssertionError(heard.recv())  # what went wrong before it was killed
    except EOFError:
        pass


def _work_and_tell(folder: Path, seed: int, told: Connection) -> None:
    try:
        work(folder, seed, told)
    except BaseException:
        told.send(traceback.format_exc())
        raise


def work(folder: Path, seed: int, told: Connection) -> None:
    """Do one act after the other, for ever."""
    engine.use(Location(folder / "data", folder / "key" / "care.key"))
    chance = random.Random(seed)
    acts = [register, register, assess, add_account, import_roster, record_group, amend, set_tier]
    told.send("at work")
    number = 0
    while True:
        number += 1
        chance.choice(acts)(chance, f"{seed}-{number}")


def register(chance: random.Random, name: str) -> None:
    """Register a referral as the homeroom teacher."""
    with transaction() as session:
        teacher = actor_called(session, "staff2")
        child = chance.choice(session.exec(select(Student.id)).all())
        intake.register_referral(
            session,
            teacher,
            request=intake.ReferralRequest(
                channel=ReferralChannel.TEACHER,
                facts=f"课间一个人坐着 {name}",
                student_id=child,
                referred_by_id=teacher.user_id,
                noticed_on=clock.today(),
                received_at=clock.now() - timedelta(minutes=5),
            ),
        )


def assess(chance: random.Random, name: str) -> None:
    """Start the assessment of some referral as the counsellor."""
    with reading() as session:
        waiting = session.exec(
            select(Referral.id, Referral.version).where(Referral.state == ReferralState.RECEIVED).limit(20)
        ).all()
    if not waiting:
        return
    referral_id, version = chance.choice(waiting)
    try:
        with transaction() as session:
            counsellor = actor_called(session, "staff1")
            referral_moves.start_assessment(session, counsellor, referral_id=referral_id or 0, version=version)
    except EditedMeanwhile:
        return


def record_group(chance: random.Random, name: str) -> None:
    """Write one talk down for three children at once, as the homeroom teacher."""
    with transaction() as session:
        teacher = actor_called(session, "staff2")
        children = chance.sample(session.exec(select(Student.id).order_by(Student.id)).all(), 3)
        records.record_contact(session, teacher, student_ids=[each or 0 for each in children], entry=talk(name))


def amend(chance: random.Random, name: str) -> None:
    """Put one of the homeroom teacher's talks right."""
    with reading() as session:
        found = session.exec(select(CareRecord.id, CareRecord.version).limit(20)).all()
    if not found:
        return
    record_id, version = chance.choice(found)
    try:
        with transaction() as session:
            teacher = actor_called(session, "staff2")
            records.amend_record(session, teacher, record_id=record_id or 0, version=version, entry=talk(name))
    except EditedMeanwhile:
        return


def talk(name: str) -> records.RecordEntry:
    """Return a talk as typed."""
    return records.RecordEntry(
        kind=CareKind.TALK,
        day=clock.today() - timedelta(days=1),
        start_time=time(8, 5),
        minutes=15,
        place=CarePlace.OFFICE,
        channel=CareChannel.FACE,
        raised=f"说说最近 {name}",
        measures="听她说",
        effect="愿意再来",
    )


def set_tier(chance: random.Random, name: str) -> None:
    """Put a child into a tier as the counsellor, a higher one each time: a lowering would wait for a second person."""
    with reading() as session:
        child = chance.choice(session.exec(select(Student.id)).all()) or 0
        before = last_standing(session, child)
        tiers_here = session.exec(select(Tier.id).order_by(Tier.rank)).all()
    follows = before.number or 0 if before else 0
    entry = tiers.TierEntry(
        tier_id=tiers_here[min(follows, len(tiers_here) - 1)], from_day=clock.today(), reason=name, evidence="谈话"
    )
    try:
        with transaction() as session:
            counsellor = actor_called(session, "staff1")
            tiers.set_tier(session, counsellor, student_id=child, follows=follows, entry=entry)
    except EditedMeanwhile:
        return


def add_account(chance: random.Random, name: str) -> None:
    """Add an account as the lead."""
    with transaction() as session:
        lead = actor_called(session, "staff0")
        accounts.create_account(
            session, lead, username=f"w{name}", display_name="试新来", roles=[Role.MENTOR], prepared=("x", "y")
        )


def import_roster(chance: random.Random, name: str) -> None:
    """Import a few children as the lead."""
    lines = [f"试{'甲乙丙丁'[place]},女,七年级3班,2013-05-2{place},W{name}-{place}" for place in range(4)]
    content = "\n".join(["姓名,性别,班级,出生日期,学号", *lines]).encode()
    roster = student_imports.read_roster(content, file_name="名册.csv")
    with reading() as session:
        preview = student_imports.preview_import(session, actor_called(session, "staff0"), reading=roster)
    try:
        with transaction() as session:
            lead = actor_called(session, "staff0")
            student_imports.confirm_import(session, lead, preview=preview, file_name="名册.csv", digest=name)
    except student_imports.StalePreview:
        return
