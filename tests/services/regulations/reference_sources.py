"""The clauses whose facts are no records of work, as the reference counts them: steps, shares, checks, entries."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

from db.tables import (
    AppUser,
    ArchiveLook,
    CareKind,
    CareRecord,
    Case,
    CaseClosure,
    CategoryKind,
    CheckFinding,
    CheckKind,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClassMembership,
    ClassPaper,
    ClassPaperKind,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    ContactCardVersion,
    EnrolmentState,
    ExchangeDirection,
    ExcuseKind,
    HandoverChild,
    HandoverPackage,
    HelperKind,
    ListExchange,
    Pairing,
    PairingRole,
    PlanVersion,
    PsychArchive,
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
    RoleGrant,
    SchoolClass,
    ScreeningResult,
    ScreeningRound,
    StageSummary,
    Student,
    StudentCategory,
    SupportPlan,
    TermEntry,
    Vaccination,
)
from services import clock
from services.regulations import deadlines
from services.regulations.deadlines import DutyState
from services.regulations.standings import Standing, SubjectKind
from services.students import GONE_FOR_GOOD
from tests.services.regulations.reference import (
    CALL,
    DAY,
    LEAST_PRESENT,
    NOTICE,
    QUARTER,
    SOURCES,
    TERM,
    VISIT,
    YEAR,
    Deed,
    Period,
    Reference,
    apart,
    days,
    local_day,
)
from tests.services.regulations.reference_book import SPECIAL, days_of, holds

CHILD, CLASS, TEACHER, CASE, SCHOOL = (
    SubjectKind.CHILD, SubjectKind.CLASS, SubjectKind.TEACHER, SubjectKind.CASE, SubjectKind.SCHOOL,
)  # fmt: skip
LBC = "left_behind"
Source = Callable[[Reference], Iterator[Standing]]


def counts(*clauses: str, **values: Any) -> Callable[[Callable[..., Iterator[Standing]]], Any]:
    """Say which clauses a function counts."""

    def note(function: Callable[..., Iterator[Standing]]) -> Callable[..., Iterator[Standing]]:
        for clause in clauses:
            SOURCES[clause] = lambda reference, clause=clause: function(reference, clause, **values)
        return function

    return note


def noon(day: date) -> datetime:
    return clock.at_school(day, time(12))


def evening(day: date) -> datetime:
    """When school ends."""
    return clock.at_school(day, time(17))


def is_in_year(reference: Reference, moment: datetime) -> bool:
    """Whether something happened in the school year, up to the day asked about."""
    return reference.since <= local_day(moment) <= reference.on


# --- intake ---


@counts("D-04")
def answered_on_the_spot(reference: Reference, clause: str) -> Iterator[Standing]:
    """What an answer alone settled: was it given on the day it came in?"""
    for row in waiting_for_answers(reference):
        if row.state is ReferralState.ANSWERED:
            due_at = reference.book.calendar.due_same_day(row.received_at)
            yield answer_step(reference, clause, row, due_at)


@counts("D-05")
def answers(reference: Reference, clause: str) -> Iterator[Standing]:
    """Who came, a pupil or a parent, has an answer."""
    for row in waiting_for_answers(reference):
        due_at = deadlines.reply_due(received_at=row.received_at, channel=row.channel, calendar=reference.book.calendar)
        yield answer_step(reference, clause, row, due_at)


def waiting_for_answers(reference: Reference) -> list[Any]:
    return [
        row
        for row in reference.book[Referral]
        if row.channel in (ReferralChannel.SELF, ReferralChannel.PARENT)
        and row.state is not ReferralState.MERGED
        and is_in_year(reference, row.received_at)
    ]


def answer_step(reference: Reference, clause: str, row: Any, due_at: datetime) -> Standing:
    stopped = row.channel is ReferralChannel.PARENT and (
        is_marked(row, reference.on)
        or (row.student_id is not None and reference.book.is_silenced(row.student_id, reference.on))
    )
    return reference.step(
        clause, CHILD, row.student_id or 0, local_day(row.received_at), due_at, row.answered_at, row.id,
        child=row.student_id, is_stopped=stopped,
    )  # fmt: skip


def is_marked(row: Any, on: date) -> bool:
    return bool(row.is_suspected_abuse and local_day(row.abuse_marked_at) <= on)


@counts("D-09")
def noticed(reference: Reference, clause: str) -> Iterator[Standing]:
    """A teacher refers soon what was noticed."""
    for row in reference.book[Referral]:
        if (
            row.channel is ReferralChannel.TEACHER
            and row.state is not ReferralState.MERGED
            and is_in_year(reference, row.received_at)
        ):
            due_at = deadlines.teacher_referral_due(noticed_on=row.noticed_on, calendar=reference.book.calendar)
            yield reference.step(
                clause, CHILD, row.student_id or 0, row.noticed_on, due_at, row.received_at, row.id,
                child=row.student_id,
            )  # fmt: skip


# --- checks ---


def strict(reference: Reference, kind: CheckKind) -> Iterator[Period]:
    """The term, or its quarters, with the day by which every class has returned the check."""
    book, term = reference.book, reference.term
    for period in reference.periods(TERM if kind is CheckKind.CLASS_CHECK else QUARTER):
        year = [each.first_day for each in book.calendar.terms if each.school_year == term.school_year]
        first = max(period.first, term.first_day if kind is CheckKind.CLASS_CHECK else min(year))
        quarter = date(period.first.year, (period.first.month - 1) // 3 * 3 + 1, 1)
        opened = [
            row.due_day
            for row in book[CheckRound]
            if row.kind is kind
            and (row.term_id == term.id if kind is CheckKind.CLASS_CHECK else row.quarter_from == quarter)
        ]
        if opened:
            due_on = min(*opened, period.last)
        elif kind is CheckKind.CLASS_CHECK:
            due_on = deadlines.class_check_due(term=term, opened_on=first, calendar=book.calendar)
        else:
            due_on = deadlines.special_check_due(first_day=first, opened_on=first, calendar=book.calendar)
        yield Period(period.unit, period.first, period.last, due_on, is_strict=True)


@counts("E-02", kind=CheckKind.CLASS_CHECK)
@counts("G-01", kind=CheckKind.SPECIAL_CHECK)
def checks(reference: Reference, clause: str, *, kind: CheckKind) -> Iterator[Standing]:
    """Every class returns the term's check, and the quarter's; put right later, it was returned all the same."""
    book, term = reference.book, reference.term
    rounds = {row.id for row in book[CheckRound] if row.kind is kind}
    for period in strict(reference, kind):
        for one in book[SchoolClass]:
            if one.school_year != term.school_year:
                continue
            deeds = [
                Deed(row.id, local_day(row.returned_at), True)
                for row in book[CheckReturn]
                if row.class_id == one.id and row.round_id in rounds and row.revision == 1
            ]
            if found := whole_standing(reference, clause, CLASS, one.id, period, deeds, 1):
                yield found


def whole_standing(
    reference: Reference, clause: str, subject: SubjectKind, subject_id: int, period: Period, deeds: list[Deed],
    needed: int,
) -> Standing | None:  # fmt: skip
    """What a class or the school owes in a period: they are there on every school day of the school year."""
    book = reference.book
    least = book.numbers.on(LEAST_PRESENT[period.unit], period.first)
    there = [day for day in reference.school_days(period.first, period.last) if day >= reference.since]
    if len(there) < least or needed == 0:
        return None
    mine = [
        row
        for kind in ExcuseKind
        for row in book.excuses(clause, None, kind)
        if row.class_id is not None and row.class_id == subject_id
    ]
    exempt = [row for row in mine if row.kind is ExcuseKind.EXEMPT]
    if exempt and len([day for day in there if not any(holds(row, day) for row in exempt)]) < least:
        return apart(clause, None, subject, subject_id, period, DutyState.EXEMPT)
    if any(
        row.kind is ExcuseKind.DONE_OTHERWISE and holds(row, day)
        for row in mine
        for day in days_of(period.first, period.last)
    ):
        return apart(clause, None, subject, subject_id, period, DutyState.DONE_OTHERWISE)
    return reference.judged(clause, None, subject, subject_id, period, deeds, needed)


@counts("E-07")
def confirmations(reference: Reference, clause: str) -> Iterator[Standing]:
    """Each left-behind child is gone through in the term's check."""
    book = reference.book
    rounds = {row.id for row in book[CheckRound] if row.kind is CheckKind.CLASS_CHECK}
    returns = {row.id: row for row in book[CheckReturn] if row.round_id in rounds}
    for period in strict(reference, CheckKind.CLASS_CHECK):
        for child in book.children:
            deeds = [
                Deed(row.id, local_day(returns[row.return_id].returned_at), True)
                for row in book.of(CheckFinding, child.id)
                if row.return_id in returns
            ]
            if found := reference.period_standing(clause, child.id, LBC, period, deeds, 1):
                yield found


