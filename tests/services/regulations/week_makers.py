"""Weeks in which somebody worked with the program: without any event a week is not frozen."""

from datetime import date, time

from sqlmodel import Session

from db.audit_chain import Note, append
from services import audit, clock


def note_use(session: Session, *days: date) -> None:
    """Let somebody have signed in on each of these days, at nine in the morning."""
    append(
        session,
        (Note(clock.at_school(each, time(9)), None, "试用", audit.Action.SIGNED_IN.value) for each in days),
    )
