"""Two entries of one child become one: everything moves, one of each stays, the merged one is nowhere and leads on."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import UniqueConstraint
from sqlmodel import Session, col, select

from db.audit_chain import append_collected
from db.sealing import unseal
from db.tables import (
    METADATA,
    CategoryKind,
    ClassMembership,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    ContactCardVersion,
    DropOut,
    DropOutOutcome,
    EnrolmentState,
    Guardian,
    GuardianKind,
    ParentsPromise,
    Referral,
    RetentionHold,
    Role,
    Student,
    StudentCategory,
    StudyLevel,
    TermEntry,
    YearException,
    YearStep,
)
from services import (
    audit_lists,
    categories,
    class_lists,
    clock,
    consents,
    drafts,
    drop_outs,
    file_openings,
    guardians,
    merges,
    promises,
    retention_rows,
    student_exports,
    student_files,
    student_imports,
    student_lists,
    students,
    year_plans,
)
from services.drop_outs import DropOutEntry
from services.errors import FieldErrors, NotAllowed, NotFound
from services.guardians import GuardianEntry
from services.imports.stored import load_children
from services.merges import ComparisonChanged, InTheWay, MergeRefused, Side
from services.merging import comparing
from services.merging.comparing import MOVES, UNIQUE, references_to_students
from services.merging.spans import is_blank, overlap, subtract
from services.student_entries import StudentEntry
from services.student_lists import StudentFilters
from services.term_entries import EntryInput, EntryValues, save_class_entries
from tests.conftest import NOW, codes
from tests.services.children import id_number
from tests.services.intake_makers import register as register_referral

TODAY = NOW.date()


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def pair(session, lead, make_class, make_student):
    """江小满 in 七（3）, and the same child once more, without class."""
    kept = make_student("江小满", in_class=make_class(7, 3), student_no="S1")
    return kept, make_student("江晓满", student_no="S2", birth_day=date(2013, 5, 21))


def merge(session: Session, lead, kept: Student, other: Student, **choices: Side) -> None:
    session.flush()
    shown = merges.compare_entries(session, lead, kept_id=kept.id, other_id=other.id)
    merges.merge_entries(
        session, lead, kept_id=kept.id, other_id=other.id, digest=shown.digest,
        choices={key.replace("__", "."): side for key, side in choices.items()}, is_one_child=True,
    )  # fmt: skip


def differences(session, lead, kept, other) -> dict[str, tuple[str, str, Side | None]]:
    session.flush()
    shown = merges.compare_entries(session, lead, kept_id=kept.id, other_id=other.id)
    return {each.key: (each.kept, each.other, each.proposed) for each in shown.differences}


# --- decided about, every one ---


def test_every_reference_to_a_child_is_decided_about():
    """A new table is red here until somebody has said what becomes of its rows."""
    found = {(table.name, column) for table, column in references_to_students()}

    assert found - MOVES.keys() == set()
    assert MOVES.keys() - found == set()


def test_every_unique_rule_of_a_child_s_rows_is_decided_about():
    rules = set()
    for table, column in references_to_students():
        rules |= {
            str(each.name) for each in table.indexes if each.unique and column in each.columns
        }  # fmt: skip
        rules |= {
            str(each.name)
            for each in table.constraints
            if isinstance(each, UniqueConstraint) and column in each.columns
        }

    assert {name.removesuffix("_key") for name in rules} == UNIQUE


def test_every_column_that_names_a_child_without_a_foreign_key_is_known():
    known = {
        "audit_event.student_id",  # append-only: readers follow the merged id
        "student.merged_into_id",  # what leads on
        "retention_item.student_id",  # that a number's records were removed: nobody's any more
    }
    found = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if ("student" in column.name or "merged_into" in column.name) and not column.foreign_keys
    }

    assert found - {"student.student_no"} == known


def test_nothing_points_at_a_merged_entry(session, lead, pair):
    """Every kind of row hangs on the other entry; afterwards none does, but what has its like at the kept one."""
    kept, other = pair
    _fill(session, lead, other)
    before = {
        table.name: count
        for table, column in references_to_students()
        if (count := _count(session, table, column, other.id))
    }
    assert len(before) >= 10

    merge(session, lead, kept, other)

    left = {table.name for table, column in references_to_students() if _count(session, table, column, other.id)}
    moved = {table.name: _count(session, table, column, kept.id) for table, column in references_to_students()}
    assert left == set()
    assert all(moved[name] >= count for name, count in before.items())


def _count(session, table, column, student_id) -> int:
    return len(session.execute(select(table).where(table.c[column] == student_id)).all())


def _fill(session, lead, child) -> None:
    guardians.save_guardian(
        session, lead, student_id=child.id,
        entry=GuardianEntry(kind=GuardianKind.FATHER, name="江远山", phone="15400000001"),
    )  # fmt: skip
    guardians.save_guardian(
        session, lead, student_id=child.id, entry=GuardianEntry(kind=GuardianKind.MOTHER, name="林初雪")
    )
    categories.add_category(
        session, lead, student_id=child.id, kind=CategoryKind.LEFT_BEHIND,
        details=categories.CategoryDetails(level=2), from_day=date(2026, 9, 8),
    )  # fmt: skip
    consents.record_consent(
        session, lead, student_id=child.id, purpose=ConsentPurpose.DATA, answer=ConsentAnswer.GIVEN,
        day=date(2026, 9, 1), by_whom="母亲",
    )  # fmt: skip
    promises.record_promise(session, lead, student_id=child.id, signed_on=date(2026, 9, 1), signer="江远山")
    register_referral(session, lead, student_id=child.id)
    session.refresh(child)
    drop_outs.register_drop_out(
        session, lead, student_id=child.id, version=child.version,
        entry=DropOutEntry(noticed_on=TODAY, noticed_by="试"),
    )  # fmt: skip
    students.change_state(
        session, lead, student_id=child.id, version=child.version, state=EnrolmentState.ON_LEAVE, day=TODAY
    )
    session.add(TermEntry(student_id=child.id, term_id=1, study=StudyLevel.GOOD, recorded_at=NOW))
    session.add(YearException(student_id=child.id, school_year=2027, step=YearStep.REPEATS))
    session.flush()


# --- the fields ---


def test_only_what_differs_is_asked_and_gaps_are_filled(session, lead, pair):
    kept, other = pair
    kept.ethnicity, other.ethnicity, other.is_boarding = "汉", "汉", True

    asked = differences(session, lead, kept, other)
    assert asked == {
        "name": ("江小满", "江晓满", Side.KEPT),
        "student_no": ("S1", "S2", Side.KEPT),
        "is_boarding": ("", "是", Side.OTHER),
    }
    merge(session, lead, kept, other)

    session.refresh(kept)
    assert (kept.name, kept.student_no, kept.is_boarding) == ("江小满", "S1", True)


def test_a_child_is_in_the_register_since_its_earlier_entry(session, lead, pair):
    kept, other = pair
    other.recorded_at = kept.recorded_at - timedelta(days=90)
    earlier = other.recorded_at

    merge(session, lead, kept, other)

    session.refresh(kept)
    assert kept.recorded_at == earlier


def test_numbers_change_places_so_that_both_stay_taken(session, lead, pair):
    kept, other = pair
    first, second = id_number(order=2), id_number(order=4)
    for child, number in ((kept, first), (other, second)):
        saved = students.find_entry(session, lead, student_id=child.id)
        students.change_student(
            session, lead, student_id=child.id, version=saved.version,
            entry=StudentEntry(
                name=child.name, gender=child.gender, birth_day=child.birth_day, student_no=child.student_no,
                id_number=number,
            ),
        )  # fmt: skip

    merge(session, lead, kept, other, student_no=Side.OTHER, id_number=Side.OTHER, name=Side.OTHER)

    session.refresh(kept)
    session.refresh(other)
    assert (kept.name, kept.student_no, unseal(kept, "id_number_sealed")) == ("江晓满", "S2", second)
    assert (other.student_no, unseal(other, "id_number_sealed")) == ("S1", first)
    with pytest.raises(FieldErrors) as refused:
        students.create_student(
            session, lead, class_id=None,
            entry=StudentEntry(name="试", gender=kept.gender, birth_day=kept.birth_day, student_no="S1"),
        )  # fmt: skip
    assert codes(refused) == {"student_no": "taken"}


def test_nobody_merges_without_having_looked(session, lead, pair):
    kept, other = pair
    shown = merges.compare_entries(session, lead, kept_id=kept.id, other_id=other.id)

    with pytest.raises(FieldErrors) as refused:
        merges.merge_entries(
            session, lead, kept_id=kept.id, other_id=other.id, digest=shown.digest, choices={}, is_one_child=False
        )

    assert codes(refused) == {"is_one_child": "one_child_tick"}


@pytest.mark.parametrize("whose", ["kept", "other", "what hangs on it"])
def test_what_was_shown_is_what_is_merged(session, lead, pair, whose):
    kept, other = pair
    shown = merges.compare_entries(session, lead, kept_id=kept.id, other_id=other.id)
    if whose == "what hangs on it":
        guardians.save_guardian(
            session, lead, student_id=other.id, entry=GuardianEntry(kind=GuardianKind.FATHER, name="江远山")
        )
    else:
        (kept if whose == "kept" else other).version += 1
    session.flush()

    with pytest.raises(ComparisonChanged):
        merges.merge_entries(
            session, lead, kept_id=kept.id, other_id=other.id, digest=shown.digest, choices={}, is_one_child=True
        )


def test_an_entry_is_not_merged_with_itself_or_one_that_is_gone(session, lead, pair, make_student):
    kept, other = pair
    third = make_student("江小满", student_no="S3")
    merge(session, lead, kept, other)

    for one, two in ((kept.id, kept.id), (kept.id, other.id), (other.id, third.id), (kept.id, 999_999)):
        with pytest.raises(NotFound):
            merges.compare_entries(session, lead, kept_id=one, other_id=two)


def test_merged_again_all_lead_to_the_last(session, lead, pair, make_student):
    kept, other = pair
    last = make_student("江小满", student_no="S3")
    merge(session, lead, kept, other)
    merge(session, lead, last, kept)

    session.refresh(other)
    assert other.merged_into_id == last.id
    assert student_files.find_student(session, lead, student_id=other.id).id == last.id


# --- what can be there once ---


def test_two_classes_on_one_day_are_asked_about(session, lead, pair, make_class):
    kept, other = pair
    session.add(ClassMembership(student_id=other.id, class_id=make_class(7, 4).id, from_day=date(2026, 9, 20)))

    shown = differences(session, lead, kept, other)
    assert "七（3）班" in shown["class"][0]
    with pytest.raises(FieldErrors) as refused:
        merge(session, lead, kept, other)
    assert codes(refused) == {"class": "choice_needed"}
    merge(session, lead, kept, other, **{"class": Side.OTHER})

    stays = [(each.from_day, each.to_day) for each in _stays(session, kept)]
    assert stays == [(date(2026, 9, 1), date(2026, 9, 20)), (date(2026, 9, 20), None)]


def _stays(session, child):
    return session.exec(
        select(ClassMembership)
        .where(ClassMembership.student_id == child.id)
        .order_by(col(ClassMembership.from_day), col(ClassMembership.id))
    ).all()


def test_of_one_category_one_goes_on(session, lead, pair):
    kept, other = pair
    for child, level, day in ((kept, 2, date(2026, 9, 8)), (other, 1, date(2026, 9, 1))):
        categories.add_category(
            session, lead, student_id=child.id, kind=CategoryKind.SPECIAL_FAMILY,
            details=categories.CategoryDetails(level=level), from_day=day,
        )  # fmt: skip

    merge(session, lead, kept, other, category__special_family__0=Side.OTHER)

    rows = session.exec(select(StudentCategory).where(StudentCategory.student_id == kept.id)).all()
    assert sorted((row.level, row.from_day, row.to_day) for row in rows) == [
        (1, date(2026, 9, 1), None), (2, date(2026, 9, 8), date(2026, 9, 8)),
    ]  # fmt: skip


def test_one_father_knows_what_either_knew(session, lead, pair):
    kept, other = pair
    entries = (
        (kept, GuardianEntry(kind=GuardianKind.FATHER, name="江远山", phone="15400000001", is_primary=True)),
        (other, GuardianEntry(kind=GuardianKind.FATHER, name="江远山", workplace="星河厂", is_primary=True)),
        (other, GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾兰亭", relation="外婆")),
    )
    for child, entry in entries:
        guardians.save_guardian(session, lead, student_id=child.id, entry=entry)

    merge(session, lead, kept, other)

    people = comparing.open_rows(session, Guardian, kept)
    assert [(row.kind, row.is_primary, unseal(row, "workplace_sealed")) for row in people] == [
        (GuardianKind.FATHER, True, "星河厂"), (GuardianKind.ENTRUSTED, False, None),
    ]  # fmt: skip
    assert unseal(people[0], "phone_sealed")
    card = session.exec(select(Student.card_parts_filled).where(Student.id == kept.id)).one()
    assert card > 3


def test_of_two_fathers_the_chosen_one_stays(session, lead, pair):
    kept, other = pair
    for child, name in ((kept, "江远山"), (other, "江近水")):
        guardians.save_guardian(
            session, lead, student_id=child.id, entry=GuardianEntry(kind=GuardianKind.FATHER, name=name)
        )

    merge(session, lead, kept, other, guardian__father=Side.OTHER)

    assert [row.name for row in comparing.open_rows(session, Guardian, kept)] == ["江近水"]


def test_the_newest_answer_and_promise_count_whichever_entry_holds_them(session, lead, pair):
    kept, other = pair
    answers = ((kept, ConsentAnswer.GIVEN, date(2026, 9, 1)), (other, ConsentAnswer.REFUSED, date(2026, 10, 1)))
    for child, answer, day in answers:
        consents.record_consent(
            session, lead, student_id=child.id, purpose=ConsentPurpose.PHOTO, answer=answer, day=day, by_whom="母亲"
        )
        promises.record_promise(session, lead, student_id=child.id, signed_on=day, signer="母亲")

    merge(session, lead, kept, other)

    current = session.exec(select(Consent).where(col(Consent.replaced_at).is_(None))).one()
    promise = session.exec(select(ParentsPromise).where(col(ParentsPromise.replaced_at).is_(None))).one()
    assert (current.student_id, current.answer, promise.signed_on) == (
        kept.id,
        ConsentAnswer.REFUSED,
        date(2026, 10, 1),
    )


def test_of_one_term_gaps_are_filled_and_both_notes_stay(session, lead, pair, term):
    kept, other = pair
    class_id = _stays(session, kept)[0].class_id
    session.add(ClassMembership(student_id=other.id, class_id=class_id, from_day=date(2026, 9, 1)))
    session.flush()
    for child, values in (
        (kept, EntryValues(study=StudyLevel.GOOD, note="爱画画")),
        (other, EntryValues(study=StudyLevel.PASS, height_cm=152, note="爱跑步")),
    ):
        save_class_entries(
            session, lead, class_id=class_id, term_id=term.id,
            rows=[EntryInput(student_id=child.id, version=0, values=values)],
        )  # fmt: skip

    merge(session, lead, kept, other)

    row = session.exec(select(TermEntry).where(TermEntry.student_id == kept.id)).one()
    assert (row.study, row.height_cm, unseal(row, "note_sealed")) == (StudyLevel.GOOD, 152, "爱画画\n爱跑步")


def test_two_open_follow_ups_stand_in_the_way(session, lead, pair):
    for child in pair:
        drop_outs.register_drop_out(
            session, lead, student_id=child.id, version=child.version,
            entry=DropOutEntry(noticed_on=TODAY, noticed_by="试"),
        )  # fmt: skip

    with pytest.raises(MergeRefused) as refused:
        merge(session, lead, *pair)

    assert refused.value.reasons == (InTheWay.BOTH_STAY_AWAY,)


def test_both_cards_are_kept_as_they_stood(session, lead, pair):
    kept, other = pair
    for child, name in ((kept, "江远山"), (other, "江近水"), (other, "江远水")):
        drawn = next(iter(comparing.open_rows(session, Guardian, child)), None)
        guardians.save_guardian(
            session, lead, student_id=child.id, entry=GuardianEntry(kind=GuardianKind.FATHER, name=name),
            guardian_id=drawn.id if drawn else None, version=drawn.version if drawn else None,
        )  # fmt: skip

    merge(session, lead, kept, other, guardian__father=Side.OTHER)

    rows = session.exec(select(ContactCardVersion).order_by(col(ContactCardVersion.number))).all()
    words = [unseal(row, "content_sealed") or "" for row in rows]
    assert [row.number for row in rows] == [1, 2, 3]
    assert all(name in " ".join(words) for name in ("江近水", "江远水", "江远山"))
    assert session.exec(select(Student.card_version).where(Student.id == kept.id)).one() == 4


# --- nowhere, and leading on ---


def test_a_merged_entry_is_in_no_list_search_count_or_file(session, lead, pair, make_class):
    kept, other = pair
    session.add(ClassMembership(student_id=other.id, class_id=_stays(session, kept)[0].class_id, from_day=TODAY))
    merge(session, lead, kept, other)

    assert [row.name for row in student_lists.list_students(session, lead).rows] == ["江小满"]
    assert student_lists.count_students(session, lead, filters=StudentFilters()).total == 1
    for state in EnrolmentState:
        rows = student_lists.list_students(session, lead, filters=StudentFilters(state=state)).rows
        assert "江晓满" not in [row.name for row in rows]
    assert students.find_students(session, lead, text="江晓满") == []
    assert [each.id for each in students.find_students(session, lead, text="S2")] == [kept.id]
    export = student_exports.export_students(session, lead, purpose=student_exports.ExportPurpose.CHECK)
    assert len(export.rows) == 1
    assert year_plans.plan_year(session, lead).without_class == 0
    assert len(_stays(session, other)) == 0
    with pytest.raises(NotFound):
        students.find_entry(session, lead, student_id=other.id)


def test_its_address_leads_to_the_kept_child(session, lead, pair, make_user):
    kept, other = pair
    merge(session, lead, kept, other)

    assert student_files.find_student(session, lead, student_id=other.id).id == kept.id
    with pytest.raises(NotFound):
        student_files.find_student(session, make_user(Role.SUBJECT_TEACHER), student_id=other.id)


def test_who_opened_either_file_is_told_on_the_kept_one(session, lead, pair):
    kept, other = pair
    student_files.note_opening(session, lead, student_id=other.id)
    merge(session, lead, kept, other)
    session.flush()
    append_collected(session)

    assert file_openings.list_openings(session, lead, student_id=kept.id).total == 1
    events = audit_lists.list_events(session, lead, filters=audit_lists.AuditFilters(student_id=kept.id)).rows
    assert {(row.action, row.child) for row in events} == {
        ("打开学生档案", "江小满"), ("合并两份学生资料", "江小满"),
    }  # fmt: skip


def test_a_list_that_still_has_the_old_number_means_the_kept_child(session, lead, pair):
    kept, other = pair
    merge(session, lead, kept, other)

    stored = load_children(session, school_year=2026)

    assert stored.by_number["S2"].id == stored.by_number["S1"].id == kept.id
    data = "姓名,性别,出生日期,学号,班级,年级\n江小满,女,2013-05-21,S2,3,7\n".encode()
    reading = student_imports.read_roster(data, file_name="名册.csv")
    preview = student_imports.preview_import(session, lead, reading=reading)
    assert [(row.student_id, row.outcome.value) for row in preview.rows] == [(kept.id, "unchanged")]


def test_an_import_that_wrote_one_of_them_is_not_taken_back(session, lead, make_class):
    make_class(7, 3)
    data = "姓名,性别,出生日期,学号,班级,年级\n江小满,女,2013-05-21,S1,3,7\n江晓满,女,2013-05-21,S2,3,7\n".encode()
    reading = student_imports.read_roster(data, file_name="名册.csv")
    preview = student_imports.preview_import(session, lead, reading=reading)
    done = student_imports.confirm_import(session, lead, preview=preview, file_name="名册.csv", digest="0" * 64)
    kept, other = session.exec(select(Student).order_by(col(Student.student_no))).all()
    clock.set_fixed(NOW + timedelta(minutes=5))
    merge(session, lead, kept, other)

    with pytest.raises(student_imports.UndoBlocked) as refused:
        student_imports.undo_import(session, lead, batch_id=done.batch_id)

    assert "江小满" in {row.name for row in refused.value.rows}


def test_referrals_and_suspected_abuse_go_along(session, lead, pair):
    kept, other = pair
    found = register_referral(session, lead, student_id=other.id, is_suspected_abuse=True)

    merge(session, lead, kept, other)

    assert session.exec(select(Referral.student_id).where(Referral.id == found.id)).one() == kept.id


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.ADMIN])
def test_only_the_head_of_the_room_merges(session, pair, make_user, role):
    with pytest.raises(NotAllowed):
        merges.compare_entries(session, make_user(role), kept_id=pair[0].id, other_id=pair[1].id)


def test_lists_of_a_class_have_the_child_once(session, lead, pair):
    kept, other = pair
    _fill(session, lead, other)
    merge(session, lead, kept, other, state=Side.KEPT)

    lists: Any = class_lists.export_class_lists(
        session, lead, class_id=_stays(session, kept)[0].class_id, purpose=student_exports.ExportPurpose.CHECK
    )
    assert lists.children == 1


def test_both_are_held_once_and_what_is_removed_takes_the_merged_entry_along(session, lead, pair):
    kept, other = pair
    for child in pair:
        session.add(RetentionHold(student_id=child.id, set_at=NOW))
    merge(session, lead, kept, other)

    holds = session.exec(select(RetentionHold).order_by(col(RetentionHold.id))).all()
    assert [(row.student_id, row.lifted_at is None) for row in holds] == [(kept.id, True), (kept.id, False)]
    retention_rows.remove_rows(session, kept.id, is_whole=True)
    assert session.exec(select(Student)).all() == []


DAYS = st.dates(date(2026, 9, 1), date(2026, 9, 12))
SPANS = st.tuples(DAYS, st.one_of(st.none(), DAYS)).filter(lambda span: span[1] is None or span[0] <= span[1])


@given(span=SPANS, taken=st.lists(SPANS, max_size=3))
@example(span=(date(2026, 9, 1), None), taken=[(date(2026, 9, 3), date(2026, 9, 5))])
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_left_of_a_stretch_is_exactly_the_days_nobody_has(span, taken):
    left = subtract(span, taken)
    horizon = [date(2026, 8, 30) + timedelta(days=number) for number in range(30)]

    def has(each, day):
        return each[0] <= day and (each[1] is None or day < each[1])

    for day in horizon:
        wanted = has(span, day) and not any(has(other, day) for other in taken if not is_blank(other))
        assert any(has(piece, day) for piece in left) == wanted
    assert not any(overlap(one, two) for place, one in enumerate(left) for two in left[place + 1 :])


# --- who is here by one entry and gone by the other ---


@pytest.mark.parametrize("gone", [EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED, EnrolmentState.DROPPED_OUT])
def test_whether_a_child_is_gone_is_for_somebody_to_say(session, lead, make_class, make_student, gone):
    kept = make_student("江小满", state=gone, left_on=date(2026, 7, 1))
    other = make_student("江小满", in_class=make_class(7, 3))

    words, here, proposed = differences(session, lead, kept, other)["state"]

    assert (words, here, proposed) == (
        f"{gone.label}，2026年7月1日；留这个，从那天起就不算在七（3）班", other.state.label, None
    )  # fmt: skip
    with pytest.raises(FieldErrors) as refused:
        merge(session, lead, kept, other)
    assert codes(refused) == {"state": "choice_needed"}


def test_who_is_here_by_what_was_chosen_keeps_the_class(session, lead, make_class, make_student):
    kept = make_student("江小满", state=EnrolmentState.TRANSFERRED, left_on=date(2026, 7, 1))
    other = make_student("江小满", in_class=make_class(7, 3))

    merge(session, lead, kept, other, state=Side.OTHER)

    session.refresh(kept)
    assert (kept.state, kept.left_on) == (EnrolmentState.ENROLLED, None)
    assert [stay.to_day for stay in _stays(session, kept)] == [None]


@pytest.mark.parametrize(
    ("ours", "theirs", "proposed"),
    [
        (date(2016, 7, 1), date(2026, 7, 1), Side.OTHER),
        (date(2026, 7, 1), date(2016, 7, 1), Side.KEPT),
        (None, date(2026, 7, 1), Side.OTHER),
        (date(2026, 7, 1), None, Side.KEPT),
    ],
)
@pytest.mark.parametrize("state", [EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED])
def test_of_two_last_days_the_later_one_counts(session, lead, make_student, ours, theirs, proposed, state):
    kept = make_student("江小满", state=EnrolmentState.TRANSFERRED, left_on=ours)
    other = make_student("江小满", state=state, left_on=theirs)
    assert differences(session, lead, kept, other)["left_on"][2] is proposed

    merge(session, lead, kept, other, **({"state": Side.OTHER} if state is not kept.state else {}))

    session.refresh(kept)
    assert (kept.state, kept.left_on) == (state, date(2026, 7, 1))


@pytest.mark.parametrize("side", Side)
def test_who_has_dropped_out_by_what_was_chosen_is_followed(session, lead, make_class, make_student, side):
    found, day = make_class(7, 3), date(2026, 11, 2)
    here = make_student("江小满", in_class=found)
    gone = make_student("江小满", state=EnrolmentState.DROPPED_OUT, left_on=day)
    kept, other = (gone, here) if side is Side.KEPT else (here, gone)

    merge(session, lead, kept, other, state=side)

    row = session.exec(select(DropOut)).one()
    assert (row.student_id, row.class_id, row.noticed_on, row.closed_at) == (kept.id, found.id, day, None)


def test_who_was_given_up_once_all_was_done_is_not_followed_anew(session, lead, make_student):
    kept, other = (make_student("江小满", state=EnrolmentState.DROPPED_OUT, left_on=TODAY) for _ in range(2))
    session.add(
        DropOut(
            student_id=other.id, noticed_on=TODAY, outcome=DropOutOutcome.STILL_OUT, ended_on=TODAY,
            closed_at=clock.now(), closed_by_id=lead.user_id, recorded_by_id=lead.user_id, recorded_at=clock.now(),
        )
    )  # fmt: skip

    merge(session, lead, kept, other)

    assert len(session.exec(select(DropOut)).all()) == 1


def test_a_child_who_is_followed_is_not_made_a_graduate(session, lead, make_class, make_student):
    kept = make_student("江小满", state=EnrolmentState.GRADUATED, left_on=date(2026, 7, 1))
    other = make_student("江小满", in_class=make_class(7, 3))
    entry = DropOutEntry(noticed_on=TODAY, noticed_by="试")
    drop_outs.register_drop_out(session, lead, student_id=other.id, version=other.version, entry=entry)

    with pytest.raises(MergeRefused) as refused:
        merge(session, lead, kept, other, state=Side.KEPT)
    assert refused.value.reasons == (InTheWay.FOLLOWED_THOUGH_GONE,)
    merge(session, lead, kept, other, state=Side.OTHER)

    assert session.exec(select(DropOut.student_id)).one() == kept.id


def test_a_choice_that_is_no_side_is_refused(session, lead, pair):
    with pytest.raises(FieldErrors) as refused:
        merge(session, lead, *pair, name="nonsense")
    assert codes(refused) == {"name": "unknown_choice"}


def test_a_half_written_referral_names_the_kept_child(session, lead, pair):
    kept, other = pair
    drafts.save_draft(session, lead, form="intake", subject="a", content={"student_id": other.id, "facts": "字"})

    merge(session, lead, kept, other)

    assert drafts.list_drafts(session, lead, form="intake")[0].content == {"student_id": kept.id, "facts": "字"}


def test_half_a_feedback_stays_with_its_referral_and_goes_with_the_kept_child(session, lead, pair):
    kept, other = pair
    referral = register_referral(session, lead, student_id=other.id)
    drafts.save_draft(session, lead, form="referral_answer", subject=f"referral:{referral.id}", content={"version": 1})

    merge(session, lead, kept, other)

    assert drafts.list_forms(session, lead, subject=f"referral:{referral.id}") == ["referral_answer"]
    assert retention_rows.remove_rows(session, kept.id, is_whole=True)
    assert drafts.list_forms(session, lead, subject=f"referral:{referral.id}") == []


def test_half_a_class_check_goes_with_the_kept_child_too(session, lead, pair):
    kept, other = pair
    drafts.save_draft(session, lead, form="rounds", subject="class:1:1", content={"about": [other.id], "fields": {}})

    merge(session, lead, kept, other)

    assert drafts.list_drafts(session, lead, form="rounds")[0].content["about"] == [other.id, kept.id]