# --- register ---


def registered_since(reference: Reference, child: int, kinds: set[CategoryKind]) -> date:
    """Since when, without a day between, a child has been in one of these categories."""
    day = reference.on
    while reference.book.has_category(child, day - DAY, kinds):
        day -= DAY
    return day


@counts("E-05")
def baselines(reference: Reference, clause: str) -> Iterator[Standing]:
    """A left-behind child is visited within ninety days of being registered; told in the year in which it is due."""
    book = reference.book
    for child in book.of_population(LBC, reference.on):
        first = registered_since(reference, child, {CategoryKind.LEFT_BEHIND})
        due_on = first + days(book.numbers.on("E-05.baseline_days", first))
        visits = [
            row.day
            for row in book.of(CareRecord, child)
            if row.kind is VISIT and row.is_done and row.withdrawn_at is None and row.day >= first
        ]
        if due_on >= reference.since:
            yield reference.step(
                clause, CHILD, child, first, evening(due_on), noon(min(visits)) if visits else None, child,
                child=child, is_stopped=book.is_silenced(child, reference.on),
            )  # fmt: skip


@counts("E-09")
def card_changes(reference: Reference, clause: str) -> Iterator[Standing]:
    """After a class check said that something changed, there is a new version of the contact card."""
    book = reference.book
    returns = {row.id: row for row in book[CheckReturn]}
    rounds = {row.id for row in book[CheckRound] if row.kind is CheckKind.CLASS_CHECK}
    for row in book[CheckFinding]:
        said = returns[row.return_id]
        if row.result is not CheckResult.CHANGED or said.replaced_at is not None or said.round_id not in rounds:
            continue
        if is_in_year(reference, said.returned_at):
            first = local_day(said.returned_at)
            number = book.numbers.on("E-09.card_after_change_school_days", first)
            versions = [
                each.ended_at
                for each in book.of(ContactCardVersion, row.student_id)
                if each.ended_at >= said.returned_at
            ]
            yield reference.step(
                clause, CHILD, row.student_id, first, book.calendar.due_after(said.returned_at, school_days=number),
                min(versions, default=None), row.id, child=row.student_id,
            )  # fmt: skip


