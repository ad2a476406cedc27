"""Archives of who graduated last summer: most handed over, some without a receipt yet, a few still to be packed."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import col, select

from db.tables import (
    CategoryKind,
    EnrolmentState,
    HandoverChild,
    HandoverPackage,
    HandoverReason,
    HandoverWay,
    PsychArchive,
    Role,
    Student,
    StudentCategory,
)
from services import clock
from services.audit import Action
from services.demonstration.plan import Plan
from services.demonstration.writer import Writer

EVERY = 6  # of six who graduated one had an archive here; of those every other was of the four special kinds
STILL_HERE = 3
_TO = ("青澜县第一中学 程当归老师", "青澜县职业学校 黎半夏老师")


def fill(plan: Plan, writer: Writer) -> None:
    """Write archives for some of last summer's graduates, and the packages they went in."""
    writer.flush()
    found = writer.session.exec(
        select(Student).where(Student.state == EnrolmentState.GRADUATED).order_by(col(Student.id))
    ).all()
    chosen = [each for place, each in enumerate(found) if place % EVERY == 0 and each.left_on is not None]
    counsellor = plan.of_role(Role.COUNSELLOR)[0].id
    for place, child in enumerate(chosen):
        begun = plan.first_day + timedelta(days=20)
        writer.add(
            PsychArchive, student_id=child.id, opened_on=begun, opened_by_id=counsellor, recorded_at=plan.moment(begun)
        )
        if place % 2 == 0:
            writer.add(
                StudentCategory, student_id=child.id, kind=CategoryKind.SPECIAL_FAMILY, level=2, from_day=begun,
                evidence_sealed="爸妈分开以后跟奶奶。", recorded_at=plan.moment(begun),
            )  # fmt: skip
    going = chosen[: max(1, len(chosen) - STILL_HERE)]
    half = max(1, len(going) // 2)
    _pack(plan, writer, going[:half], to=_TO[0], days_ago=80, received_after=6)
    if going[half:]:
        _pack(plan, writer, going[half:], to=_TO[1], days_ago=9, received_after=None)


def _pack(
    plan: Plan, writer: Writer, children: Sequence[Student], *, to: str, days_ago: int, received_after: int | None
) -> None:
    lead_id, made_on = plan.of_role(Role.LEAD)[0].id, plan.today - timedelta(days=days_ago)
    handed_on = made_on + timedelta(days=1)
    received_on: date | None = handed_on + timedelta(days=received_after) if received_after is not None else None
    made_at = plan.moment(made_on)
    package_id = writer.add(
        HandoverPackage, reason=HandoverReason.GRADUATION, to_sealed=to, children=len(children),
        files=2 * len(children) + 1, size_bytes=52_000 * len(children), sha256=hashlib.sha256(to.encode()).hexdigest(),
        made_by_id=lead_id, made_at=made_at, handed_on=handed_on, way=HandoverWay.BY_HAND,
        receiver_sealed=f"{to} 15400000188", received_on=received_on,
        receipt_sealed=f"签收，{len(children)} 人齐" if received_on else None,
    )  # fmt: skip
    target = (str(HandoverPackage.__tablename__), package_id)
    for place, child in enumerate(children, start=1):
        writer.add(HandoverChild, package_id=package_id, student_id=child.id, place=place, items=place % 9 + 4)
        plan.did(made_at, lead_id, Action.ARCHIVE_PACKED.value, target, child.id)
    given_at = clock.at_school(handed_on, clock.local(made_at).time())
    plan.did(given_at, lead_id, Action.HANDOVER_GIVEN.value, target)
    if received_on is not None:
        plan.did(clock.at_school(received_on, clock.local(made_at).time()), lead_id,
                 Action.HANDOVER_RECEIVED.value, target)  # fmt: skip
