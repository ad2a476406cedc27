"""What a helper is called, whether an account or a name: columns for queries that join the account."""

from typing import Any

from sqlmodel import col, func

from db.tables import AppUser, Helper


def helper_name() -> Any:  # a column
    """Return the helper's name: the account's, else the one written down."""
    return func.coalesce(col(AppUser.display_name), col(Helper.name))


def helper_order() -> Any:  # a column
    """Return what helpers are sorted by."""
    return func.coalesce(col(AppUser.name_order), col(Helper.name_order))
