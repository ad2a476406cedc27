"""The day's backup made, and packages cleared away whose time is over, by a running server without anybody asking."""

import contextlib
import threading

FIRST_LOOK_SECONDS = 20  # a starting server has better things to do
LOOK_SECONDS = 600


class DailyBackups:
    """A background thread of the server's process that sees to the day's backup and to packages of archives."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="daily-backups", daemon=True)

    def start(self) -> None:
        """Begin to look, a little later."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what is being copied is given up with the process, and cleared away another day."""
        self._stop.set()

    def _run(self) -> None:
        wait = FIRST_LOOK_SECONDS
        while not self._stop.wait(wait):
            wait = LOOK_SECONDS
            # Whatever it is, the server goes on: the list and home say that there is no backup.
            with contextlib.suppress(Exception):
                from services import backup_work  # knows every table: not before the first page is out, see ui/refusals

                backup_work.make_daily(is_apart=True)
            with contextlib.suppress(Exception):
                from services import handover_files

                handover_files.sweep()
