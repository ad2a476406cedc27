"""An exception told without its words: class and frames only; standard library only, for the command line."""

import secrets
import traceback
from pathlib import Path
from types import TracebackType

_REFERENCE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no 0 and O, no 1 and I: it is read out on the phone


def new_reference() -> str:
    """Return six letters and figures that can't be misread."""
    return "".join(secrets.choice(_REFERENCE_LETTERS) for _ in range(6))


def describe(error: BaseException) -> str:
    """Return class and frames of an exception and of its causes: no message, no locals, no source text."""
    parts = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(f"{type(current).__module__}.{type(current).__qualname__} at {_frames(current.__traceback__)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return " <- ".join(parts)


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace, limit=-8)  # the innermost ones
    return " > ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames) or "-"


def _short(filename: str) -> str:
    """Return the last parts of a path: enough to find the file, nothing about the machine."""
    return "/".join(Path(filename).parts[-2:])