@counts("I-23")
def sick(reference: Reference, clause: str) -> Iterator[Standing]:
    """When a left-behind child was ill and looked after, its guardian is told the same day."""
    book, first_day = reference.book, reference.term.first_day
    since = max(min(first_day.replace(day=1), first_day - days(first_day.weekday())), reference.since)
    for child in book.children:
        rows = [row for row in book.of(CareRecord, child.id) if row.withdrawn_at is None and row.day <= reference.on]
        for ill in rows:
            if ill.kind is not CareKind.SICK_CARE or ill.day < since:
                continue
            if not book.is_asked_about(child.id, LBC, ill.day):
                continue
            told = [row.day for row in rows if row.kind in (CALL, NOTICE, VISIT) and row.is_done and row.day >= ill.day]
            number = book.numbers.on("I-23.sick_school_days", ill.day)
            due_on = book.calendar.add_school_days(ill.day, number) if number else ill.day
            yield reference.step(
                clause, CHILD, child.id, ill.day, evening(due_on), noon(min(told)) if told else None, ill.id,
                child=child.id, is_stopped=book.is_silenced(child.id, reference.on),
            )  # fmt: skip


# --- shares ---


def share(
    reference: Reference, clause: str, subject: SubjectKind, subject_id: int, row_id: int | None = None,
    *, has: bool, due_on: date | None = None, part: str | None = None, since: date | None = None,
) -> Standing:  # fmt: skip
    """Whether one has what a share counts."""
    on = reference.on
    child = subject_id if subject is CHILD else None
    if has:
        state = DutyState.MET
    elif reference.is_excused(clause, ExcuseKind.EXEMPT, child, None, on, on):
        state = DutyState.EXEMPT
    elif reference.is_excused(clause, ExcuseKind.DONE_OTHERWISE, child, None, on, on):
        state = DutyState.DONE_OTHERWISE
    else:
        state = DutyState.DUE if due_on and on <= due_on else DutyState.OVERDUE
    return Standing(
        clause, part, subject, subject_id, since or reference.since, None, due_on, state,
        state in (DutyState.DUE, DutyState.OVERDUE), 1, int(has), (row_id,) if row_id is not None else (),
    )  # fmt: skip


