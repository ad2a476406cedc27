"""Work records: what each kind asks, who knows of one and who reads it, amending, groups, and reaching a family."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select

from db.audit_chain import append_collected
from db.sealing import unseal
from db.tables import (
    AuditEvent,
    CareChannel,
    CareKind,
    CarePlace,
    CareRecord,
    CareRecordVersion,
    CareRecordWords,
    ClassTeacher,
    ClassTeacherKind,
    EnrolmentState,
    NotReached,
    Role,
)
from services import drafts, drop_out_views, file_openings, record_views, records
from services.access import Permission, allows
from services.errors import EditedMeanwhile, NotAllowed, NotFound
from services.file_openings import OpenedWhat
from services.record_kinds import FACTS, KINDS, LABELS, REACHES_FAMILY, RESTRICTED, WORDS
from services.records import AlreadyRecorded, RecordEntry, RecordWithdrawn
from services.regulations.measures import measures
from tests.conftest import NOW
from tests.services.children import collected, problems_of
from tests.services.intake_makers import register as register_referral
from tests.services.test_merges import merge

TODAY = NOW.date()
SECRET = "孩子说夜里睡不着，想妈妈。"
FULL = RecordEntry(
    day=TODAY, start_time=time(8, 30), minutes=20, place=CarePlace.OFFICE, channel=CareChannel.FACE,
    raised=SECRET, measures="约好每天中午来坐一会儿。", effect="走的时候笑了。", next_step="周五再谈。",
)  # fmt: skip


def entry(kind=CareKind.TALK, **overrides) -> RecordEntry:
    return replace(FULL, kind=kind, **overrides)


def write(session, actor, *children, kind=CareKind.TALK, form_uid=None, **overrides) -> int:
    if kind in REACHES_FAMILY and "agreed_with_id" not in overrides:
        overrides["agreed_with_id"] = next(iter(record_heads(session, actor)), None)
    made = records.record_contact(
        session, actor, student_ids=[child.id for child in children], entry=entry(kind, **overrides), form_uid=form_uid
    )
    return made[0]


def record_heads(session, actor) -> dict[int, str]:
    return drop_out_views.list_who_agrees(session, actor)


def see(session, actor, record_id):
    return record_views.find_record(session, actor, record_id=record_id)


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def child(make_student, school_class):
    return make_student("江小满", in_class=school_class)


@pytest.fixture
def sibling(make_student, school_class):
    return make_student("霍半夏", in_class=school_class)


@pytest.fixture
def people(session, make_user, school_class, make_class, term):
    """Everybody who may be about: of this class, and of another."""
    subject = make_user(Role.SUBJECT_TEACHER, name="任课")
    session.add(
        ClassTeacher(
            class_id=school_class.id, user_id=subject.user_id, kind=ClassTeacherKind.SUBJECT, subject="语文",
            from_day=date(2026, 9, 1),
        )
    )  # fmt: skip
    session.flush()
    return {
        "lead": make_user(Role.LEAD, name="何知微"),
        "counsellor": make_user(Role.COUNSELLOR, name="林溪"),
        "other_counsellor": make_user(Role.COUNSELLOR, name="林渡"),
        "homeroom": make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school_class),
        "other_homeroom": make_user(Role.HOMEROOM, name="周别处", homeroom_of=make_class(8, 1)),
        "subject": subject,
        "mentor": make_user(Role.MENTOR, name="陆衡之"),
        "leadership": make_user(Role.LEADERSHIP, name="温若虚"),
        "finance": make_user(Role.FINANCE, name="钱算清"),
        "supervisor": make_user(Role.SUPERVISOR, name="简明远"),
        "admin": make_user(Role.ADMIN, name="方信"),
    }


# --- kinds ---


def test_every_kind_is_declared_and_asks_only_what_there_is():
    assert set(KINDS) == set(CareKind)
    for kind, spec in KINDS.items():
        known = set(FACTS) | set(WORDS)
        assert set(spec.fields) <= known, kind
        assert len(set(spec.fields)) == len(spec.fields), kind
        assert spec.requires <= set(spec.fields), kind
        assert set(WORDS) - {"next_step"} <= set(spec.fields) or kind, kind
        assert "day" in spec.asks, kind
        assert spec.counts_for, kind
        assert all(spec.label(name) for name in spec.fields)
    assert set(WORDS) | set(FACTS) <= set(LABELS)


def test_what_only_a_homeroom_teacher_s_record_proves_says_so():
    """K-01, K-04: who reads that a counsellor's talk counts writes none as the homeroom teacher."""
    own = {name for name, measure in measures().items() if any(duty.by == "homeroom" for duty in measure.duties)}
    told = [each for spec in KINDS.values() for each in spec.counts_for if any(clause in each for clause in own)]

    assert own >= {"K-01", "K-04"}
    assert told
    assert all(each.startswith("班主任") for each in told)


