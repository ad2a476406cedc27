"""What is killed while archives are packed: one package after the other, each step told."""

import random
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pyzipper  # noqa: F401 # which the program leaves to whoever first needs it: not what is killed
from sqlalchemy import event
from sqlmodel import Session, col, select

from db import engine
from db.tables import HandoverReason, PsychArchive, Student
from db.transactions import reading
from services import handover_work
from services.handovers import HandoverEntry
from tests.long.register_acts import place_in
from tests.long.world import actor_called

MOST = 3  # children in one package
LINGERS = 0.3  # seconds
LINGERS_AT = ("", "file", "row")  # just before a file gets its name, just before its row is kept: else no kill is there


def pack(folder: Path, told: Connection, seed: int) -> None:
    """Make packages, for ever; tell each beginning, each child, and the password of each that is made."""
    engine.use(place_in(folder))
    chance = random.Random(seed)
    _linger(told, at=LINGERS_AT[seed % 3])
    while True:
        told.send(("begun", 0))
        told.send(("made", _pack_one(chance, told)))


def pack_once(folder: Path, told: Connection, seed: int) -> None:
    """Make one package, to its end."""
    engine.use(place_in(folder))
    told.send(("made", _pack_one(random.Random(seed), told)))


def _linger(told: Connection, *, at: str) -> None:
    def wait() -> None:
        told.send((at, 0))
        time.sleep(LINGERS)

    if at == "file":
        sys.addaudithook(lambda name, args: wait() if name == "os.rename" and "packages" in str(args[0]) else None)
    if at == "row":
        event.listen(Session, "before_commit", lambda _session: wait())


def _pack_one(chance: random.Random, told: Connection) -> tuple[int, str]:
    with reading() as session:
        lead, ids = actor_called(session, "staff0"), _with_archives(session)
    entry = HandoverEntry(
        student_ids=tuple(chance.sample(ids, chance.randint(1, MOST))), reason=HandoverReason.GRADUATION, to="栖云高中"
    )
    made = handover_work.make_package(lead, entry=entry, told=lambda done, _of: told.send(("child", done)))
    return made.package_id, made.password


def _with_archives(session: Session) -> list[int]:
    found = select(Student.id).join(PsychArchive).order_by(col(Student.id))
    return [each or 0 for each in session.exec(found).all()]
