"""Moving what hangs on one entry to another; where only one may stay, the one that was chosen."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from db.base import new_uid
from db.sealing import seal, unseal
from db.tables import (
    SEVERAL,
    CareRecord,
    ClassMembership,
    Consent,
    ContactCardVersion,
    FamilySurvey,
    Guardian,
    HandoverChild,
    Pairing,
    PairingEnd,
    ParentsPromise,
    RetentionHold,
    ScreeningAbsence,
    ScreeningResult,
    Student,
    StudentCategory,
    TermEntry,
    YearException,
)
from services import clock
from services.actors import Actor
from services.card_history import CardState, read_cards, settle_cards
from services.fields import LONG
from services.merging.comparing import (
    CLASS,
    category_collisions,
    references_to_students,
)
from services.merging.half_written import move_drafts
from services.merging.lists import Lists
from services.merging.people import are_one_person, join, people_who_meet
from services.merging.sides import Side, open_rows
from services.merging.spans import subtract
from services.merging.tiers import merge_archives, merge_groups, merge_tiers

Choices = Mapping[str, Side]
_FAR = 1_000_000  # more than any card has versions
# Rows of which the kept entry has one of its own stay with the entry that is merged, where nobody looks for them.
STAY_BEHIND = frozenset(
    {
        ("term_entry", "student_id"),
        ("year_exception", "student_id"),
        ("psych_archive", "student_id"),
        ("screening_absence", "student_id"),
        ("handover_child", "student_id"),
    }
)


class Mover:
    """Moves everything of one entry; the unique rules first, then the rest, table by table as they are declared."""

    def __init__(
        self, session: Session, actor: Actor, kept: Student, other: Student, choices: Choices, now: datetime
    ) -> None:
        self.session, self.actor, self.now = session, actor, now
        self.kept, self.other, self.choices = kept, other, choices
        self.lists = Lists(session, actor, kept, other)

    def run(self) -> None:
        """Move all of it; the contact card is counted anew, how both stood before is kept."""
        cards = read_cards(self.session, [self.kept.id or 0, self.other.id or 0])
        own_rules = (
            self._classes,
            self._categories,
            self._people,
            self._answers,
            self._terms,
            self._years,
            self._holds,
            self._records,
            self._tiers,
            self._screenings,
            self._handovers,
            self._pairs,
        )
        for decide in own_rules:
            decide()
            self.session.flush()
        self._card_versions(cards[self.other.id or 0])
        move_drafts(self.session, self.kept, self.other)
        self.lists.settle()
        self.session.flush()
        self._rest()
        self.session.expire_all()
        number = self._renumber_cards()
        settle_cards(self.session, self.actor, {self.kept.id or 0: replace(cards[self.kept.id or 0], version=number)})

    # --- only one may stay ---

    def _classes(self) -> None:
        """Days in two classes count for the entry that was chosen; what is left of the other's days stays."""
        wins = self.choices.get(CLASS, Side.KEPT)
        winner, loser = (self.kept, self.other) if wins is Side.KEPT else (self.other, self.kept)
        taken = [(stay.from_day, stay.to_day) for stay in self._stays(winner)]
        for stay in self._stays(loser):
            pieces = subtract((stay.from_day, stay.to_day), taken)
            first, *more = pieces or [(stay.from_day, stay.from_day)]  # no day left: as what was put right the same day
            stay.from_day, stay.to_day = first
            self.session.add(stay)
            for from_day, to_day in more:
                self.session.add(
                    ClassMembership(
                        student_id=stay.student_id, class_id=stay.class_id, from_day=from_day, to_day=to_day
                    )
                )

    def _stays(self, student: Student) -> Iterable[ClassMembership]:
        return self.session.exec(
            select(ClassMembership).where(ClassMembership.student_id == student.id).order_by(col(ClassMembership.id))
        ).all()

    def _categories(self) -> None:
        """One of each kind goes on; the other ends where it begins, or at once."""
        for each in category_collisions(self.session, self.kept, self.other):
            stays, goes = self._chosen(each.key, each.kept, each.other)
            self.lists.replaced[goes.id or 0] = stays
            goes.to_day = max(goes.from_day, stays.from_day) if goes.from_day < stays.from_day else goes.from_day
            self.session.add(goes)
        for row in self.session.exec(select(StudentCategory).where(StudentCategory.student_id == self.other.id)):
            row.version += 1  # an import that wrote it is no longer the last to have written
            self.session.add(row)

    def _people(self) -> None:
        """One father, one mother, one main contact; the same person is one line with what either knew."""
        before: list[Guardian] = [
            *open_rows(self.session, Guardian, self.kept),
            *open_rows(self.session, Guardian, self.other),
        ]
        main = next((row for row in before if row.is_primary), None)  # the kept entry's, if it has one
        for each in list(people_who_meet(self.session, self.kept, self.other)):
            stays, goes = self._chosen(each.key, each.kept, each.other)
            if main is not None and goes is main and (goes.student_id == self.kept.id or are_one_person(stays, goes)):
                main = stays
            join(each.key, stays, goes, self.choices, now=self.now)
        for row in before:
            row.is_primary = row is main and row.ended_at is None
            row.version += row.student_id == self.other.id
            self.session.add(row)

    def _answers(self) -> None:
        """Of consents, promises and surveys the newest counts, whichever entry it was written in."""
        self._newest(Consent, key=lambda row: row.purpose.value, day=lambda row: row.day)
        self._newest(ParentsPromise, key=lambda _row: "", day=lambda row: row.signed_on)
        self._newest(FamilySurvey, key=lambda _row: "", day=lambda row: row.asked_on)

    def _newest(self, table: type[Any], *, key: Callable[[Any], str], day: Callable[[Any], date]) -> None:
        rows = self.session.exec(
            select(table).where(
                col(table.student_id).in_([self.kept.id, self.other.id]), col(table.replaced_at).is_(None)
            )
        ).all()
        for _key, same in groupby(sorted(rows, key=key), key=key):
            *before, _last = sorted(same, key=lambda row: (day(row), row.recorded_at, row.id))
            for row in before:
                row.replaced_at = self.now
                self.session.add(row)

    def _terms(self) -> None:
        """Of a term both have, the kept one's counts, its gaps filled from the other; the other's stays behind."""
        ours = {row.term_id: row for row in self._of(TermEntry, self.kept)}
        for theirs in self._of(TermEntry, self.other):
            mine = ours.get(theirs.term_id)
            if mine is None:
                theirs.student_id, theirs.version = self.kept.id, theirs.version + 1
                self.session.add(theirs)
                continue
            for name in ("study", "health", "checked_up_on", "height_cm", "weight_grams", "vaccination"):
                if getattr(mine, name) is None:
                    setattr(mine, name, getattr(theirs, name))
            notes = list(dict.fromkeys(text for row in (mine, theirs) if (text := unseal(row, "note_sealed"))))
            if len(notes) == 1 or len("\n".join(notes)) <= LONG:
                seal(mine, "note_sealed", "\n".join(notes))
            mine.version += 1
            self.session.add(mine)

    def _years(self) -> None:
        """What was noted for a new school year: the kept one's, unless it was taken back there."""
        ours = {row.school_year: row for row in self._of(YearException, self.kept)}
        for theirs in self._of(YearException, self.other):
            mine = ours.get(theirs.school_year)
            if mine is None:
                theirs.student_id, theirs.version = self.kept.id, theirs.version + 1
                self.session.add(theirs)
            elif mine.step is None and theirs.step is not None:
                mine.step, mine.class_number, mine.version = theirs.step, theirs.class_number, mine.version + 1
                seal(mine, "place_sealed", unseal(theirs, "place_sealed"))
                self.session.add(mine)

    def _holds(self) -> None:
        """One hold keeps the records longer; where both are held, the kept one's goes on, the other's is history."""
        held = {
            row.student_id: row
            for student in (self.kept, self.other)
            for row in self._of(RetentionHold, student)
            if row.lifted_at is None
        }
        if len(held) > 1:
            other = held[self.other.id or 0]
            other.lifted_at, other.lifted_by_id, other.version = self.now, self.actor.user_id, other.version + 1
            self.session.add(other)

    def _records(self) -> None:
        """Written about a group both stood in, both records stay: two of one child, each under a name of its own."""
        of_kept = select(CareRecord.entry_uid).where(CareRecord.student_id == self.kept.id)
        twice = select(CareRecord).where(CareRecord.student_id == self.other.id, col(CareRecord.entry_uid).in_(of_kept))
        for row in self.session.exec(twice):
            row.entry_uid = new_uid()
            self.session.add(row)

    def _tiers(self) -> None:
        """One history of tiers, in which the graver one stands; one archive."""
        merge_tiers(self.session, self.actor, self.kept, self.other, self.now)
        merge_archives(self.session, self.kept, self.other)
        merge_groups(self.session, self.kept, self.other)

    def _screenings(self) -> None:
        """Results both have of one day stay two, counted on; that a child was away is said once a round."""
        ours, theirs = list(self._of(ScreeningResult, self.kept)), list(self._of(ScreeningResult, self.other))
        taken = {(row.round_id, row.taken_on, row.number) for row in ours}
        last = max((row.number for row in (*ours, *theirs)), default=0)
        for row in theirs:
            if (row.round_id, row.taken_on, row.number) in taken:
                row.number = last = last + 1
                self.session.add(row)
        away = {row.round_id for row in self._of(ScreeningAbsence, self.kept)}
        for row in self._of(ScreeningAbsence, self.other):
            if row.round_id not in away:
                row.student_id = self.kept.id
                self.session.add(row)

    def _handovers(self) -> None:
        """That an archive was handed over goes along; both in one package are one child there, the kept one."""
        there = {row.package_id for row in self._of(HandoverChild, self.kept)}
        for row in self._of(HandoverChild, self.other):
            if row.package_id not in there:
                row.student_id = self.kept.id
                self.session.add(row)

    def _pairs(self) -> None:
        """Pairs go along; of two open ones of a kind that a child has once, or with one helper, the other's ends."""
        kept = [row for row in self._of(Pairing, self.kept) if row.to_day is None]
        for row in self._of(Pairing, self.other):
            clashes = row.role not in SEVERAL and any(each.role is row.role for each in kept)
            same = any((each.role, each.helper_id) == (row.role, row.helper_id) for each in kept)
            if row.to_day is None and (clashes or same):
                row.to_day = max(row.from_day, clock.local(self.now).date())
                row.end_reason, row.ended_by_id = PairingEnd.MISTAKE, self.actor.user_id
            row.student_id = self.kept.id
            self.session.add(row)

    def _of(self, table: type[Any], student: Student) -> Iterable[Any]:
        return self.session.exec(select(table).where(table.student_id == student.id)).all()

    def _chosen(self, key: str, kept: Any, other: Any) -> tuple[Any, Any]:
        """Return which row stays and which goes."""
        return (other, kept) if self.choices.get(key) is Side.OTHER else (kept, other)

    # --- the contact card, drafts, and the rest ---

    def _card_versions(self, stood: CardState) -> None:
        """Keep how the other entry's card stood, as if it had been changed now."""
        if stood.words:
            self._keep_card(stood)
        for row in self._of(ContactCardVersion, self.other):
            row.number = -(row.id or 0)  # out of the kept one's way until both are numbered together
            self.session.add(row)

    def _keep_card(self, stood: CardState) -> None:
        version = ContactCardVersion(
            student_id=self.other.id or 0,
            number=stood.version,
            parts_filled=stood.parts_filled,
            changed=",".join(sorted(stood.words)),
            ended_at=self.now,
            ended_by_id=self.actor.user_id,
        )
        seal(version, "content_sealed", json.dumps(dict(stood.words), ensure_ascii=False))
        self.session.add(version)
        self.session.flush()

    def _renumber_cards(self) -> int:
        """Number both entries' cards by when they ended; return the number of the card as it is now."""
        rows = sorted(self._of(ContactCardVersion, self.kept), key=lambda row: (row.ended_at, row.id))
        for beyond in (_FAR, 0):  # first out of each other's way
            for place, row in enumerate(rows, start=1):
                row.number = beyond + place
                self.session.add(row)
            self.session.flush()
        number = len(rows) + 1
        self.session.execute(update(Student).where(col(Student.id) == self.kept.id).values(card_version=number))
        self.session.expire(self.kept, ["card_version"])
        return number

    def _rest(self) -> None:
        """Point everything else that refers to the other entry at the kept one, entries merged into it before too."""
        before = update(Student).where(col(Student.merged_into_id) == self.other.id)
        self.session.execute(before.values(merged_into_id=self.kept.id))
        for table, column in references_to_students():
            if (table.name, column) not in STAY_BEHIND:
                self.session.execute(
                    update(table).where(table.c[column] == self.other.id).values({column: self.kept.id})
                )
