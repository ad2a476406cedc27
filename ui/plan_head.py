"""The head of a plan's page: what can be done with it, by whoever reads it."""

from db.tables import PlanState
from services.plan_views import PlanView
from ui import plan_dialogs
from ui.dialogs import open_dialog
from ui.layout import Action

CASE, CHILD, WRITE = "plan_case", "plan_child", "plan_write"
_GOING_ON = frozenset({PlanState.DRAFT, PlanState.RETURNED})


def actions_for(view: PlanView) -> list[Action]:
    """Return the acts at the top; going on with it, or answering it, is the primary one."""
    state = view.pending.state if view.pending else None
    acts = []
    if view.case_id:
        acts.append(Action("回到个案", CASE, "arrow_back"))
    elif view.may_write:
        acts.append(Action("回到孩子", CHILD, "arrow_back"))
    if view.may_write and view.current:
        acts.append(_opening(view, "打印", plan_dialogs.PRINTING, "print"))
    if view.may_end and state is not PlanState.SUBMITTED:
        acts.append(_opening(view, "结束", plan_dialogs.ENDING, "task_alt"))
    if view.may_write and state is PlanState.SUBMITTED and not view.may_answer:
        acts.append(_opening(view, "收回来改", plan_dialogs.TAKING_BACK, "undo"))
    if view.may_write and state is PlanState.DRAFT:
        acts.append(_opening(view, "不要草稿", plan_dialogs.DROPPING, "delete"))
    if view.may_write and state is not PlanState.SUBMITTED:
        going_on = "复查、改方案" if view.current else "再定一份"
        acts.append(Action("接着写" if state in _GOING_ON else going_on, WRITE, "edit", is_primary=True))
    if view.may_answer:
        acts.append(_opening(view, "答复", plan_dialogs.ANSWERING, "rate_review", is_primary=True))
    return acts


def _opening(view: PlanView, label: str, dialog: str, icon: str, *, is_primary: bool = False) -> Action:
    return Action(label, dialog, icon, is_primary=is_primary, on_click=open_dialog, args=(dialog, view.id))


def waiting_words(view: PlanView) -> str:
    """Say whose yes a submitted plan waits for."""
    if view.answerers:
        return f"等{'、'.join(view.answerers)}点头。点头以前照原来的做。"
    return "还没有人能点头：负责人自己写的，要另一个人。请在“岗位与小组”里定第二个人。"
