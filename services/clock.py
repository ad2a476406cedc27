"""The one clock: aware UTC inside, the school's zone at the edges; tests set it, nobody waits for it."""

import os
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SCHOOL_ZONE = ZoneInfo("Asia/Shanghai")
"""All of China keeps one time."""


def _offset_from_environment() -> timedelta:
    """Let a rehearsal start at another moment: CARE_CLOCK=2026-11-20T09:41+08:00; time runs on from there."""
    start = os.environ.get("CARE_CLOCK")
    return datetime.fromisoformat(start).astimezone(UTC) - datetime.now(UTC) if start else timedelta(0)


_offset = _offset_from_environment()
_fixed: datetime | None = None


def now() -> datetime:
    """Return this instant, in UTC."""
    return _fixed if _fixed is not None else datetime.now(UTC) + _offset


def today() -> date:
    """Return today's date at the school."""
    return local(now()).date()


def local(instant: datetime) -> datetime:
    """Show an instant in the school's zone."""
    return instant.astimezone(SCHOOL_ZONE)


def at_school(day: date, clock_time: time) -> datetime:
    """Return the instant at which it is this day and time at the school, in UTC; years nobody has lived in are cut."""
    day = min(max(day, date.min + timedelta(days=1)), date.max - timedelta(days=1))
    return datetime.combine(day, clock_time, SCHOOL_ZONE).astimezone(UTC)


def set_fixed(instant: datetime | None) -> None:
    """Stop the clock at an instant, or let it run again; for tests."""
    global _fixed
    _fixed = instant.astimezone(UTC) if instant is not None else None
