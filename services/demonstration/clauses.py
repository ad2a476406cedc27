"""The regulations in the invented school: every clause counts since the school year began, and some are excused."""

from datetime import date, timedelta

from db.tables import ClauseExcuse, ClauseSwitch, ExcuseKind, ExcuseState, Role
from services.demonstration.plan import Plan
from services.demonstration.writer import Writer
from services.regulations.measures import measures

EXCUSED = (
    ("J-13", ExcuseKind.EXEMPT, ExcuseState.STANDING, "孩子休养在家，医生建议这学期不谈话。"),
    ("J-13", ExcuseKind.DONE_OTHERWISE, ExcuseState.STANDING, "导师进修，改由年级组长谈。"),
    ("K-01", ExcuseKind.EXEMPT, ExcuseState.STANDING, "关爱室在辅导，班主任这个月不另谈。"),
    ("K-04", ExcuseKind.DONE_OTHERWISE, ExcuseState.STANDING, "家长到校面谈，代替家访。"),
    ("K-04", ExcuseKind.EXEMPT, ExcuseState.WAITING, "家在外省，请第二个人看看。"),
    ("J-03", ExcuseKind.EXEMPT, ExcuseState.DECLINED, "代理家长说太忙。"),
)


def fill(plan: Plan, writer: Writer) -> None:
    """Put every clause that can be counted into force, and excuse a few children."""
    lead, head = plan.of_role(Role.LEAD)[0], plan.of_role(Role.LEADERSHIP)[0]
    began = date(plan.school_year, 9, 1)
    for clause_id in measures():
        writer.add(
            ClauseSwitch,
            clause_id=clause_id,
            number=1,
            is_on=True,
            from_day=began,
            set_by_id=lead.id,
            set_at=plan.moment(began),
        )
    in_care = [child for child in plan.children if child.is_left_behind] or plan.children
    asked = plan.today - timedelta(days=30)
    for place, (clause_id, kind, state, words) in enumerate(EXCUSED):
        child = in_care[place % len(in_care)]
        is_answered = state is not ExcuseState.WAITING
        writer.add(
            ClauseExcuse,
            kind=kind,
            clause_id=clause_id,
            student_id=child.id,
            from_day=began,
            to_day=date(plan.school_year + 1, 2, 1),
            reason_sealed=words,
            state=state,
            asked_by_id=child.homeroom_id,
            asked_at=plan.moment(asked),
            answered_by_id=head.id if is_answered else None,
            answered_at=plan.moment(asked + timedelta(days=2)) if is_answered else None,
            answer_sealed="工作忙不是免做的理由，请换人。" if state is ExcuseState.DECLINED else None,
        )
