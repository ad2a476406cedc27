"""SIGKILL of the real server and of a migration, and two starts at once: the next start is always fine."""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from db import engine, upgrade
from db.location import PROJECT_DIR, Location
from tests.long.servers import RUN, Browser, cookie_of, school_in, start, wait_until_healthy
from tests.long.worker import at_work_until_killed
from tests.long.world import events_in, wrong_with

pytestmark = pytest.mark.long

KILLS = 5

# Prepares a folder, and dies by its own hand in the middle of the migration.
DIE_MIGRATING = """
import os, signal, sys
from pathlib import Path
from db import upgrade
from db.location import Location
folder = Path(sys.argv[1])
upgrade.create_triggers = lambda connection: os.kill(os.getpid(), signal.SIGKILL)
upgrade.prepare(Location(folder / "data", folder / "key" / "care.key"))
"""
PREPARE = DIE_MIGRATING.replace("upgrade.create_triggers = lambda connection: os.kill(os.getpid(), signal.SIGKILL)", "")


def work_in(tab: Browser, stop: threading.Event) -> None:
    """Turn the pages of the register, which notes the openings, until the server is gone."""
    number = 0
    while not stop.is_set():
        number += 1
        tab.page, tab.query = "child", f"student={number % 30 + 1}"
        try:
            tab.run()
        except Exception:  # the killed server ends the connection, in whatever state it is
            return


def test_five_kills_of_the_server_leave_nothing_half_written(tmp_path):
    place, chance = school_in(tmp_path), random.Random(11)
    for number in range(KILLS):
        running = start(place, tmp_path / "server.log", "-c", RUN)
        wait_until_healthy(running)
        cookie, stop = cookie_of(running, "staff0"), threading.Event()
        with Browser(running, cookie=cookie) as tab:
            client = threading.Thread(target=work_in, args=(tab, stop))
            with at_work_until_killed(tmp_path, seed=1000 + number):
                client.start()
                time.sleep(chance.uniform(0.8, 2.0))
                running.process.kill()
            stop.set()
            running.process.wait(20)
            client.join(60)
        assert wrong_with(place) == []
    assert events_in(place)["referral.registered"] > KILLS
    assert "Traceback" not in (tmp_path / "server.log").read_text("utf-8")


def prepare(script: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_migration_killed_half_way_leaves_the_database_as_it_was(tmp_path):
    place = Location(tmp_path / "data", tmp_path / "key" / "care.key")
    killed = prepare(DIE_MIGRATING, tmp_path)
    killed.communicate(timeout=60)

    assert killed.returncode == -9
    runtime = engine.use(place)
    with runtime.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    runtime.engine.dispose()
    upgrade.prepare(place).engine.dispose()
    assert wrong_with(place) == []


def test_four_who_prepare_one_empty_folder_at_once(tmp_path):
    starts = [prepare(PREPARE, tmp_path) for _ in range(4)]
    said = [each.communicate(timeout=120) for each in starts]

    assert [(each.returncode, errors[-300:]) for each, (_, errors) in zip(starts, said, strict=True)] == [(0, "")] * 4
    assert wrong_with(Location(tmp_path / "data", tmp_path / "key" / "care.key")) == []


def test_two_servers_on_one_folder_and_two_ports(tmp_path):
    place = Location(tmp_path / "data", tmp_path / "data-key" / "care.key")
    servers = [start(place, tmp_path / f"server{number}.log", "-c", RUN) for number in range(2)]
    try:
        for running in servers:
            wait_until_healthy(running)
    finally:
        for running in servers:
            running.process.terminate()
            running.process.wait(20)
    assert wrong_with(place) == []
