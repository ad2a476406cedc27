"""The server: Streamlit behind our security headers, a health address, and the error boundary."""

import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

# Nothing imported here may import a Streamlit component: before the server runs it would be registered nowhere,
# and the browser would get 404 for it (seen).
ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:  # started by another server than `streamlit run`
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.concurrency import run_in_threadpool  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from ui.addresses import page_routes  # noqa: E402
from ui.crashes import keep_words_out_of_logs, on_script_error  # noqa: E402
from ui.gate import Gate, keep_uploads_in_memory  # noqa: E402
from ui.headers import SecurityHeaders  # noqa: E402
from ui.warming import start as start_warming  # noqa: E402

HEALTHY = {"database": "ok", "migrations": "current"}


def check_health() -> dict[str, str]:
    """Ask database and migrations; imported late so that a broken database still lets the server answer."""
    from db import health

    return health.check()


def health(_request: Request) -> JSONResponse:
    """Answer 200 when the database answers and its version is ours, else 503. Says nothing more."""
    try:
        state = check_health()
    except Exception:  # whatever is wrong, the answer is the same
        state = {"database": "unreachable", "migrations": "unknown"}
    return JSONResponse(state, status_code=200 if state == HEALTHY else 503)


@asynccontextmanager
async def at_work(_app: st.App) -> AsyncIterator[None]:
    """Be known as at work on the data, and see to the day's backup, for as long as the server runs.

    Whoever would put another database in place asks who is at work. Where there are no data yet, there is nothing to
    be known for: the server only says what is wrong.
    """
    from db.location import Location
    from db.presence import at_work as known_as_at_work
    from services.daily_backups import DailyBackups

    start_warming()
    location, daily = Location.from_environment(), DailyBackups()
    with ExitStack() as until_the_end:
        if location.data_dir.is_dir():
            await run_in_threadpool(until_the_end.enter_context, known_as_at_work(location))
            daily.start()
            until_the_end.callback(daily.stop)
        yield


keep_words_out_of_logs()
keep_uploads_in_memory()

# The page script is not this file: beside a main script Streamlit serves a `pages/` folder to the first
# visitor after a restart without running the script, so without sign-in (seen).
app = st.App(
    ROOT / "ui" / "main.py",
    routes=[Route("/api/health", health), *page_routes()],
    lifespan=at_work,
    middleware=[Middleware(SecurityHeaders), Middleware(Gate)],
    on_script_error=on_script_error,
)
