"""Archives handed over: what is packed, that it opens with its password alone, receipts, what stays, who may."""

import json
import os
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

import pytest
import pyzipper
from docx import Document
from sqlmodel import col, select

from db.tables import (
    Attachment,
    AuditEvent,
    CareKind,
    CategoryKind,
    ClauseSwitch,
    ConsentAnswer,
    ConsentPurpose,
    EnrolmentState,
    ExcuseState,
    HandoverChild,
    HandoverPackage,
    HandoverReason,
    HandoverWay,
    ParameterVersion,
    Referral,
    Role,
    StudentCategory,
)
from db.transactions import reading, transaction
from services import (
    archives,
    clock,
    consents,
    handover_excuses,
    handover_files,
    handover_views,
    handover_work,
    handovers,
    home,
    retention_rows,
    safeguarding,
)
from services.calendar import load_calendar
from services.duties import DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.exchange.packages import PackageUnreadable, open_package
from services.handover_rules import package_dir, path_of
from services.handover_views import HandoverState
from services.handovers import (
    ChildrenChanged,
    FileGone,
    HandedEntry,
    HandoverEntry,
    HandoverOver,
    MayNotLeave,
    ReceiptEntry,
)
from services.merges import Side
from services.regulations import excuses
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate
from services.regulations.switches import load_switches
from tests.conftest import NOW
from tests.services.children import problems_of
from tests.services.test_archives import open_case
from tests.services.test_merges import merge
from tests.services.test_records import SECRET, write
from tests.services.test_tiers import ORANGE, put

TODAY = NOW.date()
DAY = timedelta(days=1)
TOLD = "孩子说不敢回家。"
GRADUATED = HandoverReason.GRADUATION
HANDED = HandedEntry(handed_on=TODAY, way=HandoverWay.BY_HAND, receiver="栖云高中 杜仲老师 15400000166")
RECEIPT = ReceiptEntry(received_on=TODAY, receipt="杜仲签收，2 人齐")


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def nine(make_class):
    return make_class(9, 2)


@pytest.fixture
def children(session, lead, counsellor, make_user, make_student, nine):
    """江小满 with everything, 霍半夏 with a tier alone; both left in summer, of the first it was known why."""
    found = [make_student("江小满", in_class=nine), make_student("霍半夏", in_class=nine)]
    archives.begin_archives(session, lead, student_ids=[each.id for each in found])
    put(session, counsellor, found[0], ORANGE, reason="说不想活了，没有打算")
    open_case(session, counsellor, found[0])
    write(session, counsellor, found[0])
    write(session, counsellor, found[0], kind=CareKind.COUNSELLING, raised=TOLD)
    session.add(
        StudentCategory(
            student_id=found[0].id, kind=CategoryKind.SPECIAL_PSYCHOLOGY, level=1, from_day=TODAY - 300 * DAY,
            recorded_at=NOW,
        )
    )  # fmt: skip
    for each in found:
        each.state, each.left_on = EnrolmentState.GRADUATED, TODAY - 40 * DAY
        session.add(each)
    session.commit()
    return found


def make(lead, children, *, told=None, to="栖云高中"):
    ids = tuple(each.id for each in children)
    return handover_work.make_package(lead, entry=HandoverEntry(student_ids=ids, reason=GRADUATED, to=to), told=told)


def file_of(made):
    with reading() as session:
        return path_of(session.get_one(HandoverPackage, made.package_id).uid)


def inside(made) -> dict[str, bytes]:
    with pyzipper.AESZipFile(file_of(made)) as found:
        found.setpassword(made.password.encode())
        return {name: found.read(name) for name in found.namelist()}


def test_a_package_holds_a_paper_and_a_file_of_every_child_and_a_list(lead, children):
    told = []
    made = make(lead, children, told=lambda *each: told.append(each))

    package = open_package(file_of(made), password=made.password)
    assert [each.name for each in package.files] == ["001.docx", "001.json", "002.docx", "002.json", "移交清单.docx"]
    assert (package.head["人数"], [each["姓名"] for each in package.head["孩子"]]) == (2, ["霍半夏", "江小满"])
    files = inside(made)
    assert "7-Zip" in files["读我.txt"].decode("utf-8-sig")
    words = "\n".join(each.text for each in Document(BytesIO(files["002.docx"])).paragraphs)
    assert [each for each in (SECRET, "江小满", "特殊心理", "每周谈一次。") if each not in words] == []
    assert json.loads(files["002.json"])["姓名"] == "江小满"
    cells = [cell.text for row in Document(BytesIO(files["移交清单.docx"])).tables[0].rows for cell in row.cells]
    assert "江小满" in cells
    assert told == [(1, 2), (2, 2)]
    raw = file_of(made).read_bytes()
    assert [each for each in ("江小满", SECRET) if each.encode() in raw] == []


