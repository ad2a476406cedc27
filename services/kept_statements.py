"""Statements that take longer to put together than to answer: kept for who asks, as rights see them, and the day.

What is kept is the question, never its answer. Nothing may be in it but the actor's rights and today.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache, wraps
from typing import Any

from services import clock
from services.actors import Actor

_KEPT = 256  # askers; a school has some hundred, and few of them in one hour


def kept_for_asker(make: Callable[[Actor], Any]) -> Callable[[Actor], Any]:  # a select of whatever columns
    """Have a function that makes a statement make it once for each person, their rights, and the day."""

    @lru_cache(maxsize=_KEPT)
    def make_once(asker: Actor, _day: date) -> Any:
        return make(asker)

    @wraps(make)
    def statement(actor: Actor) -> Any:
        return make_once(_with_rights_alone(actor), clock.today())

    return statement


def _with_rights_alone(actor: Actor) -> Actor:
    """Return the actor without what differs from click to click."""
    return replace(actor, display_name="", session_id=None, hidden_since=None, last_seen_at=None, os_user=None)
