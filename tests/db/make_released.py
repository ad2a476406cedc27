"""Write down the database of this schema version, with invented content, for the rehearsal of later upgrades.

python -m tests.db.make_released        once at every release, from the released program, never again for that version
"""

import contextlib
import json
import random
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from db import engine, upgrade
from db.audit_chain import find_head
from db.location import Location
from db.transactions import reading, transaction
from services import clock, drafts
from tests.long import worker, world

FOLDER = Path(__file__).parent / "released"
NOW = datetime(2026, 11, 20, 9, 41, tzinfo=clock.SCHOOL_ZONE)
KEY_REMARK = "# 只用于测试的密钥，里面的人都是编出来的。\n"


def main() -> None:
    """Fill a fresh database and write it as SQL, beside its key and what has to be found in it afterwards."""
    clock.set_fixed(NOW)
    version = upgrade.known_head()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        place = world.settle(Path(folder))
        fill()
        runtime = engine.runtime()
        key_line = place.key_file.read_text("utf-8").splitlines()[-1]
        (FOLDER / f"{version}.key").write_text(f"{KEY_REMARK}{key_line}\n", "utf-8")
        (FOLDER / f"{version}.json").write_text(json.dumps(expected(), ensure_ascii=False, indent=1) + "\n", "utf-8")
        dump = as_sql(place, Path(folder) / "plain.db")
        (FOLDER / f"{version}.sql").write_text(dump + "\n", "utf-8")
        runtime.engine.dispose()
    print(f"{version}: {len(dump) // 1024} kB")


def as_sql(place: Location, plain: Path) -> str:
    """Return the database as SQL in the clear: it packs and reads well, and everything in it is invented."""
    with contextlib.closing(engine.open_embedded(str(place.database_file), engine.keys().database)) as source:
        source.execute("ATTACH ? AS plain KEY ''", (str(plain),))
        source.execute("SELECT sqlcipher_export('plain')")
    with contextlib.closing(sqlite3.connect(plain)) as copy:
        return "\n".join(copy.iterdump())


def fill() -> None:
    """Do a little of everything the long tests do, so that sealed columns, hashes and events are there."""
    chance = random.Random(1)
    for number in range(6):
        worker.register(chance, f"0-{number}")
    worker.import_roster(chance, "0-1")
    correct_roster()
    worker.add_account(chance, "0-1")
    for number in range(3):
        worker.assess(chance, f"0-{number}")
    with transaction() as session:
        lead = world.actor_called(session, "staff0")
        drafts.save_draft(session, lead, form="referral", subject="new", content={"facts": "写到一半"})


def correct_roster() -> None:
    """Import a second list that changes a child of the first: its note of before holds sealed columns."""
    from services import student_imports

    for digest, phone, address in (
        ("0-2", "15400000011", "青澜县谷雨路 1 号"),
        ("0-3", "15400000012", "青澜县立秋路 2 号"),
    ):
        lines = [
            "姓名,性别,班级,出生日期,学号,监护人,关系,监护人电话,家庭住址",
            f"试甲,女,七年级3班,2013-05-20,W0-1-0,试家长,母亲,{phone},{address}",
        ]
        roster = student_imports.read_roster("\n".join(lines).encode(), file_name="名册.csv")
        with reading() as session:
            lead = world.actor_called(session, "staff0")
            preview = student_imports.preview_import(session, lead, reading=roster)
        with transaction() as session:
            lead = world.actor_called(session, "staff0")
            student_imports.confirm_import(session, lead, preview=preview, file_name="名册.csv", digest=digest)


def expected() -> dict[str, object]:
    """Return the rows of every table and the head of the chain."""
    with reading() as session:
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")).scalars()
        counts = {
            name: session.execute(text(f'SELECT count(*) FROM "{name}"')).scalar()
            for name in tables
            if not name.startswith("sqlite_")
        }
        head = find_head(session)
        assert head is not None
        return {"rows": counts, "head": {"seq": head.seq, "link": head.link}}


if __name__ == "__main__":
    main()
