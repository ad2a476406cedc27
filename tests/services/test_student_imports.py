"""Importing a roster: who is meant, what changes, what is written, and taking it back."""

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.sealing import seal, unseal
from db.tables import (
    METADATA,
    AuditEvent,
    CategoryKind,
    ClassMembership,
    EnrolmentState,
    Guardian,
    GuardianKind,
    ImportBatch,
    ImportedRow,
    Role,
    SchoolClass,
    Student,
    StudentCategory,
)
from db.transactions import reading, transaction
from services import clock, student_files
from services.actors import command_line
from services.categories import CategoryDetails, add_category
from services.errors import NotAllowed, NotFound
from services.exchange.reasons import Reason
from services.guardians import GuardianEntry, save_guardian
from services.student_imports import (
    MatchedBy,
    Outcome,
    StalePreview,
    UndoBlocked,
    confirm_import,
    list_imports,
    preview_import,
    read_roster,
    undo_import,
)
from services.student_keys import id_number_hash
from services.students import change_student, find_entry, move_to_class
from tests.services.children import collected, id_number
from tests.services.intake_makers import register

HEADER = "学号,姓名,性别,出生日期,身份证号,班级,监护人姓名,与学生关系,监护人电话,家庭住址,四特类别,校车线路"
COLUMNS = HEADER.split(",")
ROW = {"学号": "S1001", "姓名": "江小满", "性别": "女", "出生日期": "2013-05-21", "班级": "七（1）班"}
NOTES = {"audit_event", "contact_card_version", "import_batch", "imported_row"}


def roster(*rows):
    """Read a roster of rows given by their headers, each differing from a plain one."""
    lines = [HEADER, *(",".join((ROW | row).get(column, "") for column in COLUMNS) for row in rows)]
    return read_roster("\n".join(lines).encode(), file_name="名册.csv", today=clock.today())


def take(session, actor, *rows, ticked=None):
    """Preview and confirm a roster."""
    preview = preview_import(session, actor, reading=roster(*rows))
    return confirm_import(session, actor, preview=preview, ticked=ticked, file_name="名册.csv", digest="0" * 64)


def only_row(session, actor, **row):
    (found,) = preview_import(session, actor, reading=roster(row)).rows
    return found


def changed(row):
    return {change.key: (change.stored, change.new) for change in row.changes}


def dump(session, *, without=()):
    """Every row of every table, as stored."""
    session.flush()
    return {
        table.name: sorted(
            tuple(value for name, value in row._mapping.items() if name not in without)
            for row in session.execute(select(table))
        )
        for table in METADATA.sorted_tables
        if table.name not in NOTES
    }


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def full():
    """A row with something in every column."""
    return {
        "身份证号": id_number(),
        "监护人姓名": "江月桂",
        "与学生关系": "祖母",
        "监护人电话": "15400000001",
        "家庭住址": "望舒镇竹溪村2组",
        "四特类别": "特殊家庭、留守",
        "校车线路": "3号线",
    }


# --- what is written ---


def test_a_new_child_comes_with_class_guardian_categories_and_unknown_columns(session, lead, full):
    result = take(session, lead, full)

    child = session.exec(select(Student)).one()
    guardian = session.exec(select(Guardian)).one()
    kinds = set(session.exec(select(StudentCategory.kind)))
    place = session.exec(select(SchoolClass).join(ClassMembership)).one()
    assert (result.created, result.changed, result.rejected) == (1, 0, 0)
    assert (child.name, child.name_initials, child.birth_day) == ("江小满", "jxm", date(2013, 5, 21))
    assert (unseal(child, "id_number_sealed"), unseal(child, "address_sealed")) == (id_number(), "望舒镇竹溪村2组")
    assert unseal(child, "extra_sealed") == '{"校车线路": "3号线"}'
    assert (guardian.kind, guardian.name, guardian.is_primary) == (GuardianKind.STATUTORY, "江月桂", True)
    assert unseal(guardian, "phone_sealed") == "15400000001"
    assert kinds == {CategoryKind.SPECIAL_FAMILY, CategoryKind.LEFT_BEHIND}
    assert (place.school_year, place.grade, place.number) == (2026, 7, 1)


