"""The contact card: one form over several rows, counted, versions kept, read only by whoever may."""

import threading
from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import func, select

from db.sealing import unseal
from db.tables import ContactCardVersion, Guardian, GuardianKind, Role, Student, Whereabouts
from db.transactions import reading, transaction
from services import contact_cards
from services.card_parts import CardPart
from services.contact_cards import CardEntry, find_card, list_versions, save_card
from services.errors import EditedMeanwhile, NotAllowed, NotFound
from services.guardians import GuardianEntry, end_guardian, save_guardian
from services.student_files import find_student, open_contact_with_reason
from services.students import change_student, create_student, find_entry
from tests.services.children import BAD_TEXTS, LONG, collected, entry, problems_of

WHOLE = CardEntry(
    home_address="望舒镇竹溪村2组9号",
    father_name="江远山", father_phone="15400000211", father_workplace="栖云市星河厂",
    father_whereabouts=Whereabouts.AWAY,
    mother_name="林初雪", mother_phone="15400000212", mother_workplace="栖云市星河厂",
    guardian_kind=GuardianKind.ENTRUSTED, guardian_name="顾兰亭", guardian_relation="外婆", guardian_age=67,
    guardian_occupation="务农", guardian_health="良好", guardian_address="望舒镇竹溪村2组9号",
    guardian_phone="15400000137",
)  # fmt: skip


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def child(make_student):
    return make_student().id


def save(session, actor, child, **overrides):
    card = find_card(session, actor, student_id=child)
    save_card(session, actor, student_id=child, version=card.version, entry=replace(WHOLE, **overrides))


def counted(session, child):
    session.flush()
    return session.exec(select(Student.card_parts_filled, Student.card_missing).where(Student.id == child)).one()


def test_a_whole_card_is_complete_and_reads_back_as_it_was_typed(session, lead, child):
    save(session, lead, child)

    card = find_card(session, lead, student_id=child)
    assert counted(session, child) == (14, "")
    assert all(getattr(card, name) == getattr(WHOLE, name) for name in CardEntry.__dataclass_fields__)
    assert collected(session)[-1] == "contact_card.saved"


def test_a_child_just_entered_lacks_what_was_not_typed(session, lead):
    saved = create_student(session, lead, entry=entry(address="望舒镇"), class_id=None)

    filled, missing = counted(session, saved.id)
    assert filled == 1
    assert "home_address" not in missing.split(",")


@pytest.mark.parametrize("part", CardPart, ids=lambda part: part.value)
def test_a_part_left_blank_is_named(session, lead, child, part):
    save(session, lead, child, **{part.value: None})

    assert counted(session, child) == (13, part.value)


def test_who_has_died_owes_no_telephone(session, lead, child):
    save(
        session, lead, child,
        father_whereabouts=Whereabouts.DECEASED, father_phone=None, father_workplace=None,
    )  # fmt: skip

    assert counted(session, child) == (14, "")


def test_a_mother_who_looks_after_the_child_herself(session, lead, child):
    save(session, lead, child)
    save(
        session, lead, child, guardian_kind=GuardianKind.MOTHER,
        guardian_name=None, guardian_relation=None, guardian_phone=None,
    )  # fmt: skip

    assert counted(session, child) == (14, "")
    card = find_card(session, lead, student_id=child)
    assert (card.guardian_kind, card.guardian_name, card.guardian_age) == (GuardianKind.MOTHER, None, 67)
    kinds = session.exec(select(Guardian.kind, Guardian.is_primary).order_by(Guardian.id)).all()
    assert kinds == [(GuardianKind.FATHER, False), (GuardianKind.MOTHER, True), (GuardianKind.OTHER, False)]


