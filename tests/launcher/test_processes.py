"""Exit codes and signals pass through."""

import os
import signal
import subprocess
import sys

import pytest

from commands.processes import run_through
from tests.launcher.conftest import PROJECT

PYTHON = [sys.executable, "-S", "-c"]
INNER = "import time; print('up', flush=True); time.sleep(30)"


@pytest.mark.parametrize("code", [0, 5, 130])
def test_the_exit_code_comes_back(code: int):
    assert run_through([*PYTHON, f"raise SystemExit({code})"], env=os.environ) == code


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("sys.exit(processes.run_through(command, env=os.environ))", 128 + signal.SIGTERM),
        ("processes.hand_over(command, env=os.environ)", -signal.SIGTERM),
    ],
    ids=["around", "instead"],
)
def test_a_signal_reaches_the_other_program(call: str, expected: int):
    outer = f"import os, sys; from commands import processes; command = [*{PYTHON!r}, {INNER!r}]; {call}"
    with subprocess.Popen([sys.executable, "-c", outer], cwd=PROJECT, stdout=subprocess.PIPE) as started:
        assert started.stdout
        assert started.stdout.readline() == b"up\n"
        started.terminate()

        assert started.wait(timeout=5) == expected
