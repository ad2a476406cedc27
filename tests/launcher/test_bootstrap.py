"""The project's own environment: when it is made, and what happens when that breaks off."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import bootstrap
from commands.bootstrap import Environment, is_complete, make_complete
from commands.problems import InstallBroken, PackagesOutOfReach
from db.errors import FolderReadOnly
from tests.launcher.conftest import PROJECT

ONE_START = "import sys; from pathlib import Path; from commands.bootstrap import Environment, make_complete; "
ONE_START += "make_complete(Environment(Path(sys.argv[1])))"


def calls(notes: Path) -> list[str]:
    """List how the installer was called."""
    return (notes / "calls").read_text("utf-8").splitlines()


def start(environment: Environment) -> subprocess.Popen[str]:
    """Start another process that prepares the same environment."""
    command = [sys.executable, "-c", ONE_START, str(environment.project)]
    return subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, encoding="utf-8")


def wait_until_the_installer_runs(notes: Path) -> None:
    """Wait until the stand-in has been called once."""
    deadline = time.monotonic() + 10
    while not calls(notes) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert calls(notes)


def test_it_is_installed_once(fake_environment: Environment, notes: Path):
    assert not is_complete(fake_environment)

    make_complete(fake_environment)
    make_complete(fake_environment)

    assert is_complete(fake_environment)
    assert len(calls(notes)) == 1
    assert calls(notes)[0].endswith(f"-r {fake_environment.project / 'requirements.txt'}")


def test_changed_requirements_are_installed_again(fake_environment: Environment, notes: Path):
    make_complete(fake_environment)
    (fake_environment.project / "requirements.txt").write_text("one==2\n", "utf-8")

    assert not is_complete(fake_environment)
    make_complete(fake_environment)

    assert is_complete(fake_environment)
    assert len(calls(notes)) == 2


def test_what_tests_need_is_installed_only_for_them(fake_environment: Environment, notes: Path):
    make_complete(fake_environment)
    assert not is_complete(fake_environment, needs_dev=True)

    make_complete(fake_environment, needs_dev=True)

    assert is_complete(fake_environment, needs_dev=True)
    assert is_complete(fake_environment)
    assert calls(notes)[-1].endswith("requirements-dev.txt")


def test_an_installation_that_ended_badly_is_done_again(fake_environment: Environment, notes: Path):
    make_complete(fake_environment)
    (fake_environment.project / "requirements.txt").write_text("one==2\n", "utf-8")
    (notes / "code").write_text("1", "utf-8")
    (notes / "said").write_text("no space left on device", "utf-8")

    with pytest.raises(InstallBroken):
        make_complete(fake_environment)
    assert "no space left" in fake_environment.log.read_text("utf-8")
    (fake_environment.project / "requirements.txt").write_text("one==1\n", "utf-8")
    assert not is_complete(fake_environment)  # half of the other version may be there


def test_a_killed_installation_is_noticed_and_nobody_installs_beside_it(fake_environment: Environment, notes: Path):
    (notes / "pause").write_text("1", "utf-8")
    with start(fake_environment) as killed:
        wait_until_the_installer_runs(notes)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert not is_complete(fake_environment)
    (notes / "pause").write_text("0", "utf-8")

    make_complete(fake_environment)

    assert is_complete(fake_environment)
    assert len(calls(notes)) == 2
    assert (notes / "ends").read_text("utf-8").count("done") == 2  # the first had ended before the second began


def test_asked_to_end_it_ends_its_installer_too(fake_environment: Environment, notes: Path):
    (notes / "pause").write_text("30", "utf-8")
    with start(fake_environment) as asked:
        wait_until_the_installer_runs(notes)
        asked.terminate()
        assert asked.wait(timeout=5) == 128 + signal.SIGTERM

    assert not is_complete(fake_environment)


def test_two_starts_at_once_install_once(fake_environment: Environment, notes: Path):
    (notes / "pause").write_text("0.5", "utf-8")
    with start(fake_environment) as first, start(fake_environment) as second:
        said = [first.communicate()[1], second.communicate()[1]]

    assert [first.returncode, second.returncode] == [0, 0]
    assert len(calls(notes)) == 1
    assert sum("另一个窗口" in words for words in said) == 1


def test_wheels_come_before_the_network(fake_environment: Environment, notes: Path):
    wheels = fake_environment.project / "wheels"
    wheels.mkdir()
    (wheels / "one-1-py3-none-any.whl").write_bytes(b"")

    make_complete(fake_environment)

    assert len(calls(notes)) == 1
    assert f"--no-index --find-links {wheels}" in calls(notes)[0]


def test_without_network_and_wheels_it_says_what_is_missing(fake_environment: Environment, notes: Path):
    (notes / "code").write_text("1", "utf-8")
    (notes / "said").write_text("ERROR: No matching distribution found for one==1", "utf-8")
    (fake_environment.project / "wheels").mkdir()

    with pytest.raises(PackagesOutOfReach):
        make_complete(fake_environment)
    assert "--no-index" not in calls(notes)[0]  # an empty folder is none


def test_wheels_that_are_not_enough_are_completed_from_the_network(fake_environment: Environment, notes: Path):
    (fake_environment.project / "wheels").mkdir()
    (fake_environment.project / "wheels" / "two-2-py3-none-any.whl").write_bytes(b"")
    (notes / "code").write_text("1", "utf-8")
    (notes / "said").write_text("ERROR: No matching distribution found for one==1", "utf-8")

    with pytest.raises(PackagesOutOfReach):
        make_complete(fake_environment)
    assert ["--no-index" in call for call in calls(notes)] == [True, False]


def test_a_lost_interpreter_is_noticed(fake_environment: Environment):
    make_complete(fake_environment)
    fake_environment.python.unlink()
    os.symlink("/nowhere/python3", fake_environment.python)

    assert not is_complete(fake_environment)


def test_a_project_folder_that_cannot_be_written_is_told(tmp_path: Path):
    if not Path("/sys/kernel").exists():
        pytest.skip("this system has no place that even an administrator cannot write to")
    (tmp_path / ".venv").symlink_to("/sys/venv")

    with pytest.raises(FolderReadOnly):
        make_complete(Environment(tmp_path))


def test_copies_that_share_an_environment_share_its_lock(fake_environment: Environment, tmp_path: Path):
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / ".venv").symlink_to(fake_environment.folder)

    assert Environment(copy).lock == fake_environment.lock


def test_no_registry_is_named():
    source = Path(bootstrap.__file__).read_text("utf-8")

    assert "http" not in source
    assert "index-url" not in source
