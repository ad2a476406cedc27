"""What the server's process runs: Streamlit, ending quietly when it is asked to.

Started by its path and with -P, so that no folder of this or another project stands before the installed packages.
"""

import signal
import sys
from types import FrameType
from typing import NoReturn

import click
from streamlit.web import cli

STOPPED = "关爱室停下了。"


def main() -> None:
    """Serve until Ctrl+C or SIGTERM; both are a normal end with exit code 0."""
    signal.signal(signal.SIGTERM, _end)
    try:
        cli.main(prog_name="streamlit", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        print(STOPPED)


def _end(number: int, _: FrameType | None) -> NoReturn:
    """Called before the server listens, and once more by the server when it has closed its connections."""
    print(STOPPED)
    sys.exit(0)


if __name__ == "__main__":
    main()
