"""Everything that stands on a child's time line: one entry for each source, filtered as its own pages filter it.

A new area adds a member to `Source`, an entry to `SOURCES` with its query, and a look to `ui.time_line_words`.
"""

from services.access import Permission
from services.time_line import sources_of_care as care
from services.time_line import sources_of_register as register
from services.time_line.parts import Source, SourceSpec

_CASE_READERS = (Permission.CASE_READ, Permission.ABUSE_HANDLE)

SOURCES: tuple[SourceSpec, ...] = (
    SourceSpec(Source.RECORD, (Permission.RECORD_READ,), care.records),
    SourceSpec(Source.REFERRAL, (Permission.REFERRAL_READ,), care.referrals),
    SourceSpec(Source.ASSESSMENT, _CASE_READERS, care.assessments),
    SourceSpec(Source.CASE, _CASE_READERS, care.cases),
    SourceSpec(Source.CONFERENCE, _CASE_READERS, care.conferences),
    SourceSpec(Source.PLAN, _CASE_READERS, care.plans),
    SourceSpec(Source.PLAN, _CASE_READERS, care.ended_plans),
    SourceSpec(Source.TIER, (Permission.TIER_WRITE,), care.tiers),
    SourceSpec(Source.SCREENING, (Permission.SCREENING_WRITE,), care.screenings),
    SourceSpec(Source.SUMMARY, _CASE_READERS, care.summaries),
    SourceSpec(Source.EVALUATION, _CASE_READERS, care.evaluations),
    SourceSpec(Source.CLOSING, _CASE_READERS, care.closings),
    SourceSpec(Source.CLOSING, _CASE_READERS, care.reopenings),
    SourceSpec(Source.CLOSING, _CASE_READERS, care.looks_after_closing),
    SourceSpec(Source.OUTWARD, (Permission.OUTWARD_REFER,), care.outward),
    SourceSpec(Source.OUTWARD, (Permission.OUTWARD_REFER,), care.ended_outward),
    SourceSpec(Source.DROP_OUT, (Permission.DROP_OUT_FOLLOW,), care.drop_outs),
    SourceSpec(Source.CATEGORY, (Permission.STUDENT_READ,), register.categories),
    SourceSpec(Source.CATEGORY, (Permission.STUDENT_READ,), register.ended_categories),
    SourceSpec(Source.CHECK, (Permission.STUDENT_READ,), register.checks),
    SourceSpec(Source.CARD, (Permission.STUDENT_READ,), register.cards),
    SourceSpec(Source.ENROLMENT, (Permission.STUDENT_READ,), register.enrolment),
    SourceSpec(Source.SCHOOL_CLASS, (Permission.STUDENT_READ,), register.classes),
    SourceSpec(Source.CONSENT, (Permission.CONSENT_WRITE,), register.consents),
    SourceSpec(Source.PROMISE, (Permission.CONSENT_WRITE,), register.promises),
    SourceSpec(Source.SURVEY, (Permission.ENTRY_WRITE,), register.surveys),
    SourceSpec(Source.TERM_ENTRY, (Permission.ENTRY_WRITE,), register.term_entries),
)
"""What stands on the time line; a source whose rows tell of two days has two entries."""
