"""The records that clauses ask to be whole: each with how many of its parts it has. None of them is ever late."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from db.tables import CareKind
from services.card_parts import CardPart
from services.document_overviews import standing_haves
from services.regulations import evaluators
from services.regulations.evaluators import Whole
from services.regulations.facts import files, parts
from services.regulations.facts.children import FOUR_SPECIAL
from services.regulations.facts.entries import SCHOOL
from services.regulations.facts.gathering import Facts
from services.regulations.measures import Measure
from services.regulations.populations import on_a_day
from services.regulations.standings import Standing, SubjectKind

_Source = Callable[[Facts, Measure], Iterator[Standing]]
_Read = Callable[[Facts], Iterable[Whole]]
AT_ENTRY = (
    CardPart.HOME_ADDRESS, CardPart.FATHER_NAME, CardPart.FATHER_PHONE, CardPart.MOTHER_NAME, CardPart.MOTHER_PHONE,
    CardPart.GUARDIAN_NAME, CardPart.GUARDIAN_PHONE,
)  # fmt: skip
"""What is registered as a child enters (E-03): where it lives, its parents and who looks after it, with a telephone."""

SURVEY_PARTS = 2  # E-04: how the family manages, what the child needs; the form takes both
TALKS = frozenset({CareKind.TALK, CareKind.SHORT_TALK})


def _of(subject: SubjectKind, read: _Read) -> _Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        yield from evaluators.complete(measure.clause_id, subject, read(facts))

    return source


def _cards(wanted: Collection[CardPart]) -> _Source:
    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        lacking = parts.read_cards(facts.session, facts.asked, wanted=wanted)
        cards = (
            Whole(
                student_id, 0, stint.from_day, len(wanted) - len(lacking[student_id]), len(wanted),
                ",".join(lacking[student_id]) or None,
            )
            for student_id, stint in on_a_day(facts.population(measure.of), facts.asked.on).items()
            if student_id in lacking
        )  # fmt: skip
        yield from evaluators.complete(measure.clause_id, SubjectKind.CHILD, cards)

    return source


def _term_results(facts: Facts, measure: Measure) -> Iterator[Standing]:
    entered = parts.read_entries(facts.session, facts.asked)
    nothing = 0, 0, "study,health"
    kept = (
        Whole(student_id, row_id, facts.asked.term.first_day, filled, 2, lacks)
        for student_id in on_a_day(facts.population(measure.of), facts.asked.on)
        for row_id, filled, lacks in (entered.get(student_id, nothing),)
    )
    yield from evaluators.complete(measure.clause_id, SubjectKind.CHILD, kept)


def _surveys(facts: Facts, measure: Measure) -> Iterator[Standing]:
    asked = parts.read_surveys(facts.session, facts.asked)
    kept = (
        Whole(student_id, 0, stint.from_day, SURVEY_PARTS * (student_id in asked), SURVEY_PARTS,
              None if student_id in asked else "economy,needs")
        for student_id, stint in on_a_day(facts.population(measure.of), facts.asked.on).items()
    )  # fmt: skip
    yield from evaluators.complete(measure.clause_id, SubjectKind.CHILD, kept)


def _here(read: _Read) -> _Source:
    """Return a source of children's records, of those alone who are in the measure's population on the day."""

    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        here = on_a_day(facts.population(measure.of), facts.asked.on)
        kept = (each for each in read(facts) if each.subject_id in here)
        yield from evaluators.complete(measure.clause_id, SubjectKind.CHILD, kept)

    return source


def _of_cases(read: Callable[[Facts], Iterable[tuple[int, Whole]]]) -> _Source:
    """Return a source of open cases, of those alone whose child is in the measure's population on the day."""

    def source(facts: Facts, measure: Measure) -> Iterator[Standing]:
        here = on_a_day(facts.population(measure.of), facts.asked.on)
        kept = (each for child, each in read(facts) if child in here)
        yield from evaluators.complete(measure.clause_id, SubjectKind.CASE, kept)

    return source


def _six_haves(facts: Facts) -> Iterator[Whole]:
    having = standing_haves(facts.session, on=facts.asked.on, calendar=facts.asked.calendar)
    lacks = [name for name, is_there in having.items() if not is_there]
    yield Whole(SCHOOL, 0, facts.asked.term.first_day, len(having) - len(lacks), len(having), ",".join(lacks) or None)


COMPLETENESS: Mapping[str, _Source] = {
    "referral_parts": _of(SubjectKind.REFERRAL, lambda facts: parts.read_referrals(facts.session, facts.asked)),
    "assessment_parts": _of(SubjectKind.REFERRAL, lambda facts: parts.read_assessments(facts.session, facts.asked)),
    "entry_parts": _cards(AT_ENTRY),
    "card_parts": _cards(tuple(CardPart)),
    "surveys": _surveys,
    "registrations": _here(lambda facts: parts.read_registrations(facts.session, facts.asked)),
    "reasons": _here(lambda facts: parts.read_reasons(facts.session, facts.asked)),
    "case_files": _of(SubjectKind.CASE, lambda facts: files.read_case_files(facts.session, facts.asked)),
    "files": _here(lambda facts: files.read_files(facts.session, facts.asked)),
    "care_plans": _of_cases(lambda facts: files.read_care_plans(facts.session, facts.asked)),
    "study_plans": _of_cases(lambda facts: files.read_study_plans(facts.session, facts.asked)),
    "record_parts": _of(SubjectKind.CHILD, lambda facts: parts.read_contacts(facts.session, facts.asked, kinds=None)),
    "talk_parts": _of(SubjectKind.CHILD, lambda facts: parts.read_contacts(facts.session, facts.asked, kinds=TALKS)),
    "term_results": _term_results,
    "levels": _here(lambda facts: parts.read_levels(facts.session, facts.asked, kinds=FOUR_SPECIAL)),
    "warning_roles": _of(SubjectKind.GROUP, lambda facts: parts.read_groups(facts.session, facts.asked)),
    "measures_named": _of(SubjectKind.CASE, lambda facts: parts.read_measures(facts.session, facts.asked)),
    "six_haves": _of(SubjectKind.SCHOOL, _six_haves),
    "voices": _of(SubjectKind.CASE, lambda facts: parts.read_voices(facts.session, facts.asked)),
}
"""Every name a measure of whole records may give as its source."""
