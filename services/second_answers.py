"""Who answers what takes a second person: a head who had no hand in it, else whoever gives the second yes.

One rule for plans of severe cases, for closing and for lowering a tier; each says who may be asked at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, true
from sqlmodel import Session, col, select

from db.tables import AppUser, Role
from services.access import HOLDERS, Permission
from services.actors import Actor
from services.deputies import find_second_person
from services.referrals import knows_of_abuse
from services.tier_rows import holds_one_of


def second_answerers(
    session: Session, actor: Actor, *, apart: ColumnElement[bool], allowed: ColumnElement[bool]
) -> Sequence[tuple[int, str]]:
    """Return who is asked, by id and name: every head who stands apart from it, else the first of `second_people`.

    Two statements at most beyond those of `find_second_person`; nobody, where the school has named none.
    """
    if heads := _heads(session, apart):
        return heads
    return second_people(session, actor, allowed=and_(allowed, apart))[:1]


@dataclass(frozen=True, slots=True)
class Answerers:
    """Everybody who may answer one kind of request, by id and name, in the order in which they are asked."""

    heads: Sequence[tuple[int, str]]
    others: Sequence[tuple[int, str]]

    def of(self, asked_by_id: int | None) -> Sequence[tuple[int, str]]:
        """Return who answers what somebody asked: every head who did not, else the first of the others."""
        heads = [each for each in self.heads if each[0] != asked_by_id]
        return heads or [each for each in self.others if each[0] != asked_by_id][:1]


def read_answerers(session: Session, actor: Actor, *, allowed: ColumnElement[bool]) -> Answerers:
    """Return who may answer requests of which only who asked must stand apart, however many askers there are.

    Two statements beyond those of `find_second_person`.
    """
    return Answerers(_heads(session, true()), second_people(session, actor, allowed=allowed))


def _heads(session: Session, apart: ColumnElement[bool]) -> Sequence[tuple[int, str]]:
    heads = session.exec(
        select(AppUser.id, AppUser.display_name).where(is_head(), apart).order_by(col(AppUser.id))
    ).all()
    return [(user_id or 0, name) for user_id, name in heads]


def second_people(session: Session, actor: Actor, *, allowed: ColumnElement[bool]) -> Sequence[tuple[int, str]]:
    """Return who gives the second yes beside the heads, in the order in which they are asked: the post, then leaders.

    One statement beyond those of `find_second_person`.
    """
    wanted: ColumnElement[bool] = col(AppUser.id) == find_second_person(session, actor).user_id
    named = session.exec(
        select(AppUser.id, AppUser.display_name)
        .where(AppUser.is_active, or_(wanted, knows_of_abuse()), allowed)
        .order_by(wanted.desc(), col(AppUser.id))
    ).all()
    return [(user_id or 0, name) for user_id, name in named]


def is_head() -> ColumnElement[bool]:
    """Return the filter on accounts of heads of the room."""
    return holds_one_of(AppUser, {Role.LEAD})


def may_answer_for(permission: Permission, *, is_protected: bool = False) -> ColumnElement[bool]:
    """Return the filter on accounts that may be asked: who holds the permission, or knows of a marked case."""
    return knows_of_abuse() if is_protected else holds_one_of(AppUser, HOLDERS[permission])