def test_a_child_first_entered_by_a_roster_is_in_its_class_since_the_term_began(session, lead, term):
    take(session, lead, {})

    stay = session.exec(select(ClassMembership)).one()
    assert (stay.from_day, stay.to_day) == (term.first_day, None)


def test_in_the_holidays_it_is_since_today(session, lead, term):
    term.last_day = clock.today() - timedelta(days=1)
    session.flush()

    take(session, lead, {})

    assert session.exec(select(ClassMembership)).one().from_day == clock.today()


def test_who_changes_class_by_a_roster_does_so_today(session, lead, term):
    take(session, lead, {})

    take(session, lead, {"班级": "七（2）班"})

    stays = session.exec(select(ClassMembership).order_by(ClassMembership.id)).all()
    assert [(stay.from_day, stay.to_day) for stay in stays] == [
        (term.first_day, clock.today()), (clock.today(), None),
    ]  # fmt: skip


def test_a_telephone_alone_is_a_guardian_to_be_named(session, lead):
    row = {"监护人电话": "15400000001"}

    take(session, lead, row)

    child = session.exec(select(Student)).one()
    (card,) = student_files.find_student(session, lead, student_id=child.id).card.guardians
    assert (card.is_unnamed, card.is_primary, card.phone) == (True, True, "15400000001")

    entry = GuardianEntry(
        kind=GuardianKind.ENTRUSTED, name="江月桂", relation="祖母", phone=card.phone, is_primary=True
    )
    save_guardian(session, lead, student_id=child.id, entry=entry, guardian_id=card.id, version=card.version)

    (card,) = student_files.find_student(session, lead, student_id=child.id).card.guardians
    assert not card.is_unnamed
    assert only_row(session, lead, **row).outcome is Outcome.UNCHANGED  # the same list again takes nothing back


def test_an_import_is_one_event_with_counts_and_no_words(session, lead, full):
    take(session, lead, full)

    (note,) = [note for note in session.info["audit_events"] if note.action.startswith(("import", "student", "class"))]
    assert note.action == "import.confirmed"
    assert (note.details["created"], note.details["changed"], note.student_id) == (1, 0, None)


def test_the_same_file_twice_writes_nothing_the_second_time(session, lead, full):
    take(session, lead, full, {"学号": "S1002", "姓名": "陈立夏"})
    session.info.clear()
    before, notes = dump(session), session.exec(select(ImportBatch.id)).all()

    result = take(session, lead, full, {"学号": "S1002", "姓名": "陈立夏"})

    assert result.wrote_nothing
    assert (result.unchanged, result.changed, result.created) == (2, 0, 0)
    assert dump(session) == before
    assert session.exec(select(ImportBatch.id)).all() == notes
    assert collected(session) == []


def test_one_number_given_to_several_children_is_kept_beside_and_finds_nobody(session, lead):
    rows = ({"学号": "1"}, {"学号": "1", "姓名": "陈立夏", "班级": "七（2）班"})
    take(session, lead, *rows)

    children = session.exec(select(Student)).all()
    assert [(child.student_no, unseal(child, "extra_sealed")) for child in children] == [(None, '{"学号": "1"}')] * 2
    assert take(session, lead, *rows).wrote_nothing


def test_statements_do_not_grow_with_the_list(session, lead, statements):
    def count(*rows):
        statements.clear()
        preview_import(session, lead, reading=roster(*rows))
        return len(statements)

    few = count({})
    many = count(*({"学号": f"S{number}", "姓名": f"江小满{number}"} for number in range(2000, 2300)))

    assert many == few <= 8


# --- who is meant ---


def test_a_blank_cell_never_erases(session, lead, full):
    take(session, lead, full)

    row = only_row(session, lead)

    assert row.outcome is Outcome.UNCHANGED


