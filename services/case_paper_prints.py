"""Stage summaries and evaluations on paper: Word documents from templates the school can replace (F-10)."""

from collections.abc import Sequence

from sqlmodel import Session

from db.tables import Case, StageSummary
from services import cases, evaluation_views, summary_views
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import NotFound
from services.evaluation_kinds import Dimension
from services.evaluation_views import Change, EvaluationView, Said, changes_between
from services.exchange.documents import TemplateValue
from services.paper import WordFile, give_out, written_day
from services.student_exports import ExportPurpose
from services.summary_views import Done

SUMMARY, EVALUATION = "stage_summary", "effect_evaluation"
_NOT_COMPARED = "没有同一方说过两次，比不了"


@permitted(Permission.CASE_READ)
def print_summary(session: Session, actor: Actor, *, summary_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return one stage summary, ready to become a Word document.

    Raises:
        NotFound: there is none in a case this actor may open.
        FieldErrors: no purpose is given.
    """
    row = session.get(StageSummary, summary_id)
    if row is None:
        raise NotFound
    view = cases.find_case(session, actor, case_id=row.case_id)
    summary = summary_views.list_summaries(session, actor, case_id=row.case_id).find(summary_id)
    if summary is None:
        raise NotFound
    values: dict[str, TemplateValue] = {
        "姓名": view.row.child,
        "班级": view.row.class_label or "",
        "个案负责人": view.row.owner_name,
        "起止": f"{written_day(summary.from_on)} 至 {written_day(summary.to_on)}",
        "做了什么": done_words(summary.done) if summary.done is not None else "",
        "变化": summary.changed or "",
        "下一步": summary.next_steps or "",
        "下次": written_day(summary.next_on),
        "写的人": summary.written_by,
    }
    title = f"阶段性总结 {view.row.class_label or ''} {view.row.child} {summary.to_on:%Y%m%d}"
    return give_out(
        session, actor, paper=SUMMARY, title=title, values=values, purpose=purpose, student_id=view.row.student_id,
        target=row,
    )  # fmt: skip


@permitted(Permission.CASE_READ)
def print_evaluations(session: Session, actor: Actor, *, case_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return every evaluation of a case on one paper, with how the first and the last compare.

    Raises:
        NotFound: there is no such case this actor may open, or it has none.
        FieldErrors: no purpose is given.
    """
    view = cases.find_case(session, actor, case_id=case_id)
    found = evaluation_views.list_evaluations(session, actor, case_id=case_id).evaluations
    if not found:
        raise NotFound
    values: dict[str, TemplateValue] = {
        "姓名": view.row.child,
        "班级": view.row.class_label or "",
        "个案负责人": view.row.owner_name,
        "各方": [row for each in found for row in _rows(each)],
        "变化": comparison_words(found) or "只评估过一次，还没有前后可比。",
        "结论": "\n".join(f"{head_words(each)}：{each.conclusion}" for each in found if each.conclusion),
    }
    title = f"效果评估 {view.row.class_label or ''} {view.row.child}"
    return give_out(
        session, actor, paper=EVALUATION, title=title, values=values, purpose=purpose, student_id=view.row.student_id,
        target=session.get_one(Case, case_id),
    )  # fmt: skip


def done_words(done: Done) -> str:
    """谈心谈话 4 次，家访 1 次: what the records say, never typed."""
    return "，".join(f"{kind.label} {count} 次" for kind, count in done.items()) or "这些天没有工作记录"


def comparison_words(found: Sequence[EvaluationView]) -> str | None:
    """Compare the first and the last evaluation in a sentence; None where there is but one."""
    if len(found) < 2:
        return None
    first, last = found[0], found[-1]
    told = "；".join(_change_words(each) for each in changes_between(first, last))
    return f"从{head_words(first)}到{head_words(last)}：{told}。"


def head_words(view: EvaluationView) -> str:
    """开始时（2026年9月3日）."""
    return f"{view.moment.label}（{written_day(view.held_on)}）"


def score_words(score: float) -> str:
    """4, or 3.5 where several say it; a figure, no more exact than that."""
    return f"{score:.1f}".removesuffix(".0")


def said_words(said: Said) -> str:
    """问题解决 2 分，心理状态 3 分：晚上睡得着了（2026年11月20日说的，何知微记）."""
    scores = "，".join(f"{each.label} {score} 分" for each, score in said.scores.items())
    return f"{scores}：{said.words}（{written_day(said.said_on)}说的，{said.written_by}记）"


def _change_words(change: Change) -> str:
    if change.first is None or change.last is None:
        return f"{change.dimension.label}{_NOT_COMPARED}"
    verb = "没变" if change.last == change.first else "好些了" if change.last > change.first else "差些了"
    return f"{change.dimension.label} {score_words(change.first)} 分到 {score_words(change.last)} 分，{verb}"


def _rows(view: EvaluationView) -> list[dict[str, str]]:
    return [
        {
            "时候": view.moment.label,
            "哪天": written_day(said.said_on),
            "谁说的": f"{said.voice.label}：{said.who}",
            **{each.label: str(said.scores.get(each, "")) for each in Dimension},
            "说了什么": said.words,
            "记录人": said.written_by,
        }
        for said in view.said
    ]