def test_counselling_and_reasons_stay_unless_the_family_agreed(session, lead, counsellor, children):
    made = make(lead, children[:1])
    stays = inside(made)["001.json"].decode()
    put_aside(lead, made)
    assert [each for each in (TOLD, "说不想活了") if each in stays] == []
    consents.record_consent(
        session, counsellor, student_id=children[0].id, purpose=ConsentPurpose.HANDOVER, answer=ConsentAnswer.GIVEN,
        day=TODAY, by_whom="妈妈",
    )  # fmt: skip
    session.commit()

    goes = inside(make(lead, children[:1]))["001.json"].decode()
    assert TOLD in goes
    assert "说不想活了" not in goes


@pytest.fixture
def agreed(session, lead, children):
    """The answer by which the family of 江小满 lets counselling in words leave."""
    return consents.record_consent(
        session, lead, student_id=children[0].id, purpose=ConsentPurpose.HANDOVER, answer=ConsentAnswer.GIVEN,
        day=TODAY, by_whom="妈妈",
    )  # fmt: skip


def take_back(session, lead, child, agreed):
    consents.record_consent(
        session, lead, student_id=child.id, purpose=ConsentPurpose.HANDOVER, answer=ConsentAnswer.WITHDRAWN,
        day=TODAY, by_whom="妈妈", replaces_id=agreed,
    )  # fmt: skip
    session.commit()


def fetch(lead, number):
    with transaction() as own:
        return handovers.fetch_package(own, lead, package_id=number)


def test_what_a_family_took_back_since_it_was_packed_does_not_leave(session, lead, children, agreed):
    session.commit()
    number = make(lead, children).package_id
    assert fetch(lead, number)
    take_back(session, lead, children[0], agreed)

    with pytest.raises(MayNotLeave):
        fetch(lead, number)
    with pytest.raises(MayNotLeave), transaction() as own:
        handovers.record_handed(own, lead, package_id=number, version=1, entry=HANDED)
    put_aside(lead, number)
    assert fetch(lead, make(lead, children).package_id)


def put_aside(lead, made) -> None:
    """Take a package back: a child is in one alone."""
    with transaction() as own:
        number = getattr(made, "package_id", made)
        handovers.withdraw_package(own, lead, package_id=number, version=1, reason="重做")


def test_a_child_is_in_one_package_alone_whoever_is_first(session, lead, children):
    def another(done: int, of: int) -> None:
        if done == of:
            make(lead, children[1:])

    with pytest.raises(ChildrenChanged):
        make(lead, children, told=another)
    assert problems_of(lambda: make(lead, children)) == {"student_ids": "packed_already"}
    [package] = handover_views.list_packages(session, lead).rows
    assert package.children == 1
    assert len(list(package_dir().glob("*.zip"))) == 1
    put_aside(lead, package.id)
    session.commit()
    assert make(lead, children)


def test_what_was_marked_since_it_was_packed_does_not_leave(session, lead, children):
    number = make(lead, children).package_id
    with transaction() as own:
        referral = own.exec(select(Referral).where(Referral.student_id == children[0].id)).one()
        safeguarding.mark_suspected_abuse(own, lead, referral_id=referral.id, version=referral.version)

    with pytest.raises(MayNotLeave):
        fetch(lead, number)
    with pytest.raises(MayNotLeave), transaction() as own:
        handovers.record_handed(own, lead, package_id=number, version=1, entry=HANDED)


def test_what_was_marked_while_the_others_were_packed_does_not_leave(session, lead, children, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)

    def mark(done: int, _of: int) -> None:
        if done > 1:
            return
        with transaction() as own:
            referral = own.exec(select(Referral).where(Referral.student_id == children[0].id)).one()
            monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=5))
            safeguarding.mark_suspected_abuse(own, lead, referral_id=referral.id, version=referral.version)
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=1))

    number = make(lead, children, told=mark).package_id

    with pytest.raises(MayNotLeave):
        fetch(lead, number)


