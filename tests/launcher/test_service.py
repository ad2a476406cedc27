"""`service`: what systemd and Windows' scheduler are given, and what is refused before anything is written."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from commands import managers, service
from commands.cli import parse
from commands.managers import Systemd, TaskScheduler
from commands.problems import (
    CertificateTwice,
    FolderUnfit,
    ManagerRefused,
    NoManager,
    NotAdministrator,
    PathOdd,
    PortTaken,
    PostgresByHand,
    ServiceDiffers,
    ServiceMissing,
    UserCannotReach,
    UserMissing,
)
from commands.units import UNVERIFIED, batch_text, sample_plan, task_text, unit_text
from db.location import Location
from tests.launcher.conftest import PROJECT

SYSTEMCTL = """#!/bin/sh
echo "$*" >> "{folder}/asked"
case "$1" in
  is-active|is-enabled) exit 0;;
  start) test -e "{folder}/refuses" && echo "Job for care-room failed." >&2 && exit 1;;
esac
exit 0
"""


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """A machine with systemd, of which only `systemctl` is a stand-in that notes what it is asked."""
    units, tools = tmp_path / "units", tmp_path / "tools"
    units.mkdir()
    tools.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL.format(folder=tools), "utf-8")
    (tools / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setattr(managers, "UNIT_DIR", units)
    monkeypatch.setattr(managers, "RUNNING_MARK", units)
    monkeypatch.setattr(service, "is_administrator", lambda: True)
    monkeypatch.setattr(service, "FLEETING", ())  # the tests' folders lie in one
    return tools


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Type `manage.py service …` at a data folder of the test's."""
    place = Location(tmp_path / "srv" / "data", tmp_path / "srv" / "data-key" / "care.key")
    monkeypatch.setattr(Location, "from_environment", lambda *_args: place)

    def type_(*words: str) -> int:
        args = parse(["service", *words])
        service.preflight(args)
        return service.run(args)

    return type_


def asked(tools: Path) -> list[str]:
    notes = tools / "asked"
    return notes.read_text("utf-8").splitlines() if notes.exists() else []


def test_it_is_put_in_shown_and_taken_out(typed, systemd, port, tmp_path, capsys):
    assert typed("install", "--port", str(port)) == 0
    assert asked(systemd) == ["daemon-reload", "enable care-room.service", "start care-room.service"]
    unit = (tmp_path / "units" / "care-room.service").read_text("utf-8")
    assert f'"--data" "{tmp_path}/srv/data" "--address" "127.0.0.1" "--port" "{port}"' in unit
    assert (tmp_path / "srv" / "data").stat().st_mode & 0o777 == 0o700
    said = capsys.readouterr().out
    assert f"http://127.0.0.1:{port}" in said
    assert "journalctl -u care-room" in said

    assert typed("show", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["is_installed"], told["is_running"], told["starts_at_boot"]) == (True, True, True)
    assert told["text"] == unit

    assert typed("remove") == 0
    assert "disable --now care-room.service" in asked(systemd)
    assert list((tmp_path / "units").iterdir()) == []
    assert (tmp_path / "srv" / "data").is_dir()
    with pytest.raises(ServiceMissing):
        typed("remove")


