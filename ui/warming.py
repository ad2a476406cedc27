"""What a server does once its first page is out: load what the other pages need, then settle what stays loaded."""

import contextlib
import gc
import importlib
import pkgutil
import threading
from collections.abc import Iterator

import services
import ui

_LEFT_OUT = ("services.demonstration", "ui.main")  # not for a school at work; the page script itself
_FROM_OUTSIDE = ("pandas", "pyarrow", "pypinyin", "xlsxwriter")  # loaded by whoever first needs them, a second or so
_USUAL = gc.get_threshold()
_WHILE_LOADING = (50_000, 20, 100)
_first_page_is_out = threading.Event()


def note_page_is_out() -> None:
    """Say that a page has been drawn; from the first time on the server warms up."""
    _first_page_is_out.set()


def start() -> None:
    """Warm up as soon as the first page is out, so that nobody waits for it: neither the first visitor nor the second.

    Not before: a component imported while no page has run yet would be registered nowhere. Until then garbage is looked
    for seldom: what the first page loads stays loaded, and going through it again and again took a sixth of the time
    from the start to the sign-in page (measured).
    """
    gc.freeze()
    gc.set_threshold(*_WHILE_LOADING)
    threading.Thread(target=_wait_and_warm_up, name="warm-up", daemon=True).start()


def _wait_and_warm_up() -> None:
    _first_page_is_out.wait()
    warm_up()


def warm_up() -> None:
    """Import every page's modules, then leave what is loaded by now out of garbage collection for good.

    A full collection goes through everything that is loaded, which of this program is three times as much as of
    Streamlit alone: 50 ms in the middle of somebody's page (measured).
    """
    for name in _names():
        with contextlib.suppress(Exception):  # the page that needs it will say so
            importlib.import_module(name)
    gc.set_threshold(*_USUAL)
    gc.collect()
    gc.freeze()


def _names() -> Iterator[str]:
    yield from _FROM_OUTSIDE
    for package in (services, ui):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith(_LEFT_OUT):
                yield found.name
