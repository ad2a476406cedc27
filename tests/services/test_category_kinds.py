"""What each category asks: kinds of left-behind, difficulties from the school's list, levels with their names."""

import threading
from datetime import date

import pytest
from sqlmodel import func, select

from db.tables import (
    CareOption,
    CategoryKind,
    FoundBy,
    Guardianship,
    LeftBehindKind,
    OptionList,
    Role,
    StudentCategory,
)
from db.transactions import reading, transaction
from services.care_options import add_option, change_option, list_options
from services.categories import CategoryDetails, add_category, change_category
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed
from services.left_behind import Outside
from services.student_files import find_student
from tests.services.children import BAD_TEXTS, LONG, collected, problems_of

SINCE = date(2026, 9, 1)


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def child(make_student):
    return make_student().id


def register(session, actor, child, kind, **details):
    return add_category(session, actor, student_id=child, kind=kind, details=CategoryDetails(**details), from_day=SINCE)


def difficulty(session, label="低保"):
    return session.exec(select(CareOption.id).where(CareOption.label == label)).one()


def only(session, actor, child):
    (entry,) = find_student(session, actor, student_id=child).categories
    return entry


def test_a_left_behind_child_has_a_kind_a_grade_of_guardianship_and_the_state_s_judgement(session, lead, child):
    register(
        session, lead, child, CategoryKind.LEFT_BEHIND, left_behind_kind=LeftBehindKind.ONE_AWAY,
        guardianship=Guardianship.POOR, found_by=FoundBy.HOME_VISIT,
    )  # fmt: skip

    entry, file = only(session, lead, child), find_student(session, lead, student_id=child)
    assert (entry.left_behind_kind, entry.guardianship, entry.found_by) == (
        LeftBehindKind.ONE_AWAY, Guardianship.POOR, FoundBy.HOME_VISIT,
    )  # fmt: skip
    assert file.state_marker.outside == (Outside.KIND,)


def test_a_difficulty_comes_from_the_list_with_its_document(session, lead, child):
    register(
        session, lead, child, CategoryKind.IN_DIFFICULTY, difficulty_id=difficulty(session), document="青民〔2026〕12号"
    )

    entry = only(session, lead, child)
    assert (entry.difficulty, entry.document) == ("低保", "青民〔2026〕12号")
    row = session.exec(select(StudentCategory)).one()
    assert "青民".encode() not in row.document_sealed


@pytest.mark.parametrize(
    ("kind", "details", "problem"),
    [
        (CategoryKind.IN_DIFFICULTY, {"subkind": "低保户"}, {"subkind": "from_list"}),
        (CategoryKind.IN_DIFFICULTY, {"difficulty_id": 999}, {"difficulty_id": "unknown_choice"}),
        (
            CategoryKind.SPECIAL_FAMILY,
            {"left_behind_kind": LeftBehindKind.ONE_AWAY},
            {"left_behind_kind": "unknown_choice"},
        ),
        (CategoryKind.IN_DIFFICULTY, {"guardianship": Guardianship.FAIR}, {"guardianship": "unknown_choice"}),
        (CategoryKind.IN_DIFFICULTY, {"document": LONG}, {"document": "too_long"}),
        (CategoryKind.SPECIAL_FAMILY, {"level": 4}, {"level": "out_of_range"}),
    ],
)  # fmt: skip
def test_what_does_not_belong_is_refused(session, lead, child, kind, details, problem):
    assert problems_of(lambda: register(session, lead, child, kind, **details)) == problem


def test_a_child_may_be_in_difficulty_in_several_ways_once_in_each(session, lead, child):
    kind, first, second = CategoryKind.IN_DIFFICULTY, difficulty(session), difficulty(session, "残疾")
    register(session, lead, child, kind, difficulty_id=first)
    other = register(session, lead, child, kind, difficulty_id=second)

    assert problems_of(lambda: register(session, lead, child, kind, difficulty_id=first)) == {"kind": "category_open"}
    assert problems_of(
        lambda: change_category(
            session, lead, student_id=child, category_id=other, version=1, details=CategoryDetails(difficulty_id=first)
        )
    ) == {"difficulty_id": "category_open"}
    assert len(find_student(session, lead, student_id=child).categories) == 2


def test_a_level_or_a_difficulty_of_another_list_is_refused(session, lead, child):
    level = session.exec(select(CareOption.id).where(CareOption.level == 1)).one()

    assert problems_of(lambda: register(session, lead, child, CategoryKind.IN_DIFFICULTY, difficulty_id=level)) == {
        "difficulty_id": "unknown_choice"
    }
    assert problems_of(
        lambda: register(session, lead, child, CategoryKind.SPECIAL_FAMILY, difficulty_id=difficulty(session))
    ) == {"difficulty_id": "unknown_choice"}


