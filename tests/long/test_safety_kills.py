"""SIGKILL inside backup, restore, migration and key rotation: the next start finds one whole database and its key."""

import multiprocessing
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db import engine, replacing, upgrade
from db.backups import back_up, prove
from db.keys import read_key_file
from db.verification import verify
from tests.db import make_released
from tests.db.test_released import VERSIONS, expected, lay
from tests.long import safety_acts, world

pytestmark = pytest.mark.long

KILLS = 20
Act = Callable[[Path, Path], None]


@pytest.fixture(scope="module")
def processes():
    """Processes that begin with everything imported, so that what is killed is the work and not the start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.long.safety_acts", "tests.long.frozen"])
    return context


def kill_often(processes, act: Act, folder: Path, source: Path, *, begin: Callable, check: Callable[[], None]) -> int:
    """Kill the act at random moments of its own length; return how often it was cut short."""
    chance, cut = random.Random(act.__name__), 0
    for _ in range(2):  # the first one also starts what the others are forked from
        begin()
        length = _run(processes, act, folder, source, kill_after=None)[0]
        check()
    for _ in range(KILLS):
        begin()
        cut += _run(processes, act, folder, source, kill_after=chance.uniform(0.02, length * 1.05))[1]
        check()
    return cut


def _run(processes, act: Act, folder: Path, source: Path, *, kill_after: float | None) -> tuple[float, bool]:
    process = processes.Process(target=act, args=(folder, source))
    began = time.monotonic()
    process.start()
    process.join(kill_after)
    process.kill()
    process.join()
    assert process.exitcode in {0, -9}
    return time.monotonic() - began, process.exitcode == -9


def assert_whole(folder: Path) -> None:
    """Start as the program does, and look at everything."""
    place = safety_acts.place_in(folder)
    runtime = upgrade.prepare(place)
    assert verify(runtime).findings == ()
    assert runtime.keys == read_key_file(place.key_file)
    assert not replacing.is_pending(place)
    runtime.engine.dispose()


@pytest.fixture
def school(tmp_path) -> Path:
    world.settle(tmp_path)
    make_released.fill()
    engine.runtime().engine.dispose()
    return tmp_path


def test_kills_inside_a_backup_leave_no_file_that_lies(processes, school):
    place = safety_acts.place_in(school)

    def check() -> None:
        for path in place.backup_dir.glob("care-*.db"):
            prove(path, read_key_file(place.key_file))
            path.unlink()

    cut = kill_often(processes, safety_acts.backup, school, school, begin=lambda: None, check=check)

    assert_whole(school)
    assert cut >= KILLS / 3


def test_kills_inside_a_restoration_leave_the_old_or_the_restored(processes, school):
    place = safety_acts.place_in(school)
    source = back_up(engine.use(place), reason="manual", target=school / "usb.db").path
    engine.runtime().engine.dispose()

    cut = kill_often(
        processes, safety_acts.restore, school, source, begin=lambda: None, check=lambda: assert_whole(school)
    )

    assert cut >= KILLS / 3


def test_kills_inside_a_key_rotation_leave_one_pair_that_works(processes, school):
    cut = kill_often(
        processes, safety_acts.rotate, school, school, begin=lambda: None, check=lambda: assert_whole(school)
    )

    assert cut >= KILLS / 3
    with engine.use(safety_acts.place_in(school)).engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM student").scalar() == world.CHILDREN + 4


def test_kills_inside_a_migration_leave_the_old_or_the_new(processes, tmp_path):
    version = VERSIONS[0]
    template, folder = tmp_path / "template", tmp_path / "school"
    lay(version, template)

    def begin() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)

    def check() -> None:
        assert_whole(folder)
        with engine.use(safety_acts.place_in(folder)).engine.connect() as connection:
            for name, count in expected(version)["rows"].items():
                assert connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar() == count
        engine.runtime().engine.dispose()

    cut = kill_often(processes, safety_acts.migrate, folder, folder, begin=begin, check=check)

    assert cut >= KILLS / 3
