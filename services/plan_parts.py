"""The goals and measures one works by: those of the version in force, each with what became of it."""

from dataclasses import replace

from sqlmodel import Session, col, select

from db.sealing import seal
from db.tables import PlanGoal, PlanMeasure, PlanVersion
from services import clock
from services.plan_contents import GoalEntry, MeasureEntry, PlanEntry, from_version, to_json


def put_in_force(session: Session, version: PlanVersion) -> None:
    """Let goals and measures be those of a version; what it leaves out stays readable, and is owed by nobody any more.

    The version learns their ids, so that the next one is known to change them and not to begin anew.
    """
    entry = from_version(version)
    goals = {row.id: row for row in session.exec(_goals(version.plan_id))}
    measures = {row.id: row for row in session.exec(_measures(version.plan_id))}
    entry = PlanEntry(
        tuple(_put_goal(session, version.plan_id, place, each, goals) for place, each in enumerate(entry.goals)),
        tuple(_put_measure(session, version.plan_id, place, each, measures)
              for place, each in enumerate(entry.measures)),
        entry.review_on, entry.basis, entry.reason,
    )  # fmt: skip
    for row in (*goals.values(), *measures.values()):
        row.left_at, row.version = clock.now(), row.version + 1
        session.add(row)
    seal(version, "content_sealed", to_json(entry))


def _put_goal(
    session: Session, plan_id: int, place: int, entry: GoalEntry, known: dict[int | None, PlanGoal]
) -> GoalEntry:
    row = known.pop(entry.id, None) if entry.id is not None else None
    if row is None:
        row = PlanGoal(plan_id=plan_id, place=place, version=0)
    row.place, row.version = place, row.version + 1
    seal(row, "text_sealed", entry.text)
    seal(row, "sign_sealed", entry.sign)
    session.add(row)
    session.flush()
    return replace(entry, id=row.id)


def _put_measure(
    session: Session, plan_id: int, place: int, entry: MeasureEntry, known: dict[int | None, PlanMeasure]
) -> MeasureEntry:
    row = known.pop(entry.id, None) if entry.id is not None else None
    if entry.domain is None or entry.starts_on is None or entry.ends_on is None or entry.rhythm is None:
        raise ValueError(entry.id)  # checked before it was stored
    if row is None:
        row = PlanMeasure(
            plan_id=plan_id,
            place=place,
            domain=entry.domain,
            responsible_id=entry.responsible_id or 0,
            starts_on=entry.starts_on,
            ends_on=entry.ends_on,
            rhythm=entry.rhythm,
            version=0,
        )
    row.place, row.domain, row.rhythm = place, entry.domain, entry.rhythm
    row.responsible_id, row.starts_on, row.ends_on = entry.responsible_id or 0, entry.starts_on, entry.ends_on
    row.version += 1
    seal(row, "text_sealed", entry.text)
    session.add(row)
    session.flush()
    return replace(entry, id=row.id)


def _goals(plan_id: int):  # type: ignore[no-untyped-def]  # a Select
    return select(PlanGoal).where(PlanGoal.plan_id == plan_id, col(PlanGoal.left_at).is_(None)).with_for_update()


def _measures(plan_id: int):  # type: ignore[no-untyped-def]  # a Select
    return (
        select(PlanMeasure).where(PlanMeasure.plan_id == plan_id, col(PlanMeasure.left_at).is_(None)).with_for_update()
    )