def asked_since(reference: Reference, child: int, population: str) -> date:
    """Since when a child is one of those asked about; the school year is as far back as anybody looks."""
    day = reference.on
    while day > reference.since and reference.book.is_asked_about(child, population, day - DAY):
        day -= DAY
    return day


def of_population(reference: Reference, population: str) -> Iterator[tuple[int, date]]:
    for child in reference.book.of_population(population, reference.on):
        yield child, asked_since(reference, child, population)


def archive_of(reference: Reference, child: int) -> Any:
    return next((row for row in reference.book.of(PsychArchive, child) if row.opened_on <= reference.on), None)


@counts("E-11", population=LBC)
@counts("F-03", population="pupils")
def archives(reference: Reference, clause: str, *, population: str) -> Iterator[Standing]:
    """A child has an archive; who is new has thirty days."""
    book = reference.book
    for child, since in of_population(reference, population):
        row = archive_of(reference, child)
        entry = next(each for each in book.children if each.id == child)
        came = entry.entered_on or min(each.from_day for each in book.of(ClassMembership, child))
        due_on = came + days(book.numbers.on("F-03.new_pupil_days", came))
        yield share(
            reference, clause, CHILD, child, row.id if row else None, has=row is not None, due_on=due_on, since=since
        )


def is_of_this_year(reference: Reference, child: int) -> bool:
    """Whether a child was in a class at any time of the school year."""
    rows = reference.book.of(ClassMembership, child)
    return any(row.to_day is None or row.to_day > reference.since for row in rows)


@counts("E-12", is_retained=False)
@counts("E-13", is_retained=True)
def at_school(reference: Reference, clause: str, *, is_retained: bool) -> Iterator[Standing]:
    """A registered left-behind child goes to school, or still does; who went on to another school is left out.

    On leave (休学) a child is a pupil all the same: it has not given up.
    """
    book, on = reference.book, reference.on
    for child in book.children:
        if not book.belongs(child.id, LBC, on) or not is_of_this_year(reference, child.id):
            continue
        state = book.state_on(child.id, on)
        if state in (EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED):
            continue
        if is_retained and not book.is_there(child.id, reference.term.first_day):
            continue
        day = on
        while day > reference.since and book.belongs(child.id, LBC, day - DAY):
            day -= DAY
        yield share(reference, clause, CHILD, child.id, has=state is not EnrolmentState.DROPPED_OUT, since=day)


@counts("E-14")
def immunised(reference: Reference, clause: str) -> Iterator[Standing]:
    """The last entry about a left-behind child's vaccination says that it is complete."""
    terms = {term.id: term.first_day for term in reference.book.calendar.terms}
    for child, since in of_population(reference, LBC):
        rows = [
            row
            for row in reference.book.of(TermEntry, child)
            if row.vaccination is not None and terms[row.term_id] <= reference.on
        ]
        row = max(rows, key=lambda each: terms[each.term_id], default=None)
        has = row is not None and row.vaccination is Vaccination.COMPLETE
        yield share(reference, clause, CHILD, child, row.id if has else None, has=has, since=since)


@counts("F-05")
def files_and_plans(reference: Reference, clause: str) -> Iterator[Standing]:
    """A child of 四特 or left behind has an archive and a plan in force, ten school days after it was registered."""
    book, on = reference.book, reference.on
    for child, since in of_population(reference, "cared_for"):
        first = registered_since(reference, child, SPECIAL | {CategoryKind.LEFT_BEHIND})
        due_on = book.calendar.add_school_days(first, book.numbers.on("F-05.plan_school_days", first))
        plans = {row.id for row in book.of(SupportPlan, child)}
        has_plan = any(row.plan_id in plans and was_in_force(row, on) for row in book[PlanVersion])
        has = archive_of(reference, child) is not None and has_plan
        yield share(reference, clause, CHILD, child, has=has, due_on=None if has else due_on, since=since)


