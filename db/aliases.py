"""A table under a second name, for statements that several people's requests build at the same time."""

from typing import TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel

Row = TypeVar("Row", bound=SQLModel)


def shared_alias(table: type[Row]) -> type[Row]:
    """Return a table under another name, which a module may keep for all threads.

    SQLAlchemy finds an alias's columns when they are first asked for. Two threads that ask at once get the columns of
    the table itself, and the alias keeps them: the page fails until the program starts anew (seen).
    """
    alias = aliased(table)
    for column in inspect(table).column_attrs:
        getattr(alias, column.key).__clause_element__()
    return alias
