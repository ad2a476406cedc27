"""What a plan needs before it is saved: goals, measures with somebody who does them, and a review date (I-01, I-02)."""

from collections.abc import Collection
from datetime import date, timedelta

from sqlmodel import Session, col, func, select

from db.tables import Tier, TierChange
from services import clock
from services.conference_people import check_doer
from services.fields import LINE, LONG, Checker
from services.parameter_versions import parameter_on
from services.plan_contents import MOST_GOALS, MOST_MEASURES, GoalEntry, MeasureEntry, PlanEntry
from services.tier_kinds import review_parameter

FURTHEST_DAYS = 366


def check_plan(
    session: Session,
    check: Checker,
    entry: PlanEntry,
    *,
    is_protected: bool,
    is_change: bool,
    within_days: int | None,
    known_starts: Collection[date] = (),
) -> None:
    """Check every line that isn't blank; its fields are called `goal_<line>_…` and `measure_<line>_…`.

    `within_days`: how far off the review may be, where the child's tier says so (F-04). `known_starts`: the first days
    of measures this plan had before, which a measure that is carried over keeps, however long ago.
    """
    check.text("basis", entry.basis, limit=LONG)
    check.text("reason", entry.reason, limit=LONG, required=is_change)
    _check_review(check, entry.review_on, within_days)
    goals = [each for each in entry.goals if not each.is_blank]
    measures = [each for each in entry.measures if not each.is_blank]
    if not goals:
        check.add(f"goal_{entry.goals[0].line if entry.goals else 0}_text", "goal_needed")
    if not measures:
        check.add(f"measure_{entry.measures[0].line if entry.measures else 0}_text", "measure_needed")
    for goal in goals:
        _check_goal(check, f"goal_{goal.line}_", goal)
    for measure in measures:
        _check_measure(session, check, measure, is_protected=is_protected, known_starts=known_starts)
    if len(goals) > MOST_GOALS:
        check.add(f"goal_{goals[-1].line}_text", "too_many_lines", limit=MOST_GOALS)
    if len(measures) > MOST_MEASURES:
        check.add(f"measure_{measures[-1].line}_text", "too_many_lines", limit=MOST_MEASURES)


def _check_review(check: Checker, review_on: date | None, within_days: int | None) -> None:
    """No plan without a review date, and none that was due before it was written."""
    today = clock.today()
    if review_on is None:
        check.add("review_on", "review_needed")
    elif review_on <= today:
        check.add("review_on", "review_past")
    elif within_days is not None and review_on > today + timedelta(days=within_days):
        check.add("review_on", "review_too_late", days=within_days, day=today + timedelta(days=within_days))
    elif review_on > today + timedelta(days=FURTHEST_DAYS):
        check.add("review_on", "too_far", day=review_on)


def _check_goal(check: Checker, prefix: str, goal: GoalEntry) -> None:
    check.required_text(f"{prefix}text", goal.text, limit=LINE)
    check.required_text(f"{prefix}sign", goal.sign, limit=LINE)


def _check_measure(
    session: Session, check: Checker, measure: MeasureEntry, *, is_protected: bool, known_starts: Collection[date]
) -> None:
    prefix = f"measure_{measure.line}_"
    check.required_text(f"{prefix}text", measure.text, limit=LONG)
    check_doer(session, check, f"{prefix}responsible_id", measure.responsible_id, is_suspected_abuse=is_protected)
    for name in ("domain", "rhythm", "starts_on", "ends_on"):
        if getattr(measure, name) is None:
            check.add(f"{prefix}{name}", "required")
    if measure.starts_on and measure.ends_on:
        furthest = clock.today() + timedelta(days=FURTHEST_DAYS)
        if measure.ends_on < measure.starts_on:
            check.add(f"{prefix}ends_on", "before_start")
        elif measure.ends_on > furthest:
            check.add(f"{prefix}ends_on", "too_far", day=measure.ends_on)
        elif (
            measure.starts_on < clock.today() - timedelta(days=FURTHEST_DAYS) and measure.starts_on not in known_starts
        ):
            check.add(f"{prefix}starts_on", "too_long_ago", day=measure.starts_on)


def review_within(session: Session, student_id: int) -> int | None:
    """Return within how many days a plan is looked at again, as often as its child's tier is (F-04).

    None: the child is in none that says so. One statement, and one more for the number.
    """
    standing = select(TierChange.tier_id).where(
        TierChange.student_id == student_id, col(TierChange.number).is_not(None)
    )
    held = standing.order_by(col(TierChange.number).desc()).limit(1).scalar_subquery()
    tiers = session.exec(select(Tier.rank, Tier.is_offered, func.coalesce(col(Tier.id) == held, False))).all()
    rank = next((rank for rank, _, is_held in tiers if is_held), 0)
    name = review_parameter(rank, [each for each, is_offered, _ in tiers if is_offered])
    return parameter_on(session, name, clock.today()) if name else None