def was_in_force(row: Any, on: date) -> bool:
    """Whether a version of a plan was in force on a day."""
    if row.in_force_at is None or local_day(row.in_force_at) > on:
        return False
    return row.ended_at is None or local_day(row.ended_at) > on


@counts("G-04", population="four_special")
@counts("J-01", population=LBC)
def paired(reference: Reference, clause: str, *, population: str) -> Iterator[Standing]:
    """A child is in a pair."""
    for child, since in of_population(reference, population):
        yield share(reference, clause, CHILD, child, has=bool(reference.book.pairs(child, reference.on)), since=since)


@counts("J-05")
def teacher_and_pupil(reference: Reference, clause: str) -> Iterator[Standing]:
    """A left-behind child has a teacher and an excellent pupil."""
    book = reference.book
    for child, since in of_population(reference, LBC):
        pairs = book.pairs(child, reference.on)
        has_teacher = any(book.helpers[row.helper_id].kind is HelperKind.STAFF for row in pairs)
        has_pupil = any(row.role is PairingRole.EXCELLENT_STUDENT for row in pairs)
        yield share(reference, clause, CHILD, child, has=has_teacher and has_pupil, since=since)


@counts("J-10")
def buddies(reference: Reference, clause: str) -> Iterator[Standing]:
    """A left-behind child has a friend hand in hand."""
    needed = reference.book.numbers.on("J-10.buddies", reference.on)
    for child, since in of_population(reference, LBC):
        pairs = reference.book.pairs(child, reference.on, "buddy")
        yield share(reference, clause, CHILD, child, has=len(pairs) >= needed, since=since)


def teachers(reference: Reference) -> list[int]:
    """The accounts of those who teach, as it is today."""
    roles = (Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.COUNSELLOR, Role.MENTOR)
    granted = {row.user_id for row in reference.book[RoleGrant] if row.ended_at is None and row.role in roles}
    return [row.id for row in reference.book[AppUser] if row.is_active and row.id in granted]


@counts("J-09")
def teachers_paired(reference: Reference, clause: str) -> Iterator[Standing]:
    """Every teacher has a child."""
    yield from staff_shares(reference, clause, None, None)


def staff_shares(reference: Reference, clause: str, role: PairingRole | None, part: str | None) -> Iterator[Standing]:
    book = reference.book
    for user in teachers(reference):
        pairs = [
            row.id
            for row in book[Pairing]
            if holds(row, reference.on)
            and book.helpers[row.helper_id].user_id == user
            and (role is None or row.role is role)
        ]
        yield share(reference, clause, TEACHER, user, max(pairs, default=None), has=bool(pairs), part=part)


@counts("J-12")
def tutors(reference: Reference, clause: str) -> Iterator[Standing]:
    """Every child has a tutor, and every teacher is one."""
    for child, since in of_population(reference, "pupils"):
        pairs = reference.book.pairs(child, reference.on, "mentor")
        yield share(reference, clause, CHILD, child, has=bool(pairs), since=since)
    yield from staff_shares(reference, clause, PairingRole.MENTOR, "teacher")


# --- archives and cases ---


@counts("F-08")
def archive_looks(reference: Reference, clause: str) -> Iterator[Standing]:
    """Each archive there is is gone through once a term, if it was there long enough."""
    book = reference.book
    for period in reference.periods(TERM):
        needed = book.numbers.on("F-06.review_a_term", period.first)
        least = book.numbers.on(LEAST_PRESENT[TERM], period.first)
        for child in book.children:
            archive = archive_of(reference, child.id)
            if archive is None:
                continue
            deeds = [
                Deed(row.id, row.day, book.written_in_time(row.day, row.recorded_at))
                for row in book[ArchiveLook]
                if row.archive_id == archive.id
            ]
            there = [
                day
                for day in reference.school_days(period.first, period.last)
                if day >= archive.opened_on and book.is_there(child.id, day)
            ]
            asked = [day for day in there if not book.is_exempt(clause, None, child.id, day)]
            if len(there) < least or needed == 0:
                continue
            if len(asked) < least:
                yield apart(clause, None, CHILD, child.id, period, DutyState.EXEMPT)
            elif reference.is_otherwise(clause, None, child.id, period):
                yield apart(clause, None, CHILD, child.id, period, DutyState.DONE_OTHERWISE)
            else:
                yield reference.judged(clause, None, CHILD, child.id, period, deeds, needed)


