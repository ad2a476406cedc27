"""What happens when the program is wrong: a number on screen, class and place in the log, never a word of data."""

import logging
import sys
import threading
from types import TracebackType

import streamlit as st

from db.disk import is_disk_full
from db.location import Location
from db.wordless import describe, new_reference
from services.errors import CrossedEachOther, DomainError
from ui.formats import plain
from ui.refusals import explain
from ui.shelf import put_input_on_shelf

DISK_FULL = "服务器的磁盘满了，刚才的没有存下来，写的字还在。请信息老师腾出至少 1 GB，再做一次。"

_log = logging.getLogger("care_room.crashes")
_make_record = logging.LogRecord


def on_script_error(error: Exception) -> bool:
    """Show the crash box for an exception nobody caught, and log it without its words.

    Returns:
        True: Streamlit's own (English) box isn't shown.
    """
    if isinstance(error, CrossedEachOther):  # anywhere at all: what was typed is needed once more
        put_input_on_shelf()
    if isinstance(error, DomainError):  # a page forgot to catch it; its sentence is still the better one
        st.error(plain(explain(error)), icon=":material/error:")
        return True
    reference = new_reference()
    is_full = is_disk_full(error, Location.from_environment().data_dir)
    _log.error("%s: %s%s", reference, "the disk is full: " if is_full else "", describe(error))
    put_input_on_shelf()
    st.error(DISK_FULL if is_full else crash_sentence(reference), icon=":material/error:")
    # After an exception in a callback nothing else is on screen: the button draws the page again.
    st.button("回到这一页", key=f"care_crash_{reference}", icon=":material/refresh:")
    return True


def crash_sentence(reference: str) -> str:
    """Return what the person reads; the number leads the IT teacher to the line in the log."""
    return f"出了错，编号 {reference}。写的字还在，请把编号告诉信息老师。"


def keep_words_out_of_logs() -> None:
    """Make every log record of this process describe an exception instead of printing it.

    A record factory rather than a filter: it holds for loggers and handlers made later as well (Streamlit
    gives each of its loggers a handler of its own), for uvicorn and for asyncio.
    """
    logging.setLogRecordFactory(record_without_words)
    logging.getLogger("streamlit.error_util").addFilter(_is_not_a_second_report)
    logging.getLogger("streamlit.runtime.websocket_session_manager").addFilter(_names_no_session)
    sys.excepthook = _report_uncaught
    sys.unraisablehook = lambda unraisable: _report_unraisable(unraisable.exc_value)
    threading.excepthook = lambda args: _report_unraisable(args.exc_value)


def record_without_words(*args: object, **kwargs: object) -> logging.LogRecord:
    record = _make_record(*args, **kwargs)  # type: ignore[arg-type] # whatever logging passes
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(record.msg, BaseException):
        record.msg = type(record.msg).__qualname__
    if isinstance(record.args, tuple):
        record.args = tuple(_without_words(arg) for arg in record.args)
    if error is not None:
        record.msg, record.args = f"{record.getMessage()}: {describe(error)}", None
    record.exc_info = record.exc_text = None
    return record


def _without_words(arg: object) -> object:
    return type(arg).__qualname__ if isinstance(arg, BaseException) else arg


def _is_not_a_second_report(record: logging.LogRecord) -> bool:
    """Streamlit logs the same exception before it asks our handler, without the number."""
    return not record.getMessage().startswith("Uncaught app execution")


def _names_no_session(record: logging.LogRecord) -> bool:
    """Streamlit names a tab's session when its connection comes back; with it a thief needs the cookie alone."""
    return record.levelno >= logging.ERROR


def _report_uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    _report_unraisable(error)


def _report_unraisable(error: BaseException | None) -> None:
    if error is not None:
        sys.stderr.write(f"{new_reference()}: {describe(error)}\n")