def test_a_talk_asks_five_things_beside_the_child():
    assert KINDS[CareKind.TALK].asks == ("day", "place", "raised", "measures", "effect")


@pytest.mark.parametrize("kind", CareKind, ids=lambda kind: kind.value)
def test_each_kind_can_be_written_and_needs_what_it_asks_for(session, people, child, kind):
    spec = KINDS[kind]
    number = write(session, people["lead"], child, kind=kind, agreed_with_id=None)

    row = session.get_one(CareRecord, number)
    assert row.channel == (FULL.channel if "channel" in spec.fields else spec.channel)
    assert row.place == (FULL.place if "place" in spec.fields else spec.place)
    assert (row.minutes, row.start_time) == (
        FULL.minutes if "minutes" in spec.fields else None,
        FULL.start_time if "start_time" in spec.fields else None,
    )
    blank = RecordEntry(kind=kind)
    found = problems_of(lambda: records.record_contact(session, people["lead"], student_ids=[child.id], entry=blank))
    assert found == dict.fromkeys(spec.requires, "required")


def test_words_are_sealed_and_facts_are_plain(session, people, child):
    number = write(session, people["homeroom"], child)

    words = session.exec(select(CareRecordWords).where(CareRecordWords.record_id == number)).one()
    assert [unseal(words, f"{name}_sealed") for name in WORDS] == [getattr(FULL, name) for name in WORDS]
    assert SECRET.encode() not in words.raised_sealed
    row = session.get_one(CareRecord, number)
    assert (row.kind, row.day, row.minutes, row.place) == (CareKind.TALK, TODAY, 20, CarePlace.OFFICE)
    assert (row.author_id, row.recorded_at, row.parts_filled) == (people["homeroom"].user_id, NOW, 6)
    assert "record.saved" in collected(session)


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"day": TODAY + timedelta(days=1)}, {"day": "future"}),
        ({"day": date(2020, 1, 1)}, {"day": "too_early"}),
        ({"start_time": time(10)}, {"start_time": "later_than_now"}),
        ({"minutes": 0}, {"minutes": "outside"}),
        ({"minutes": 721}, {"minutes": "outside"}),
        ({"minutes": 12.5}, {"minutes": "not_whole"}),
        ({"raised": "长" * 5001}, {"raised": "too_long"}),
        ({"raised": " "}, {"raised": "required"}),
        ({"is_done": False}, {"not_reached": "required"}),
    ],
)
def test_what_cannot_be_is_refused(session, people, child, overrides, problem):
    assert problems_of(lambda: write(session, people["lead"], child, **overrides)) == problem
    assert session.exec(select(func.count()).select_from(CareRecord)).one() == 0


def test_nobody_and_too_many_are_refused(session, people, child):
    lead = people["lead"]
    assert problems_of(lambda: write(session, lead)) == {"child": "child_not_chosen"}
    many = list(range(1, records.LARGEST_GROUP + 2))
    found = problems_of(lambda: records.record_contact(session, lead, student_ids=many, entry=entry()))
    assert found == {"others": "too_many"}
    with pytest.raises(NotFound):
        records.record_contact(session, lead, student_ids=[child.id, 999], entry=entry())


def test_an_attempt_needs_only_its_day_and_why(session, people, child):
    tried = RecordEntry(
        kind=CareKind.CALL, day=TODAY, is_done=False, not_reached=NotReached.NO_ANSWER,
        agreed_with_id=people["lead"].user_id,
    )  # fmt: skip
    (number,) = records.record_contact(session, people["homeroom"], student_ids=[child.id], entry=tried)

    row = session.get_one(CareRecord, number)
    assert (row.is_done, row.not_reached) == (False, NotReached.NO_ANSWER)


def test_the_database_refuses_an_attempt_without_a_reason(session, people, child):
    number = write(session, people["lead"], child)
    wrong = update(CareRecord).where(col(CareRecord.id) == number).values(is_done=False)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(wrong)


def test_counselling_is_the_care_room_s(session, people, child):
    assert CareKind.COUNSELLING not in record_views.writable_kinds(people["homeroom"])
    assert CareKind.COUNSELLING in record_views.writable_kinds(people["counsellor"])
    found = problems_of(lambda: write(session, people["homeroom"], child, kind=CareKind.COUNSELLING))
    assert found == {"kind": "unknown_choice"}


