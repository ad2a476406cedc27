"""Of a child whose records were removed no list from outside, and none of ours, keeps the name."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import func, select

from db.sealing import seal
from db.tables import AppUser, Attachment, CategoryKind, EnrolmentState, ExchangeBody, ListDifference, Role, Student
from services import categories, clock, list_exchanges, list_handouts, retention, students
from services.categories import CategoryDetails
from services.errors import NotFound
from services.imports.authorities import Scope
from services.list_receipts import ReceiptDetails
from tests.exchange.makers import xlsx
from tests.services.children import id_number
from tests.services.test_list_exchanges import DIFFICULTY, HEADER, number, receive
from tests.services.test_list_exchanges import school as lists_school

school = lists_school


@pytest.fixture
def leader(session, make_user):
    found = make_user(Role.LEADERSHIP, name="贺兰舟")
    session.get_one(AppUser, found.user_id).is_protection_leader = True
    session.flush()
    return found


def leave(session, lead, child, day) -> None:
    students.change_state(
        session, lead, student_id=child.id, version=child.version, state=EnrolmentState.GRADUATED, day=day
    )


def remove_all(session, lead, leader) -> None:
    run = retention.propose_run(session, lead, digest=retention.find_retention(session, lead).digest)
    retention.agree_run(session, leader, run_id=run, version=1)
    while retention.remove_next(session, lead, run_id=run):
        pass
    session.expunge_all()


def at(year: int, month: int, day: int) -> None:
    clock.set_fixed(datetime(year, month, day, 9, tzinfo=clock.SCHOOL_ZONE))


def test_a_list_we_gave_goes(session, term, leader, make_user, make_class, make_student):
    lead = make_user(Role.LEAD)
    child = make_student("霍半夏", in_class=make_class(9, 1))
    seal(child, "id_number_sealed", id_number())
    categories.add_category(
        session, lead, student_id=child.id, kind=CategoryKind.IN_DIFFICULTY, from_day=date(2026, 9, 1),
        details=CategoryDetails(),
    )  # fmt: skip
    given = list_handouts.give_list(
        session, lead, body=ExchangeBody.CIVIL_AFFAIRS, body_name=None, scope=Scope(CategoryKind.IN_DIFFICULTY),
        with_id_numbers=True,
    )  # fmt: skip
    leave(session, lead, child, clock.today())

    at(2030, 11, 20)
    remove_all(session, lead, leader)

    assert session.get(Student, child.id) is None
    assert session.exec(select(func.count()).select_from(Attachment)).one() == 0
    with pytest.raises(NotFound):
        list_exchanges.open_file(session, lead, exchange_id=given.exchange_id)
    assert list_exchanges.find_exchange(session, lead, exchange_id=given.exchange_id).rows == 1, "the numbers stay"


def test_a_list_we_agreed_with_goes_and_whom_it_named_beside(session, school, leader):
    agreeing = [1, "沈忍冬", number(date(2013, 5, 4), 8), "女", "望舒中心学校", "七（1）班", "孤儿", *[None] * 4]
    stranger = [2, "祝余", number(date(2013, 5, 9), 18), "女", "望舒中心学校", "七（2）班", "孤儿", *[None] * 4]
    exchange = receive(
        session, school, content=xlsx({"名单": [HEADER, agreeing, stranger]}),
        scope=Scope(DIFFICULTY, school.options["孤儿"]),
    )  # fmt: skip
    assert session.exec(select(ListDifference.student_id)).all() == [None], "of the child itself nothing differs"
    leave(session, school.lead, school.forgotten, clock.today())

    at(2030, 11, 20)
    remove_all(session, school.lead, leader)

    assert session.get(Student, school.forgotten.id) is None
    with pytest.raises(NotFound):
        list_exchanges.open_file(session, school.lead, exchange_id=exchange)
    assert session.exec(select(ListDifference.id)).all() == []


def test_a_list_of_later_years_stays(session, school, leader):
    """It names those who are here now; of who left long before it says nothing."""
    leave(session, school.lead, school.forgotten, clock.today())
    at(2030, 11, 20)
    day = clock.today() - timedelta(days=2)
    exchange = receive(session, school, details=ReceiptDetails(body=ExchangeBody.CIVIL_AFFAIRS, day=day))
    before = session.exec(select(func.count()).select_from(ListDifference)).one()

    remove_all(session, school.lead, leader)

    assert session.get(Student, school.forgotten.id) is None
    assert list_exchanges.open_file(session, school.lead, exchange_id=exchange).content
    assert session.exec(select(func.count()).select_from(ListDifference)).one() == before > 0