def test_words_lie_sealed_and_the_age_as_a_year(session, lead, child):
    save(session, lead, child)

    row = session.exec(select(Guardian).where(Guardian.kind == GuardianKind.ENTRUSTED)).one()
    assert row.birth_year == 1959
    assert "务农".encode() not in (row.occupation_sealed or b"")
    assert (unseal(row, "occupation_sealed"), unseal(row, "health_sealed")) == ("务农", "良好")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"father_phone": "12345"}, {"father_phone": "phone_shape"}),
        ({"guardian_age": 9}, {"guardian_age": "guardian_age"}),
        ({"guardian_age": 60.5}, {"guardian_age": "not_whole"}),
        ({"guardian_age": 10**30}, {"guardian_age": "guardian_age"}),
        ({"mother_name": "===="}, {"mother_name": "not_a_name"}),
        ({"home_address": LONG}, {"home_address": "too_long"}),
        ({"guardian_kind": None}, {"guardian_kind": "required"}),
        ({"guardian_name": None, "guardian_phone": None}, {"guardian_name": "someone"}),
        (
            {"guardian_kind": GuardianKind.FATHER},
            {"guardian_name": "parent_elsewhere", "guardian_phone": "parent_elsewhere"},
        ),
        (
            {
                "guardian_kind": GuardianKind.FATHER, "guardian_name": None, "guardian_phone": None,
                "father_whereabouts": Whereabouts.MISSING,
            },
            {"guardian_kind": "no_such_parent"},
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_said_at_its_field_and_nothing_is_written(session, lead, child, typed, problem):
    assert problems_of(lambda: save(session, lead, child, **typed)) == problem
    assert session.exec(select(func.count()).select_from(Guardian)).one() == 0


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_odd_words_are_kept_as_words(session, lead, child, text):
    save(session, lead, child, guardian_health=text, home_address=text)

    assert find_card(session, lead, student_id=child).guardian_health == text


# --- versions ---


def test_every_change_keeps_the_card_before_it_with_who_and_what(session, lead, child, make_user):
    other = make_user(Role.COUNSELLOR, name="何知微")
    save(session, lead, child)
    save(session, other, child, guardian_phone="15400000999", home_address=None)

    (before,) = list_versions(session, lead, student_id=child)
    assert (before.number, before.ended_by, before.parts_filled) == (2, "何知微", 14)
    assert before.changed == ("guardian_phone", "home_address")
    assert before.words["guardian_phone"] == "15400000137"
    assert before.words["guardian_age"] == "1959 年生"


def test_saving_the_same_again_keeps_no_version(session, lead, child):
    save(session, lead, child)
    versions = session.exec(select(Guardian.id, Guardian.version)).all()
    save(session, lead, child)

    assert list_versions(session, lead, student_id=child) == []
    assert session.exec(select(Guardian.id, Guardian.version)).all() == versions


def test_changes_by_other_ways_are_kept_and_counted_too(session, lead, child):
    save(session, lead, child)
    stored = find_entry(session, lead, student_id=child)
    change_student(session, lead, student_id=child, version=stored.version, entry=entry(student_no="S1"))
    assert counted(session, child) == (13, "home_address")
    guardian = session.exec(select(Guardian).where(Guardian.kind == GuardianKind.ENTRUSTED)).one()
    end_guardian(session, lead, student_id=child, guardian_id=guardian.id, version=guardian.version)
    save_guardian(session, lead, student_id=child, entry=GuardianEntry(kind=GuardianKind.OTHER, phone="15400000001"))

    assert [version.changed for version in list_versions(session, lead, student_id=child)][-1] == ("home_address",)
    assert counted(session, child)[0] == 7
    assert [version.number for version in list_versions(session, lead, student_id=child)] == [4, 3, 2]


def test_a_parent_taken_off_the_form_leaves_the_card_and_stays_recorded(session, lead, child):
    save(session, lead, child)
    save(session, lead, child, father_name=None, father_phone=None, father_workplace=None, father_whereabouts=None)

    father = session.exec(select(Guardian).where(Guardian.kind == GuardianKind.FATHER)).one()
    assert father.ended_at is not None
    assert counted(session, child)[0] == 11


def test_a_second_telephone_that_the_form_does_not_show_stays(session, lead, child):
    entry_ = GuardianEntry(kind=GuardianKind.FATHER, name="江远山", phone="15400000211", second_phone="15400000300")
    save_guardian(session, lead, student_id=child, entry=entry_)
    save(session, lead, child)

    father = session.exec(select(Guardian).where(Guardian.kind == GuardianKind.FATHER)).one()
    assert unseal(father, "second_phone_sealed") == "15400000300"


def test_an_age_saved_again_next_year_is_a_year_more(session, lead, child, monkeypatch):
    save(session, lead, child)
    monkeypatch.setattr(contact_cards.clock, "today", lambda: date(2027, 3, 1))

    card = find_card(session, lead, student_id=child)
    assert card.guardian_age == 68
    save(session, lead, child, guardian_age=68)
    assert session.exec(select(Guardian.birth_year).where(Guardian.birth_year.is_not(None))).one() == 1959


# --- two editors ---


def test_the_second_of_two_editors_is_shown_the_first_ones_card(session, lead, child, make_user):
    other = make_user(Role.COUNSELLOR, name="何知微")
    save(session, lead, child)
    drawn = find_card(session, lead, student_id=child).version
    save(session, other, child, guardian_phone="15400000999")

    with pytest.raises(EditedMeanwhile) as refused:
        save_card(session, lead, student_id=child, version=drawn, entry=WHOLE)

    assert refused.value.edited_by == "何知微"
    assert refused.value.current.guardian_phone == "15400000999"


def test_a_guardian_changed_in_its_own_dialog_counts_as_an_edit_of_the_card(session, lead, child):
    save(session, lead, child)
    drawn = find_card(session, lead, student_id=child).version
    guardian = session.exec(select(Guardian).where(Guardian.kind == GuardianKind.MOTHER)).one()
    save_guardian(
        session, lead, student_id=child, guardian_id=guardian.id, version=guardian.version,
        entry=GuardianEntry(kind=GuardianKind.MOTHER, name="林初雪", phone="15400000777"),
    )  # fmt: skip

    with pytest.raises(EditedMeanwhile):
        save_card(session, lead, student_id=child, version=drawn, entry=WHOLE)


def test_two_at_once_are_one_after_the_other(location, make_user, make_student, session):
    lead, child = make_user(Role.LEAD), make_student().id
    session.commit()
    refused, barrier = [], threading.Barrier(2)

    def act(phone):
        barrier.wait()
        try:
            with transaction() as own:
                save_card(own, lead, student_id=child, version=1, entry=replace(WHOLE, guardian_phone=phone))
        except EditedMeanwhile as error:
            refused.append(error)

    threads = [threading.Thread(target=act, args=(f"1540000000{n}",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading() as after:
        assert len(refused) == 1
        assert after.exec(select(func.count()).select_from(Guardian)).one() == 3
        assert after.exec(select(func.count()).select_from(ContactCardVersion)).one() == 0


# --- who may ---


def test_a_homeroom_teacher_writes_the_cards_of_the_own_class_only(session, make_user, make_class, make_student):
    own, other = make_class(7, 1), make_class(7, 2)
    teacher = make_user(Role.HOMEROOM, homeroom_of=own)
    mine, theirs = make_student(in_class=own).id, make_student(in_class=other).id

    save(session, teacher, mine)
    assert counted(session, mine)[0] == 14
    with pytest.raises(NotFound):
        find_card(session, teacher, student_id=theirs)
    with pytest.raises(NotFound):
        list_versions(session, teacher, student_id=theirs)


def test_a_subject_teacher_with_a_reason_sees_phones_and_nothing_else_of_the_card(
    session, lead, make_user, make_class, make_student
):
    school_class = make_class()
    teacher = make_user(Role.SUBJECT_TEACHER, teaches=school_class)
    child = make_student(in_class=school_class).id
    save(session, lead, child)
    with pytest.raises(NotAllowed):
        find_card(session, teacher, student_id=child)
    open_contact_with_reason(session, teacher, student_id=child, reason="孩子发烧，要家长来接")

    card = find_student(session, teacher, student_id=child).card
    assert {each.phone for each in card.guardians} == {"15400000211", "15400000212", "15400000137"}
    assert {(each.workplace, each.health, each.age, each.whereabouts) for each in card.guardians} == {(None,) * 4}
    assert (card.missing, card.address) == (None, None)
    with pytest.raises(NotFound):
        list_versions(session, teacher, student_id=child)
