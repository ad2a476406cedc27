"""The facts a clause is measured by, named in clauses.toml: each function reads them and lets an evaluator judge."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta

from db.tables import CareKind, CheckKind, ClassPaperKind, PairingRole
from services import clock
from services.calendar import END_OF_SCHOOL_DAY
from services.record_kinds import REACHES_FAMILY
from services.regulations import evaluators, shares
from services.regulations.completeness import COMPLETENESS
from services.regulations.deadlines import class_paper_due
from services.regulations.evaluators import Deed, Duty, Excuse, Step
from services.regulations.facts import archives, classes, entries, intake, register
from services.regulations.facts.gathering import Facts
from services.regulations.facts.records import Counts, Record, by_child, by_homeroom, by_pair
from services.regulations.measures import Measure, RecordDuty
from services.regulations.periods import Period, Unit, periods_of
from services.regulations.populations import LEFT_BEHIND, is_on, on_a_day
from services.regulations.standings import Standing, SubjectKind

Source = shares.Source


def _moment_of(facts: Facts) -> datetime:
    """Return up to which instant steps count: now, or the end of a day that is over."""
    end = clock.at_school(facts.asked.on + timedelta(days=1), time(0)) - timedelta(microseconds=1)
    return min(end, clock.now())  # what is dated the next day begins with it, and is not done yet


# --- work records ---


def records(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield what children are owed in each period by work records."""
    found = facts.population(measure.of)
    for duty in measure.duties:
        counts = _counted(facts, measure, duty)
        kinds = duty.kinds or frozenset(CareKind)
        yield from evaluators.periodic(
            Duty(measure.clause_id, duty.part, SubjectKind.CHILD, duty.times), facts.asked.frame,
            periods=_periods(facts, duty.unit), stints=found,
            deeds=by_child(facts.records_of(kinds), counts, of=found),
            excuses=_excuses(facts, measure.clause_id, duty),
        )  # fmt: skip


def _counted(facts: Facts, measure: Measure, duty: RecordDuty) -> Counts | None:
    by, name = _by(facts, measure, duty), duty.minutes
    if name is None:
        return by
    # What a period asks for is the number of its first day; a talk that must last a while is owed once a term.
    least = facts.asked.frame.numbers.on(name, facts.asked.term.first_day)

    def counts(record: Record) -> bool:
        # How long it lasted is a part of every talk's form; one imported without it proves that there was one.
        is_long = record.minutes is None or record.minutes >= least or not record.is_done
        return is_long and (by is None or by(record))

    return counts


def _by(facts: Facts, measure: Measure, duty: RecordDuty) -> Counts | None:
    if duty.by == "homeroom":
        return by_homeroom(facts.children)
    if duty.by == "pair":
        return by_pair(facts.children, [PairingRole(measure.of.removeprefix("pair:"))])
    return None


def _excuses(facts: Facts, clause_id: str, duty: RecordDuty) -> Mapping[int, Sequence[Excuse]]:
    found = facts.children.excused(clause_id, duty.part)
    if duty.kinds and duty.kinds <= REACHES_FAMILY:
        stopped = facts.children.protected
        return {key: [*found.get(key, ()), *stopped.get(key, ())] for key in found.keys() | stopped.keys()}
    return found


def _periods(facts: Facts, unit: Unit) -> tuple[Period, ...]:
    asked = facts.asked
    return periods_of(unit, calendar=asked.calendar, term=asked.term, days=asked.frame.days, until=asked.on)


# --- what children are owed otherwise ---

_Read = Callable[..., dict[int, list[Deed]]]


def _of_children(read: _Read) -> Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        yield from _child_periods(facts, measure, read(facts.session, facts.asked))

    return source


