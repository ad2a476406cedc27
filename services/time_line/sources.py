"""Everything that stands on a child's time line: one entry for each source, filtered as its own pages filter it.

A new area adds a member to `Source`, an entry to `SOURCES`, and a look to `ui.time_line_words`; nothing else.
"""

from typing import Any

from sqlalchemy import String, case, cast, literal
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from db.tables import (
    Assessment,
    CareOption,
    CareRecord,
    Case,
    CaseConference,
    CheckFinding,
    CheckReturn,
    ClassMembership,
    Consent,
    ContactCardVersion,
    DropOut,
    EnrolmentChange,
    OutwardReferral,
    ParentsPromise,
    Referral,
    SchoolClass,
    SpecialKind,
    Student,
    StudentCategory,
    Term,
    TermEntry,
)
from services.access import Permission, Subject
from services.actors import Actor
from services.record_views import opens_words, sees_records
from services.referral_lists import shown_state
from services.row_filters import sees_cases, sees_drop_outs, sees_outward, sees_referrals, sees_students
from services.time_line.parts import Lines, LocalDay, Source, SourceSpec, line_columns, name_of


def _value(column: Any) -> Any:
    """Return an enumeration's column as its value, without the conversion."""
    return cast(column, String)


def _records(actor: Actor, student_id: int) -> Lines:
    row = CareRecord
    state = case((col(row.withdrawn_at).is_not(None), "withdrawn"), (col(row.is_done), "done"), else_="tried")
    columns = line_columns(
        Source.RECORD,
        kind=row.kind,
        record_id=col(row.id),
        day=col(row.day),
        at=col(row.recorded_at),
        what=row.kind,
        state=state,
        label=case((col(row.is_done), _value(row.place)), else_=_value(row.not_reached)),
        number=col(row.minutes),
        person=name_of(row.author_id),
        may_open=opens_words(actor),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_records(actor))
    )


def _referrals(actor: Actor, student_id: int) -> Lines:
    row = Referral
    columns = line_columns(
        Source.REFERRAL,
        record_id=col(row.id),
        day=LocalDay(col(row.received_at)),
        at=col(row.received_at),
        what=row.channel,
        state=shown_state(actor),
    )
    return select(*columns).where(row.student_id == student_id, sees_referrals(actor))


def _assessments(actor: Actor, student_id: int) -> Lines:
    row = Assessment
    columns = line_columns(
        Source.ASSESSMENT,
        record_id=col(Case.id),
        day=LocalDay(col(row.assessed_at)),
        at=col(row.assessed_at),
        what=row.severity,
        person=name_of(row.assessed_by_id),
    )
    return (
        select(*columns)
        .join(Case, col(Case.referral_id) == col(row.referral_id))
        .join(Referral, col(Referral.id) == col(row.referral_id))
        .where(row.student_id == student_id, sees_cases(actor))
    )


def _cases(actor: Actor, student_id: int) -> Lines:
    columns = line_columns(
        Source.CASE,
        record_id=col(Case.id),
        day=LocalDay(col(Case.opened_at)),
        at=col(Case.opened_at),
        what=Case.severity,
        person=name_of(Case.owner_id),
    )
    return (
        select(*columns)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.student_id == student_id, sees_cases(actor))
    )


def _conferences(actor: Actor, student_id: int) -> Lines:
    row = CaseConference
    at = func.coalesce(col(row.held_at), col(row.called_at), type_=row.called_at.type)  # type: ignore[attr-defined]
    columns = line_columns(
        Source.CONFERENCE,
        record_id=col(Case.id),
        day=LocalDay(at),
        at=at,
        state=case((col(row.held_at).is_not(None), "held"), else_="called"),
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Case, col(Case.id) == col(row.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.student_id == student_id, sees_cases(actor))
    )


def _outward(actor: Actor, student_id: int) -> Lines:
    """That a child was referred out; the same row says that it ended, and when it did that is a line of its own."""
    return _outward_lines(actor, student_id, day=col(OutwardReferral.referred_on), state=literal("began"))


def _ended_outward(actor: Actor, student_id: int) -> Lines:
    ended = _outward_lines(actor, student_id, day=col(OutwardReferral.ended_on), state=OutwardReferral.outcome)
    return ended.where(col(OutwardReferral.ended_on).is_not(None))


def _outward_lines(actor: Actor, student_id: int, *, day: object, state: Any) -> Lines:
    row = OutwardReferral
    columns = line_columns(
        Source.OUTWARD,
        record_id=col(row.id),
        day=day,
        at=col(row.recorded_at),
        what=row.target_kind,
        state=state,
        person=name_of(row.owner_id),
    )
    return select(*columns).where(row.student_id == student_id, sees_outward(actor))


def _drop_outs(actor: Actor, student_id: int) -> Lines:
    row = DropOut
    columns = line_columns(
        Source.DROP_OUT,
        record_id=col(row.id),
        day=col(row.noticed_on),
        at=col(row.recorded_at),
        what=row.reason,
        state=func.coalesce(_value(row.outcome), "open"),
        person=name_of(row.recorded_by_id),
    )
    return select(*columns).where(row.student_id == student_id, sees_drop_outs(actor))


def _categories(actor: Actor, student_id: int) -> Lines:
    """That a category began; the same row says that it ended, and when it did that is a line of its own."""
    began = _category_lines(actor, student_id, day=col(StudentCategory.from_day), state="began")
    return began.where(func.coalesce(col(StudentCategory.to_day) > col(StudentCategory.from_day), True))


def _ended_categories(actor: Actor, student_id: int) -> Lines:
    ended = _category_lines(actor, student_id, day=col(StudentCategory.to_day), state="ended")
    return ended.where(col(StudentCategory.to_day) > col(StudentCategory.from_day))