def test_what_has_left_is_put_right_and_received_whatever_was_taken_back(session, lead, children, agreed):
    session.commit()
    number = make(lead, children).package_id
    handovers.record_handed(session, lead, package_id=number, version=1, entry=HANDED)
    take_back(session, lead, children[0], agreed)

    handovers.record_handed(session, lead, package_id=number, version=2, entry=HANDED)
    handovers.record_receipt(session, lead, package_id=number, version=3, entry=RECEIPT)


def test_the_password_is_kept_nowhere_and_a_copy_verifies(session, lead, children, tmp_path):
    made = make(lead, children)
    copy = tmp_path / "U盘.zip"
    copy.write_bytes(file_of(made).read_bytes())

    assert len(open_package(copy, password=made.password).files) == 5
    with pytest.raises(PackageUnreadable):
        open_package(copy, password=made.password[:-1] + ("8" if made.password.endswith("7") else "7"))
    row = session.get_one(HandoverPackage, made.package_id)
    assert made.password not in str(row.model_dump())
    assert copy.stat().st_size == row.size_bytes
    packed = session.exec(select(AuditEvent).where(AuditEvent.action == "archive.packed")).all()
    assert {each.student_id for each in packed} == {each.id for each in children}
    assert all(made.password not in each.details for each in session.exec(select(AuditEvent)).all())