@counts("F-12")
def handovers(reference: Reference, clause: str) -> Iterator[Standing]:
    """The archives of children of 四特 who graduated in the summer before, or since, are handed over."""
    book = reference.book
    packages = {row.id: row for row in book[HandoverPackage] if row.withdrawn_at is None}
    for child in book.children:
        if child.state is not EnrolmentState.GRADUATED or child.left_on is None:
            continue
        if not reference.since - days(92) <= child.left_on <= reference.on:
            continue
        special = any(
            row.kind in SPECIAL
            and row.from_day <= child.left_on
            and (row.to_day is None or row.to_day >= child.left_on)
            for row in book.written[StudentCategory]
            if row.student_id == child.id
        )
        if not special:
            continue
        for archive in book.of(PsychArchive, child.id):
            handed = [
                packages[row.package_id].handed_on
                for row in book.of(HandoverChild, child.id)
                if row.package_id in packages and packages[row.package_id].handed_on is not None
            ]
            due_on = child.left_on + days(book.numbers.on("F-12.handover_days", child.left_on))
            yield reference.step(
                clause, CHILD, child.id, child.left_on, evening(due_on), noon(min(handed)) if handed else None,
                archive.id, child=child.id,
            )  # fmt: skip


@counts("I-04")
def summaries(reference: Reference, clause: str) -> Iterator[Standing]:
    """An open case is summed up again and again: as the last summary says, first so long after it began.

    It is summed up on the day that is written, whatever days it tells of.
    """
    book, on = reference.book, reference.on
    for case in book[Case]:
        again = [
            row.reopened_at
            for row in book[CaseClosure]
            if row.case_id == case.id and row.reopened_at is not None and local_day(row.reopened_at) <= on
        ]
        begun = local_day(max(again, default=case.opened_at))
        if begun > on:
            continue
        first, due_on = begun, begun + days(book.numbers.on("I-04.summary_every_days", begun))
        rows = [
            row
            for row in book[StageSummary]
            if row.case_id == case.id and begun <= row.to_on <= on and local_day(row.written_at) <= on
        ]
        for row in sorted(rows, key=lambda each: each.to_on):
            if due_on >= reference.since:
                yield reference.step(
                    clause,
                    CASE,
                    case.id,
                    first,
                    evening(due_on),
                    noon(local_day(row.written_at)),
                    case.id,
                    child=case.student_id,
                )
            first, due_on = row.to_on, row.next_on
        if case.closed_at is None or local_day(case.closed_at) > on:
            yield reference.step(clause, CASE, case.id, first, evening(due_on), None, case.id, child=case.student_id)


# --- screening ---


@counts("H-01", population="pupils", times="H-01.rounds_a_term")
@counts("H-02", "H-03", population=LBC, times="H-02.results_a_term")
def screenings(reference: Reference, clause: str, *, population: str, times: str) -> Iterator[Standing]:
    """A child has a valid result of the term, unless its family does not agree; a void one was an attempt."""
    book, term = reference.book, reference.term
    rounds = {row.id for row in book[ScreeningRound] if row.school_year == term.school_year and row.half == term.number}
    for period in reference.periods(TERM):
        needed = book.numbers.on(times, period.first)
        least = book.numbers.on(LEAST_PRESENT[TERM], period.first)
        for child in book.children:
            deeds = [
                Deed(row.id, min(max(row.taken_on, period.first), period.last), True, row.is_valid)
                for row in book.of(ScreeningResult, child.id)
                if row.round_id in rounds and row.taken_on <= reference.on
            ]
            found = reference.period_standing(clause, child.id, population, period, deeds, needed)
            if found is None:
                continue
            asked = [
                day
                for day in reference.school_days(period.first, period.last)
                if book.is_asked_about(child.id, population, day)
                and not book.is_exempt(clause, None, child.id, day)
                and not is_refused(reference, child.id, day)
            ]
            if len(asked) < least:
                found = apart(clause, None, CHILD, child.id, period, DutyState.EXEMPT)
            yield found


