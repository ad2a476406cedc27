"""What a merge must not lose unsaid: telephones, what two lists said of one child, what is half written."""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import (
    CategoryKind,
    DifferencePart,
    DifferenceSide,
    DifferenceState,
    ExchangeBody,
    Guardian,
    GuardianKind,
    LeftBehindKind,
    ListDifference,
    Role,
    Student,
    StudentCategory,
    TermEntry,
)
from services import categories, drafts, guardians, list_decisions, list_exchanges, list_receipts, merges
from services.categories import CategoryDetails
from services.errors import FieldErrors
from services.guardians import GuardianEntry
from services.imports.authorities import Scope
from services.list_decisions import Chosen
from services.list_receipts import ReceiptDetails
from services.merges import Difference, Side
from services.merging.half_written import LOOK_AGAIN
from services.merging.sides import open_rows
from services.student_keys import phone_hash
from tests.conftest import NOW, codes

FATHER, ENTRUSTED = GuardianKind.FATHER, GuardianKind.ENTRUSTED
ONE, TWO, THREE, FOUR = (f"15400000{number}" for number in (111, 222, 333, 444))


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def pair(make_class, make_student):
    """江小满 in 七（3）, and the same child once more in the same class."""
    found = make_class(7, 3)
    return make_student("江小满", in_class=found), make_student("江晓满", in_class=found)


def differences(session: Session, lead, kept: Student, other: Student) -> dict[str, Difference]:
    session.flush()
    shown = merges.compare_entries(session, lead, kept_id=kept.id, other_id=other.id)
    return {each.key: each for each in shown.differences}


def merge(session: Session, lead, kept: Student, other: Student, **choices: Side) -> None:
    session.flush()
    shown = merges.compare_entries(session, lead, kept_id=kept.id, other_id=other.id)
    merges.merge_entries(
        session, lead, kept_id=kept.id, other_id=other.id, digest=shown.digest, is_one_child=True,
        choices={key.replace("__", "."): side for key, side in choices.items()},
    )  # fmt: skip


# --- people ---


def add(session, lead, child, *phones: str, kind=FATHER, name: str | None = "江远山", **more: object) -> None:
    first, second = (*phones, None, None)[:2]
    entry = GuardianEntry(kind=kind, name=name, phone=first, second_phone=second, **more)  # type: ignore[arg-type]
    guardians.save_guardian(session, lead, student_id=child.id, entry=entry)


def on_card(session, child) -> list[tuple[str | None, list[str | None]]]:
    return [
        (row.name, [unseal(row, "phone_sealed"), unseal(row, "second_phone_sealed")])
        for row in open_rows(session, Guardian, child)
    ]


@pytest.mark.parametrize("name", ["江远山", None], ids=["of one name", "one without a name"])
def test_another_telephone_of_one_person_becomes_the_second(session, lead, pair, name):
    add(session, lead, pair[0], ONE)
    add(session, lead, pair[1], TWO, name=name)

    assert not [key for key in differences(session, lead, *pair) if key.startswith("guardian")]
    merge(session, lead, *pair)

    assert on_card(session, pair[0]) == [("江远山", [ONE, TWO])]


def test_the_telephone_of_a_row_without_name_is_found_again(session, lead, pair):
    add(session, lead, pair[0], name="江远山")
    add(session, lead, pair[1], TWO, name=None)

    merge(session, lead, *pair)

    assert on_card(session, pair[0]) == [("江远山", [TWO, None])]
    assert open_rows(session, Guardian, pair[0])[0].phone_hash == phone_hash(TWO)


@pytest.mark.parametrize(
    ("side", "phones"), [(Side.KEPT, [ONE, TWO]), (Side.OTHER, [THREE, ONE])], ids=["ours", "theirs"]
)
def test_three_telephones_are_asked_about_and_each_answer_says_which_goes(session, lead, pair, side, phones):
    add(session, lead, pair[0], ONE, TWO)
    add(session, lead, pair[1], THREE)

    asked = differences(session, lead, *pair)["guardian.father.phones"]
    assert asked.proposed is None
    assert (asked.kept, asked.other) == (f"{ONE}、{TWO}；{THREE} 不再留", f"{THREE}、{ONE}；{TWO} 不再留")
    with pytest.raises(FieldErrors) as refused:
        merge(session, lead, *pair)
    assert codes(refused) == {"guardian.father.phones": "choice_needed"}

    merge(session, lead, *pair, guardian__father__phones=side)

    assert on_card(session, pair[0]) == [("江远山", phones)]
    assert open_rows(session, Guardian, pair[0])[0].phone_hash == phone_hash(phones[0])


