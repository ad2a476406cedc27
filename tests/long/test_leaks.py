"""Nothing of a child outside the ciphertext: not in the database file, a backup, a log, or elsewhere on the disk."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from db import backups, engine
from db.location import PROJECT_DIR, Location
from db.tables import Gender, GuardianKind, ReferralChannel
from db.transactions import transaction
from services import clock, drafts, guardians, intake, students
from services.student_entries import StudentEntry
from tests.long.leaking_server import ON_DISK
from tests.long.servers import Browser, cookie_of, school_in, served, server_environment
from tests.long.test_http_surface import upload
from tests.long.world import actor_called

pytestmark = pytest.mark.long

NAME, TYPED = "褚试念", "鄢试泄"
ID_NUMBER, PHONE = "110101201305210048", "13900001234"
WORDS = ("课间缩在楼梯下面不肯出来", "老师我不想回家", "奶奶带大的孩子", "住在试验路七号")
SECRETS = (NAME, TYPED, ID_NUMBER, PHONE, *WORDS)


def forms_of(text: str) -> set[bytes]:
    """Return a text as files might hold it: UTF-8, UTF-16, GB18030, and as Python or JSON escapes."""
    escaped = text.encode("unicode_escape")
    return {text.encode(), text.encode("utf-16-le"), text.encode("gb18030"), escaped, ascii(text).strip("'").encode()}


def leaks_in(paths: Iterator[Path]) -> list[str]:
    """Return which of the secrets stand in which file."""
    found = []
    for path in paths:
        content = path.read_bytes() if path.is_file() else b""
        found += [f"{path.name}: {text}" for text in SECRETS for form in forms_of(text) if form in content]
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Location:
    """A school that holds one child with everything that must not be read."""
    clock.set_fixed(None)
    location = school_in(tmp_path_factory.mktemp("leaks"))
    with transaction() as session:
        lead = actor_called(session, "staff0")
        entry = StudentEntry(
            name=NAME,
            gender=Gender.FEMALE,
            birth_day=date(2013, 5, 21),
            student_no="L90001",
            address=WORDS[3],
            note=WORDS[2],
        )
        child = students.create_student(session, lead, entry=entry, class_id=1, from_day=date(2026, 9, 1)).id
        guardian = guardians.GuardianEntry(kind=GuardianKind.MOTHER, name=NAME, phone=PHONE, address=WORDS[3])
        guardians.save_guardian(session, lead, student_id=child, entry=guardian)
        drafts.save_draft(session, lead, form="intake", subject="new", content={"facts": WORDS[0], "child": NAME})
        intake.register_referral(
            session,
            lead,
            request=intake.ReferralRequest(
                channel=ReferralChannel.OBSERVATION, facts=WORDS[0], child_words=WORDS[1], background=WORDS[2],
                student_id=child, noticed_on=clock.today(), received_at=clock.now(), is_answered=True, answer=WORDS[1],
            ),
        )  # fmt: skip
    return location


def files_of(place: Location) -> Iterator[Path]:
    yield from (path for path in place.data_dir.parent.rglob("*") if path.is_file())


def test_the_files_hold_only_ciphertext(place):
    runtime = engine.use(place)
    backups.make_backup(runtime, reason="test")
    with transaction() as session:  # the write-ahead log holds what was written last
        drafts.save_draft(
            session, actor_called(session, "staff0"), form="intake", subject="two", content={"facts": WORDS[1]}
        )

    assert {".db", ".db-wal"} <= {path.suffix for path in files_of(place)}
    assert any(path.parent == place.backup_dir for path in files_of(place))
    assert leaks_in(files_of(place)) == []


def open_files_of(process_id: int) -> set[str]:
    """What a process has open; one it closes while they are read is none of them."""
    found = set()
    for each in Path(f"/proc/{process_id}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(each))
    return found


@pytest.mark.parametrize("kind", ["integrity", "validation", "crash", "thread"])
def test_a_defect_leaves_no_word_in_any_log(place, tmp_path, kind):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = set(PROJECT_DIR.iterdir()) | set((PROJECT_DIR / ".streamlit").iterdir())
    log = tmp_path / "server.log"
    with served(place, log, "-m", "tests.long.leaking_server", kind, "run", "app.py", TMPDIR=str(scratch)) as running:
        cookie = cookie_of(running, "staff0")
        with Browser(running, cookie=cookie, page="students", query=f"text={TYPED}") as lead:
            lead.run().write("找学生", TYPED).run()
            assert "编号" in lead.words
            assert "Traceback" not in lead.words
            assert upload(running, lead.session_id, size=5_000_000, cookie=cookie) == 204
            open_files = open_files_of(running.process.pid)
        time.sleep(0.2)
    said = log.read_text("utf-8")

    assert {"integrity": "IntegrityError", "validation": "ValidationError"}.get(kind, "RuntimeError") in said
    assert leaks_in(iter([log, *scratch.rglob("*"), *files_of(place)])) == []
    assert ON_DISK not in said
    assert not [each for each in open_files if str(scratch) in each]
    assert list(scratch.iterdir()) == []
    assert set(PROJECT_DIR.iterdir()) | set((PROJECT_DIR / ".streamlit").iterdir()) == before


# The command line as `manage.py` carries it out once it is in its environment, one function of it broken.
BROKEN_IMPORT = f"""
import sys
from commands import bootstrap, cli
from services import student_imports
from tests.long.leaking_server import break_with
bootstrap.enter = lambda *_, **__: None
student_imports.preview_import = lambda *_, **__: break_with(sys.argv.pop(1), "{TYPED}")
kind = sys.argv[1]
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.parametrize("kind", ["integrity", "validation", "crash"])
def test_a_defect_in_the_command_line_prints_no_word(place, tmp_path, kind):
    roster = tmp_path / "名册.csv"
    roster.write_text(f"姓名,性别,班级,出生日期\n{TYPED},女,七年级3班,2013-05-21\n", "utf-8")

    ended = subprocess.run(
        [sys.executable, "-c", BROKEN_IMPORT, kind, "import", "students", str(roster), "--data", str(place.data_dir)],
        cwd=PROJECT_DIR, env=server_environment(place), capture_output=True, check=False,
    )  # fmt: skip

    said = tmp_path / "said"
    said.write_bytes(ended.stdout + ended.stderr)
    assert ended.returncode == 1
    assert b"Error at" in ended.stderr
    assert leaks_in(iter([said])) == []
