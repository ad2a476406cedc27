"""The server as it is, with every statement of a page's run told to a file; only `bench` starts it.

python -m bench.counted_server FILE …what `streamlit` is given
"""

import sys
import threading
from pathlib import Path

from sqlalchemy import Engine, event
from streamlit.web import cli

from bench.counting import Statement, noting

RIGHTS, OTHER = "r", "."


def main() -> None:
    """Listen, and serve."""
    told = Path(sys.argv.pop(1)).open("a", encoding="ascii", buffering=1)  # noqa: SIM115  as long as the process

    def tell(statement: Statement) -> None:
        if threading.current_thread().name == "ScriptRunner.scriptThread":  # the day's backup is nobody's page
            told.write(RIGHTS if statement.is_for_rights else OTHER)
            told.flush()

    event.listen(Engine, "before_cursor_execute", noting(tell))
    sys.argv[0] = "streamlit"
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
