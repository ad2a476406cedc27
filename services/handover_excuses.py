"""That an archive need not be handed over, because nobody takes it; a second person says yes (F-12)."""

from sqlmodel import Session, col, select

from db.tables import ClauseExcuse, EnrolmentState, ExcuseKind, Student
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import NotFound
from services.handover_rules import CLAUSE, is_not_handed_over, is_special
from services.regulations import excuses
from services.regulations.excuses import LONGEST, ExcuseInput


@permitted(Permission.ARCHIVE_HAND_OVER)
def ask_not_to_hand_over(session: Session, actor: Actor, *, student_id: int | None, reason: str | None) -> ClauseExcuse:
    """Ask that a graduated child's archive need not be handed over, from the day it left; it counts with a second yes.

    Raises:
        NotFound: there is no such child whose archive the clause still wants handed over.
        FieldErrors: nobody is named, the reason is missing, or the same was asked already.
        NobodyToExcuse: the school has named nobody who could say yes.
    """
    left_on = None
    if student_id is not None:
        owed = select(Student).where(
            Student.id == student_id,
            Student.state == EnrolmentState.GRADUATED,
            col(Student.left_on).is_not(None),
            is_not_handed_over(),
            is_special(),
        )
        child = session.exec(owed).first()
        if child is None:
            raise NotFound
        left_on = child.left_on
    first_day = max(left_on, clock.today() - LONGEST) if left_on else clock.today()
    request = ExcuseInput(ExcuseKind.EXEMPT, CLAUSE, student_id=student_id, first_day=first_day, reason=reason)
    return excuses.ask_excuse(session, actor, request=request)
