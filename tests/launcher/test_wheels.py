"""`wheels`: what is fetched for which machine, what is said to be missing, and a set-up with the network cut off."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import wheels
from commands.bootstrap import Environment, make_complete
from commands.cli import parse
from commands.problems import NetworkMissing, PackagesOutOfReach, WheelsDamaged, WheelsIncomplete, sentence
from commands.wheelhouse import (
    Pin,
    key_of,
    list_damaged,
    list_lacking,
    list_noted,
    read_pins,
    write_stamp,
)
from commands.wheels import Target, fetch, list_targets
from db.errors import DiskFull
from tests.launcher.conftest import PROJECT

PROGRAM = (
    "manage.py",
    "app.py",
    "requirements.txt",
    "requirements-dev.txt",
    "commands",
    "db",
    "services",
    "ui",
    "pages",
)
REACHED = """
import socket, sys
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError as error:
    print(type(error).__name__, error)
"""


def put(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(name.encode())


def test_every_pin_of_the_project_is_read():
    pins = read_pins(PROJECT / "requirements-dev.txt")
    lines = [
        line
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (PROJECT / name).read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "-r"))
    ]

    assert len(pins) == len(lines)
    assert Pin("streamlit", "1.67.0") in pins
    assert [pin.name for pin in pins if not pin.is_for("linux")] == ["colorama"]


def test_a_wheel_is_known_by_name_and_version_however_it_is_spelt(tmp_path):
    put(tmp_path, "PyYAML-6.0.3-cp311-cp311-win_amd64.whl", "extra_streamlit_components-0.1.81-py3-none-any.whl")
    pins = [
        Pin("pyyaml", "6.0.3"),
        Pin("extra-streamlit-components", "0.1.81"),
        Pin("one", "2"),
        Pin("w", "1", "win32"),
    ]

    assert list_lacking(tmp_path, pins, platform="linux") == ["one==2"]
    assert list_lacking(tmp_path, pins, platform="win32") == ["one==2", "w==1"]
    assert key_of(Path("ruamel.yaml-1.0-py3-none-any.whl")) == ("ruamel-yaml", "1.0")


def test_a_half_copied_file_is_named(tmp_path):
    put(tmp_path, "one-1-py3-none-any.whl", "two-2-py3-none-any.whl")
    write_stamp(tmp_path, made_for=["x"], requirements={})
    assert list_damaged(tmp_path) == []

    (tmp_path / "two-2-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "one-1-py3-none-any.whl").unlink()

    assert list_damaged(tmp_path) == ["two-2-py3-none-any.whl"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": 3}', b"\xff"])
def test_a_broken_stamp_is_none(tmp_path, content):
    (tmp_path / "care-wheels.json").write_bytes(content)

    assert list_noted(tmp_path) == {}


def test_nothing_is_installed_from_a_half_copied_folder(fake_environment: Environment, notes: Path):
    put(fake_environment.project / "wheels", "one-1-py3-none-any.whl")
    write_stamp(fake_environment.project / "wheels", made_for=[], requirements={})
    (fake_environment.project / "wheels" / "one-1-py3-none-any.whl").write_bytes(b"")

    with pytest.raises(WheelsDamaged) as damaged:
        make_complete(fake_environment)

    assert "one-1-py3-none-any.whl" in sentence(damaged.value)
    assert (notes / "calls").read_text("utf-8") == ""


def test_the_one_missing_package_is_named(fake_environment: Environment, notes: Path):
    (fake_environment.project / "requirements.txt").write_text("one==1\nthree==3\n", "utf-8")
    put(fake_environment.project / "wheels", "one-1-py3-none-any.whl")
    (notes / "code").write_text("1", "utf-8")
    (notes / "said").write_text("ERROR: No matching distribution found for three==3", "utf-8")

    with pytest.raises(WheelsIncomplete) as incomplete:
        make_complete(fake_environment)

    assert incomplete.value.lacking == "three==3"
    assert "three==3" in sentence(incomplete.value)


def test_a_package_for_another_machine_is_named_though_its_file_is_there(fake_environment: Environment, notes: Path):
    put(fake_environment.project / "wheels", "one-1-cp39-cp39-win_amd64.whl")
    (notes / "code").write_text("1", "utf-8")
    (notes / "said").write_text("ERROR: No matching distribution found for one==1", "utf-8")

    with pytest.raises(WheelsIncomplete) as incomplete:
        make_complete(fake_environment)

    assert incomplete.value.lacking == "one==1"
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in sentence(incomplete.value)


def test_without_any_wheels_the_sentence_names_the_command(fake_environment: Environment, notes: Path):
    (notes / "code").write_text("1", "utf-8")
    (notes / "said").write_text("ERROR: No matching distribution found for one==1", "utf-8")

    with pytest.raises(PackagesOutOfReach) as out_of_reach:
        make_complete(fake_environment)

    assert type(out_of_reach.value) is PackagesOutOfReach
    assert "manage.py wheels" in sentence(out_of_reach.value)


class Answers:
    """A stand-in for pip that has some packages, and notes what it was asked."""

    def __init__(self, *lacking: str, said: str = "") -> None:
        self.lacking, self.said, self.asked = lacking, said, []

    def __call__(self, folder, pins, target):
        self.asked.append([str(pin) for pin in pins])
        if self.said:
            return 1, self.said
        for pin in pins:
            if pin.name in self.lacking:
                return 1, f"ERROR: No matching distribution found for {pin}"
            put(folder, f"{pin.name}-{pin.version}-py3-none-any.whl")
        return 0, ""


PINS = [Pin("one", "1"), Pin("two", "2"), Pin("three", "3"), Pin("wide", "4", "win32")]


def test_all_that_is_missing_is_listed_and_the_rest_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(wheels, "_run_pip", Answers("two", "three"))
    target = Target("x", "linux", [])

    fetch(tmp_path, PINS, target)

    assert target.missing == ["two==2", "three==3"]
    assert [path.name for path in tmp_path.glob("*.whl")] == ["one-1-py3-none-any.whl"]


def test_a_package_for_one_system_only_is_fetched_for_that_one(tmp_path, monkeypatch):
    pip = Answers()
    monkeypatch.setattr(wheels, "_run_pip", pip)

    for system in ("linux", "win32"):
        fetch(tmp_path, PINS, Target("x", system, []))

    assert ["wide==4" in asked for asked in pip.asked] == [False, True]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("WARNING: Retrying NewConnectionError\nERROR: No matching distribution found for one==1", NetworkMissing),
        ("ERROR: [Errno 28] No space left on device", DiskFull),
        ("", NetworkMissing),
    ],
)
def test_no_network_is_no_missing_package(tmp_path, monkeypatch, said, problem):
    pip = Answers(said=said or "what?")
    monkeypatch.setattr(wheels, "_run_pip", pip)

    with pytest.raises(problem):
        fetch(tmp_path, PINS, Target("x", "linux", []))
    assert len(pip.asked) == 1  # else each package would wait for the network in its turn


def test_every_system_with_every_python():
    own = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert [target.words for target in list_targets([], [])] == [f"这台机器（Python {own}）"]
    targets = list_targets(["windows", "linux"], ["3.12", "3.13"])
    assert [target.words for target in targets[1:]] == [
        "windows，Python 3.12",
        "windows，Python 3.13",
        "linux，Python 3.12",
        "linux，Python 3.13",
    ]
    assert targets[1].sys_platform == "win32"
    assert "win_amd64" in targets[1].options
    assert "cp312" in targets[1].options
    assert "--platform" not in list_targets([], ["3.12"])[1].options


def test_the_command_reports_and_clears_away_what_nobody_wants_now(tmp_path, monkeypatch, capsys):
    (tmp_path / "requirements.txt").write_text("one==2\ntwo==2\n", "utf-8")
    put(tmp_path / "wheels", "one-1-py3-none-any.whl")
    write_stamp(tmp_path / "wheels", made_for=[], requirements={})
    put(tmp_path / "wheels", "own-9-py3-none-any.whl")  # somebody's own, never listed
    monkeypatch.setattr(wheels, "PROJECT_DIR", tmp_path)
    monkeypatch.setattr(wheels, "_run_pip", Answers("two"))

    assert wheels.run(parse(["wheels", "--json"])) == 1

    told = json.loads(capsys.readouterr().out)
    assert told["is_complete"] is False
    assert told["targets"][0]["missing"] == ["two==2"]
    names = sorted(path.name for path in (tmp_path / "wheels").glob("*.whl"))
    assert names == ["one-2-py3-none-any.whl", "own-9-py3-none-any.whl"]
    assert set(list_noted(tmp_path / "wheels")) == set(names)

    monkeypatch.setattr(wheels, "_run_pip", Answers())
    assert wheels.run(parse(["wheels"])) == 0
    assert "齐了" in capsys.readouterr().out


@pytest.mark.parametrize("version", ["3.10", "2.7", "3", "3.x", "4.0"])
def test_a_python_that_is_too_old_is_refused(version, capsys):
    with pytest.raises(SystemExit):
        parse(["wheels", "--for-python", version])

    assert "3.11 或更新" in capsys.readouterr().err


@pytest.fixture(scope="module")
def project_with_wheels(tmp_path_factory) -> Path:
    """A copy of the program with its wheels, fetched once for all tests here."""
    folder = tmp_path_factory.mktemp("school") / "关爱室"
    folder.mkdir()
    for part in PROGRAM:
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
        copy(PROJECT / part, folder / part)
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    fetched = _type(folder, "wheels", "--json", python=sys.executable)
    (folder / ".venv").unlink()
    if fetched.returncode and "程序包没有取到" in fetched.stderr:
        pytest.skip("there is no network to fetch packages from")
    assert json.loads(fetched.stdout)["is_complete"], fetched.stderr
    return folder


def _type(folder: Path, *words: str, python: str, before: tuple[str, ...] = (), **environment: str):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
    return subprocess.run(
        [*before, python, str(folder / "manage.py"), *words],
        env={**kept, "PYTHONUTF8": "1", **environment},
        cwd="/",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


# Neither the machine's own settings nor a folder of packages it may have: only an index nobody answers at.
CUT_OFF = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_RETRIES": "0",
}


def _without_network() -> tuple[str, ...]:
    """Return what a command is started with so that it has no network at all, where this account may do so."""
    if (
        shutil.which("unshare")
        and not subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode
    ):
        return ("unshare", "-n")
    return ()


@pytest.mark.long
def test_a_machine_without_network_is_set_up_and_lacks_what_it_lacks(project_with_wheels: Path, tmp_path: Path):
    cut = _without_network()
    data = ("--data", str(tmp_path / "data"))
    if cut:
        probe = subprocess.run(
            [*cut, sys.executable, "-c", REACHED], capture_output=True, encoding="utf-8", check=False
        )
        assert "unreachable" in probe.stdout

    # First with one package missing: it is named.
    gone = next((project_with_wheels / "wheels").glob("pypinyin-*.whl"))
    gone.rename(tmp_path / gone.name)
    told = _type(project_with_wheels, "doctor", *data, python=sys.executable, before=cut, **CUT_OFF)
    assert told.returncode == 1
    assert "pypinyin==" in told.stderr.splitlines()[-1]
    assert "Traceback" not in told.stderr
    shutil.move(tmp_path / gone.name, gone)

    # Then whole: a school is made, and its chain is proven.
    made = _type(
        project_with_wheels, "demo", *data, "--students", "60", "--json", python=sys.executable, before=cut, **CUT_OFF
    )
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["rows"]["student"] >= 60  # and those who have left
    checked = _type(project_with_wheels, "verify", *data, python=sys.executable, before=cut, **CUT_OFF)
    assert checked.returncode == 0, checked.stderr
    page = (
        "import streamlit, altair, docxtpl, xlsxwriter, python_calamine, chinese_calendar; print(streamlit.__version__)"
    )
    python = project_with_wheels / ".venv" / "bin" / "python"
    imported = subprocess.run([*cut, python, "-c", page], capture_output=True, encoding="utf-8", check=False)
    assert imported.stdout.strip() == "1.67.0", imported.stderr
