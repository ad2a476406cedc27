"""The one command for everything outside the browser; written so that a Python too old can still say so."""

import os
import shutil
import subprocess
import sys

NEEDED = (3, 11)


def find_newer_python():
    """Return what to type for an interpreter on this machine that is new enough, or None."""
    probe = f"import sys; sys.exit(sys.version_info < {NEEDED})"
    names = [[f"python3.{minor}"] for minor in range(20, 10, -1)]
    names.append(["py", "-3"] if os.name == "nt" else ["python3"])
    for name in names:
        # A name on the path may be an empty shell of a version manager, so it has to prove that it runs.
        if shutil.which(name[0]) and _succeeds([*name, "-c", probe]):
            return " ".join(name)
    return None


def _succeeds(command):
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0  # noqa: S603


def say_wrong_python():
    """Say in one sentence which Python is needed, and what to type if it is already there."""
    here = ".".join(map(str, sys.version_info[:2]))
    newer = find_newer_python()
    if newer:
        advice = f"这台机器上已经有合适的，请运行 {newer} manage.py {' '.join(sys.argv[1:])}".rstrip() + "。"
    else:
        advice = "请装好 Python 3.11 或更新的版本，再用它运行同一条命令。"
    sys.stderr.write(f"关爱室要用 Python 3.11 或更新的版本，这里是 {here}：{advice}\n")


def main():
    """Hand over to `commands`, if this Python can read it."""
    if sys.version_info < NEEDED:
        say_wrong_python()
        return 1
    from commands.cli import main as carry_out

    return carry_out(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