def test_what_is_written_otherwise_of_one_person_is_asked(session, lead, pair):
    add(session, lead, pair[0], ONE, workplace="星河厂", occupation="电工")
    add(session, lead, pair[1], ONE, workplace="青石矿", address="归云村3号")

    asked = differences(session, lead, *pair)
    assert {key: each.label for key, each in asked.items() if key.startswith("guardian")} == {
        "guardian.father.workplace": "父亲江远山的工作单位"
    }
    merge(session, lead, *pair, guardian__father__workplace=Side.OTHER)

    (father,) = open_rows(session, Guardian, pair[0])
    said = [unseal(father, f"{part}_sealed") for part in ("workplace", "occupation", "address")]
    assert said == ["青石矿", "电工", "归云村3号"]


def test_others_of_one_name_are_one_line_too(session, lead, pair):
    add(session, lead, pair[0], ONE, kind=ENTRUSTED, name="顾兰亭", relation="外婆")
    add(session, lead, pair[1], TWO, kind=ENTRUSTED, name="顾兰亭", relation="姥姥")

    assert "监护人顾兰亭的称呼" in " ".join(each.label for each in differences(session, lead, *pair).values())
    merge(session, lead, *pair)

    assert on_card(session, pair[0]) == [("顾兰亭", [ONE, TWO])]


def test_one_is_called_first_whichever_entries_named_one(session, lead, pair):
    add(session, lead, pair[0], ONE)
    add(session, lead, pair[0], TWO, kind=GuardianKind.MOTHER, name="林初雪", is_primary=True)
    add(session, lead, pair[1], ONE, is_primary=True)

    merge(session, lead, *pair)

    assert [row.kind for row in open_rows(session, Guardian, pair[0]) if row.is_primary] == [GuardianKind.MOTHER]


NUMBERS = st.lists(st.sampled_from([ONE, TWO, THREE, FOUR]), max_size=2, unique=True)


@given(ours=NUMBERS, theirs=NUMBERS, side=st.sampled_from(Side))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_telephone_stays_or_was_named_as_going(session, lead, make_student, ours, theirs, side):
    pair = make_student("江小满"), make_student("江小满")
    for child, phones in zip(pair, (ours, theirs), strict=True):
        add(session, lead, child, *phones)

    asked = differences(session, lead, *pair).get("guardian.father.phones")
    merge(session, lead, *pair, **({"guardian__father__phones": side} if asked else {}))

    (_name, kept), *more = on_card(session, pair[0])
    said = (asked.kept if side is Side.KEPT else asked.other) if asked else ""
    going = set(said.partition("；")[2].removesuffix(" 不再留").split("、")) - {""}
    assert set(kept) - {None} | going == {*ours, *theirs}
    assert not going & set(kept)
    assert not more


# --- lists from outside ---


@pytest.fixture
def listed(session, lead, make_class, make_student):
    """Two entries of one child with their own birthdays; the list names the second."""
    found = make_class(7, 1)
    first = make_student("江小满", in_class=found, birth_day=date(2013, 5, 21))
    second = make_student("江晓满", in_class=found, birth_day=date(2013, 5, 22))
    return SimpleNamespace(first=first, second=second)


def register(session, lead, child, kind=CategoryKind.LEFT_BEHIND, **details: object) -> int:
    return categories.add_category(
        session, lead, student_id=child.id, kind=kind, details=CategoryDetails(**details), from_day=date(2026, 9, 1)
    )  # type: ignore[arg-type]


def receive(session, lead, child, kind=CategoryKind.LEFT_BEHIND, **cells: str) -> int:
    values = {"姓名": child.name, "出生日期": str(child.birth_day), **cells}
    content = f"{','.join(values)}\n{','.join(values.values())}\n".encode()
    file = list_receipts.read_authority(content, file_name="名单.csv")
    seen = list_receipts.preview_receipt(session, lead, file=file, scope=Scope(kind))
    return list_receipts.confirm_receipt(
        session, lead, preview=seen, ticked=seen.comparison.to_tick,
        details=ReceiptDetails(body=ExchangeBody.CIVIL_AFFAIRS, day=date(2026, 11, 18)),
    )  # fmt: skip


def open_lines(session, lead, exchange):
    return [
        line
        for side in DifferenceSide
        for line in list_exchanges.list_differences(session, lead, exchange_id=exchange, side=side).lines
    ]


