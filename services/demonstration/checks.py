"""The quarter's check of the 四特 children: most classes have returned, some children nobody has seen yet (G-01)."""

from collections import defaultdict
from datetime import date, timedelta

from sqlmodel import col, select

from db.tables import CheckFinding, CheckKind, CheckResult, CheckReturn, CheckRound, Role, StudentCategory
from services.audit import Action
from services.check_kinds import COVERED, Period, period_of
from services.demonstration.plan import Child, Plan
from services.demonstration.writer import Writer

NOT_RETURNED, NOT_SEEN, CHANGED = 0.12, 0.06, 0.15
_WORDS = {
    CheckResult.NOT_SEEN: ("这两周住院，出院再见。", "请假在外地，下周回来。"),
    CheckResult.CHANGED: ("比上学期愿意说话了。", "妈妈也出去做工了，晚上一个人。", "药减了，上课不再睡。"),
}


def fill(plan: Plan, writer: Writer) -> None:
    """Write the round of the quarter under way, if its days have begun."""
    period = period_of(plan.calendar, CheckKind.SPECIAL_CHECK)
    opened = min(period.first_day + timedelta(days=7), plan.today)
    if plan.today < period.first_day:
        return
    head = plan.of_role(Role.LEAD)[0]
    round_id = writer.add(
        CheckRound,
        term_id=period.term.id,
        kind=CheckKind.SPECIAL_CHECK,
        quarter_from=period.quarter_from,
        due_day=period.due_day(plan.calendar),
        opened_at=plan.moment(opened),
        opened_by_id=head.id,
    )
    plan.did(plan.moment(opened), head.id, Action.CHECK_OPENED, ("check_round", round_id))
    writer.flush()
    registered = _registered(writer)
    by_class: dict[int, list[Child]] = defaultdict(list)
    for child in plan.children:
        by_class[child.class_id].append(child)
    for class_id, children in by_class.items():
        if plan.inventor.chance(NOT_RETURNED):
            continue
        lines = [row for child in children for row in registered[child.id]]
        _add_return(plan, writer, round_id, class_id, children, lines, opened, period)


def _registered(writer: Writer) -> dict[int, list[StudentCategory]]:
    rows = writer.session.exec(
        select(StudentCategory)
        .where(
            col(StudentCategory.to_day).is_(None),
            col(StudentCategory.kind).in_(COVERED[CheckKind.SPECIAL_CHECK]),
        )
        .order_by(col(StudentCategory.id))
    ).all()
    found: dict[int, list[StudentCategory]] = defaultdict(list)
    for row in rows:
        found[row.student_id].append(row)
    return found


def _add_return(
    plan: Plan,
    writer: Writer,
    round_id: int,
    class_id: int,
    children: list[Child],
    lines: list[StudentCategory],
    opened: date,
    period: Period,
) -> None:
    inventor, teacher_id = plan.inventor, children[0].homeroom_id
    day = inventor.day_between(opened, plan.today)
    at = plan.moment(day)
    return_id = writer.add(
        CheckReturn,
        round_id=round_id,
        class_id=class_id,
        children_count=len(children),
        returned_by_id=teacher_id,
        returned_at=at,
    )
    plan.did(at, teacher_id, Action.CHECK_RETURNED, ("check_return", return_id))
    for row in lines:
        is_seen = not inventor.chance(NOT_SEEN)
        is_changed = is_seen and inventor.chance(CHANGED)
        result = CheckResult.CHANGED if is_changed else CheckResult.UNCHANGED if is_seen else CheckResult.NOT_SEEN
        writer.add(
            CheckFinding,
            return_id=return_id,
            student_id=row.student_id,
            category_id=row.id,
            kind=row.kind,
            result=result,
            level=row.level,
            seen_on=inventor.day_between(period.first_day, day) if is_seen else None,
            seen_by_id=teacher_id if is_seen else None,
            note_sealed=inventor.random.choice(said) if (said := _WORDS.get(result)) else None,
        )
