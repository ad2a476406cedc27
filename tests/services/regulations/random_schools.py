"""Small invented schools in which everything happens at odd times, written straight as rows."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from db.base import new_uid
from db.tables import (
    METADATA,
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
    ClassTeacher,
    ClassTeacherKind,
    ClauseExcuse,
    ClauseSwitch,
    ClosingOutcome,
    ClosingState,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    ContactCardVersion,
    Deputy,
    EnrolmentChange,
    EnrolmentState,
    ExchangeBody,
    ExchangeDirection,
    ExcuseKind,
    ExcuseState,
    Gender,
    HandoverChild,
    HandoverPackage,
    HandoverReason,
    HandoverWay,
    Helper,
    HelperKind,
    ListExchange,
    NotReached,
    Pairing,
    PairingEnd,
    PairingRole,
    ParameterVersion,
    PlanKind,
    PlanState,
    PlanVersion,
    PsychArchive,
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
    RoleGrant,
    SchoolClass,
    SchoolDayException,
    ScreeningResult,
    ScreeningRound,
    Severity,
    StageSummary,
    Student,
    StudentCategory,
    StudyLevel,
    SupportPlan,
    Term,
    TermEntry,
    Vaccination,
)  # fmt: skip
from services import clock
from services.regulations.measures import measures

DAY = timedelta(days=1)
FIRST_NUMBER = 1_000_000  # beyond what a new database brings along
NUMBERS = {
    "A-06.late_record_school_days": (0, 5), "A-06.present_in_week": (1, 5), "A-06.present_in_month": (3, 15),
    "A-06.present_in_term": (5, 40), "K-01.talks_a_month": (0, 3), "K-10.videos_a_week": (0, 2),
    "H-12.talk_minutes": (5, 20), "E-02.within_weeks": (1, 8), "G-01.done_by_school_day": (5, 40),
    "E-05.baseline_days": (10, 90), "F-03.new_pupil_days": (5, 60), "F-05.plan_school_days": (1, 20),
    "J-10.buddies": (0, 2), "I-23.sick_school_days": (0, 2), "D-05.reply_school_days": (0, 4),
    "I-04.summary_every_days": (10, 60), "S-04.exchanges_a_term": (0, 2), "I-05.plan_by_day": (5, 30),
    "J-01.paired_share": (50, 100), "F-12.handover_days": (10, 40), "F-06.review_a_term": (1, 2),
}  # fmt: skip
KINDS = (
    *(CareKind.TALK,) * 4, *(CareKind.HOME_VISIT,) * 4, *(CareKind.CALL,) * 2, *(CareKind.FAMILY_VIDEO,) * 4,
    *(CareKind.SICK_CARE,) * 2, *CareKind,
)  # fmt: skip
ONE_AT_A_TIME = (
    PairingRole.MENTOR, PairingRole.PROXY_PARENT, PairingRole.PARTY_CADRE, PairingRole.EXCELLENT_STUDENT,
    PairingRole.LOVE_MOTHER,
)  # fmt: skip
SPECIAL = (CategoryKind.SPECIAL_FAMILY, CategoryKind.SPECIAL_PSYCHOLOGY, CategoryKind.SPECIAL_CONDUCT)


class RandomSchool:
    """One school, made from one number: the same number makes the same school."""

    def __init__(self, session: Session, seed: int) -> None:
        self.chance = Random(seed)
        self._rows: dict[type, list[Any]] = defaultdict(list)
        self.year = self.chance.choice((2025, 2026))  # the spring of 2027 is in no national calendar yet
        self._terms()
        self._people()
        self._children()
        for write in (
            self._categories, self._pairs, self._records, self._excuses, self._referrals, self._checks, self._archives,
            self._screenings, self._entries, self._numbers, self._switches,
        ):  # fmt: skip
            write()
        self._save(session)

    # --- small things ---

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def day(self, first: date | None = None, last: date | None = None) -> date:
        first, last = first or self.first, last or self.last
        return first + self.chance.randrange(max((last - first).days, 0) + 1) * DAY

    def at(self, day: date) -> datetime:
        return clock.at_school(day, time(self.chance.randrange(7, 22), self.chance.randrange(60)))

    def written(self, day: date) -> datetime:
        return self.at(day + self.chance.choice((0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 9)) * DAY)

    def spans(self, first: date, last: date, *, most: int = 3) -> Iterator[tuple[date, date | None]]:
        """Stretches that don't overlap, some open at the end, some that follow each other at once."""
        for _ in range(self.chance.randrange(1, most + 1)):
            begin = first if self.often(0.4) else self.day(first, last)
            end = None if self.often(0.4) else begin + self.chance.choice((1, 5, 12, 20, 40, 90)) * DAY
            yield begin, end
            if end is None or end > last:
                return
            first = end

    def add(self, *rows: Any) -> None:
        """Keep rows for the end, each with its number at once: so all are written together, table by table."""
        for row in rows:
            self._rows[type(row)].append(row)
            if isinstance(row, SchoolDayException):
                continue
            row.id = len(self._rows[type(row)]) + FIRST_NUMBER

    def _save(self, session: Session) -> None:
        tables = {kind.__table__: rows for kind, rows in self._rows.items()}  # type: ignore[attr-defined]
        for table in METADATA.sorted_tables:
            if rows := tables.get(table):
                names = [column.name for column in table.columns]
                session.execute(insert(table), [{name: getattr(row, name) for name in names} for row in rows])

    # --- the school ---

    def _terms(self) -> None:
        year, chance = self.year, self.chance
        terms = [
            Term(
                school_year=year, number=1, first_day=date(year, 8, 31) + chance.randrange(5) * DAY,
                last_day=date(year + 1, 1, 16) + chance.randrange(22) * DAY,
            )
        ]  # fmt: skip
        if self.often(0.6):
            terms.append(
                Term(
                    school_year=year, number=2, first_day=date(year + 1, 2, 15) + chance.randrange(18) * DAY,
                    last_day=date(year + 1, 6, 28) + chance.randrange(12) * DAY,
                )
            )  # fmt: skip
        self.first, self.last = terms[0].first_day, terms[-1].last_day
        if self.often(0.3):
            terms.append(
                Term(school_year=year - 1, number=2, first_day=date(year, 2, 24), last_day=date(year, 7, 4))
            )  # fmt: skip
        self.add(*terms)
        for day in {self.day() for _ in range(chance.randrange(12))}:
            self.add(SchoolDayException(day=day, is_school_day=self.often(0.4), label="本校安排"))
        for _ in range(chance.randrange(2)):  # a week's holiday in mid-term
            first = self.day()
            for number in range(7):
                if first + number * DAY not in {row.day for row in self._rows[SchoolDayException]}:
                    self.add(SchoolDayException(day=first + number * DAY, is_school_day=False, label="本校放假"))
        self.terms = sorted(terms, key=lambda term: term.first_day)

    def _people(self) -> None:
        chance = self.chance
        self.users = [
            AppUser(
                username=new_uid(), display_name=f"试教师{number}", password_hash="x", is_active=self.often(0.9),
                created_at=self.at(self.first),
            )
            for number in range(6)
        ]  # fmt: skip
        self.classes = [
            SchoolClass(school_year=self.year, grade=7, number=number + 1) for number in range(chance.randrange(2, 4))
        ]
        self.old_class = SchoolClass(school_year=self.year - 1, grade=6, number=1)
        self.add(*self.users, *self.classes, self.old_class)
        for user in self.users:
            role = chance.choice((Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.COUNSELLOR, Role.MENTOR, Role.FINANCE))
            ended = self.at(self.day()) if self.often(0.1) else None
            self.add(RoleGrant(user_id=user.id, role=role, granted_at=self.at(self.first), ended_at=ended))
        for one in self.classes:
            for first, last in self.spans(self.first, self.last, most=2):
                self.add(
                    ClassTeacher(
                        class_id=one.id, user_id=chance.choice(self.users).id, kind=ClassTeacherKind.HOMEROOM,
                        from_day=first, to_day=last,
                    )
                )  # fmt: skip
        for absent in self.users[:3]:
            if self.often(0.5):
                first = self.day()
                self.add(
                    Deputy(
                        absent_id=absent.id, deputy_id=chance.choice(self.users[3:]).id, from_day=first,
                        to_day=first + chance.randrange(1, 60) * DAY, recorded_at=self.at(first),
                    )
                )  # fmt: skip
        self.helpers = [
            Helper(
                kind=kind, user_id=self.users[number].id if kind is HelperKind.STAFF else None,
                name=None if kind is HelperKind.STAFF else f"试帮扶{number}", capacity=15, from_day=self.first,
                recorded_at=self.at(self.first),
            )
            for number, kind in enumerate((HelperKind.STAFF,) * 4 + tuple(HelperKind)[1:])
        ]  # fmt: skip
        self.add(*self.helpers)

    def _children(self) -> None:
        self.children = [
            Student(
                name=f"试学生{number}", name_initials="sxs", name_pinyin="shixuesheng", gender=Gender.FEMALE,
                birth_day=date(2013, 5, 21), recorded_at=self.at(self.first),
                entered_on=self.first - 365 * DAY if self.often(0.3) else None,
            )
            for number in range(self.chance.randrange(3, 9))
        ]  # fmt: skip
        self.add(*self.children)
        for child in self.children:
            self._one_child(child)
        if len(self.children) > 3 and self.often(0.3):
            found_twice = self.children[-1]
            found_twice.merged_into_id, found_twice.merged_at = self.children[0].id, self.at(self.last)

    def _one_child(self, child: Student) -> None:
        come = self.first if self.often(0.6) else self.day(self.first - 10 * DAY, self.last)
        if come == self.first and self.often(0.4):  # from the year before
            self.add(
                ClassMembership(
                    student_id=child.id, class_id=self.old_class.id, from_day=self.first - 360 * DAY, to_day=self.first
                )
            )  # fmt: skip
        story = self.chance.choice(("stays", "stays", "moves", "leaves", "pauses"))
        turn = self.day(come + DAY, self.last + 20 * DAY)
        own, other = self.chance.choice(self.classes).id, self.chance.choice(self.classes).id
        state = self.chance.choice((EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED, EnrolmentState.DROPPED_OUT))
        to_day = turn if story in ("moves", "leaves") else None
        self.add(ClassMembership(student_id=child.id, class_id=own, from_day=come, to_day=to_day))
        changes: list[tuple[EnrolmentState, date]] = []
        if story != "stays" or self.often(0.5):
            changes.append((EnrolmentState.ENROLLED, come))
        if story == "moves":
            self.add(ClassMembership(student_id=child.id, class_id=other, from_day=turn))
        elif story == "leaves":
            child.state, child.left_on = state, turn
            changes.append((state, turn))
        elif story == "pauses":
            changes.append((EnrolmentState.ON_LEAVE, turn))
            child.state = EnrolmentState.ON_LEAVE
            if self.often(0.6):
                back = turn + self.chance.choice((0, 5, 20, 40)) * DAY
                changes.append((EnrolmentState.ENROLLED, back))
                child.state = EnrolmentState.ENROLLED
        before = None
        for became, day in changes:
            self.add(
                EnrolmentChange(
                    student_id=child.id, from_state=before, to_state=became, day=day, recorded_at=self.at(day)
                )
            )  # fmt: skip
            before = became

    def _categories(self) -> None:
        self.categories: dict[int, list[StudentCategory]] = {}
        for child in self.children:
            kinds = [CategoryKind.LEFT_BEHIND] if self.often(0.7) else []
            kinds += [kind for kind in SPECIAL if self.often(0.25)]
            for kind in kinds:
                early = self.first - self.chance.choice((0, 0, 30, 500)) * DAY
                for first, last in self.spans(early, self.last, most=2):
                    row = StudentCategory(
                        student_id=child.id, kind=kind, from_day=first, to_day=last, recorded_at=self.at(first)
                    )
                    self.add(row)
                    self.categories.setdefault(child.id or 0, []).append(row)

    def _pairs(self) -> None:
        for child in self.children:
            for role in (*ONE_AT_A_TIME, PairingRole.BUDDY, PairingRole.VOLUNTEER):
                if self.often(0.45):
                    for first, last in self.spans(self.first, self.last):
                        self.add(
                            Pairing(
                                student_id=child.id, helper_id=self.chance.choice(self.helpers).id, role=role,
                                from_day=first, to_day=last, end_reason=PairingEnd.CHANGED if last else None,
                                recorded_at=self.at(first),
                            )
                        )  # fmt: skip

    def _records(self) -> None:
        for child in self.children:
            for _ in range(self.chance.randrange(40)):
                day = self.day(self.first - 20 * DAY, self.last + 10 * DAY)
                is_done = self.often(0.8)
                self.add(
                    CareRecord(
                        student_id=child.id, kind=self.chance.choice(KINDS), day=day, is_done=is_done,
                        minutes=self.chance.choice((None, 5, 10, 15, 20)),
                        not_reached=None if is_done else NotReached.NO_ANSWER,
                        author_id=self.chance.choice([*(user.id for user in self.users), None]),
                        helper_id=self.chance.choice(self.helpers[4:]).id if self.often(0.15) else None,
                        recorded_at=self.written(day), withdrawn_at=self.at(day) if self.often(0.07) else None,
                    )
                )  # fmt: skip

    def _excuses(self) -> None:
        for _ in range(self.chance.randrange(30)):
            clause = self.chance.choice(list(measures().values()))
            first, kind = self.day(), self.chance.choice(list(ExcuseKind))
            length = self.chance.choice((1, 7, 25, 60))
            state = self.chance.choice((*(ExcuseState.STANDING,) * 3, *ExcuseState))
            parts = [each.part for each in clause.duties if each.part]
            answered = state in (ExcuseState.STANDING, ExcuseState.DECLINED)
            is_class = self.often(0.25)
            self.add(
                ClauseExcuse(
                    kind=kind, clause_id=clause.clause_id,
                    part=self.chance.choice(parts) if parts and self.often(0.5) else None,
                    student_id=None if is_class else self.chance.choice(self.children).id,
                    class_id=self.chance.choice(self.classes).id if is_class else None, from_day=first,
                    to_day=None if kind is ExcuseKind.EXEMPT and self.often(0.3) else first + length * DAY,
                    state=state, asked_at=self.at(first), answered_at=self.at(first) if answered else None,
                )
            )  # fmt: skip

    def _referrals(self) -> None:
        self.referrals: list[Referral] = []
        for _ in range(self.chance.randrange(8)):
            noticed = self.day(self.first - 10 * DAY)
            received = self.at(noticed + self.chance.choice((0, 0, 1, 4)) * DAY)
            answered = received + timedelta(hours=self.chance.choice((1, 5, 30, 100, 400)))
            is_abuse = self.often(0.25)
            state = self.chance.choice((ReferralState.ANSWERED, ReferralState.ROUTED, ReferralState.RECEIVED))
            self.referrals.append(
                Referral(
                    student_id=self.chance.choice(self.children).id, channel=self.chance.choice(list(ReferralChannel)),
                    registered_by_id=self.users[0].id, noticed_on=noticed, received_at=received, recorded_at=received,
                    is_suspected_abuse=is_abuse, state=state,
                    abuse_marked_at=received + timedelta(days=self.chance.randrange(20)) if is_abuse else None,
                    answered_at=answered if state is ReferralState.ANSWERED or self.often(0.4) else None,
                )
            )  # fmt: skip
        self.add(*self.referrals)
        for referral in self.referrals:
            if self.often(0.5):
                self._case(referral)

    def _case(self, referral: Referral) -> None:
        opened = referral.received_at + timedelta(days=self.chance.randrange(10))
        case = Case(
            student_id=referral.student_id, referral_id=referral.id, severity=Severity.ORDINARY,
            owner_id=self.users[0].id, opened_at=opened,
        )  # fmt: skip
        self.add(case)
        day = clock.local(opened).date()
        for _ in range(self.chance.randrange(4)):
            begin, day = day, day + self.chance.randrange(5, 50) * DAY
            self.add(
                StageSummary(
                    case_id=case.id, from_on=begin, to_on=day, next_on=day + self.chance.randrange(5, 50) * DAY,
                    written_by_id=self.users[0].id, written_at=self.at(day + self.chance.randrange(9) * DAY),
                )
            )  # fmt: skip
        if self.often(0.4):
            closed = self.at(day + self.chance.randrange(30) * DAY)
            reopened = closed + timedelta(days=self.chance.randrange(1, 30)) if self.often(0.4) else None
            case.closed_at = None if reopened else closed
            self.add(
                CaseClosure(
                    case_id=case.id, state=ClosingState.AGREED, outcome=ClosingOutcome.LEFT, asked_at=closed,
                    asked_by_id=self.users[0].id, decided_by_id=self.users[1].id, decided_at=closed,
                    reopened_at=reopened,
                )
            )  # fmt: skip

    def _checks(self) -> None:
        rounds = []
        for term in self.terms:
            if self.often(0.8):
                rounds.append(
                    CheckRound(
                        term_id=term.id,
                        due_day=term.first_day + self.chance.randrange(10, 160) * DAY,
                        opened_at=self.at(term.first_day),
                    )
                )
            for month in (1, 4, 7, 10):
                first = date(term.first_day.year if month > 6 else term.last_day.year, month, 1)
                there = any(each.quarter_from == first for each in rounds)
                if term.first_day - 90 * DAY < first < term.last_day and not there and self.often(0.8):
                    rounds.append(
                        CheckRound(
                            term_id=term.id, kind=CheckKind.SPECIAL_CHECK, quarter_from=first,
                            due_day=first + self.chance.randrange(20, 100) * DAY, opened_at=self.at(first),
                        )
                    )  # fmt: skip
        self.add(*rounds)
        for each in rounds:
            for one in self.classes:
                if self.often(0.7):
                    self._return(each, one)
        for child in self.children:
            for number in range(self.chance.randrange(3)):
                self.add(
                    ContactCardVersion(
                        student_id=child.id, number=number + 1, parts_filled=3, changed="home_address",
                        ended_at=self.at(self.day()),
                    )
                )  # fmt: skip

    def _return(self, each: CheckRound, one: SchoolClass) -> None:
        first = clock.local(each.opened_at).date()
        days = sorted(self.day(first, first + 110 * DAY) for _ in range(self.chance.choice((1, 1, 2))))
        returns = [
            CheckReturn(round_id=each.id, class_id=one.id, revision=number, children_count=3, returned_at=self.at(day))
            for number, day in enumerate(days, start=1)
        ]
        for before, after in pairwise(returns):
            before.replaced_at = after.returned_at
        self.add(*returns)
        for said in returns:
            for child in self.children:
                for category in self.categories.get(child.id or 0, ()):
                    if self.often(0.3):
                        self.add(
                            CheckFinding(
                                return_id=said.id, student_id=child.id, category_id=category.id, kind=category.kind,
                                result=self.chance.choice((CheckResult.UNCHANGED, CheckResult.CHANGED)),
                            )
                        )  # fmt: skip

    def _archives(self) -> None:
        for child in self.children:
            if self.often(0.7):
                opened = self.day(self.first - 100 * DAY, self.last)
                archive = PsychArchive(student_id=child.id, opened_on=opened, recorded_at=self.at(opened))
                self.add(archive)
                for day in (self.day(opened, max(self.last, opened)) for _ in range(self.chance.randrange(3))):
                    self.add(ArchiveLook(archive_id=archive.id, day=day, recorded_at=self.written(day)))
            if self.often(0.5):
                self._plan(child)
            if self.often(0.4):
                self._handover(child)

    def _plan(self, child: Student) -> None:
        plan = SupportPlan(
            student_id=child.id, kind=PlanKind.CARE, owner_id=self.users[0].id, begun_at=self.at(self.first)
        )
        self.add(plan)
        begun, ended = self.at(self.day(self.first - 30 * DAY)), None
        if self.often(0.4):
            ended = begun + timedelta(days=self.chance.randrange(60))
        self.add(
            PlanVersion(
                plan_id=plan.id, number=1, state=PlanState.ENDED if ended else PlanState.IN_FORCE, review_on=self.last,
                written_at=begun, in_force_at=begun, ended_at=ended,
            )
        )  # fmt: skip

    def _handover(self, child: Student) -> None:
        handed = self.day(self.first, self.last + 30 * DAY) if self.often(0.7) else None
        package = HandoverPackage(
            reason=HandoverReason.GRADUATION, children=1, files=1, size_bytes=1, sha256="0" * 64,
            made_at=self.at(self.first), handed_on=handed, way=HandoverWay.BY_HAND if handed else None,
            withdrawn_at=self.at(self.last) if self.often(0.2) else None,
        )  # fmt: skip
        self.add(package)
        self.add(HandoverChild(package_id=package.id, student_id=child.id, place=1, items=1))

    def _screenings(self) -> None:
        for term in self.terms:
            screening = ScreeningRound(
                school_year=term.school_year, half=term.number, scale="mht", opened_at=self.at(term.first_day)
            )
            self.add(screening)
            for child in self.children:
                for number in range(self.chance.choice((0, 1, 1, 2))):
                    self._result(screening, child, term, number + 1)
        for child in self.children:
            said = sorted(self.day() for _ in range(self.chance.choice((0, 0, 1, 2))))
            for number, day in enumerate(said):
                self.add(
                    Consent(
                        student_id=child.id, purpose=ConsentPurpose.SCREENING,
                        answer=self.chance.choice(list(ConsentAnswer)), day=day, recorded_at=self.at(day),
                        replaced_at=self.at(said[number + 1]) if number + 1 < len(said) else None,
                    )
                )  # fmt: skip

    def _result(self, screening: ScreeningRound, child: Student, term: Term, number: int) -> None:
        taken = self.day(term.first_day - 5 * DAY, term.last_day + 5 * DAY)
        contact = None
        if self.often(0.4):
            is_done = self.often(0.8)
            contact = CareRecord(
                student_id=child.id, kind=CareKind.TALK, day=taken + self.chance.randrange(15) * DAY, is_done=is_done,
                not_reached=None if is_done else NotReached.NOT_THERE, author_id=self.users[0].id,
                recorded_at=self.at(taken),
            )  # fmt: skip
            self.add(contact)
        self.add(
            ScreeningResult(
                round_id=screening.id, student_id=child.id, taken_on=taken, number=number, is_valid=self.often(0.8),
                level="high", rank=2, is_urgent=self.often(0.3), needs_contact=self.often(0.6),
                recorded_at=self.written(taken), contact_id=contact.id if contact else None,
            )
        )  # fmt: skip

    def _entries(self) -> None:
        for term in self.terms:
            for child in self.children:
                if self.often(0.6):
                    day = self.day(term.first_day, term.last_day)
                    self.add(
                        TermEntry(
                            student_id=child.id, term_id=term.id, study=StudyLevel.GOOD if self.often(0.6) else None,
                            checked_up_on=day if self.often(0.5) else None, recorded_at=self.written(day),
                            vaccination=self.chance.choice((None, *Vaccination)),
                        )
                    )  # fmt: skip
            for one in self.classes:
                for kind in ClassPaperKind:
                    if self.often(0.5):
                        day = self.day(term.first_day, term.last_day + 10 * DAY)
                        self.add(ClassPaper(class_id=one.id, term_id=term.id, kind=kind, recorded_at=self.at(day)))
        for _ in range(self.chance.randrange(3)):
            day = self.day()
            self.add(
                ListExchange(
                    direction=self.chance.choice(list(ExchangeDirection)), body=ExchangeBody.WOMEN,
                    kind=CategoryKind.LEFT_BEHIND, day=day, file_digest=new_uid(), recorded_at=self.at(day),
                )
            )  # fmt: skip

    def _numbers(self) -> None:
        for name, (least, most) in NUMBERS.items():
            for number in range(self.chance.choice((0, 0, 0, 1, 2))):
                self.add(
                    ParameterVersion(
                        name=name, number=number + 1, value=json.dumps(self.chance.randrange(least, most + 1)),
                        in_force_from=self.day(self.first - 10 * DAY), reason="试", set_at=self.at(self.first),
                        withdrawn_at=self.at(self.first) if self.often(0.1) else None,
                    )
                )  # fmt: skip

    def _switches(self) -> None:
        for clause_id in measures():
            day, is_on = (self.first - 40 * DAY if self.often(0.7) else self.day()), True
            for number in range(self.chance.choice((1, 1, 1, 2, 3))):
                self.add(
                    ClauseSwitch(
                        clause_id=clause_id, number=number + 1, is_on=is_on, from_day=day, set_at=self.at(self.first),
                        withdrawn_at=self.at(self.first) if self.often(0.05) else None,
                    )
                )  # fmt: skip
                day, is_on = self.day(max(day, self.first), self.last), not is_on

    def days(self, number: int) -> list[date]:
        """Days to look at: of the terms, between them, before and after."""
        return [self.day(self.first - 15 * DAY, self.last + 40 * DAY) for _ in range(number)]
