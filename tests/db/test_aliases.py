"""Aliases that modules keep are whole before threads share them."""

import pkgutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Barrier

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass

import services
from db.aliases import shared_alias
from db.tables import AppUser

NAMES = ("display_name", "id", "username")


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def _columns_of_another_table(make: object, rounds: int) -> int:
    """Count the rounds in which a thread found a column of the table itself instead of the alias's."""
    wrong = 0
    with ThreadPoolExecutor(len(NAMES)) as threads:
        for _ in range(rounds):
            alias, start = make(AppUser), Barrier(len(NAMES))  # type: ignore[operator]

            def find(name: str, alias: type[AppUser] = alias, start: Barrier = start) -> bool:
                start.wait()
                return getattr(alias, name).__clause_element__().table is inspect(alias).selectable  # type: ignore[attr-defined]

            wrong += not all(threads.map(find, NAMES))
    return wrong


def test_threads_that_ask_first_at_once_find_the_alias_and_not_the_table(restless):
    assert _columns_of_another_table(shared_alias, 300) == 0


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_a_plain_alias_may_not_be_shared(restless):
    """Else `shared_alias` may go."""
    assert any(_columns_of_another_table(aliased, 500) for _ in range(20))


def test_no_module_keeps_an_alias_that_threads_would_still_have_to_complete():
    kept = {}
    for found in pkgutil.walk_packages(services.__path__, "services."):
        for name, value in vars(import_module(found.name)).items():
            if isinstance(value, AliasedClass):
                kept[f"{found.name}.{name}"] = value
    assert len(kept) > 10
    bare = [name for name, alias in kept.items() if not inspect(alias).selectable.c._proxy_index]
    assert bare == [], "use db.aliases.shared_alias"
