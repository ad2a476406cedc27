"""Suggestions on screen: asked for, changed, confirmed, and what happens when somebody was faster."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import CategoryKind, Helper, HelperKind, Pairing, PairingRole, Role, StudentCategory
from db.transactions import reading, transaction
from services import clock, drafts
from services.pairing import proposals
from services.pairing.proposals import ProposalScope
from services.pairing.weight_settings import find_weights
from services.pairing.weights import SexWish
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui import pairing_draft, pairing_table


def typed(monkeypatch, edits):
    """AppTest can't type into a table: what the browser would have sent stands here."""
    monkeypatch.setattr(pairing_table, "_typed", lambda _key: edits)


def pairs():
    with reading() as session:
        return session.exec(select(Pairing).order_by(Pairing.id)).all()


@pytest.fixture
def helpers(session, world: World):
    """Two teachers who can be tutors: the one who teaches the class with two places, the other with three."""
    made = [
        Helper(
            kind=HelperKind.STAFF, user_id=world.staff[role].user_id, capacity=room, from_day=date(2026, 9, 1),
            recorded_at=clock.now(),
        )
        for role, room in ((Role.SUBJECT_TEACHER, 2), (Role.MENTOR, 3))
    ]  # fmt: skip
    session.add_all(made)
    commit(session)
    return made


@pytest.fixture
def suggested(open_page: OpenPage, world: World, helpers):
    """The page of the head of the room with suggestions for all children of the school."""
    screen = open_page("pairing_suggest", world.staff[Role.LEAD], who="all")
    return screen.button(key="suggest_ask").click().run()


def save(screen):
    return screen.button(key="suggest_save")


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR])
def test_all_children_are_suggested_somebody_at_once_with_why(open_page, world: World, helpers, role):
    screen = open_page("pairing_suggest", world.staff[role], who="all")
    assert not screen.dataframe
    screen.button(key="suggest_ask").click().run()

    table = screen.dataframe[0].value
    assert not screen.exception
    assert sorted(table["child"]) == ["孟紫苏", "江小满", "霍半夏"]
    assert sorted(each.split("，")[0] for each in table["helper"]) == ["试任课教师", "试任课教师", "试结对教师"]
    assert "教这个班，手上还没有孩子" in set(table["why"])
    assert save(screen).label == "按这样结对（3 个孩子）"
    assert [each.key for each in screen.button if each.key == "suggest_weights"] == (
        ["suggest_weights"] if role is Role.LEAD else []
    )