def test_the_same_once_more_changes_nothing_and_minds_no_taken_port(typed, systemd, tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = str(server.getsockname()[1])
        with pytest.raises(PortTaken):
            typed("install", "--port", taken)
        assert asked(systemd) == []
        server.close()
        typed("install", "--port", taken)
    before = (tmp_path / "units" / "care-room.service").read_text("utf-8")
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", int(taken)))
        server.listen()  # by now it is the service itself that listens
        assert typed("install", "--port", taken) == 0

    assert (tmp_path / "units" / "care-room.service").read_text("utf-8") == before


def test_other_options_are_shown_and_refused(typed, systemd, port, tmp_path, capsys):
    typed("install", "--port", str(port))
    before = (tmp_path / "units" / "care-room.service").read_text("utf-8")
    notes = asked(systemd)
    capsys.readouterr()

    with pytest.raises(ServiceDiffers):
        typed("install", "--port", str(port), "--https")

    shown = capsys.readouterr().out
    assert [line[0] for line in shown.splitlines() if "ExecStart" in line] == ["-", "+"]
    assert "--https" in shown
    assert (tmp_path / "units" / "care-room.service").read_text("utf-8") == before
    assert asked(systemd) == notes


def test_a_dry_run_writes_nothing_even_where_nothing_could_be_installed(typed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(service, "FLEETING", ())
    monkeypatch.setattr(managers, "RUNNING_MARK", tmp_path / "none")

    assert typed("install", "--dry-run", "--https") == 0
    said = capsys.readouterr().out
    assert '"--https"' in said
    assert "这里装不了" in said
    assert typed("show") == 0
    assert "还没有装" in capsys.readouterr().out
    with pytest.raises(NoManager):
        typed("install")
    with pytest.raises(NoManager):
        typed("remove")
    assert list(tmp_path.iterdir()) == []


def test_only_the_administrator_installs(typed, systemd, monkeypatch):
    monkeypatch.setattr(service, "is_administrator", lambda: False)

    for act in ("install", "remove"):
        with pytest.raises(NotAdministrator):
            typed(act)


@pytest.mark.parametrize("folder", ["/", "/srv", "/etc", "/usr/share/care", "/tmp/care", "/run/care/data"])  # noqa: S108
def test_folders_of_the_system_s_own_are_refused(monkeypatch, folder):
    monkeypatch.setattr(service, "is_administrator", lambda: True)
    monkeypatch.delenv("CARE_KEY_FILE", raising=False)

    with pytest.raises(FolderUnfit):
        service.preflight(parse(["service", "install", "--dry-run", "--data", folder]))


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\\b", "a\nb", "a\u200bb"])
def test_signs_that_would_be_misread_are_refused(name):
    with pytest.raises(PathOdd):
        service.preflight(parse(["service", "install", "--dry-run", "--data", f"/srv/{name}/data"]))


def test_wrong_certificates_accounts_and_passwords_are_refused(typed, systemd, port, tmp_path, monkeypatch):
    with pytest.raises(CertificateTwice):
        typed("install", "--https", "--cert", "x", "--key", "y")
    with pytest.raises(UserMissing):
        typed("install", "--port", str(port), "--user", "nobody-of-that-name")
    monkeypatch.setenv("CARE_DATABASE_URL", "postgresql://care:secret@127.0.0.1/care")
    monkeypatch.setattr(service, "ENVIRONMENT_FILE", tmp_path / "care-room.env")
    with pytest.raises(PostgresByHand):
        typed("install", "--port", str(port))
    (tmp_path / "care-room.env").write_text("CARE_DATABASE_URL=x\n", "utf-8")
    assert typed("install", "--port", str(port)) == 0
    assert "secret" not in (tmp_path / "units" / "care-room.service").read_text("utf-8")


def test_every_option_of_the_server_is_handed_on(typed, tmp_path, capsys):
    """Whatever `run` comes to take; one forgotten here would be lost at the next start of the machine."""
    given = {"port": "8443", "address": "10.0.0.7", "proxy": "10.0.0.8", "cert": "/c.pem", "key": "/k.pem"}
    plan = service.make_plan(
        parse(["service", "install", *(word for name in given for word in (f"--{name}", given[name]))])
    )
    asked_again = parse(plan.words[2:])

    assert {name: getattr(asked_again, name) for name in given} == given | {"port": 8443, "proxy": "10.0.0.8/32"}
    known = set(vars(parse(["run"]))) - {"command", "rest", "data"}
    assert known == {*given, "https"}


def test_what_systemd_says_is_passed_on(typed, systemd, port):
    (systemd / "refuses").touch()

    with pytest.raises(ManagerRefused) as refused:
        typed("install", "--port", str(port))

    assert refused.value.said == "Job for care-room failed."


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator gives files away")
def test_the_service_s_own_account_gets_data_and_key_and_nothing_else(typed, systemd, port, tmp_path, monkeypatch):
    stranger = pwd.getpwnam("nobody")
    with pytest.raises(UserCannotReach):  # pytest's folder is closed to others
        typed("install", "--port", str(port), "--user", "nobody")
    monkeypatch.setattr(service, "_reaches", lambda *_args: True)
    key = tmp_path / "srv" / "data-key" / "care.key"
    key.parent.mkdir(parents=True)
    key.write_text("x", "utf-8")
    other = key.with_name("letter.txt")
    other.write_text("x", "utf-8")

    assert typed("install", "--port", str(port), "--user", "nobody") == 0

    assert [path.stat().st_uid for path in (tmp_path / "srv" / "data", key.parent, key)] == [stranger.pw_uid] * 3
    assert other.stat().st_uid == 0
    assert "User=nobody\n" in (tmp_path / "units" / "care-room.service").read_text("utf-8")
    # Somebody else's full folder never changes hands.
    (tmp_path / "srv" / "data" / "photo.jpg").touch()
    typed("remove")
    with pytest.raises(FolderUnfit):
        typed("install", "--port", str(port), "--user", "nobody")


ODD_BUT_FINE = "校 园 100% $HOME & (a);#'"[:-1]


def test_odd_paths_reach_the_program_as_they_are():
    plan = replace(sample_plan(), data_dir=Path(f"/srv/{ODD_BUT_FINE}/data"))
    line = next(line for line in unit_text(plan).splitlines() if line.startswith("ExecStart="))

    assert '"/srv/校 园 100%% $$HOME & (a);#/data"' in line
    assert 'RequiresMountsFor="/srv/校 园 100%% $HOME & (a);#/data" "/srv/care-room/data-key"' in unit_text(plan)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own reader")
@pytest.mark.parametrize("name", ["plain", ODD_BUT_FINE])
def test_systemd_reads_the_unit_without_a_complaint(tmp_path, name):
    project = tmp_path / name
    (project / "bin").mkdir(parents=True)
    program = project / "bin" / "python"
    program.symlink_to(sys.executable)
    plan = replace(sample_plan(), python=program, project=project, user="daemon", port=443)
    unit = tmp_path / "care-room.service"
    unit.write_text(unit_text(plan), "utf-8")

    read = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, encoding="utf-8", check=False)

    ours = [line for line in read.stderr.splitlines() if "care-room" in line or "not executable" in line]
    assert ours == []


def test_the_unit_guards_what_it_can():
    unit = unit_text(sample_plan())

    for line in ("Restart=always", "NoNewPrivileges=yes", "ProtectSystem=full", "PrivateTmp=yes", "UMask=0077"):
        assert f"\n{line}\n" in unit
    assert "\nUser=care\nCapabilityBoundingSet=\n" in unit
    assert "ProtectHome=yes" in unit
    at_home = replace(sample_plan(), data_dir=Path("/home/teacher/data"), user=None, port=443)
    assert "ProtectHome=read-only" in unit_text(at_home)
    assert "User=" not in unit_text(at_home)
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in unit_text(replace(sample_plan(), port=443))


def test_the_samples_are_what_the_command_writes():
    assert (PROJECT / "deploy" / "care-room.service").read_text("utf-8") == unit_text(sample_plan())
    assert (PROJECT / "启动.bat").read_bytes() == batch_text().encode()


def test_windows_is_given_a_task_at_boot_and_told_that_nobody_has_tried():
    plan = replace(sample_plan(), data_dir=Path("D:/care & room/<数据>"), python=Path("C:/care/python.exe"))
    task = ElementTree.fromstring(task_text(plan).encode("utf-16"))  # noqa: S314  our own
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

    assert task.find(f".//{space}BootTrigger") is not None
    assert task.findtext(f".//{space}RestartOnFailure/{space}Interval") == "PT1M"
    assert '--data "D:/care & room/<数据>"' in (task.findtext(f".//{space}Arguments") or "")
    for text in (task_text(plan), batch_text(), parse_help()):
        assert "".join(UNVERIFIED.split()) in "".join(text.split())
    assert batch_text().split("chcp")[0].isascii()
    assert batch_text().count("\r\n") == batch_text().count("\n")


def test_the_scheduler_is_asked_as_its_manual_says(tmp_path, monkeypatch):
    calls: list[tuple[str, ...]] = []
    monkeypatch.setenv("PROGRAMDATA", str(tmp_path))
    monkeypatch.setattr(managers, "_ask", lambda *command: calls.append(command))
    monkeypatch.setattr(managers, "_agrees", lambda *command: calls.append(command) or True)
    scheduler = TaskScheduler()

    scheduler.install(sample_plan())
    assert scheduler.installed() == task_text(sample_plan())
    scheduler.remove()

    assert [call[1] for call in calls] == ["/create", "/run", "/end", "/delete"]
    assert scheduler.installed() is None
    assert not scheduler.is_there()
    assert not Systemd().is_there() or managers.RUNNING_MARK.is_dir()


def parse_help() -> str:
    from commands.cli import build_parser

    subparsers = next(action for action in build_parser("service")._actions if action.dest == "command")
    return "".join((subparsers.choices or {})["service"].format_help().split())
