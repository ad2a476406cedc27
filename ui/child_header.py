"""The head of a child's page: the facts in one line, badges, and what can be done."""

from db.tables import EnrolmentState
from services.access import Permission, allows
from services.actors import Actor
from services.student_files import StudentFile
from services.students import LEFT_SCHOOL
from ui.dialogs import open_dialog
from ui.formats import plain
from ui.layout import Action
from ui.states import CASE_OF_CHILD, DROP_OUT, Look

REGISTER, RECORD, ARCHIVE = "child_register", "child_record", "child_archive"
_STATES = {
    EnrolmentState.ON_LEAVE: Look("pause_circle", "休学", "yellow"),
    EnrolmentState.TRANSFERRED: Look("output", "已转出", "gray"),
    EnrolmentState.GRADUATED: Look("school", "已毕业", "gray"),
    EnrolmentState.DROPPED_OUT: Look("report", "已辍学", "red"),
}
_NEEDS_CARE = Look("volunteer_activism", "要多关心", "green")


def facts_line(file: StudentFile) -> str:
    """七（3）班，女，13 岁，学号 S000318。班主任周砚田。"""
    facts = [file.class_label, file.gender.label]
    if file.card and file.card.age is not None:
        facts.append(f"{file.card.age} 岁")
    facts.append(f"学号 {file.student_no}" if file.student_no else "还没有学号")
    homeroom = f"班主任{file.homeroom_name}。" if file.homeroom_name else ""
    return "，".join(facts) + "。" + homeroom


def state_badge(file: StudentFile) -> list[str]:
    """Return badges for what is not the ordinary: away, left, in need of care, or followed in a case."""
    badges = [_STATES[file.state].badge()] if file.state in _STATES else []
    if file.stays_away:
        badges.append(DROP_OUT["open"].badge())
    if file.needs_care:
        badges.append(_NEEDS_CARE.badge())
    return [*badges, *[CASE_OF_CHILD.badge(f"个案 · {plain(each.owner_name)}") for each in file.cases]]


def actions_for(actor: Actor, file: StudentFile) -> list[Action]:
    """Return the acts at the top of the page: who may write about this child, who may speak of it."""
    acts = _writing_acts(file) if file.may_write else []
    if allows(actor, Permission.ARCHIVE_READ) and file.categories is not None:  # of whom the tier may be seen too
        acts.append(Action("心理档案", ARCHIVE, "inventory_2"))
    if allows(actor, Permission.RECORD_WRITE):
        acts.append(Action("记一次", RECORD, "forum"))
    if allows(actor, Permission.REFERRAL_REGISTER):
        acts.append(Action(f"给{file.name}登记受理", REGISTER, "edit_note", is_primary=True))
    return acts


def _writing_acts(file: StudentFile) -> list[Action]:
    move = Action("换班", "child_move", "swap_horiz", on_click=open_dialog, args=("move", file.id))
    return [
        *([] if file.state in LEFT_SCHOOL else [move]),  # who is gone is in no class to change
        Action("学籍", "child_state", "badge", on_click=open_dialog, args=("state", file.id)),
        Action("改资料", "child_edit", "edit"),
    ]