@pytest.mark.parametrize("keeps_first", [True, False])
def test_a_list_that_named_the_other_entry_differs_no_more(session, lead, listed, keeps_first):
    category = register(session, lead, listed.first)
    exchange = receive(session, lead, listed.second)
    assert [line.side for line in open_lines(session, lead, exchange)] == [DifferenceSide.LIST, DifferenceSide.REGISTER]
    before = [Chosen(line.id, line.version, line.standing) for line in open_lines(session, lead, exchange)]
    kept, other = (listed.first, listed.second) if keeps_first else (listed.second, listed.first)

    merge(session, lead, kept, other)

    assert open_lines(session, lead, exchange) == []
    decided = list_exchanges.list_differences(session, lead, exchange_id=exchange, side=None).lines
    assert {(line.state, line.decided_by) for line in decided} == {(DifferenceState.LEFT, "何知微")}
    assert all("同一个孩子" in (line.reason or "") for line in decided)
    for chosen in before:  # ticked on a page drawn before
        with pytest.raises(list_decisions.DecidedMeanwhile):
            list_decisions.adopt_differences(
                session, lead, exchange_id=exchange, chosen=[chosen], from_day=date(2026, 11, 18), evidence="名单"
            )
    row = session.get_one(StudentCategory, category)
    session.refresh(row)
    assert (row.student_id, row.to_day) == (kept.id, None)


def test_what_both_write_otherwise_becomes_that_difference(session, lead, listed):
    category = register(session, lead, listed.first, left_behind_kind=LeftBehindKind.ONE_AWAY)
    exchange = receive(session, lead, listed.second, 留守类型="双亲外出")

    merge(session, lead, listed.first, listed.second)

    (line,) = open_lines(session, lead, exchange)
    assert (line.side, line.part, line.theirs, line.ours) == (
        DifferenceSide.BOTH, DifferencePart.KIND, LeftBehindKind.BOTH_AWAY.label, LeftBehindKind.ONE_AWAY.label,
    )  # fmt: skip
    list_decisions.adopt_differences(
        session, lead, exchange_id=exchange, chosen=[Chosen(line.id, line.version, line.standing)], from_day=None,
        evidence=None,
    )  # fmt: skip
    row = session.get_one(StudentCategory, category)
    assert (row.left_behind_kind, row.to_day) == (LeftBehindKind.BOTH_AWAY, None)


def test_where_the_list_agreed_with_the_other_entry_ours_is_not_missing(session, lead, listed):
    """The list names the second entry, which is registered: that leaves no line, only the first's "ours only" does."""
    register(session, lead, listed.first)
    register(session, lead, listed.second)
    exchange = receive(session, lead, listed.second)
    assert [line.side for line in open_lines(session, lead, exchange)] == [DifferenceSide.REGISTER]

    merge(session, lead, listed.first, listed.second)

    assert open_lines(session, lead, exchange) == []


def test_whom_the_list_lacks_under_both_entries_is_still_one_difference(session, lead, listed, make_student):
    category = register(session, lead, listed.first)
    register(session, lead, listed.second)
    named = make_student("霍半夏", birth_day=date(2013, 6, 1))
    exchange = receive(session, lead, named)

    merge(session, lead, listed.first, listed.second)

    (line,) = [line for line in open_lines(session, lead, exchange) if line.student_id == listed.first.id]
    found = session.get_one(ListDifference, line.id)
    assert (line.side, found.category_id) == (DifferenceSide.REGISTER, category)


def test_a_line_noted_as_no_pupil_of_ours_settles_nothing(session, lead, listed):
    register(session, lead, listed.first)
    exchange = receive(session, lead, listed.second)
    on_list = next(line for line in open_lines(session, lead, exchange) if line.side is DifferenceSide.LIST)
    list_decisions.note_not_ours(session, lead, exchange_id=exchange, chosen=[Chosen(on_list.id, on_list.version)])

    merge(session, lead, listed.first, listed.second)

    assert [line.side for line in open_lines(session, lead, exchange)] == [DifferenceSide.REGISTER]


# --- half written ---


def contents(session, actor, form) -> list[dict]:
    session.flush()
    return [each.content for each in drafts.list_drafts(session, actor, form=form)]


def table_draft(session, lead, **rows: dict) -> None:
    content = {name.removeprefix("of_"): row for name, row in rows.items()}
    drafts.save_draft(session, lead, form="class_entries", subject="1-1", content=content)


