"""The kinds of 四特 in the school's own words: renamed or no longer offered; the kind stored stays (G-02).

The State has no definition of them, schools count and name them differently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.tables import CategoryKind, SpecialKind
from db.transactions import kept_for_one_run
from services import audit
from services.access import Permission, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, FieldErrors, Problem
from services.fields import SHORT, Checker

_KEPT = "special_kinds"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of 四特 as its form draws it."""

    id: int
    version: int
    kind: CategoryKind
    label: str
    is_offered: bool


@permitted(Permission.HOME_READ)
def list_special_kinds(session: Session, actor: Actor) -> list[Kind]:
    """Return the kinds of 四特 in their order; words, of no child."""
    return list(_kinds(session))


@permitted(Permission.HOME_READ)
def list_offered_kinds(session: Session, actor: Actor) -> Mapping[CategoryKind, str]:
    """Return every category a child can be registered in now, in the school's words; one statement a run."""
    retired = {row.kind for row in _kinds(session) if not row.is_offered}
    return {kind: word for kind, word in words_of_kinds(session).items() if kind not in retired}


@permitted(Permission.SCHOOL_WRITE)
def change_special_kind(
    session: Session, actor: Actor, *, kind_id: int, version: int, label: str | None, is_offered: bool
) -> None:
    """Rename a kind everywhere, or no longer offer it; children registered under it stay so.

    Raises:
        NotFound: there is no such kind.
        FieldErrors: the word is blank, too long, or another category's.
        EditedMeanwhile: somebody saved it since; `current` is a Kind.
    """
    try:
        row = lock_version(session, SpecialKind, kind_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(_kind(error.current), edited_by=last_editor(session, error.current)) from None
    check = Checker()
    word = check.required_text("label", label, limit=SHORT)
    if word in {kind.label for kind in CategoryKind if kind is not row.kind}:  # 留守, 困境, another kind as shipped
        check.add("label", "taken")
    check.finish()
    try:
        with session.begin_nested():
            row.label, row.is_offered = word, is_offered
            session.add(row)
            session.flush()
    except IntegrityError:
        raise FieldErrors({"label": Problem("taken")}) from None
    audit.record(session, actor, audit.Action.SETTINGS_CHANGED, target=row, fields=[row.kind.value])


def words_of_kinds(session: Session) -> dict[CategoryKind, str]:
    """Return what every category is called at this school; one statement a run."""
    own = {row.kind: row.label for row in _kinds(session)}
    return {kind: own.get(kind, kind.label) for kind in CategoryKind}


def is_retired(session: Session, kind: CategoryKind) -> bool:
    """Say whether new children are no longer registered under a kind."""
    return any(row.kind is kind and not row.is_offered for row in _kinds(session))


def _kinds(session: Session) -> Sequence[Kind]:
    kept = kept_for_one_run(session)
    if kept is not None and _KEPT in kept:
        known: Sequence[Kind] = kept[_KEPT]
        return known
    found = [_kind(row) for row in session.exec(select(SpecialKind).order_by(col(SpecialKind.id)))]
    if kept is not None:
        kept[_KEPT] = found
    return found


def _kind(row: SpecialKind) -> Kind:
    return Kind(row.id or 0, row.version, row.kind, row.label, row.is_offered)
