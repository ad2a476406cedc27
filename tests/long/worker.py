"""A process that works without a pause until it is killed: registers, assesses, adds accounts, imports."""

import multiprocessing
import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pypinyin  # noqa: F401 # half a second, which the program leaves to whoever first needs it: not what is killed
from sqlmodel import select

from db import engine
from db.location import Location
from db.tables import Referral, ReferralChannel, ReferralState, Role, Student
from db.transactions import reading, transaction
from services import accounts, clock, intake, referral_moves, student_imports
from services.errors import EditedMeanwhile
from tests.long.world import actor_called

STARTS_IN = 10  # seconds; on a machine at work


@contextmanager
def at_work_until_killed(folder: Path, seed: int) -> Iterator[None]:
    """Have a worker at work in a folder, and kill it at the end of the block.

    It begins with everything imported, so that what is killed is the work and not the start.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
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
    acts = [register, register, assess, add_account, import_roster]
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