def test_what_is_killed_or_refused_in_the_middle_leaves_nothing(session, lead, children, monkeypatch):
    def stop(done: int, _of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(lead, children, told=stop)
    half = package_dir() / "half.part"  # what a power cut leaves, seen an hour later
    half.write_bytes(b"x")
    os.utime(half, (0, 0))
    handover_files.sweep()

    assert list(package_dir().glob("*")) == []
    assert session.exec(select(HandoverPackage)).all() == []
    assert problems_of(lambda: make(lead, [])) == {"student_ids": "choice_needed"}
    assert problems_of(lambda: make(lead, children, to=" ")) == {"to": "required"}


def test_a_child_merged_meanwhile_makes_no_package(session, lead, children, make_student, nine):
    other = make_student("江晓满", in_class=nine)
    session.commit()

    def merge_now(done: int, _of: int) -> None:
        if done == 2:
            with transaction() as own:
                merge(own, lead, kept=other, other=children[0], state=Side.OTHER)

    with pytest.raises(ChildrenChanged):
        make(lead, children, told=merge_now)
    assert list(package_dir().glob("*.zip")) == []


def test_from_made_to_receipt(session, lead, children):
    made = make(lead, children)
    number = made.package_id

    def see():
        session.expire_all()
        return handover_views.find_package(session, lead, package_id=number)

    assert (see().row.state, see().has_file) == (HandoverState.MADE, True)
    with pytest.raises(NotFound):
        handovers.record_receipt(session, lead, package_id=number, version=1, entry=RECEIPT)
    handovers.record_handed(session, lead, package_id=number, version=see().row.version, entry=HANDED)
    assert (see().row.state, see().receiver) == (HandoverState.HANDED, HANDED.receiver)
    with pytest.raises(EditedMeanwhile):
        handovers.record_handed(session, lead, package_id=number, version=1, entry=HANDED)
    assert problems_of(
        lambda: handovers.record_receipt(
            session, lead, package_id=number, version=see().row.version,
            entry=ReceiptEntry(received_on=TODAY - DAY, receipt=""),
        )
    ) == {"received_on": "before_step", "receipt": "required"}  # fmt: skip
    session.rollback()
    handovers.record_handed(session, lead, package_id=number, version=see().row.version, entry=HANDED)
    handovers.record_receipt(session, lead, package_id=number, version=see().row.version, entry=RECEIPT)
    session.commit()
    assert (see().row.state, see().receipt) == (HandoverState.RECEIVED, RECEIPT.receipt)
    with pytest.raises(HandoverOver):
        handovers.withdraw_package(session, lead, package_id=number, version=see().row.version, reason="x")
    handover_files.sweep()
    with pytest.raises(FileGone):  # what was received is not kept here
        handovers.fetch_package(session, lead, package_id=number)


def owed(session, actor) -> dict[DutyKind, str]:
    session.commit()  # what others wrote meanwhile is seen from here on
    session.expire_all()
    wanted = {DutyKind.HAND_OVER, DutyKind.HANDOVER_RECEIPT}
    return {each.kind: each.labels[0] for each in home.list_duties(session, actor) if each.kind in wanted}


def test_a_number_changed_after_a_child_left_moves_no_day(session, lead, children):
    before = [each.due_on for each in handover_views.list_candidates(session, lead).children]
    changed = ParameterVersion(
        name="F-12.handover_days", number=1, in_force_from=TODAY - DAY, value=300, reason="试", set_at=NOW
    )
    session.add(changed)

    assert owed(session, lead) == {DutyKind.HAND_OVER: "1"}
    [line] = [each for each in home.list_duties(session, lead) if each.kind is DutyKind.HAND_OVER]
    assert [each.due_on for each in handover_views.list_candidates(session, lead).children] == before
    assert clock.local(line.due_at).date() in before


def test_home_asks_the_head_until_there_is_a_receipt(session, lead, counsellor, children):
    assert owed(session, lead) == {DutyKind.HAND_OVER: "1"}  # of the four special kinds; the other is only listed
    assert owed(session, counsellor) == {}
    candidates = handover_views.list_candidates(session, lead).children
    assert {each.name: each.is_late for each in candidates} == {"江小满": True, "霍半夏": False}
    assert {each.group for each in candidates} == {"九（2）班，2026 年已毕业"}

    made = make(lead, children)
    # Packed it still lies here: what is owed stays late until it is handed over.
    assert owed(session, lead) == {DutyKind.HAND_OVER: "1", DutyKind.HANDOVER_RECEIPT: "1"}
    assert handover_views.list_candidates(session, lead).children == ()
    handovers.withdraw_package(session, lead, package_id=made.package_id, version=1, reason="密码丢了")
    session.commit()
    assert owed(session, lead) == {DutyKind.HAND_OVER: "1"}
    made = make(lead, children)
    session.commit()
    handovers.record_handed(session, lead, package_id=made.package_id, version=1, entry=HANDED)
    session.commit()
    assert owed(session, lead) == {DutyKind.HANDOVER_RECEIPT: "1"}
    handovers.record_receipt(session, lead, package_id=made.package_id, version=2, entry=RECEIPT)
    session.commit()
    assert owed(session, lead) == {}


@pytest.mark.parametrize(
    ("name", "days", "expected"),
    [
        ("to_day", 0, {DutyKind.HAND_OVER: "1"}),
        ("to_day", -1, {}),
        ("from_day", 0, {DutyKind.HAND_OVER: "1"}),
        ("from_day", 1, {}),
    ],
    ids=["ended as it left", "ended the day before", "began as it left", "began the day after"],
)
def test_of_the_special_kinds_is_who_was_when_it_left(session, lead, children, name, days, expected):
    kind = session.exec(select(StudentCategory)).one()
    setattr(kind, name, TODAY - 40 * DAY + days * DAY)
    session.add(kind)

    assert owed(session, lead) == expected


def test_what_need_not_be_handed_over_is_owed_no_more_once_a_second_person_agreed(
    session, lead, counsellor, children, make_user
):
    other = make_user(Role.LEAD)
    with pytest.raises(FieldErrors) as refused:
        handover_excuses.ask_not_to_hand_over(session, lead, student_id=children[0].id, reason=" ")
    assert refused.value.problems.keys() == {"reason"}
    with pytest.raises(NotFound):  # the clause wants nothing of this one
        handover_excuses.ask_not_to_hand_over(session, lead, student_id=children[1].id, reason="出国了")
    with pytest.raises(NotAllowed):
        handover_excuses.ask_not_to_hand_over(session, counsellor, student_id=children[0].id, reason="出国了")
    asked = handover_excuses.ask_not_to_hand_over(session, lead, student_id=children[0].id, reason="跟父母出国了")
    assert asked.from_day == children[0].left_on

    assert owed(session, lead) == {DutyKind.HAND_OVER: "1"}  # until somebody says yes
    assert excuse_of(session, lead, children[0]) is ExcuseState.WAITING
    excuses.answer_excuse(session, other, excuse_id=asked.id, version=asked.version, agrees=True)

    assert owed(session, lead) == {}
    assert excuse_of(session, lead, children[0]) is ExcuseState.STANDING
    session.add(ClauseSwitch(clause_id="F-12", number=1, is_on=True, from_day=TODAY - 90 * DAY, set_at=NOW))
    session.flush()
    found = evaluate(
        session, calendar=load_calendar(session), switches=load_switches(session), on=TODAY, clause_ids=["F-12"]
    )
    assert [each.state for each in found["F-12"].standings] == [DutyState.EXEMPT]
    with pytest.raises(FieldErrors):
        handover_excuses.ask_not_to_hand_over(session, lead, student_id=children[0].id, reason="再来一次")
    excuses.withdraw_excuse(session, lead, excuse_id=asked.id, version=asked.version)
    assert owed(session, lead) == {DutyKind.HAND_OVER: "1"}


@pytest.mark.parametrize(
    ("left_on", "steps"), [(date(2026, 5, 31), 0), (date(2026, 7, 3), 1)], ids=["the spring", "the summer before"]
)
def test_who_left_in_the_summer_before_is_told_in_the_school_year(session, children, left_on, steps):
    children[0].left_on = left_on
    session.add(ClauseSwitch(clause_id="F-12", number=1, is_on=True, from_day=TODAY - 300 * DAY, set_at=NOW))
    session.flush()

    found = evaluate(
        session, calendar=load_calendar(session), switches=load_switches(session), on=TODAY, clause_ids=["F-12"]
    )

    assert len(found["F-12"].standings) == steps


def excuse_of(session, lead, child) -> ExcuseState | None:
    [found] = [each for each in handover_views.list_candidates(session, lead).children if each.student_id == child.id]
    assert (found.due_on is None) is (found.excuse is ExcuseState.STANDING)
    return found.excuse


def test_what_is_late_stands_above_what_the_office_lacks_the_latest_first(session, lead, children):
    session.commit()
    made = make(lead, children)
    row = session.get_one(HandoverPackage, made.package_id)
    row.made_at = NOW - 15 * DAY
    session.add(row)
    session.commit()

    wanted = (DutyKind.HAND_OVER, DutyKind.HANDOVER_RECEIPT, DutyKind.POST_VACANT)
    kinds = [each.kind for each in home.list_duties(session, lead) if each.kind in wanted]

    assert tuple(dict.fromkeys(kinds)) == wanted


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.LEAD])
def test_only_the_head_packs(session, children, make_user, role):
    actor = make_user(role)
    session.commit()

    with pytest.raises(NotAllowed):
        make(actor, children)
    with pytest.raises(NotAllowed):
        handover_views.list_packages(session, actor)