def is_refused(reference: Reference, child: int, day: date) -> bool:
    """Whether a family's last word by a day was no."""
    said = [
        row for row in reference.book.of(Consent, child) if row.purpose is ConsentPurpose.SCREENING and row.day <= day
    ]
    newest = max(said, key=lambda row: (row.day, row.id), default=None)
    return newest is not None and newest.answer in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN)


@counts("H-04")
def flagged(reference: Reference, clause: str) -> Iterator[Standing]:
    """Somebody talks with a child its result points out."""
    book = reference.book
    records = {row.id: row for row in book[CareRecord]}
    for row in book[ScreeningResult]:
        if not row.needs_contact or not is_in_year(reference, row.recorded_at):
            continue
        contact = records.get(row.contact_id)
        is_met = contact is not None and contact.is_done and contact.withdrawn_at is None
        is_met = is_met and contact.day >= row.taken_on
        due_at = deadlines.screening_contact_due(
            known_at=row.recorded_at, is_urgent=row.is_urgent, calendar=book.calendar
        )
        [child] = [each for each in book[Student] if each.id == row.student_id]
        if not is_met and child.state in GONE_FOR_GOOD and child.left_on and child.left_on <= local_day(due_at):
            continue
        yield reference.step(
            clause, CHILD, row.student_id, local_day(row.recorded_at), due_at,
            clock.at_school(contact.day, time(0)) if is_met else None, row.id, child=row.student_id,
        )  # fmt: skip


# --- classes, entries, lists ---


@counts("I-05", kind=ClassPaperKind.PLAN)
@counts("I-06", kind=ClassPaperKind.SUMMARY)
def class_papers(reference: Reference, clause: str, *, kind: ClassPaperKind) -> Iterator[Standing]:
    """A class with left-behind children files a plan at the beginning of the term, a summary at its end."""
    book, term, on = reference.book, reference.term, reference.on
    number = book.numbers.on("I-05.plan_by_day", term.first_day)
    due_on = term.first_day + days(number - 1) if kind is ClassPaperKind.PLAN else term.last_day
    wanted = {book.class_on(child, on) for child in book.of_population(LBC, on)}
    for one in (each for each in book[SchoolClass] if each.id in wanted):
        rows = [
            row for row in book[ClassPaper] if row.class_id == one.id and row.term_id == term.id and row.kind is kind
        ]
        filed = noon(local_day(rows[0].recorded_at)) if rows else None
        yield reference.step(
            clause, CLASS, one.id, term.first_day, evening(due_on), filed, rows[0].id if rows else 0, class_id=one.id
        )


@counts("I-12")
def results(reference: Reference, clause: str) -> Iterator[Standing]:
    """A left-behind child's results are entered once a term, be it in the holidays after."""
    book = reference.book
    for period in reference.periods(TERM):
        needed = book.numbers.on("I-12.results_a_term", period.first)
        for child in book.children:
            deeds = [
                Deed(row.id, min(local_day(row.recorded_at), period.last), True)
                for row in book.of(TermEntry, child.id)
                if row.term_id == reference.term.id and row.study is not None
            ]
            if found := reference.period_standing(clause, child.id, LBC, period, deeds, needed):
                yield found


@counts("I-22")
def check_ups(reference: Reference, clause: str) -> Iterator[Standing]:
    """A left-behind child is examined once a school year."""
    book = reference.book
    for period in reference.periods(YEAR):
        needed = book.numbers.on("I-22.checkups_a_year", period.first)
        for child in book.children:
            deeds = [
                Deed(row.id, row.checked_up_on, True)
                for row in book.of(TermEntry, child.id)
                if row.checked_up_on is not None
            ]
            if found := reference.period_standing(clause, child.id, LBC, period, deeds, needed):
                yield found


@counts("S-04")
def exchanges(reference: Reference, clause: str) -> Iterator[Standing]:
    """Lists of others are received so often a term."""
    for period in reference.periods(TERM):
        needed = reference.book.numbers.on("S-04.exchanges_a_term", period.first)
        deeds = [
            Deed(row.id, row.day, True)
            for row in reference.book[ListExchange]
            if row.direction is ExchangeDirection.RECEIVED
        ]
        if found := whole_standing(reference, clause, SCHOOL, 0, period, deeds, needed):
            yield found