def test_companions_are_of_the_chosen_class_and_without_one_only_those_chosen(
    session, people, child, sibling, school_class, make_student
):
    gone = make_student("林下", state=EnrolmentState.TRANSFERRED)

    def known(**values) -> list[int]:
        return list(record_views.list_companions(session, people["lead"], **values))

    assert known(class_id=None) == []
    assert known(class_id=None, student_ids=(gone.id,)) == [gone.id]
    assert known(class_id=school_class.id, student_ids=(gone.id,)) != known(class_id=school_class.id)
    assert sorted(known(class_id=school_class.id)) == sorted([child.id, sibling.id])


# --- who knows, who reads ---

KNOWS = {  # of a record by the homeroom teacher · by the counsellor, counselling · by the subject teacher
    "lead": (True, True, True),
    "counsellor": (True, True, True),
    "other_counsellor": (True, True, True),
    "homeroom": (True, True, True),
    "other_homeroom": (False, False, False),
    "subject": (False, False, True),
    "mentor": (False, False, False),
}
READS = {
    "lead": (True, True, True),
    "counsellor": (True, True, True),
    "other_counsellor": (True, False, True),
    "homeroom": (True, False, False),
    "subject": (False, False, True),
}


def test_who_knows_and_who_reads_cell_by_cell(session, people, child):
    made = (
        write(session, people["homeroom"], child),
        write(session, people["counsellor"], child, kind=CareKind.COUNSELLING),
        write(session, people["subject"], child),
    )
    for name, knows in KNOWS.items():
        found = {row.id for row in record_views.list_child_records(session, people[name], student_id=child.id).rows}
        assert found == {number for number, known in zip(made, knows, strict=True) if known}, name
        for number, known, reads in zip(made, knows, READS.get(name, (False,) * 3), strict=True):
            if not known:
                with pytest.raises(NotFound):
                    see(session, people[name], number)
                continue
            view = see(session, people[name], number)
            assert (view.stored is not None, view.row.may_read) == (reads, reads), name
            assert (SECRET in repr(view)) is reads, name


def test_who_leads_one_class_and_teaches_another_knows_of_the_first_only(session, people, child):
    """Seeing a child as its subject teacher does not tell of others' records about it."""
    both = replace(people["other_homeroom"], roles=frozenset({Role.HOMEROOM, Role.SUBJECT_TEACHER}))
    stay = session.exec(select(ClassTeacher).where(ClassTeacher.user_id == people["subject"].user_id)).one()
    stay.user_id = both.user_id
    session.add(stay)
    write(session, people["homeroom"], child)
    own = write(session, both, child)

    found = record_views.list_child_records(session, both, student_id=child.id)
    assert [row.id for row in found.rows] == [own]


@pytest.mark.parametrize("name", ["leadership", "finance", "supervisor", "admin"])
def test_others_have_nothing_to_do_with_records(session, people, child, name):
    number = write(session, people["homeroom"], child)
    for act in (
        lambda: see(session, people[name], number),
        lambda: record_views.list_child_records(session, people[name], student_id=child.id),
        lambda: write(session, people[name], child, agreed_with_id=None),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_child_out_of_sight_is_not_written_about(session, people, child):
    for name in ("other_homeroom", "mentor"):
        with pytest.raises(NotFound):
            write(session, people[name], child)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    writer=st.sampled_from(["lead", "counsellor", "other_counsellor", "homeroom", "subject"]),
    kind=st.sampled_from(list(CareKind)),
    amended_by=st.sampled_from([None, "author", "lead"]),
    is_withdrawn=st.booleans(),
)
def test_words_are_never_there_for_who_may_not_read_them(
    session, people, child, writer, kind, amended_by, is_withdrawn
):
    author = people[writer]
    if kind in RESTRICTED and kind not in record_views.writable_kinds(author):
        return
    number = write(session, author, child, kind=kind)
    if amended_by:
        editor = author if amended_by == "author" else people["lead"]
        change(
            session,
            editor,
            number,
            effect="后来又说了一次。",
            agreed_with_id=session.get_one(CareRecord, number).agreed_with_id,
        )
    if is_withdrawn:
        version = session.get_one(CareRecord, number).version
        records.withdraw_record(session, author, record_id=number, version=version, reason="写错了孩子")
    for name, actor in people.items():
        may = actor is author or name == "lead" or ("counsellor" in name and kind not in RESTRICTED)
        if not allows(actor, Permission.RECORD_READ):
            continue
        told = repr(record_views.list_child_records(session, actor, student_id=child.id, page_size=500))
        told += repr(record_views.list_own_records(session, actor))
        assert SECRET not in told
        try:
            view = see(session, actor, number)
        except NotFound:
            assert not may
            continue
        assert (SECRET in repr(view)) is may
        assert may or not view.earlier
        if not may:
            with pytest.raises(NotFound):
                record_views.note_opening(session, actor, record_id=number)
            with pytest.raises((NotAllowed, NotFound)):
                change(session, actor, number, raised="改掉")