def test_a_change_is_shown_field_by_field_and_written(session, lead, full):
    take(session, lead, full)
    change = {"姓名": "江立夏", "班级": "七（2）班", "监护人电话": "15400000002", "四特类别": "特殊心理"}

    row = only_row(session, lead, **(full | change | {"家庭住址": "望舒街1号", "校车线路": "5号线"}))
    result = take(session, lead, full | change | {"家庭住址": "望舒街1号", "校车线路": "5号线"})

    assert (row.outcome, row.matched_by) == (Outcome.CHANGED, MatchedBy.NUMBER)
    assert changed(row) == {
        "name": ("江小满", "江立夏"),
        "address": ("望舒镇竹溪村2组", "望舒街1号"),
        "class": ("七（1）班", "七（2）班"),
        "statutory.phone": ("15400000001", "15400000002"),
        "category.special_psychology": ("", "特殊心理"),
        "extra.校车线路": ("3号线", "5号线"),
    }
    session.expire_all()
    child, guardian = session.exec(select(Student)).one(), session.exec(select(Guardian)).one()
    assert (result.changed, child.name, child.name_initials, child.version) == (1, "江立夏", "jlx", 2)
    assert (unseal(guardian, "phone_sealed"), guardian.version) == ("15400000002", 2)
    stays = session.exec(select(ClassMembership).order_by(ClassMembership.id)).all()
    assert [stay.to_day for stay in stays] == [clock.today(), None]
    assert take(session, lead, full | change | {"家庭住址": "望舒街1号", "校车线路": "5号线"}).wrote_nothing


def test_an_import_ends_no_category(session, lead, full):
    take(session, lead, full)

    take(session, lead, full | {"四特类别": "特殊体质"})

    assert len(session.exec(select(StudentCategory).where(StudentCategory.to_day == None)).all()) == 3  # noqa: E711


def test_an_id_number_finds_the_child_whose_number_changed(session, lead, full):
    take(session, lead, full)

    row = only_row(session, lead, **(full | {"学号": "S2002"}))

    assert (row.matched_by, changed(row)) == (MatchedBy.ID, {"student_no": ("S1001", "S2002")})


def test_a_namesake_in_the_class_is_matched_to_be_ticked(session, lead, make_student, make_class):
    make_student("江小满", student_no=None, in_class=make_class(7, 1))

    row = only_row(session, lead)

    assert (row.matched_by, row.wants_tick) == (MatchedBy.NAME_AND_CLASS, True)
    assert changed(row) == {"student_no": ("", "S1001")}


def test_a_namesake_who_is_not_ticked_is_a_child_of_its_own(session, lead, make_student, make_class):
    known = make_student("江小满", student_no=None, in_class=make_class(7, 1))

    result = take(session, lead, {}, ticked=set())

    assert result.created == 1
    assert session.exec(select(Student.student_no).order_by(Student.id)).all() == [None, "S1001"]
    assert known.version == 1


def test_same_name_and_other_id_number_are_two_children(session, lead, full, make_student, make_class):
    other = id_number(order=4)
    make_student("江小满", student_no=None, id_number_hash=id_number_hash(other), in_class=make_class(7, 1))

    assert only_row(session, lead, **full).outcome is Outcome.NEW


@pytest.mark.parametrize(
    ("stored", "row", "reason"),
    [
        ({"name": "陈立夏"}, {"学号": "S9"}, Reason.ID_CONFLICT),
        ({"name": "陈立夏", "student_no": "S1001", "birth_day": date(2012, 1, 1)}, {}, Reason.NUMBER_CONFLICT),
    ],
    ids=["the ID number is another child's", "the student number is another child's"],
)
def test_what_belongs_to_another_child_is_rejected(session, lead, make_student, make_class, stored, row, reason):
    is_by_id = reason is Reason.ID_CONFLICT
    hashed = id_number_hash(id_number()) if is_by_id else None
    make_student(**({"student_no": "S5"} | stored | {"id_number_hash": hashed}), in_class=make_class(7, 1))

    preview = preview_import(session, lead, reading=roster(row | ({"身份证号": id_number()} if is_by_id else {})))

    assert [(row.outcome, row.reason) for row in preview.rows] == [(Outcome.CONFLICT, reason)]
    summary = preview.summary()
    assert (summary["imported"], summary["rejected_at"]) == (0, {reason.value: [1]})


def test_a_row_that_fits_two_children_is_ambiguous(session, lead, make_student, make_class):
    place = make_class(7, 1)
    for _ in range(2):
        make_student("江小满", student_no=None, in_class=place)

    assert only_row(session, lead).reason is Reason.STUDENT_AMBIGUOUS


def test_a_child_who_left_and_is_on_the_list_again_is_back(session, lead, make_student):
    make_student("江小满", student_no="S1001", state=EnrolmentState.TRANSFERRED, left_on=date(2026, 9, 10))

    row = only_row(session, lead)
    take(session, lead, {})

    session.expire_all()
    child = session.exec(select(Student)).one()
    assert changed(row) == {"state": ("已转出", "在校"), "class": ("未编班", "七（1）班")}
    assert (child.state, child.left_on) == (EnrolmentState.ENROLLED, None)