def test_a_merge_keeps_that_an_archive_was_handed_over(session, lead, children, make_student, nine):
    other = make_student("江晓满", in_class=nine)
    session.commit()
    make(lead, children)

    merge(session, lead, kept=other, other=children[0], state=Side.OTHER)
    session.commit()

    rows = session.exec(select(HandoverChild.student_id).order_by(col(HandoverChild.place))).all()
    assert rows == [children[1].id, other.id]


def test_with_a_removed_child_goes_the_signed_list_that_names_it(session, lead, children):
    made = make(lead, children)
    session.commit()
    handovers.record_handed(session, lead, package_id=made.package_id, version=1, entry=HANDED)
    scan = replace(RECEIPT, scan=b"%PDF-1.4\n%%EOF\n", scan_name="a.pdf")
    handovers.record_receipt(session, lead, package_id=made.package_id, version=2, entry=scan)
    session.flush()
    assert handovers.open_receipt(session, lead, package_id=made.package_id).mime == "application/pdf"

    retention_rows.remove_rows(session, children[1].id, is_whole=False)
    session.flush()
    session.expire_all()

    with pytest.raises(NotFound):
        handovers.open_receipt(session, lead, package_id=made.package_id)
    assert session.exec(select(HandoverChild.student_id)).all() == [children[0].id]
    assert session.exec(select(Attachment)).all() == []


def test_a_class_is_packed_without_holding_anybody_up(session, lead, counsellor, make_student, nine):
    found = [make_student(in_class=nine) for _ in range(5)]
    archives.begin_archives(session, lead, student_ids=[each.id for each in found])
    session.commit()

    def write_meanwhile(_done: int, _of: int) -> None:
        with transaction() as own:  # no transaction of the packing stands in anybody's way
            put(own, counsellor, found[0], ORANGE)

    made = make(lead, found, told=write_meanwhile)

    assert len(open_package(file_of(made), password=made.password).files) == 11