def _category_lines(actor: Actor, student_id: int, *, day: object, state: str) -> Lines:
    row, difficulty, level = StudentCategory, aliased(CareOption), aliased(CareOption)
    columns = line_columns(
        Source.CATEGORY,
        record_id=col(row.id),
        day=day,
        at=col(row.recorded_at),
        what=row.kind,
        state=literal(state),
        label=func.coalesce(difficulty.label, SpecialKind.label),
        detail=level.label,
        number=col(row.level),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .join(SpecialKind, col(SpecialKind.kind) == col(row.kind), isouter=True)
        .join(difficulty, col(difficulty.id) == col(row.difficulty_id), isouter=True)
        .join(level, col(level.level) == col(row.level), isouter=True)
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


def _checks(actor: Actor, student_id: int) -> Lines:
    row = CheckFinding
    columns = line_columns(
        Source.CHECK,
        record_id=col(row.category_id),
        day=LocalDay(col(CheckReturn.returned_at)),
        at=col(CheckReturn.returned_at),
        what=row.kind,
        state=row.result,
        label=SpecialKind.label,
        detail=CareOption.label,
        number=col(row.level),
        person=name_of(CheckReturn.returned_by_id),
    )
    return (
        select(*columns)
        .join(CheckReturn, col(CheckReturn.id) == col(row.return_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .join(SpecialKind, col(SpecialKind.kind) == col(row.kind), isouter=True)
        .join(CareOption, col(CareOption.level) == col(row.level), isouter=True)
        .where(
            row.student_id == student_id,
            col(CheckReturn.replaced_at).is_(None),
            sees_students(actor, Subject.CATEGORY),
        )
    )


def _cards(actor: Actor, student_id: int) -> Lines:
    row = ContactCardVersion
    columns = line_columns(
        Source.CARD,
        record_id=col(row.id),
        day=LocalDay(col(row.ended_at)),
        at=col(row.ended_at),
        what=row.changed,
        person=name_of(row.ended_by_id),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CONTACT))
    )


def _enrolment(actor: Actor, student_id: int) -> Lines:
    row = EnrolmentChange
    columns = line_columns(
        Source.ENROLMENT,
        record_id=col(row.id),
        day=col(row.day),
        at=col(row.recorded_at),
        what=row.from_state,
        state=row.to_state,
        person=name_of(row.recorded_by_id),
    )
    return select(*columns).where(row.student_id == student_id)


def _classes(actor: Actor, student_id: int) -> Lines:
    row = ClassMembership
    columns = line_columns(
        Source.SCHOOL_CLASS,
        record_id=col(row.id),
        day=col(row.from_day),
        at=col(Student.recorded_at),  # when it was written down is not kept
        what=SchoolClass.grade,
        number=col(SchoolClass.number),
    )
    return (
        select(*columns)
        .join(SchoolClass, col(SchoolClass.id) == col(row.class_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, func.coalesce(col(row.to_day) > col(row.from_day), True))
    )


def _consents(actor: Actor, student_id: int) -> Lines:
    row = Consent
    columns = line_columns(
        Source.CONSENT,
        record_id=col(row.id),
        day=col(row.day),
        at=col(row.recorded_at),
        what=row.purpose,
        state=row.answer,
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


def _promises(actor: Actor, student_id: int) -> Lines:
    row = ParentsPromise
    columns = line_columns(
        Source.PROMISE,
        record_id=col(row.id),
        day=col(row.signed_on),
        at=col(row.recorded_at),
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


def _term_entries(actor: Actor, student_id: int) -> Lines:
    row = TermEntry
    columns = line_columns(
        Source.TERM_ENTRY,
        record_id=col(row.id),
        day=LocalDay(col(row.recorded_at)),
        at=col(row.recorded_at),
        what=Term.school_year,
        number=col(Term.number),
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Term, col(Term.id) == col(row.term_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


_CASE_READERS = (Permission.CASE_READ, Permission.ABUSE_HANDLE)

SOURCES: tuple[SourceSpec, ...] = (
    SourceSpec(Source.RECORD, (Permission.RECORD_READ,), _records),
    SourceSpec(Source.REFERRAL, (Permission.REFERRAL_READ,), _referrals),
    SourceSpec(Source.ASSESSMENT, _CASE_READERS, _assessments),
    SourceSpec(Source.CASE, _CASE_READERS, _cases),
    SourceSpec(Source.CONFERENCE, _CASE_READERS, _conferences),
    SourceSpec(Source.OUTWARD, (Permission.OUTWARD_REFER,), _outward),
    SourceSpec(Source.OUTWARD, (Permission.OUTWARD_REFER,), _ended_outward),
    SourceSpec(Source.DROP_OUT, (Permission.DROP_OUT_FOLLOW,), _drop_outs),
    SourceSpec(Source.CATEGORY, (Permission.STUDENT_READ,), _categories),
    SourceSpec(Source.CATEGORY, (Permission.STUDENT_READ,), _ended_categories),
    SourceSpec(Source.CHECK, (Permission.STUDENT_READ,), _checks),
    SourceSpec(Source.CARD, (Permission.STUDENT_READ,), _cards),
    SourceSpec(Source.ENROLMENT, (Permission.STUDENT_READ,), _enrolment),
    SourceSpec(Source.SCHOOL_CLASS, (Permission.STUDENT_READ,), _classes),
    SourceSpec(Source.CONSENT, (Permission.CONSENT_WRITE,), _consents),
    SourceSpec(Source.PROMISE, (Permission.CONSENT_WRITE,), _promises),
    SourceSpec(Source.TERM_ENTRY, (Permission.ENTRY_WRITE,), _term_entries),
)
"""What stands on the time line; a source whose rows tell of two days has two entries."""