def test_pupils_move_up_together(session, lead, make_student, make_class):
    make_student("江小满", student_no=None, in_class=make_class(7, 1, school_year=2025))

    row = only_row(session, lead, 班级="八（1）班", 学号="")

    assert (row.matched_by, changed(row)) == (MatchedBy.NAME_AND_CLASS, {"class": ("七（1）班", "八（1）班")})


# --- between preview and confirmation ---


def test_a_register_changed_since_the_preview_is_refused(session, lead, full):
    take(session, lead, full)
    preview = preview_import(session, lead, reading=roster(full | {"家庭住址": "望舒街1号"}))
    child = session.exec(select(Student)).one()
    entry = replace(find_entry(session, lead, student_id=child.id), address="望舒街1号")
    change_student(session, lead, student_id=child.id, version=child.version, entry=entry)

    with pytest.raises(StalePreview) as raised:
        confirm_import(session, lead, preview=preview, file_name="名册.csv", digest="0" * 64)

    assert raised.value.current.rows != preview.rows


def test_two_who_confirm_at_once_make_no_child_twice(location):
    actor, outcomes, together = command_line(), [], threading.Barrier(2)
    list_of_forty = roster(*({"学号": f"S{number}", "姓名": f"江小满{number}"} for number in range(2000, 2040)))
    with reading() as session:
        preview = preview_import(session, actor, reading=list_of_forty)

    def confirm():
        together.wait()
        try:
            with transaction() as own:
                confirm_import(own, actor, preview=preview, file_name="名册.csv", digest="0" * 64)
            outcomes.append("written")
        except StalePreview:
            outcomes.append("refused")

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading() as session:
        assert len(session.exec(select(Student.id)).all()) == 40
    assert sorted(outcomes) == ["refused", "written"]


# --- taking it back ---


def test_undoing_a_first_import_leaves_no_row_behind(session, lead, full):
    before = dump(session)
    batch_id = take(session, lead, full, {"学号": "S1002", "姓名": "陈立夏", "班级": "八（2）班"}).batch_id

    undo_import(session, lead, batch_id=batch_id)

    assert dump(session) == before
    assert session.exec(select(ImportedRow)).all() == []


def test_undoing_restores_every_column_and_raises_the_versions(session, lead, full):
    take(session, lead, full)
    before = dump(session, without={"version", "card_version"})
    batch_id = take(
        session,
        lead,
        full
        | {"姓名": "江立夏", "班级": "七（2）班", "监护人电话": "15400000002", "家庭住址": "望舒街1号"}
        | {"四特类别": "特殊心理", "校车线路": "5号线"},
        {"学号": "S1002", "姓名": "陈立夏"},
    ).batch_id

    undo_import(session, lead, batch_id=batch_id)

    assert dump(session, without={"version", "card_version"}) == before
    assert session.exec(select(Student.version)).all() == [3]


def test_a_class_that_is_used_by_now_stays(session, lead, full, make_student):
    batch_id = take(session, lead, full).batch_id
    place = session.exec(select(SchoolClass)).one()
    make_student("陈立夏", in_class=place)

    undo_import(session, lead, batch_id=batch_id)

    assert session.exec(select(SchoolClass.id)).all() == [place.id]


def edit(session, lead, child):
    entry = find_entry(session, lead, student_id=child.id)
    change_student(session, lead, student_id=child.id, version=child.version, entry=entry)


def move(session, lead, child):
    place = SchoolClass(school_year=2026, grade=7, number=9)
    session.add(place)
    session.flush()
    move_to_class(session, lead, student_id=child.id, version=child.version, class_id=place.id, day=clock.today())


def categorise(session, lead, child):
    kind = CategoryKind.SPECIAL_CONDUCT
    add_category(session, lead, student_id=child.id, kind=kind, details=CategoryDetails(), from_day=clock.today())


