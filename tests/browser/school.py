"""The invented school of the browser tests with children in it, and worries in every state; by the services."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from sqlmodel import Session, select

from db.tables import (
    AppUser,
    CategoryKind,
    Domain,
    FoundBy,
    Gender,
    GuardianKind,
    Guardianship,
    LeftBehindKind,
    ParentsInformed,
    Referral,
    ReferralChannel,
    ReferralWay,
    Role,
    RoleGrant,
    SchoolClass,
    Severity,
    Urgency,
    Whereabouts,
)
from db.transactions import transaction
from services import assessments, categories, clock, contact_cards, guardians, intake, referral_moves, students
from services.actors import Actor
from services.assessments import AssessmentRequest
from services.exchange.values import check_digit
from services.guardians import GuardianEntry
from services.intake import ReferralRequest
from services.student_entries import StudentEntry
from tests.browser.people import NAMES, make_school

FAMILIES = "江霍沈孟柳陆白方郑顾苏秦叶宋"
GIVEN = ("小满", "半夏", "忍冬", "紫苏", "立夏", "青黛", "石英", "惊蛰", "寒露", "芒种", "白露", "霜降", "谷雨", "玉竹")


@contextmanager
def at(month: int, day: int, hour: int = 9, minute: int = 10) -> Iterator[None]:
    """Let the clock stand at a moment of the autumn of 2026."""
    clock.set_fixed(datetime(2026, month, day, hour, minute, tzinfo=clock.SCHOOL_ZONE))
    try:
        yield
    finally:
        clock.set_fixed(None)


def person(session: Session, role: Role) -> Actor:
    """Return the person who holds a role."""
    user = session.exec(select(AppUser).where(AppUser.username == NAMES[role][0])).one()
    held = session.exec(select(RoleGrant.role).where(RoleGrant.user_id == user.id)).all()
    return Actor(user.id, user.display_name, frozenset(Role(role) for role in held))


def make_filled_school() -> None:
    """Write the people, forty-two children in three classes, and worries in every state."""
    with at(9, 1):
        make_school()
        _make_children()
    _make_worries()


def _id_number(birth_day: date, number: int) -> str:
    body = f"329901{birth_day:%Y%m%d}{number:03d}"
    return body + check_digit(body)


def _make_children() -> None:
    with transaction() as session:
        lead = person(session, Role.LEAD)
        classes = session.exec(select(SchoolClass).order_by(SchoolClass.number)).all()  # type: ignore[arg-type]
        for place, found in enumerate(classes):
            for seat in range(len(GIVEN)):
                _make_child(session, lead, found.id or 0, place=place, seat=seat)


def _make_child(session: Session, lead: Actor, class_id: int, *, place: int, seat: int) -> None:
    family, given = FAMILIES[(seat + (2 - place) * 5) % len(FAMILIES)], GIVEN[seat]
    number = place * 100 + seat
    birth_day = date(2013, 9, 1) + timedelta(days=number)
    gender = Gender.MALE if number % 2 else Gender.FEMALE
    saved = students.create_student(
        session,
        lead,
        entry=StudentEntry(
            name=f"{family}{given}",
            gender=gender,
            birth_day=birth_day,
            student_no=f"S{number:06d}",
            id_number=_id_number(birth_day, number),
            address=f"青澜县望舒镇归云村 {seat + 1} 号",
            entered_on=date(2026, 9, 1),
        ),
        class_id=class_id,
    )
    guardians.save_guardian(
        session,
        lead,
        student_id=saved.id,
        entry=GuardianEntry(
            kind=GuardianKind.FATHER, name=f"{family}远山", phone=f"1540000{number:04d}", is_primary=True,
            workplace="栖云市星河厂",
        ),
    )  # fmt: skip
    if seat % 4 != 1:
        _fill_card(session, lead, saved.id, family, number, is_whole=seat % 4 != 3)
    if seat % 3 == 0:
        _add_category(session, lead, saved.id, CategoryKind.LEFT_BEHIND)
    if seat % 5 == 0:
        _add_category(session, lead, saved.id, CategoryKind.SPECIAL_FAMILY)


def _fill_card(session: Session, lead: Actor, student_id: int, family: str, number: int, *, is_whole: bool) -> None:
    """Most cards are complete; of some the grandmother's particulars are not known yet."""
    card = contact_cards.find_card(session, lead, student_id=student_id)
    entry = contact_cards.CardEntry(
        home_address=card.home_address,
        father_name=card.father_name, father_phone=card.father_phone, father_workplace=card.father_workplace,
        father_whereabouts=Whereabouts.AWAY,
        mother_name="林初雪", mother_phone=f"1540001{number:04d}", mother_workplace="栖云市星河厂",
        mother_whereabouts=Whereabouts.AWAY,
        guardian_kind=GuardianKind.ENTRUSTED, guardian_name="顾兰亭", guardian_relation="外婆",
        guardian_phone=f"1540002{number:04d}", guardian_age=67 if is_whole else None,
        guardian_occupation="务农", guardian_health="良好" if is_whole else None,
        guardian_address=card.home_address,
    )  # fmt: skip
    contact_cards.save_card(session, lead, student_id=student_id, version=card.version, entry=entry)


