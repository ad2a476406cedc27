"""Statements that take longer to put together than to answer: kept for who asks, as rights see them, and the day.

What is kept is the question, never its answer. Nothing may be in it but the actor's rights, today and what is
handed in.
"""

from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

from services import clock
from services.actors import Actor

_KEPT = 256  # askers; a school has some hundred, and few of them in one hour
Make = TypeVar("Make", bound=Callable[..., Any])  # takes an actor first, then what can be a key; gives a statement


def kept_for_asker(make: Make) -> Make:
    """Have a function that makes a statement make it once for each person, their rights, the day and all else."""

    @lru_cache(maxsize=_KEPT)
    def make_once(_day: date, asker: Actor, *handed: Hashable) -> Any:
        return make(asker, *handed)

    @wraps(make)
    def statement(actor: Actor, *handed: Hashable) -> Any:
        return make_once(clock.today(), _with_rights_alone(actor), *handed)

    return cast(Make, statement)


def _with_rights_alone(actor: Actor) -> Actor:
    """Return the actor without what differs from click to click."""
    return replace(actor, display_name="", session_id=None, hidden_since=None, last_seen_at=None, os_user=None)