def test_reading_somebody_s_words_is_noted_once_and_shown_on_the_file(session, people, child):
    number = write(session, people["homeroom"], child)
    for _ in range(2):
        record_views.note_opening(session, people["counsellor"], record_id=number)
    record_views.note_opening(session, people["homeroom"], record_id=number)  # the own one
    append_collected(session)

    events = session.exec(select(AuditEvent).where(AuditEvent.action == "record.opened")).all()
    assert [event.actor_id for event in events] == [people["counsellor"].user_id]
    shown = file_openings.list_openings(session, people["lead"], student_id=child.id).rows
    assert [row.what for row in shown] == [OpenedWhat.RECORD]
    assert see(session, people["counsellor"], number).is_opening_noted
    assert not see(session, people["lead"], number).is_opening_noted


# --- amending, withdrawing ---


def change(session, actor, number, version=None, **overrides):
    row = session.get_one(CareRecord, number)
    records.amend_record(
        session, actor, record_id=number, version=version or row.version, entry=entry(row.kind, **overrides)
    )


def test_an_amendment_keeps_the_earlier_text(session, people, child):
    homeroom = people["homeroom"]
    number = write(session, homeroom, child)

    change(session, homeroom, number, raised="其实是和同桌吵了架。", minutes=30)
    change(session, people["lead"], number, raised="其实是和同桌吵了架。", minutes=30, effect=None)

    view = see(session, homeroom, number)
    assert (view.stored.raised, view.stored.minutes, view.stored.effect) == ("其实是和同桌吵了架。", 30, None)
    assert [each.ended_by for each in view.earlier] == ["何知微", "周砚田"]
    assert view.earlier[1].content["raised"] == SECRET
    assert view.earlier[1].content["minutes"] == 20
    assert session.get_one(CareRecord, number).parts_filled == 5
    raw = session.exec(select(CareRecordVersion.content_sealed)).all()
    assert all(SECRET.encode() not in each for each in raw)


def test_two_editors_see_both(session, people, child):
    homeroom = people["homeroom"]
    number = write(session, homeroom, child)
    change(session, homeroom, number, raised="第一个人改的")

    with pytest.raises(EditedMeanwhile) as raised:
        change(session, people["lead"], number, version=1, raised="第二个人改的")
    assert raised.value.current.raised == "第一个人改的"
    assert raised.value.current.version == 2


def test_only_the_author_and_the_head_amend(session, people, child):
    number = write(session, people["homeroom"], child)
    with pytest.raises(NotAllowed):
        change(session, people["counsellor"], number)
    with pytest.raises(NotFound):
        change(session, people["subject"], number)


def test_what_was_withdrawn_stays_and_changes_no_more(session, people, child):
    homeroom = people["homeroom"]
    number = write(session, homeroom, child)
    assert problems_of(lambda: records.withdraw_record(session, homeroom, record_id=number, version=1, reason=" ")) == {
        "reason": "required"
    }
    session.expire_all()

    version = session.get_one(CareRecord, number).version
    records.withdraw_record(session, homeroom, record_id=number, version=version, reason="写到别的孩子名下了")

    view = see(session, homeroom, number)
    assert (view.row.is_withdrawn, view.may_amend) == (True, False)
    assert view.earlier[0].reason == "写到别的孩子名下了"
    with pytest.raises(RecordWithdrawn):
        change(session, homeroom, number)


# --- groups, twice ---


def test_a_group_is_one_record_a_child(session, people, child, sibling):
    write(session, people["homeroom"], child, sibling, kind=CareKind.GROUP_ACTIVITY)

    rows = session.exec(select(CareRecord).order_by(col(CareRecord.id))).all()
    assert [row.student_id for row in rows] == [child.id, sibling.id]
    assert len({row.entry_uid for row in rows}) == 1
    assert {row.group_size for row in rows} == {2}
    change(session, people["homeroom"], rows[0].id, raised="只改这一个孩子的")
    assert see(session, people["homeroom"], rows[1].id).stored.raised == SECRET


