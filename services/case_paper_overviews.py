"""Summaries and evaluations as the page of a case shows them: all in one statement, for it asks much besides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Date, Integer, LargeBinary, String, case, cast, literal, null, union_all
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from db.tables import AppUser, CareKind, EffectEvaluation, EvaluationMoment, StageSummary
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.case_papers import CaseHead, head_of
from services.case_rhythms import is_complete
from services.errors import NotFound
from services.evaluation_views import CaseEvaluations, evaluations_of
from services.summary_views import CaseSummaries, DoneBySummary, done_by_summary, summaries_of

_HEAD, _SUMMARY, _DONE, _EVALUATION = "head", "summary", "done", "evaluation"
_COLUMNS: dict[str, Any] = {
    "id": Integer(), "uid": String(), "first": Date(), "last": Date(), "following": Date(), "what": String(),
    "number": Integer(), "sealed": LargeBinary(), "also_sealed": LargeBinary(), "name": String(),
    "at": UTCDateTime(), "ended_at": UTCDateTime(), "version": Integer(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CasePapers:
    """Both, as the case's page shows them; who wrote each voice down is not among it."""

    summaries: CaseSummaries
    evaluations: CaseEvaluations


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def find_papers(session: Session, actor: Actor, *, case_id: int, child: str, class_label: str | None) -> CasePapers:
    """Return the summaries and evaluations of a case whose child's name the caller has; one statement.

    Raises:
        NotFound: there is no such case this actor may open.
    """
    knows = allows(actor, Permission.RECORD_READ)
    parts = [_head(actor, case_id), _summaries(case_id), _evaluations(case_id)]
    found = session.execute(union_all(*parts, *([_done(actor, case_id)] if knows else []))).all()
    row = next((each for each in found if each.about == _HEAD), None)
    if row is None:
        raise NotFound
    head = CaseHead(
        case_id=case_id,
        student_id=row.id,
        child=child,
        class_label=class_label,
        opened_on=clock.local(row.at).date(),
        summary_due_on=row.following,
        is_open=row.ended_at is None,
        may_write=bool(row.number) and allows(actor, Permission.CASE_READ),
    )
    done: DoneBySummary = {}
    for each in _of(found, _DONE):
        done.setdefault(each.id, {})[CareKind(each.what)] = each.number
    summaries = sorted(_of(found, _SUMMARY), key=lambda each: (each.last, each.id), reverse=True)
    evaluations = sorted(_of(found, _EVALUATION), key=lambda each: (each.last, each.id))
    return CasePapers(
        summaries_of(session, head, [(_summary(each), each.name) for each in summaries], done if knows else None),
        evaluations_of(head, [(_evaluation(each), bool(each.number)) for each in evaluations], {}),
    )


def _of(found: Sequence[Any], about: str) -> list[Any]:
    return [each for each in found if each.about == about]


def _columns(about: str, **given: Any) -> list[Any]:
    """Return the columns all parts share, empty where a part has none."""
    return [
        literal(about, String).label("about"),
        *(
            (given[name] if name in given else cast(null(), kind)).label(name) for name, kind in _COLUMNS.items()
        ),
    ]  # fmt: skip


def _head(actor: Actor, case_id: int) -> Any:
    head = head_of(actor, case_id).subquery()
    return select(
        *_columns(
            _HEAD, id=head.c.student_id, at=head.c.opened_at, ended_at=head.c.closed_at, following=head.c.due_on,
            number=case((head.c.follows, 1), else_=0),
        )
    )  # fmt: skip


def _summaries(case_id: int) -> Any:
    row = StageSummary
    columns = _columns(
        _SUMMARY, id=col(row.id), uid=col(row.uid), first=col(row.from_on), last=col(row.to_on),
        following=col(row.next_on), sealed=col(row.changed_sealed), also_sealed=col(row.next_sealed),
        name=col(AppUser.display_name), at=col(row.written_at), version=col(row.version),
    )  # fmt: skip
    return select(*columns).join(AppUser, col(AppUser.id) == col(row.written_by_id)).where(row.case_id == case_id)


def _done(actor: Actor, case_id: int) -> Any:
    found = done_by_summary(actor, case_id).subquery()
    return select(*_columns(_DONE, id=found.c.id, what=cast(found.c.kind, String), number=found.c.often))


def _evaluations(case_id: int) -> Any:
    row = EffectEvaluation
    columns = _columns(
        _EVALUATION, id=col(row.id), uid=col(row.uid), last=col(row.held_on), what=cast(row.moment, String),
        number=case((is_complete(), 1), else_=0), sealed=col(row.content_sealed), at=col(row.written_at),
        version=col(row.version),
    )  # fmt: skip
    return select(*columns).where(row.case_id == case_id)


def _summary(found: Any) -> StageSummary:
    """Return a row that opens its own words, and that no session knows; what the page doesn't show is left at 0."""
    return StageSummary(
        case_id=0, written_by_id=0,
        id=found.id, uid=found.uid, from_on=found.first, to_on=found.last, next_on=found.following,
        changed_sealed=found.sealed, next_sealed=found.also_sealed, written_at=found.at, version=found.version,
    )  # fmt: skip


def _evaluation(found: Any) -> EffectEvaluation:
    return EffectEvaluation(
        case_id=0, written_by_id=0, voices=0, dimensions=0,
        id=found.id, uid=found.uid, moment=EvaluationMoment(found.what), held_on=found.last,
        content_sealed=found.sealed, written_at=found.at, version=found.version,
    )  # fmt: skip
