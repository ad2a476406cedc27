"""What proves that a duty was done, as the clause's list opens it: the record itself, or the page it stands on."""

from dataclasses import dataclass

from services.access import allows
from services.actors import Actor
from services.regulations.measures import every_measure, wholes
from services.regulations.standings import Standing, SubjectKind
from ui import navigation

Address = tuple[str, dict[str, str]]  # a page, and what its address asks for


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the facts of a source are read: by the number of the row that was counted, or by the child's."""

    page: str
    parameter: str
    is_by_row: bool = False
    tab: str | None = None


_PAIRS = _Place("child", "student", tab="结对")
_ARCHIVE = _Place("archives", "student")
_REFERRAL = _Place("referrals", "referral", is_by_row=True)
_CASE = _Place("cases", "case")
_SUBJECT_OF = {"student": SubjectKind.CHILD, "case": SubjectKind.CASE}
PLACES = {
    "records": _Place("record", "record", is_by_row=True),
    "answered_on_the_spot": _REFERRAL,
    "answers": _REFERRAL,
    "noticed": _REFERRAL,
    "archives": _ARCHIVE,
    "files_and_plans": _ARCHIVE,
    "archive_looks": _ARCHIVE,
    "baselines": _ARCHIVE,
    "screenings": _Place("screening", "student"),
    "results": _Place("child", "student", tab="学期记录"),
    "check_ups": _Place("child", "student", tab="学期记录"),
    "immunised": _Place("child", "student", tab="学期记录"),
    "paired": _PAIRS,
    "teacher_and_pupil": _PAIRS,
    "buddies": _PAIRS,
    "tutors": _PAIRS,
    "referral_parts": _REFERRAL,
    "assessment_parts": _REFERRAL,
    "entry_parts": _Place("child", "student"),
    "card_parts": _Place("child", "student"),
    "record_parts": _Place("record", "record", is_by_row=True),
    "talk_parts": _Place("record", "record", is_by_row=True),
    "term_results": _Place("child", "student", tab="学期记录"),
    "files": _ARCHIVE,
    "case_files": _CASE,
    "care_plans": _CASE,
    "study_plans": _CASE,
    "surveys": _Place("child", "student", tab="学期记录"),
    "registrations": _Place("child", "student"),
    "measures_named": _CASE,
    "voices": _CASE,
    "warning_roles": _Place("warning_groups", "group", is_by_row=True),
}
"""Of the sources that aren't here the child's own page is the proof: its card, its state, its categories."""


def address_of(actor: Actor, standing: Standing) -> Address | None:
    """Return where the proof of a duty is read; None where nothing was done yet, or this person doesn't open it."""
    place = PLACES.get(every_measure()[standing.clause_id].source)
    is_there = standing.done or standing.clause_id in wholes()
    if place is None or not is_there or not _opens(actor, place.page):
        return None
    if place.is_by_row:
        row_id = max(standing.proof, default=None)
    else:
        row_id = standing.subject_id if standing.subject is _SUBJECT_OF.get(place.parameter) else None
    if row_id is None:
        return None
    return place.page, {place.parameter: str(row_id)} | ({"child_tab": place.tab} if place.tab else {})


def _opens(actor: Actor, page: str) -> bool:
    entry = next(each for each in navigation.existing_entries() if each.name == page)
    return allows(actor, *entry.permissions)