def _child_periods(
    facts: Facts, measure: Measure, deeds: dict[int, list[Deed]], more: Mapping[int, Sequence[Excuse]] | None = None
) -> Iterator[Standing]:
    excuses = facts.children.excused(measure.clause_id, None)
    if more:
        excuses = {key: [*excuses.get(key, ()), *more.get(key, ())] for key in excuses.keys() | more.keys()}
    yield from evaluators.periodic(
        Duty(measure.clause_id, None, SubjectKind.CHILD, measure.times), facts.asked.frame,
        periods=_periods(facts, measure.unit or Unit.TERM), stints=facts.population(measure.of),
        deeds=deeds, excuses=excuses,
    )  # fmt: skip


def screenings(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield who has a valid result of the term's rounds; whose family refuses is exempt (H-01, H-02, H-03)."""
    yield from _child_periods(facts, measure, facts.screenings, facts.refused_screenings)


def confirmations(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield whose record the term's check has gone through (E-07)."""
    duty = Duty(measure.clause_id, None, SubjectKind.CHILD, None)
    yield from evaluators.periodic(
        duty, facts.asked.frame, periods=classes.check_periods(facts.session, facts.asked, CheckKind.CLASS_CHECK),
        stints=facts.population(measure.of),
        deeds=classes.read_confirmations(facts.session, facts.asked),
        excuses=facts.children.excused(measure.clause_id, None),
    )  # fmt: skip


def archive_looks(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield whose archive was gone through in the term (F-08)."""
    kept = facts.archives
    here = facts.children.present
    stints = {
        student_id: [stint._replace(from_day=max(stint.from_day, opened_on)) for stint in here[student_id]]
        for student_id, (opened_on, _) in kept.items()
        if student_id in here
    }
    duty = Duty(measure.clause_id, None, SubjectKind.CHILD, measure.times)
    yield from evaluators.periodic(
        duty, facts.asked.frame, periods=_periods(facts, measure.unit or Unit.TERM), stints=stints,
        deeds=archives.read_looks(facts.session, facts.asked),
        excuses=facts.children.excused(measure.clause_id, None),
    )  # fmt: skip


# --- classes and the school ---


def _checks(kind: CheckKind) -> Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        yield from evaluators.periodic(
            Duty(measure.clause_id, None, SubjectKind.CLASS, None), facts.asked.frame,
            periods=classes.check_periods(facts.session, facts.asked, kind),
            stints=classes.read_classes(facts.session, facts.asked),
            deeds=classes.read_returns(facts.session, facts.asked, kind=kind),
            excuses=facts.children.excused_classes.get((measure.clause_id, None), {}),
        )  # fmt: skip

    return source


def exchanges(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield how often lists were exchanged in the term (S-04)."""
    duty = Duty(measure.clause_id, None, SubjectKind.SCHOOL, measure.times)
    yield from evaluators.periodic(
        duty, facts.asked.frame, periods=_periods(facts, Unit.TERM),
        stints={entries.SCHOOL: [evaluators.Stint(facts.asked.since, None)]},
        deeds=entries.read_exchanges(facts.session, facts.asked),
    )  # fmt: skip


def _papers(kind: ClassPaperKind) -> Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        asked, filed = facts.asked, facts.papers[kind]
        due = class_paper_due(kind, term=asked.term, calendar=asked.calendar)
        begins, ends = clock.at_school(asked.term.first_day, time(0)), clock.at_school(due, END_OF_SCHOOL_DAY)
        steps = []
        for class_id in sorted(_classes_with_left_behind(facts)):
            day, row_id = filed.get(class_id, (None, 0))
            done_at = clock.at_school(day, time(0)) if day is not None else None
            steps.append(Step(class_id, row_id, begins, ends, done_at))
        excuses = facts.children.excused_classes.get((measure.clause_id, None), {})
        yield from evaluators.deadline(
            measure.clause_id, SubjectKind.CLASS, steps, now=_moment_of(facts), excuses=excuses
        )

    return source


def _classes_with_left_behind(facts: Facts) -> set[int]:
    here = on_a_day(facts.population("left_behind"), facts.asked.on)
    found = {facts.children.class_on(student_id, facts.asked.on) for student_id in here}
    return {each for each in found if each is not None}


# --- steps ---

_Steps = Callable[[Facts, Measure], Iterable[Step]]


def _steps(read: _Steps, subject: SubjectKind = SubjectKind.CHILD) -> Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        excuses = facts.children.excused(measure.clause_id, None)
        yield from evaluators.deadline(
            measure.clause_id, subject, read(facts, measure), now=_moment_of(facts), excuses=excuses
        )

    return source


def _baselines(facts: Facts, measure: Measure) -> Iterable[Step]:
    """Every visit since the child was registered counts, also one of a term, or a year, before."""
    registered = {
        student_id: facts.children.registered_since(student_id, LEFT_BEHIND, facts.asked.on)
        for student_id in on_a_day(facts.population(measure.of), facts.asked.on)
    }
    visits = register.read_visits(facts.session, facts.asked)
    steps = register.baseline_steps(facts.asked, registered=registered, visits=visits)
    return _unless_stopped(facts, steps)


def _sick(facts: Facts, measure: Measure) -> Iterable[Step]:
    here = facts.population(measure.of)
    steps = register.sick_steps(facts.asked, records=facts.records_of(measure.kinds))
    return _unless_stopped(
        facts,
        (
            each
            for each in steps
            if any(is_on(stint, clock.local(each.began_at).date()) for stint in here.get(each.subject_id, ()))
        ),
    )


def _unless_stopped(facts: Facts, steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps that reach the family; where abuse is suspected by the day, nobody may take them."""
    for each in steps:
        yield each._replace(is_stopped=True) if facts.children.is_protected(each.subject_id, facts.asked.on) else each


def _reads_intake(*, on_the_spot: bool) -> _Steps:
    return lambda facts, _measure: intake.read_answers(
        facts.session, facts.asked, on_the_spot=on_the_spot, is_protected=facts.children.is_protected
    )


SOURCES: Mapping[str, Source] = {
    "records": records,
    "answered_on_the_spot": _steps(_reads_intake(on_the_spot=True)),
    "answers": _steps(_reads_intake(on_the_spot=False)),
    "noticed": _steps(lambda facts, _: intake.read_noticed(facts.session, facts.asked)),
    "class_checks": _checks(CheckKind.CLASS_CHECK),
    "special_checks": _checks(CheckKind.SPECIAL_CHECK),
    "baselines": _steps(_baselines),
    "confirmations": confirmations,
    "card_changes": _steps(lambda facts, _: register.read_changes(facts.session, facts.asked)),
    "archives": shares.kept_archives,
    "enrolled": shares.enrolled,
    "retained": shares.retained,
    "immunised": shares.share(shares.immunised),
    "files_and_plans": shares.files_and_plans,
    "archive_looks": archive_looks,
    "handovers": _steps(lambda facts, _: archives.read_handovers(facts.session, facts.asked)),
    "paired": shares.share(shares.in_pair(*PairingRole)),
    "screenings": screenings,
    "flagged": _steps(lambda facts, _: register.read_flagged(facts.session, facts.asked)),
    "summaries": _steps(lambda facts, _: archives.read_summaries(facts.session, facts.asked), subject=SubjectKind.CASE),
    "class_plans": _papers(ClassPaperKind.PLAN),
    "class_summaries": _papers(ClassPaperKind.SUMMARY),
    "results": _of_children(entries.read_results),
    "check_ups": _of_children(entries.read_check_ups),
    "sick": _steps(_sick),
    "teacher_and_pupil": shares.share(shares.teacher_and_pupil),
    "teachers_paired": shares.of_staff(None, None),
    "buddies": shares.share(shares.buddies),
    "tutors": shares.tutors,
    "exchanges": exchanges,
    **COMPLETENESS,
}
"""Every name a measure may give as its source."""
