"""Who owes a duty: of a case, of a child with a case or without, of a class, of a pair."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.tables import Post, PostHolder, Role
from services import clock
from services.regulations.catalogue import ClausePost
from services.regulations.deadlines import DutyState
from services.regulations.facts.children import Children, Span
from services.regulations.owners import CaseOwners, Owners, Posts, read_posts
from services.regulations.standings import Standing, SubjectKind

HEAD, COUNSELLOR, ON = 1, 2, date(2026, 11, 20)


def owed(clause_id: str, subject: SubjectKind, subject_id: int) -> tuple[int, ...]:
    posts = Posts({ClausePost.HEAD_OF_ROOM.value: (HEAD,)})
    owners = Owners(ON, Children(), posts, CaseOwners({7: COUNSELLOR}, {40: COUNSELLOR}))
    duty = Standing(clause_id, None, subject, subject_id, ON, None, ON, DutyState.OVERDUE, is_open=True)
    return owners.of(duty)


@pytest.mark.parametrize(
    ("clause_id", "subject", "subject_id", "owner"),
    [
        ("I-04", SubjectKind.CASE, 7, COUNSELLOR),
        ("I-04", SubjectKind.CASE, 8, HEAD),
        ("F-05", SubjectKind.CHILD, 40, COUNSELLOR),
        ("F-05", SubjectKind.CHILD, 41, HEAD),
    ],
)
def test_what_a_case_owes_is_its_owners_and_without_one_the_heads(clause_id, subject, subject_id, owner):
    assert owed(clause_id, subject, subject_id) == (owner,)


def test_a_class_is_its_teacher_s_of_that_day_and_a_pair_without_an_account_too():
    """Class 3 changed hands today; helper 5 has an account, helper 6 has none."""
    first, before, now, tutor = ON - timedelta(days=30), 10, 11, 12
    children = Children(
        classes={40: [Span(first, None, 3)]}, homeroom={3: [Span(first, ON, before), Span(ON, None, now)]},
        helper_accounts={5: tutor, 6: None},
    )  # fmt: skip
    owners = Owners(ON, children, Posts(), CaseOwners())

    def owed(clause_id: str, helper_id: int | None = None) -> tuple[int, ...]:
        return owners.of(
            Standing(
                clause_id, None, SubjectKind.CHILD, 40, ON, None, ON, DutyState.DUE, is_open=True, helper_id=helper_id
            )
        )

    assert (owed("K-01"), owed("J-13", 5), owed("J-13", 6)) == ((now,), (tutor,), (now,))


@pytest.mark.parametrize(("days", "is_held"), [(0, False), (1, True)], ids=["ends today", "ends tomorrow"])
def test_a_post_is_somebody_s_up_to_the_day_it_ends(session, make_user, days, is_held):
    holder, post = make_user(Role.COUNSELLOR), ClausePost.LEFT_BEHIND_COORDINATOR
    post_id = session.exec(select(Post.id).where(Post.code == post.value)).one()
    session.add(
        PostHolder(
            post_id=post_id, user_id=holder.user_id, seat="school", is_sole=True, from_day=date(2026, 9, 1),
            to_day=ON + timedelta(days=days), recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()

    assert (holder.user_id in read_posts(session, on=ON).held_by(post)) is is_held
