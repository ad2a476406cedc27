"""The log of a crash names class and place, never a word of data."""

import io
import logging

import pytest

from tests.db.test_disk import full_error
from ui import crashes

CHILD = "江小满"


@pytest.fixture
def log(monkeypatch):
    """Return what a handler made before the words were kept out has written."""
    written = io.StringIO()
    logger = logging.getLogger("test_crashes")
    handler = logging.StreamHandler(written)
    logger.addHandler(handler)
    monkeypatch.setattr(logger, "propagate", False)
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(crashes.record_without_words)
    yield logger, written
    logging.setLogRecordFactory(before)
    logger.removeHandler(handler)


def fail() -> None:
    try:
        raise KeyError(CHILD)
    except KeyError as error:
        raise ValueError(f"{CHILD}的电话不对") from error


def test_a_logged_exception_is_described(log):
    logger, written = log

    try:
        fail()
    except ValueError:
        logger.exception("100 % wrong")

    assert "builtins.ValueError at ui/test_crashes.py:" in written.getvalue()
    assert "<- builtins.KeyError" in written.getvalue()
    assert CHILD not in written.getvalue()


def test_an_exception_as_message_or_argument_is_only_named(log):
    logger, written = log

    logger.warning(ValueError(CHILD))
    logger.warning("refused: %s (%d)", ValueError(CHILD), 3)

    assert written.getvalue() == "ValueError\nrefused: ValueError (3)\n"


def test_ordinary_lines_stay_as_they_are(log):
    logger, written = log

    logger.warning("port %s", 8501)

    assert written.getvalue() == "port 8501\n"


def test_a_reference_can_be_read_out_on_the_phone():
    references = {crashes.new_reference() for _ in range(50)}

    assert len(references) == 50
    assert not set("01IO") & set("".join(references))


def test_a_description_of_a_loop_of_causes_ends():
    first, second = ValueError(CHILD), KeyError(CHILD)
    first.__cause__, second.__cause__ = second, first

    assert crashes.describe(first) == "builtins.ValueError at - <- builtins.KeyError at -"


def test_streamlit_names_no_session_in_the_log():
    keeps = crashes._names_no_session

    assert not keeps(logging.LogRecord("x", logging.WARNING, "", 1, "Session with id %s is there", ("abc",), None))
    assert keeps(logging.LogRecord("x", logging.ERROR, "", 1, "broken", (), None))


@pytest.mark.parametrize(("is_full", "said"), [(True, "服务器的磁盘满了"), (False, "出了错，编号")])
def test_the_box_says_when_the_disk_is_full(monkeypatch, caplog, is_full, said):
    shown: list[str] = []
    monkeypatch.setattr(crashes.st, "error", lambda words, **_: shown.append(words))
    monkeypatch.setattr(crashes.st, "button", lambda *_, **__: None)
    monkeypatch.setattr(crashes, "put_input_on_shelf", lambda: None)

    assert crashes.on_script_error(full_error() if is_full else KeyError(CHILD))

    assert shown[0].startswith(said)
    assert ("the disk is full" in caplog.text) is is_full
    assert "INSERT" not in caplog.text
