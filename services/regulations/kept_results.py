"""The whole school's results, kept until something they were read from is written to; the same for whoever asks."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from sqlmodel import Session, col, select

from db.tables import ChildVersion
from db.written import CHILD_OF
from services import clock
from services.calendar import load_calendar
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate, named, result_of
from services.regulations.facts.reach import Reach
from services.regulations.measures import every_measure, measures
from services.regulations.parameters import Numbers
from services.regulations.standings import ClauseResult
from services.regulations.switches import Switches, load_beginning

_MOST = 140  # results: every clause today, and a day or two looked back at
_ALWAYS = frozenset(
    {
        "student", "class_membership", "enrolment_change", "student_category", "pairing", "helper", "class_teacher",
        "deputy", "clause_excuse", "referral", "clause_switch", "parameter_version", "term", "school_day_exception",
        "complete_year",
    }
)  # fmt: skip
"""What every clause is read from: who the children are, what is excused, which days and numbers count."""

_TABLES: Mapping[str, frozenset[str]] = {
    "records": frozenset({"care_record"}),
    "class_checks": frozenset({"check_round", "check_return", "school_class"}),
    "special_checks": frozenset({"check_round", "check_return", "school_class"}),
    "confirmations": frozenset({"check_round", "check_return", "check_finding"}),
    "archives": frozenset({"psych_archive"}),
    "enrolled": frozenset(),
    "retained": frozenset(),
    "immunised": frozenset({"term_entry"}),
    "files_and_plans": frozenset({"psych_archive", "support_plan", "plan_version"}),
    "archive_looks": frozenset({"psych_archive", "archive_look"}),
    "paired": frozenset(),
    "screenings": frozenset({"screening_round", "screening_result", "consent"}),
    "results": frozenset({"term_entry"}),
    "check_ups": frozenset({"term_entry"}),
    "teacher_and_pupil": frozenset(),
    "teachers_paired": frozenset({"app_user", "role_grant"}),
    "buddies": frozenset(),
    "tutors": frozenset({"app_user", "role_grant"}),
    "exchanges": frozenset({"list_exchange"}),
    "answered_on_the_spot": frozenset(),
    "answers": frozenset(),
    "noticed": frozenset(),
    "baselines": frozenset({"care_record"}),
    "card_changes": frozenset({"check_round", "check_return", "check_finding", "contact_card_version"}),
    "handovers": frozenset({"psych_archive", "handover_package", "handover_child"}),
    "flagged": frozenset({"screening_result", "care_record"}),
    "summaries": frozenset({"care_case", "case_closure", "stage_summary"}),
    "class_plans": frozenset({"class_paper"}),
    "class_summaries": frozenset({"class_paper"}),
    "sick": frozenset({"care_record"}),
    "referral_parts": frozenset(),
    "assessment_parts": frozenset({"assessment"}),
    "entry_parts": frozenset({"contact_card_version"}),
    "card_parts": frozenset({"contact_card_version"}),
    "surveys": frozenset({"family_survey"}),
    "registrations": frozenset(),
    "reasons": frozenset(),
    "case_files": frozenset(
        {
            "care_case",
            "assessment",
            "support_plan",
            "plan_version",
            "care_record",
            "stage_summary",
            "effect_evaluation",
        }
    ),
    "files": frozenset({"contact_card_version", "term_entry", "screening_round", "screening_result", "consent"}),
    "care_plans": frozenset({"care_case", "support_plan", "plan_version", "plan_measure"}),
    "study_plans": frozenset({"care_case", "support_plan", "plan_version", "plan_measure"}),
    "record_parts": frozenset({"care_record"}),
    "talk_parts": frozenset({"care_record"}),
    "term_results": frozenset({"term_entry"}),
    "levels": frozenset(),
    "warning_roles": frozenset({"warning_group", "warning_member", "app_user"}),
    "measures_named": frozenset({"support_plan", "plan_measure", "care_case"}),
    "six_haves": frozenset({"document", "document_review"}),
    "voices": frozenset({"effect_evaluation", "care_case"}),
}
"""What the sources of clauses are read from beside that. A test evaluates each one and compares."""

_BEYOND_CHILDREN = frozenset(
    {
        "class_checks", "special_checks", "teachers_paired", "tutors", "exchanges", "summaries", "class_plans",
        "class_summaries", "referral_parts", "assessment_parts", "warning_roles", "measures_named", "six_haves",
        "voices", "case_files", "care_plans", "study_plans",
    }
)  # fmt: skip
"""Sources of which a duty isn't one child's, told from that child's rows alone: read again as a whole."""

_Versions = Mapping[str, int]  # of each table that a clause is read from
_lock = threading.Lock()
_kept: OrderedDict[tuple[str, date], "_Kept"] = OrderedDict()


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found for a clause, from which writes, and until when it stands if nothing more is written."""

    versions: _Versions
    result: ClauseResult
    until: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether a step has become overdue by itself."""
        return self.until is not None and clock.now() > self.until


