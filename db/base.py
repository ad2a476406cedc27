"""What all tables share: constraint names, enumerations stored by value, sealed columns."""

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import Enum, String
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString, SQLModel

# Set before the first table is defined, so that every constraint has a name migrations can speak of.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Labelled(StrEnum):
    """An enumeration whose members carry, beside the stored value, the words people read."""

    label: str

    def __new__(cls, value: str, label: str = "") -> "Labelled":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


def stored_by_value(enumeration: type[StrEnum], *, name: str | None = None) -> Enum:
    """Return a column type that stores an enumeration's values as text, checked by the database.

    A second column of the same enumeration in one table needs a `name` for its check.
    """
    return Enum(
        enumeration,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name or enumeration.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def sorted_by_bytes(length: int) -> TypeEngine[str]:
    """Return a text type that sorts the same on both engines, whatever the locale of a PostgreSQL server."""
    return AutoString(length).with_variant(String(length, collation="C"), "postgresql")


def new_uid() -> str:
    """Return a random row name; sealed columns are bound to it."""
    return uuid.uuid4().hex


JsonObject = dict[str, Any]  # JSON has no narrower type


# What a key rotation must know of a column besides its name, which ends in _sealed for every sealed one; it is no part
# of the schema. A test asks every column that ends in _hash for one of these, or for a reason to have none.
HASH_OF, ROW_OF, FORGOTTEN = "care_hash_of", "care_row_of", "care_forgotten"


def hash_of(sealed: str, *, purpose: str) -> dict[str, Any]:
    """Mark a column as the keyed hash, for a purpose, of the text in a sealed column of the same row."""
    return {"info": {HASH_OF: (sealed, purpose)}}


def row_of(table_name: str, row_id: str) -> dict[str, Any]:
    """Mark a sealed column as another table's row in JSON, its sealed columns in hex; the arguments say which row."""
    return {"info": {ROW_OF: (table_name, row_id)}}


FORGOTTEN_WITH_KEY: dict[str, Any] = {"info": {FORGOTTEN: True}}
"""Marks a keyed hash of what is stored nowhere: a new key begins with an empty table."""

LARGE = "care_large"
LARGE_COLUMN: dict[str, Any] = {"info": {LARGE: True}}
"""Marks a sealed column of whole files: what walks every sealed value takes few rows of it at a time."""