def test_a_group_with_one_child_out_of_sight_is_not_written_at_all(session, people, child, make_student, make_class):
    stranger = make_student("外班孩子", in_class=make_class(9, 1))
    with pytest.raises(NotFound):
        write(session, people["homeroom"], child, stranger)
    assert session.exec(select(func.count()).select_from(CareRecord)).one() == 0


def test_one_form_sent_twice_is_saved_once(session, people, child):
    homeroom = people["homeroom"]
    first = write(session, homeroom, child, form_uid="a" * 32)

    assert write(session, homeroom, child, form_uid="a" * 32) == first
    assert records.is_recorded(session, homeroom, form_uid="a" * 32)
    assert not records.is_recorded(session, people["lead"], form_uid="a" * 32)
    with pytest.raises(AlreadyRecorded):
        write(session, homeroom, child, form_uid="a" * 32, raised="别的话")
    with pytest.raises(AlreadyRecorded):
        write(session, people["lead"], child, form_uid="a" * 32)
    assert session.exec(select(func.count()).select_from(CareRecord)).one() == 1


# --- reaching a family (0018) ---


def refused(session, actor, child, **overrides) -> dict[str, str]:
    return problems_of(lambda: write(session, actor, child, **overrides))


def ways_to_a_family() -> Iterator[tuple[CareKind, CarePlace | None]]:
    yield from ((kind, None) for kind in REACHES_FAMILY)
    yield from ((kind, CarePlace.HOME) for kind, spec in KINDS.items() if "place" in spec.fields)


def test_a_family_is_reached_only_with_the_yes_of_a_head_whoever_s_child_it_is(session, people, child, sibling):
    """Two children side by side tell nothing: one of them marked, the same question, the same refusal, the same yes."""
    register_referral(session, people["lead"], student_id=child.id, is_suspected_abuse=True)
    head = people["lead"].user_id
    for writer, one, (kind, place) in product(("homeroom", "counsellor"), (child, sibling), ways_to_a_family()):
        if kind in RESTRICTED and writer == "homeroom":
            continue
        actor, there = people[writer], {"kind": kind} | ({"place": place} if place else {})
        tried = there | {"is_done": False, "not_reached": NotReached.NOT_THERE}
        for what in (there, tried):
            assert refused(session, actor, one, agreed_with_id=None, **what) == {"agreed_with_id": "agreement_needed"}
        found = refused(session, actor, one, agreed_with_id=actor.user_id, **there)
        assert found == {"agreed_with_id": "unknown_choice"}
        number = write(session, actor, one, agreed_with_id=head, **there)
        assert session.get_one(CareRecord, number).agreed_with_id == head
        assert write(session, people["lead"], one, agreed_with_id=None, **there)


def test_what_reaches_nobody_at_home_asks_nothing(session, people, child):
    number = write(session, people["homeroom"], child, agreed_with_id=people["lead"].user_id)
    assert session.get_one(CareRecord, number).agreed_with_id is None


def test_the_same_visit_in_other_words_needs_no_second_yes_but_another_day_does(session, people, child):
    homeroom = people["homeroom"]
    number = write(session, homeroom, child, kind=CareKind.HOME_VISIT, place=CarePlace.HOME)

    change(session, homeroom, number, raised="补记：外婆也在。", place=CarePlace.HOME)
    assert session.get_one(CareRecord, number).agreed_with_id == people["lead"].user_id
    found = problems_of(lambda: change(session, homeroom, number, day=TODAY - timedelta(days=1), place=CarePlace.HOME))
    assert found == {"agreed_with_id": "agreement_needed"}


def test_a_talk_moved_to_the_child_s_home_asks_for_the_yes(session, people, child):
    number = write(session, people["homeroom"], child)
    found = problems_of(lambda: change(session, people["homeroom"], number, place=CarePlace.HOME))
    assert found == {"agreed_with_id": "agreement_needed"}


# --- merging ---


def test_records_follow_a_merge_also_of_one_group(session, people, child, make_student, school_class):
    other = make_student("江小满", in_class=school_class)
    lead = people["lead"]
    write(session, lead, child, other, kind=CareKind.GROUP_ACTIVITY)
    drafts.save_draft(
        session,
        lead,
        form="record",
        subject="x" * 32,
        content={"student_id": other.id, "about": [other.id], "raised": "写到一半"},
    )
    merge(session, lead, child, other)

    rows = session.exec(select(CareRecord)).all()
    assert {row.student_id for row in rows} == {child.id}
    assert len(rows) == 2
    (draft,) = drafts.list_drafts(session, lead, form="record")
    assert draft.content["student_id"] == child.id
    assert child.id in draft.content["about"]
