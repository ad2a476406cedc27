"""Lists of words a school edits: kinds of difficulty (困境), names of the levels of 四特 (G-02)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.tables import CareOption, OptionList
from services import audit
from services.access import Permission, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import SHORT, Checker

MOST_OPTIONS = 60


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a list as its form draws it."""

    id: int
    version: int
    label: str
    level: int | None
    is_offered: bool


@permitted(Permission.HOME_READ)
def list_options(session: Session, actor: Actor, *, list_name: OptionList) -> list[Option]:
    """Return a list in its order, with what is no longer offered at the end; words, of no child."""
    return [_option(row) for row in _rows(session, list_name)]


@permitted(Permission.SCHOOL_WRITE)
def add_option(session: Session, actor: Actor, *, list_name: OptionList, label: str | None) -> int:
    """Add a kind of difficulty; levels are three and can only be renamed.

    Raises:
        NotFound: the list takes no entries.
        FieldErrors: the word is blank, too long or there already; the list is full.
    """
    if list_name is not OptionList.DIFFICULTY:
        raise NotFound
    rows = _rows(session, list_name)
    check = Checker()
    word = check.required_text("label", label, limit=SHORT)
    if len(rows) >= MOST_OPTIONS:
        check.add("label", "too_many_options", limit=MOST_OPTIONS)
    check.finish()
    row = CareOption(list_name=list_name, label=word, position=max((each.position for each in rows), default=0) + 1)
    return _save(session, actor, row, label=word, is_offered=True)


@permitted(Permission.SCHOOL_WRITE)
def change_option(
    session: Session, actor: Actor, *, option_id: int, version: int, label: str | None, is_offered: bool
) -> None:
    """Rename an entry everywhere, or no longer offer it; children registered under it keep it.

    Raises:
        NotFound: there is no such entry.
        FieldErrors: the word is blank, too long or there already; a level that can't be dropped.
        EditedMeanwhile: somebody saved it since; `current` is an Option.
    """
    try:
        row = lock_version(session, CareOption, option_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(_option(error.current), edited_by=last_editor(session, error.current)) from None
    check = Checker()
    word = check.required_text("label", label, limit=SHORT)
    if not is_offered and row.list_name is OptionList.LEVEL:
        check.add("is_offered", "level_stays")
    check.finish()
    _save(session, actor, row, label=word, is_offered=is_offered)


def _rows(session: Session, list_name: OptionList) -> Sequence[CareOption]:
    return session.exec(
        select(CareOption)
        .where(CareOption.list_name == list_name)
        .order_by(col(CareOption.is_offered).desc(), col(CareOption.position), col(CareOption.id))
    ).all()


def _option(row: CareOption) -> Option:
    return Option(row.id or 0, row.version, row.label, row.level, row.is_offered)


def _save(session: Session, actor: Actor, row: CareOption, *, label: str, is_offered: bool) -> int:
    try:
        with session.begin_nested():
            row.label, row.is_offered = label, is_offered
            session.add(row)
            session.flush()
    except IntegrityError:
        raise FieldErrors({"label": Problem("taken")}) from None
    audit.record(session, actor, audit.Action.SETTINGS_CHANGED, target=row, fields=[row.list_name.value])
    return row.id or 0