def whole_school(
    session: Session, *, on: date, clause_ids: Collection[str] | None = None, switches: Switches | None = None
) -> dict[str, ClauseResult]:
    """Return these clauses for the whole school as they stand on a day; all that can be in force, where none are named.

    Evaluated are only those of which something was written since, or a step became overdue; three statements beside.
    Where it is known about which children that was, only theirs are evaluated again.
    """
    calendar, beginning = load_calendar(session), load_beginning(session)
    wanted = list(measures()) if clause_ids is None else [each.clause_id for each in named(clause_ids)]
    versions = {clause_id: _versions(clause_id, beginning.written) for clause_id in wanted}
    old = {clause_id: kept for clause_id in wanted if (kept := _find(clause_id, on)) is not None}
    found = {clause_id: kept.result for clause_id, kept in old.items() if kept.versions == versions[clause_id]}
    again = partial(evaluate, session, calendar=calendar, switches=switches or beginning.switches, on=on)
    if written := _written_about(session, {key: old[key] for key in old.keys() - found.keys()}, versions):
        theirs = again(clause_ids=written.clause_ids, reach=Reach(children=sorted(written.children)))
        for clause_id, result in theirs.items():
            mended = _mended(old[clause_id].result, result, written.children, calendar.numbers)
            found[clause_id] = _keep(clause_id, on, versions[clause_id], mended)
    if missing := set(wanted) - found.keys():
        for clause_id, result in again(clause_ids=missing).items():
            found[clause_id] = _keep(clause_id, on, versions[clause_id], result)
    return {clause_id: found[clause_id] for clause_id in wanted}


def find_kept(written: Mapping[str, int], *, on: date, clause_ids: Collection[str]) -> dict[str, ClauseResult]:
    """Return those of these clauses that are kept and still stand, no table written to since; nothing is evaluated."""
    found = {each: _find(each, on) for each in clause_ids}
    return {
        clause_id: kept.result
        for clause_id, kept in found.items()
        if kept is not None and kept.versions == _versions(clause_id, written)
    }


def _versions(clause_id: str, written: Mapping[str, int]) -> _Versions:
    tables = _ALWAYS | _TABLES[every_measure()[clause_id].source]
    return {name: written.get(name, 0) for name in tables}


def _find(clause_id: str, on: date) -> _Kept | None:
    with _lock:
        kept = _kept.get((clause_id, on))
    return None if kept is None or kept.is_over else kept


@dataclass(frozen=True, slots=True)
class _Written:
    """About which children something was written since, and the clauses for which that is all."""

    clause_ids: frozenset[str]
    children: frozenset[int]


def _written_about(session: Session, old: Mapping[str, _Kept], versions: Mapping[str, _Versions]) -> _Written | None:
    """Return the clauses of which it is known about which children was written since; one statement."""
    writes = {
        clause_id: _writes_between(kept.versions, versions[clause_id])
        for clause_id, kept in old.items()
        if every_measure()[clause_id].source not in _BEYOND_CHILDREN
    }
    writes = {clause_id: found for clause_id, found in writes.items() if {name for name, _ in found} <= CHILD_OF.keys()}
    names = {name for found in writes.values() for name, _ in found}
    noted = _children_noted(session, names) if names else {}
    known = {clause_id: found for clause_id, found in writes.items() if found and noted.keys() >= found}
    children = frozenset(child for found in known.values() for write in found for child in noted[write])
    return _Written(frozenset(known), children) if known else None


def _writes_between(before: _Versions, now: _Versions) -> set[tuple[str, int]]:
    return {(name, number) for name, last in now.items() for number in range(before[name] + 1, last + 1)}


def _children_noted(session: Session, names: Collection[str]) -> dict[tuple[str, int], set[int]]:
    noted: dict[tuple[str, int], set[int]] = defaultdict(set)
    question = select(ChildVersion.name, ChildVersion.version, ChildVersion.child_id).where(
        col(ChildVersion.name).in_(sorted(names))
    )
    for name, version, child_id in session.exec(question):
        noted[name, version].add(child_id)
    return noted


def _mended(result: ClauseResult, theirs: ClauseResult, children: frozenset[int], numbers: Numbers) -> ClauseResult:
    """Return a result with some children's duties put in place of what was found for them before."""
    if theirs.state is DutyState.NOT_IN_FORCE:
        return theirs
    others = tuple(each for each in result.standings if each.subject_id not in children)
    return result_of(result.clause_id, others + theirs.standings, on=result.on, numbers=numbers)


def _keep(clause_id: str, on: date, versions: _Versions, result: ClauseResult) -> ClauseResult:
    with _lock:
        _kept[clause_id, on] = _Kept(versions, result, result.stands_until)
        _kept.move_to_end((clause_id, on))
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return result


def forget_all() -> None:
    """Forget what is kept: another database is in use, or a test begins."""
    with _lock:
        _kept.clear()