def test_who_comes_first_stands_first_and_says_why(open_page, world: World, session, helpers):
    session.add(
        StudentCategory(
            student_id=world.students[2].id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1),
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    screen = open_page("pairing_suggest", world.staff[Role.COUNSELLOR], who="all", asked="1")

    table = screen.dataframe[0].value
    assert (table["child"][0], list(table["first"])) == (world.students[2].name, ["留守", "", ""])


def test_what_is_confirmed_is_written_as_a_whole(suggested):
    save(suggested).click().run()

    assert not suggested.exception
    assert [each.role for each in pairs()] == [PairingRole.MENTOR] * 3
    assert "这里没有要找人的孩子" in words_on(suggested)


def test_a_person_can_choose_another_or_nobody(suggested, helpers, monkeypatch):
    table = suggested.dataframe[0].value
    children = list(table["child"])
    free = next(label for label in table["helper"] if label.startswith("试结对教师"))
    typed(monkeypatch, {0: {"helper": free}, 1: {"helper": "先不结对"}, 2: {"helper": free}})
    suggested.run()

    assert f"{children[1]}改成先不结对" in words_on(suggested)
    assert suggested.selectbox(key="suggest_role").disabled
    assert suggested.button(key="suggest_ask").disabled
    save(suggested).click().run()

    assert not suggested.exception
    assert {each.helper_id for each in pairs()} == {helpers[1].id}
    assert len(pairs()) == 2


def test_more_than_a_helper_has_room_for_is_said_and_refused(suggested, monkeypatch):
    full = next(label for label in suggested.dataframe[0].value["helper"] if label.startswith("试任课教师"))
    typed(monkeypatch, {place: {"helper": full} for place in range(3)})
    suggested.run()
    assert "试任课教师选了 3 个孩子，只能再带 2 个" in suggested.warning[0].value

    save(suggested).click().run()

    assert not suggested.exception
    assert "一对都没有写" in suggested.error[0].value
    assert "试任课教师只能再带 2 个孩子，这里选了 3 个" in suggested.error[1].value
    assert pairs() == []


def test_the_slower_of_two_is_told_and_asks_again(suggested, world: World, helpers):
    child = world.students[0]
    with transaction() as other:
        other.add(
            Pairing(
                student_id=child.id, helper_id=helpers[1].id, role=PairingRole.MENTOR, from_day=clock.today(),
                recorded_at=clock.now(),
            )
        )  # fmt: skip

    save(suggested).click().run()
    assert f"{child.name}刚有了结对" in suggested.error[1].value
    assert len(pairs()) == 1

    suggested.button(key="suggest_again").click().run()
    assert not suggested.exception
    assert child.name not in list(suggested.dataframe[0].value["child"])
    save(suggested).click().run()
    assert len(pairs()) == 3


def test_what_was_changed_is_there_after_a_reload(open_page, world: World, session, helpers):
    lead, gone = world.staff[Role.LEAD], 999
    scope = ProposalScope(role=PairingRole.MENTOR, also_others=True)
    changes = {world.students[0].id: helpers[1].id, world.students[1].id: 0, gone: helpers[1].id}
    content = {str(child): helper for child, helper in changes.items()}
    drafts.save_draft(session, lead, form=pairing_draft.FORM, subject=pairing_draft._subject(scope), content=content)
    commit(session)

    screen = open_page("pairing_suggest", lead, who="all", asked="1")

    table = screen.dataframe[0].value
    shown = dict(zip(table["child"], table["helper"], strict=True))
    assert not screen.exception
    assert shown[world.students[0].name].startswith("试结对教师")
    assert shown[world.students[1].name] == "先不结对"
    assert "有 1 处放不回来" in words_on(screen)
    screen.button(key="suggest_discard").click().run()
    assert "先不结对" not in list(screen.dataframe[0].value["helper"])
    with reading() as other:
        assert drafts.find_draft(other, lead, form=pairing_draft.FORM, subject=pairing_draft._subject(scope)) is None


def test_other_children_are_asked_for_anew(suggested):
    suggested.selectbox(key="suggest_role").set_value(PairingRole.BUDDY).run()

    assert not suggested.exception
    assert not suggested.dataframe
    assert "asked" not in suggested.query_params
    suggested.button(key="suggest_ask").click().run()
    assert "没有能做手拉手好朋友的人" in words_on(suggested)


def test_too_many_children_are_refused_with_what_to_do(open_page, world: World, helpers, monkeypatch):
    monkeypatch.setattr(proposals, "MOST_CHILDREN", 2)
    screen = open_page("pairing_suggest", world.staff[Role.LEAD], who="all")
    screen.button(key="suggest_ask").click().run()

    assert not screen.exception
    assert "请选一个年级" in screen.error[0].value
    assert not screen.dataframe


def test_the_children_of_one_who_leaves_go_to_others(open_page, world: World, session, helpers):
    for child in world.students[:2]:
        session.add(
            Pairing(
                student_id=child.id, helper_id=helpers[0].id, role=PairingRole.MENTOR, from_day=date(2026, 9, 1),
                recorded_at=clock.now(),
            )
        )  # fmt: skip
    commit(session)
    screen = open_page("pairing_suggest", world.staff[Role.LEAD], **{"from": helpers[0].id})
    screen.button(key="suggest_ask").click().run()

    assert {each.split("，")[0] for each in screen.dataframe[0].value["helper"]} == {"试结对教师"}
    save(screen).click().run()

    assert not screen.exception
    assert [(each.helper_id, each.to_day) for each in pairs()] == [
        (helpers[0].id, clock.today()), (helpers[0].id, clock.today()), (helpers[1].id, None), (helpers[1].id, None),
    ]  # fmt: skip


def test_the_head_says_what_counts(open_page, world: World, helpers):
    lead = world.staff[Role.LEAD]
    screen = open_page("pairing_suggest", lead)
    screen.button(key="suggest_weights").click().run()
    screen.number_input(key="pairing_weights_subject").set_value(2.5)
    screen.button(key="pairing_weights_save").click().run()
    assert "没有存上" in words_on(screen)

    screen.number_input(key="pairing_weights_subject").set_value(25)
    screen.selectbox(key="pairing_weights_sex").set_value(SexWish.PREFER)
    screen.button(key="pairing_weights_save").click().run()

    assert not screen.exception
    with reading() as session:
        stored = find_weights(session, lead)
    assert (stored.version, stored.weights.subject, stored.weights.sex) == (1, 25, SexWish.PREFER)