def test_the_table_of_a_class_goes_on_for_the_kept_child(session, lead, pair):
    kept, other = pair
    table_draft(session, lead, **{f"of_{other.id}": {"version": 0, "cells": {"note": "孩子的话"}}})

    merge(session, lead, kept, other)

    assert contents(session, lead, "class_entries") == [{str(kept.id): {"version": 0, "cells": {"note": "孩子的话"}}}]


def test_cells_over_a_row_that_was_stored_are_looked_at_again(session, lead, pair, term):
    kept, other = pair
    for child in pair:
        session.add(TermEntry(student_id=child.id, term_id=term.id, height_cm=150, recorded_at=NOW))
    subject = f"1-{term.id}"
    content = {str(other.id): {"version": 1, "cells": {"height_cm": 151}}}
    drafts.save_draft(session, lead, form="class_entries", subject=subject, content=content)

    merge(session, lead, kept, other)

    (found,) = contents(session, lead, "class_entries")
    assert found == {str(kept.id): {"version": LOOK_AGAIN, "cells": {"height_cm": 151}}}


def test_cells_typed_for_both_are_one_row_and_what_has_no_room_stays_countable(session, lead, pair):
    kept, other = pair
    table_draft(
        session, lead,
        **{
            f"of_{kept.id}": {"version": 0, "cells": {"height_cm": 150, "study": "良"}},
            f"of_{other.id}": {"version": 0, "cells": {"height_cm": 151, "note": "孩子的话", "study": "良"}},
        },
    )  # fmt: skip

    merge(session, lead, kept, other)

    (found,) = contents(session, lead, "class_entries")
    assert found == {
        str(kept.id): {"version": 0, "cells": {"height_cm": 150, "note": "孩子的话", "study": "良"}},
        str(other.id): {"version": 0, "cells": {"height_cm": 151}},
    }


@pytest.mark.parametrize("form", ["student_edit", "card_edit"])
def test_a_half_changed_record_is_looked_at_beside_the_kept_one(session, lead, pair, form):
    kept, other = pair
    content = {"version": kept.version, "fields": {"note": "孩子的话"}}
    drafts.save_draft(session, lead, form=form, subject=f"student:{other.id}", content=content)

    merge(session, lead, kept, other)

    found = drafts.find_draft(session, lead, form=form, subject=f"student:{kept.id}")
    assert found is not None
    assert found.content == {"version": LOOK_AGAIN, "fields": {"note": "孩子的话"}}


def test_two_half_changed_records_become_one_and_what_was_typed_twice_is_counted(session, lead, pair):
    kept, other = pair
    for child, fields in ((kept, {"address": "北街9号", "note": "甲"}), (other, {"note": "乙", "residence": "归云村"})):
        drafts.save_draft(
            session, lead, form="student_edit", subject=f"student:{child.id}", content={"version": 1, "fields": fields}
        )

    merge(session, lead, kept, other)

    (found,) = contents(session, lead, "student_edit")
    assert found["fields"] == {"address": "北街9号", "note": "甲", "residence": "归云村"}
    assert (found["version"], found["left_out"]) == (LOOK_AGAIN, 1)


def test_a_child_found_by_a_half_written_check_is_the_kept_one(session, lead, pair):
    kept, other = pair
    fields = {"found_student_0": other.id, "found_note_0": "外婆住院"}
    content = {"version": 0, "fields": fields, "about": [other.id]}
    drafts.save_draft(session, lead, form="rounds", subject="class:1:1", content=content)

    merge(session, lead, kept, other)

    (found,) = contents(session, lead, "rounds")
    assert found["fields"] == {"found_student_0": kept.id, "found_note_0": "外婆住院"}


def test_nobody_else_s_draft_is_touched(session, lead, pair, make_user):
    colleague = make_user(Role.LEAD)
    kept, other = pair
    for actor, child in ((lead, other), (colleague, kept)):
        drafts.save_draft(
            session, actor, form="card_edit", subject=f"student:{child.id}",
            content={"version": 1, "fields": {"home_address": actor.display_name}},
        )  # fmt: skip

    merge(session, lead, kept, other)

    for actor in (lead, colleague):
        assert [each["fields"] for each in contents(session, actor, "card_edit")] == [
            {"home_address": actor.display_name}
        ]
    rows = session.exec(select(Guardian).where(col(Guardian.student_id) == kept.id)).all()
    assert rows == []