def _add_category(session: Session, lead: Actor, student_id: int, kind: CategoryKind) -> None:
    is_left_behind = kind is CategoryKind.LEFT_BEHIND
    details = categories.CategoryDetails(
        level=None if is_left_behind else 2,
        left_behind_kind=LeftBehindKind.BOTH_AWAY if is_left_behind else None,
        guardianship=Guardianship.FAIR if is_left_behind else None,
        found_by=FoundBy.CHECK_ROUND,
    )
    categories.add_category(session, lead, student_id=student_id, kind=kind, details=details, from_day=date(2026, 9, 1))


def _child_id(session: Session, lead: Actor, name: str) -> int:
    return students.find_students(session, lead, text=name)[0].id


def _register(name: str, role: Role, channel: ReferralChannel, facts: str, **more: object) -> int:
    with transaction() as session:
        actor, lead = person(session, role), person(session, Role.LEAD)
        values: dict[str, object] = {
            "channel": channel,
            "facts": facts,
            "student_id": _child_id(session, lead, name) if name else None,
            "noticed_on": clock.today(),
            "received_at": clock.now(),
            "referred_by_id": actor.user_id if channel is ReferralChannel.TEACHER else None,
        }
        return intake.register_referral(session, actor, request=ReferralRequest(**(values | more))).id or 0  # type: ignore[arg-type]


def _version(session: Session, referral_id: int) -> int:
    return session.get_one(Referral, referral_id).version


def _assess(referral_id: int, severity: Severity) -> None:
    with transaction() as session:
        counsellor = person(session, Role.COUNSELLOR)
        referral_moves.start_assessment(
            session, counsellor, referral_id=referral_id, version=_version(session, referral_id)
        )
    with transaction() as session:
        counsellor, others = person(session, Role.COUNSELLOR), (Role.LEAD, Role.HOMEROOM)
        assessments.save_assessment(
            session,
            counsellor,
            request=AssessmentRequest(
                referral_id=referral_id,
                version=_version(session, referral_id),
                nature="想念外出的父母，夜里睡不好。",
                measures="每周谈一次，请班主任多留意。",
                severity=severity,
                domains=frozenset({Domain.MIND, Domain.FAMILY}),
                override_reason="已经和班主任核对过。",
                participant_ids=frozenset(person(session, role).user_id or 0 for role in others),
            ),
        )


def _make_worries() -> None:
    with at(11, 6):
        settled = _register(
            "孟紫苏", Role.COUNSELLOR, ReferralChannel.SELF, "来问怎样和同桌和好。",
            is_answered=True, answer="说了三种开口的办法。",
        )  # fmt: skip
        assert settled
    with at(11, 9):
        _assess(
            _register("陆青黛", Role.HOMEROOM, ReferralChannel.TEACHER, "课上常走神，午饭吃得少。"), Severity.ORDINARY
        )
    with at(11, 12):
        told = _register("沈忍冬", Role.HOMEROOM, ReferralChannel.TEACHER, "这周两次没交作业，说不想回家。")
        with transaction() as session:
            referral_moves.give_feedback(
                session, person(session, Role.COUNSELLOR), referral_id=told, version=_version(session, told),
                feedback="已经谈过一次。请这两周多和孩子说说话，有变化就告诉我们。",
            )  # fmt: skip
    with at(11, 17):
        _register(
            "沈忍冬", Role.COUNSELLOR, ReferralChannel.PARENT, "母亲来电，说孩子周末一直关在房里。",
            way=ReferralWay.PHONE, speaker="孩子的母亲", parents_informed=ParentsInformed.YES,
        )  # fmt: skip
    with at(11, 18):
        _assess(
            _register(
                "秦霜降", Role.COUNSELLOR, ReferralChannel.OBSERVATION, "三天没有和人说话。", urgency=Urgency.URGENT
            ),
            Severity.SERIOUS,
        )
    with at(11, 18, 14):
        begun = _register("柳立夏", Role.HOMEROOM, ReferralChannel.TEACHER, "这两周上课睡着过三次，说夜里在等电话。")
        with transaction() as session:
            counsellor = person(session, Role.COUNSELLOR)
            referral_moves.start_assessment(session, counsellor, referral_id=begun, version=_version(session, begun))
    with at(11, 19):
        _register(
            "霍半夏", Role.HOMEROOM, ReferralChannel.TEACHER, "早读时趴在桌上，说回家也没人说话。",
            urgency=Urgency.URGENT, child_words="“回家也没人说话，不如在学校待着。”",
        )  # fmt: skip
    with at(11, 20, 8, 40):
        _register(
            "方惊蛰", Role.HOMEROOM, ReferralChannel.TEACHER, "这个月第三次迟到，衣服单薄。", urgency=Urgency.URGENT
        )
        _register("", Role.COUNSELLOR, ReferralChannel.OBSERVATION, "操场边哭了很久，没有说名字。",
                  child_label="初一穿蓝外套的女生")  # fmt: skip
        _register(
            "郑寒露", Role.HOMEROOM, ReferralChannel.TEACHER, "手臂上有成片的青紫，说是摔的。", is_suspected_abuse=True
        )
