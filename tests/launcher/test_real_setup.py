"""A real environment from a folder of wheels, without network."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from tests.launcher.conftest import Manage

PROBE_COMMAND = '''
"""A command as a colleague would add it."""

from commands.parsing import command_parser


def add_parser(subparsers):
    command_parser(subparsers, "probe")


def run(args):
    import care_probe, sys

    print(care_probe.WORDS, sys.prefix)
    return 7
'''


WHEEL_FACTS = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel(folder: Path) -> None:
    """Write a wheel of one module by hand."""
    folder.mkdir()
    files = {
        "care_probe.py": 'WORDS = "从 wheels 装的"\n',
        "care_probe-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: care_probe\nVersion: 1.0\n",
        "care_probe-1.0.dist-info/WHEEL": WHEEL_FACTS,
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text.encode())}\n" for name, text in files.items())
    files["care_probe-1.0.dist-info/RECORD"] = record + "care_probe-1.0.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder / "care_probe-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def add_probe_command(project: Path) -> None:
    """Add a command: a row and a module."""
    catalogue = project / "commands" / "catalogue.py"
    row = 'COMMANDS = (\n    Command("probe", "commands.probe", "试一试"),'
    catalogue.write_text(catalogue.read_text("utf-8").replace("COMMANDS = (", row), "utf-8")
    (project / "commands" / "probe.py").write_text(PROBE_COMMAND, "utf-8")


@pytest.mark.long
def test_a_machine_without_network_is_set_up_from_wheels(manage: Manage, bare_project: Path):
    build_wheel(bare_project / "wheels")
    add_probe_command(bare_project)

    first = manage("probe", python=(sys.executable,))
    second = manage("probe", python=(sys.executable,))

    assert first.stdout.split() == ["从", "wheels", "装的", str(bare_project / ".venv")], first.stderr
    assert "正在准备运行环境" in first.stderr
    assert (second.stdout, second.stderr) == (first.stdout, "")
    assert [first.returncode, second.returncode] == [7, 7]


@pytest.mark.long
def test_without_network_and_wheels_one_sentence_is_said(manage: Manage, bare_project: Path):
    told = manage("check", python=(sys.executable,), PIP_NO_INDEX="1", PIP_FIND_LINKS="")

    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("程序包没有取到")
    assert "Traceback" not in told.stderr
