"""A question is put together once for each asker and day, and never answered from what was kept."""

from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, select

from db.tables import AppUser, Role
from services import clock
from services.actors import Actor
from services.kept_statements import kept_for_asker

LEAD = Actor(7, "何知微", frozenset({Role.LEAD}))


def counted():
    made = []

    @kept_for_asker
    def own_account(actor: Actor):
        made.append((actor.user_id, actor.roles, clock.today()))
        return select(AppUser.display_name).where(col(AppUser.id) == actor.user_id)

    return own_account, made


def test_it_is_made_once_whatever_differs_from_click_to_click():
    statement, made = counted()

    first = statement(replace(LEAD, last_seen_at=clock.now(), session_id=1))

    assert statement(replace(LEAD, last_seen_at=clock.now(), session_id=2, display_name="何知微（新）")) is first
    assert len(made) == 1


def test_another_person_other_rights_and_another_day_ask_anew(monkeypatch):
    statement, made = counted()
    asked = [LEAD, replace(LEAD, user_id=8), replace(LEAD, roles=frozenset({Role.HOMEROOM}))]
    asked += [
        replace(LEAD, is_protection_leader=True),
        replace(LEAD, holds_office=True),
        replace(LEAD, by_post_only=True),
    ]

    assert len({id(statement(actor)) for actor in asked}) == len(asked)

    tomorrow = clock.today() + timedelta(days=1)
    monkeypatch.setattr(clock, "today", lambda: tomorrow)
    statement(LEAD)
    assert made[-1] == (7, LEAD.roles, tomorrow)


def test_the_answer_is_the_one_of_now(session, make_user):
    statement, _ = counted()
    actor = make_user(Role.LEAD)
    assert session.exec(statement(actor)).one() == actor.display_name

    session.get_one(AppUser, actor.user_id).display_name = "改了名"
    session.flush()

    assert session.exec(statement(actor)).one() == "改了名"
