"""Who has what a clause asks everybody to have on a day: archives, plans, school, pairs."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from db.tables import EnrolmentState, PairingRole
from services.regulations import evaluators
from services.regulations.evaluators import Member
from services.regulations.facts import archives, entries, staff
from services.regulations.facts.children import FOUR_SPECIAL, GONE_ON
from services.regulations.facts.gathering import Facts
from services.regulations.measures import Measure
from services.regulations.populations import LEFT_BEHIND, is_on, on_a_day
from services.regulations.standings import Standing, SubjectKind

Source = Callable[[Facts, Measure], Iterator[Standing]]


_HasIt = Callable[[Facts], Mapping[int, int | None]]


def share(has_it: _HasIt) -> Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        have = has_it(facts)
        excused = facts.children.excused(measure.clause_id, None)
        here = on_a_day(facts.population(measure.of), facts.asked.on)
        members = (
            Member(
                student_id, stint.from_day, student_id in have, None, have.get(student_id),
                evaluators.excuse_on(excused.get(student_id, ()), facts.asked.on),
            )
            for student_id, stint in here.items()
        )  # fmt: skip
        yield from evaluators.threshold(measure.clause_id, SubjectKind.CHILD, members, on=facts.asked.on)

    return source


def kept_archives(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield who has an archive; a new pupil has some days (F-03, E-11)."""
    kept = facts.archives
    excused = facts.children.excused(measure.clause_id, None)

    def due_on(student_id: int) -> date:
        came = facts.children.came_on(student_id)
        return came + timedelta(days=facts.asked.frame.numbers.on("F-03.new_pupil_days", came))

    members = (
        Member(
            student_id, stint.from_day, student_id in kept, due_on(student_id),
            kept[student_id][1] if student_id in kept else None,
            evaluators.excuse_on(excused.get(student_id, ()), facts.asked.on),
        )
        for student_id, stint in on_a_day(facts.population(measure.of), facts.asked.on).items()
    )  # fmt: skip
    yield from evaluators.threshold(measure.clause_id, SubjectKind.CHILD, members, on=facts.asked.on)


def files_and_plans(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield of whom there is an archive and a plan in force, within some school days of being registered (F-05)."""
    asked, kept = facts.asked, facts.archives
    planned = on_a_day(archives.read_plans(facts.session, facts.asked), asked.on)
    excused = facts.children.excused(measure.clause_id, None)
    members = []
    for student_id, stint in on_a_day(facts.population(measure.of), asked.on).items():
        since = facts.children.registered_since(student_id, LEFT_BEHIND | FOUR_SPECIAL, asked.on)
        number = asked.frame.numbers.on("F-05.plan_school_days", since)
        has_both = student_id in kept and student_id in planned
        due_on = None if has_both else asked.calendar.add_school_days(since, number)
        excuse = evaluators.excuse_on(excused.get(student_id, ()), asked.on)
        members.append(Member(student_id, stint.from_day, has_both, due_on, None, excuse))
    yield from evaluators.threshold(measure.clause_id, SubjectKind.CHILD, members, on=asked.on)


def enrolled(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield which registered left-behind children are at school: on leave a child has not given up (E-12)."""
    return _at_school(facts, measure, since=None)


def retained(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield which of those who were here at the term's beginning still are, or went on to another school (E-13)."""
    return _at_school(facts, measure, since=facts.asked.term.first_day)


def _at_school(facts: Facts, measure: Measure, *, since: date | None) -> Iterator[Standing]:
    children, on = facts.children, facts.asked.on
    excused = children.excused(measure.clause_id, None)
    members = []
    for student_id, spans in children.categories.items():
        is_registered = any(each.kind in LEFT_BEHIND and is_on(each, on) for each in spans)
        state = children.states.get(student_id)
        if not is_registered or state is None or state in GONE_ON or not children.classes.get(student_id):
            continue
        if since is not None and not any(is_on(stint, since) for stint in children.present.get(student_id, ())):
            continue
        excuse = evaluators.excuse_on(excused.get(student_id, ()), on)
        has_it = state is not EnrolmentState.DROPPED_OUT
        registered = children.registered_since(student_id, LEFT_BEHIND, on)
        members.append(Member(student_id, registered, has_it, excuse=excuse))
    return evaluators.threshold(measure.clause_id, SubjectKind.CHILD, members, on=on)


def immunised(facts: Facts) -> Mapping[int, int | None]:
    found = entries.read_vaccinations(facts.session, facts.asked)
    return {student_id: row_id for student_id, (is_complete, row_id) in found.items() if is_complete}


def in_pair(*roles: PairingRole) -> _HasIt:
    """Return who has a pair of one of these kinds on the day."""

    def has_it(facts: Facts) -> Mapping[int, int | None]:
        pairs, on = facts.children.pairs, facts.asked.on
        return dict.fromkeys(student_id for role in roles for student_id in on_a_day(pairs.get(role, {}), on))

    return has_it


def teacher_and_pupil(facts: Facts) -> Mapping[int, int | None]:
    """Return who has one of the staff, in whatever role, and an excellent pupil (J-05)."""
    children, on = facts.children, facts.asked.on
    with_teacher = {
        student_id
        for pairs in children.pairs.values()
        for student_id, stints in pairs.items()
        if any(is_on(each, on) and children.helper_accounts.get(each.helper_id or 0) for each in stints)
    }
    with_pupil = on_a_day(children.pairs.get(PairingRole.EXCELLENT_STUDENT, {}), on)
    return dict.fromkeys(with_teacher & with_pupil.keys())


def buddies(facts: Facts) -> Mapping[int, int | None]:
    """Return who has as many hand-in-hand friends as the school asks for (J-10)."""
    on, wanted = facts.asked.on, facts.asked.frame.numbers.on("J-10.buddies", facts.asked.on)
    pairs = facts.children.pairs.get(PairingRole.BUDDY, {})
    return {
        student_id: None
        for student_id in facts.children.present
        if sum(is_on(stint, on) for stint in pairs.get(student_id, ())) >= wanted
    }


def of_staff(role: PairingRole | None, part: str | None) -> Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        have = staff.read_paired_accounts(facts.session, facts.asked, role=role)
        teachers = sorted(staff.read_teachers(facts.session))
        members = (Member(each, facts.asked.since, each in have, None, have.get(each)) for each in teachers)
        yield from evaluators.threshold(measure.clause_id, SubjectKind.TEACHER, members, on=facts.asked.on, part=part)

    return source


def tutors(facts: Facts, measure: Measure) -> Iterator[Standing]:
    """Yield which children have a tutor, and which teachers are one (J-12)."""
    yield from share(in_pair(PairingRole.MENTOR))(facts, measure)
    yield from of_staff(PairingRole.MENTOR, "teacher")(facts, measure)