def test_a_level_carries_the_name_the_school_gave_it(session, lead, child):
    register(session, lead, child, CategoryKind.SPECIAL_FAMILY, level=1)
    option = next(each for each in list_options(session, lead, list_name=OptionList.LEVEL) if each.level == 1)
    assert only(session, lead, child).level_name == "重点关注"

    change_option(session, lead, option_id=option.id, version=option.version, label="校级关注", is_offered=True)

    assert only(session, lead, child).level_name == "校级关注"


def test_a_difficulty_no_longer_offered_stays_for_the_children_under_it(session, lead, child, make_student):
    number = difficulty(session)
    category = register(session, lead, child, CategoryKind.IN_DIFFICULTY, difficulty_id=number)
    change_option(session, lead, option_id=number, version=1, label="低保", is_offered=False)

    details = CategoryDetails(difficulty_id=number, document="12号")
    change_category(session, lead, student_id=child, category_id=category, version=1, details=details)
    assert only(session, lead, child).difficulty == "低保"
    other = make_student("霍半夏").id
    assert problems_of(lambda: register(session, lead, other, CategoryKind.IN_DIFFICULTY, difficulty_id=number)) == {
        "difficulty_id": "unknown_choice"
    }


# --- the lists ---


def test_a_list_is_added_to_renamed_and_noted(session, lead):
    added = add_option(session, lead, list_name=OptionList.DIFFICULTY, label=" 父母一方重病 ")
    change_option(session, lead, option_id=added, version=1, label="父母重病", is_offered=True)

    assert list_options(session, lead, list_name=OptionList.DIFFICULTY)[-1].label == "父母重病"
    assert collected(session).count("settings.changed") == 2


@pytest.mark.parametrize(
    ("label", "code"), [("", "required"), ("  ", "required"), (LONG, "too_long"), ("特困", "taken"), (None, "required")]
)
def test_a_bad_word_is_said_and_nothing_is_written(session, lead, label, code):
    before = session.exec(select(func.count()).select_from(CareOption)).one()

    act = {"list_name": OptionList.DIFFICULTY, "label": label}
    assert problems_of(lambda: add_option(session, lead, **act)) == {"label": code}
    assert session.exec(select(func.count()).select_from(CareOption)).one() == before


@pytest.mark.parametrize("label", BAD_TEXTS)
def test_odd_words_stay_words(session, lead, label):
    add_option(session, lead, list_name=OptionList.DIFFICULTY, label=label)

    assert list_options(session, lead, list_name=OptionList.DIFFICULTY)[-1].label == label


def test_a_level_is_renamed_only(session, lead):
    level = list_options(session, lead, list_name=OptionList.LEVEL)[0]

    act = {"option_id": level.id, "version": level.version, "label": level.label, "is_offered": False}
    assert problems_of(lambda: change_option(session, lead, **act)) == {"is_offered": "level_stays"}


def test_a_name_that_is_there_already_is_refused_and_the_old_one_stays(session, lead):
    option = list_options(session, lead, list_name=OptionList.DIFFICULTY)[0]
    act = {"option_id": option.id, "version": option.version, "is_offered": True}

    assert problems_of(lambda: change_option(session, lead, label="特困", **act)) == {"label": "taken"}
    assert list_options(session, lead, list_name=OptionList.DIFFICULTY)[0].label == option.label


def test_the_second_of_two_editors_sees_what_the_first_wrote(session, lead):
    option = list_options(session, lead, list_name=OptionList.DIFFICULTY)[0]
    act = {"option_id": option.id, "version": option.version, "is_offered": True}
    change_option(session, lead, label="低保户", **act)

    with pytest.raises(EditedMeanwhile) as refused:
        change_option(session, lead, label="城乡低保", **act)
    assert refused.value.current.label == "低保户"


def test_one_word_added_twice_at_once_is_there_once(location, make_user, session):
    lead = make_user(Role.LEAD)
    session.commit()
    refused, barrier = [], threading.Barrier(2)

    def act():
        barrier.wait()
        try:
            with transaction() as own:
                add_option(own, lead, list_name=OptionList.DIFFICULTY, label="流浪")
        except FieldErrors as error:
            refused.append(error.problems["label"].code)

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["taken"]
    with reading() as after:
        assert after.exec(select(func.count()).select_from(CareOption).where(CareOption.label == "流浪")).one() == 1


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.MENTOR])
def test_only_the_lead_and_the_administrator_edit_lists(session, make_user, role):
    with pytest.raises(NotAllowed):
        add_option(session, make_user(role), list_name=OptionList.DIFFICULTY, label="流浪")


def test_details_read_back_as_they_were_written(session, lead, child):
    from services.categories import details_of

    details = CategoryDetails(
        left_behind_kind=LeftBehindKind.BOTH_AWAY, guardianship=Guardianship.GOOD, evidence="家访所见",
        found_by=FoundBy.TALK,
    )  # fmt: skip
    register(session, lead, child, CategoryKind.LEFT_BEHIND, **{
        name: getattr(details, name) for name in CategoryDetails.__dataclass_fields__
    })  # fmt: skip

    row = session.exec(select(StudentCategory)).one()
    assert details_of(row) == details