@pytest.mark.parametrize("work", [edit, move, categorise])
def test_an_import_somebody_has_worked_on_stays(session, lead, full, work):
    batch_id = take(session, lead, full).batch_id
    work(session, lead, session.exec(select(Student)).one())
    before = dump(session)

    with pytest.raises(UndoBlocked) as raised:
        undo_import(session, lead, batch_id=batch_id)

    assert [row.name for row in raised.value.rows] == ["江小满"]
    assert dump(session) == before


@pytest.mark.parametrize("is_marked", [False, True])
def test_a_child_with_any_other_record_is_not_named_so_that_no_mark_can_be_told(
    session, lead, full, make_user, is_marked
):
    batch_id = take(session, lead, full, {"学号": "S1002", "姓名": "陈立夏"}).batch_id
    child = session.exec(select(Student).where(Student.name == "陈立夏")).one()
    register(session, lead, student_id=child.id, is_suspected_abuse=is_marked)
    counsellor = make_user(Role.COUNSELLOR)

    with pytest.raises(UndoBlocked) as raised:
        undo_import(session, counsellor, batch_id=batch_id)
    assert raised.value.rows == ()

    edit(session, lead, session.exec(select(Student).where(Student.name == "江小满")).one())
    with pytest.raises(UndoBlocked) as raised:
        undo_import(session, counsellor, batch_id=batch_id)
    assert [row.name for row in raised.value.rows] == ["江小满"]


def test_looking_at_a_child_stands_in_nobodys_way_and_its_number_is_never_given_again(location, full):
    actor = command_line()
    with transaction() as session:
        batch_id = take(session, actor, full).batch_id
        student_id = session.exec(select(Student.id)).one()
    with transaction() as session:
        student_files.note_opening(session, actor, student_id=student_id)

    with transaction() as session:
        undo_import(session, actor, batch_id=batch_id)
    with transaction() as session:
        take(session, actor, full)

    with transaction() as session:
        assert session.exec(select(Student.id)).one() > student_id
        opened = session.exec(select(AuditEvent).where(AuditEvent.student_id == student_id)).all()
    assert [event.action for event in opened] == ["student.opened"]


def test_a_later_import_has_to_be_taken_back_first(session, lead, full):
    first = take(session, lead, full).batch_id
    second = take(session, lead, full | {"家庭住址": "望舒街1号"}).batch_id

    with pytest.raises(UndoBlocked):
        undo_import(session, lead, batch_id=first)

    assert [listing.id for listing in list_imports(session, lead)] == [second, first]


def test_imports_are_taken_back_one_after_the_other(session, lead, full):
    before = dump(session)
    first = take(session, lead, full).batch_id
    change = {"家庭住址": "望舒街1号", "监护人电话": "15400000002", "班级": "七（2）班", "四特类别": "困境"}
    second = take(session, lead, full | change).batch_id

    undo_import(session, lead, batch_id=second)
    undo_import(session, lead, batch_id=first)

    assert dump(session) == before


def test_an_import_is_taken_back_once(session, lead, full):
    batch_id = take(session, lead, full).batch_id
    undo_import(session, lead, batch_id=batch_id)

    with pytest.raises(NotFound):
        undo_import(session, lead, batch_id=batch_id)

    (listing,) = list_imports(session, lead)
    assert (listing.file_name, listing.undone_by) == ("名册.csv", lead.display_name)


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.MENTOR, Role.LEADERSHIP, Role.ADMIN])
def test_only_the_care_room_imports(session, lead, make_user, full, role):
    outsider = make_user(role)
    preview = preview_import(session, lead, reading=roster(full))

    with pytest.raises(NotAllowed):
        preview_import(session, outsider, reading=roster(full))
    with pytest.raises(NotAllowed):
        confirm_import(session, outsider, preview=preview, file_name="名册.csv", digest="0" * 64)
    with pytest.raises(NotAllowed):
        undo_import(session, outsider, batch_id=1)
    with pytest.raises(NotAllowed):
        list_imports(session, outsider)


def test_a_sealed_column_of_an_edited_child_opens_after_an_import(session, lead, make_student, make_class):
    known = make_student("江小满", student_no="S1001", in_class=make_class(7, 1))
    seal(known, "note_sealed", "原来的备注")
    session.add(known)
    session.flush()

    take(session, lead, {"家庭住址": "望舒街1号"})

    session.refresh(known)
    assert (unseal(known, "note_sealed"), unseal(known, "address_sealed")) == ("原来的备注", "望舒街1号")
