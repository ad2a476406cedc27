"""The tables, by name: those the sign-in page asks alone, and all of them with the first other one that is wanted.

Making all of them takes a third of the time from the start to the sign-in page (measured), see docs/decisions/0015.
Nobody else may bring the tables that are there into use meanwhile: SQLAlchemy counts them without a lock, and whoever
asks as another is added gets an error instead of the page (seen: two first visitors at one moment).
"""

from importlib import import_module
from typing import TYPE_CHECKING

from sqlalchemy.orm.mapper import _CONFIGURE_MUTEX

if TYPE_CHECKING:
    from db.tables.every import *  # noqa: F403

AT_SIGN_IN = ("people", "school", "posts", "system")
"""The modules whose tables name no table outside of them: a row can be saved without the others."""


def __getattr__(name: str) -> object:
    """Find a table, or what belongs to one, by its name.

    Raises:
        AttributeError: there is none.
    """
    if name.startswith("__"):
        raise AttributeError(name)
    with _CONFIGURE_MUTEX:
        for each in AT_SIGN_IN:
            if hasattr(module := import_module(f"{__name__}.{each}"), name):
                return getattr(module, name)
        return getattr(import_module(f"{__name__}.every"), name)
